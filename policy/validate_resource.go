package policy

import "strings"

// resources reads Resource or NotResource. RAM asks for one of them, but for trust policies, whose resource is the role that carries them;
// NotResource is an old element of RAM, still accepted. In Huawei Resource may be missing (the service, or every resource) and may be
// {"uri": […]}, the form of agency policies.
func (r *reader) resources(s *Statement, resource, notResource *member) {
	if r.Kind == Trust {
		r.noResource(resource)
		r.noResource(notResource)
		return
	}
	if r.dialect == Huawei && notResource != nil {
		r.refuse(notResource.pos, "IAM.1059", "Huawei IAM has no NotResource", "deny the exceptions in a statement of their own")
		notResource = nil
	}
	switch {
	case resource != nil && notResource != nil:
		r.refuse(notResource.pos, "", "a statement has Resource or NotResource, not both", "split it into two statements")
	case resource == nil && notResource == nil && r.dialect == RAM:
		r.refuse(s.Pos, "", `member "Resource" is missing`, `write "*" for every resource`)
	}
	if resource != nil {
		if r.dialect == Huawei && resource.value.kind == '{' {
			s.URIs = r.uris(s, &resource.value)
		} else {
			s.Resources = r.resourceList(resource)
		}
	}
	if notResource != nil {
		s.NotResources = r.resourceList(notResource)
	}
}

func (r *reader) noResource(m *member) {
	if m != nil {
		r.refuse(m.pos, "", "a trust policy has no "+m.name, "it is about the role that carries it; remove it")
	}
}

func (r *reader) resourceList(m *member) []Value {
	list := r.list(m, listRule{name: m.name, notList: "IAM.1049", empty: "IAM.1040"})
	r.limit(m.value.pos, "IAM.1040", "resources in one statement", len(list), r.limits.Resources)
	for _, v := range list {
		r.length(v, "IAM.1042", "a resource", r.limits.ResourceLength)
		switch {
		case v.Text == "":
			r.refuse(v.Pos, "IAM.1041", "a resource is empty", `write "*" for every resource`)
		case hasControl(v.Text):
			r.refuse(v.Pos, "IAM.1047", "resource "+quote(v.Text)+" contains a control character", "")
		case allStars(v.Text):
		case r.dialect == RAM:
			r.ramResource(v)
		default:
			r.huaweiResource(v)
		}
	}
	return list
}

// ramResource wants acs:service:region:account:relative-id, but does not count the segments: "*" matches across colons, and vendor
// samples make use of it.
func (r *reader) ramResource(v Value) {
	if !strings.HasPrefix(v.Text, "acs:") {
		r.refuse(v.Pos, "", "resource "+quote(v.Text)+` does not start with "acs:"`, `write "acs:<service>:<region>:<account>:<name>", or "*"`)
	}
}

// huaweiResource wants service:region:domain:type:path. Variables may stand in the path only; the path may hold colons.
func (r *reader) huaweiResource(v Value) {
	segments := strings.SplitN(v.Text, ":", 5)
	if len(segments) < 5 {
		r.refuse(v.Pos, "IAM.1045", "resource "+quote(v.Text)+" must have five segments", `write "<service>:<region>:<domain>:<type>:<path>", "*" for any`)
		return
	}
	for i, name := range []string{"service", "region", "domain", "type"} {
		switch segment := segments[i]; {
		case segment == "":
			class := [...]string{"IAM.1045", "IAM.1043", "IAM.1045", "IAM.1046"}[i]
			r.refuse(v.Pos, class, "resource "+quote(v.Text)+" has an empty "+name, `write "*" for any`)
		case strings.Contains(segment, "${"):
			r.refuse(v.Pos, "IAM.1047", "resource "+quote(v.Text)+" has a variable in its "+name, "variables may stand in the fifth segment only")
		case strings.Contains(segment, " "):
			r.refuse(v.Pos, "IAM.1041", "resource "+quote(v.Text)+" has a space in its "+name, "")
		}
	}
	r.path(v, segments[4])
}

func (r *reader) path(v Value, path string) {
	parts, err := parseTemplate(path, true, true)
	switch {
	case err != nil:
		r.refuse(v.Pos, "IAM.1047", "resource "+quote(v.Text)+": "+err.Error(), variableHint)
	case path == "":
		r.refuse(v.Pos, "IAM.1045", "resource "+quote(v.Text)+" has an empty path", `write "*" for any`)
	}
	for _, p := range parts {
		if strings.Contains(p.lit, " ") {
			r.refuse(v.Pos, "IAM.1041", "resource "+quote(v.Text)+" has a space in its path", "")
			return
		}
	}
}

const variableHint = "write ${key} or ${key, 'default'}; a literal dollar sign is ${$}"

// uris reads {"uri": […]}, which the agency actions alone have. The vendor's documents name two actions; both are accepted.
func (r *reader) uris(s *Statement, n *node) []Value {
	m := r.members(n, "Resource", "uri")[0]
	if m == nil {
		r.refuse(n.pos, "IAM.1037", `member "uri" of Resource is missing`, "")
		return nil
	}
	for _, a := range s.Actions {
		if !equalFold(a.Text, "iam:agencies:assume") && !equalFold(a.Text, "iam:tokens:assume") {
			r.refuse(a.Pos, "IAM.1038", `Resource {"uri": […]} does not go with action `+quote(a.Text), "it goes with iam:agencies:assume and iam:tokens:assume")
		}
	}
	if len(s.NotActions) > 0 {
		r.refuse(n.pos, "IAM.1038", `Resource {"uri": […]} does not go with NotAction`, "")
	}
	list := r.list(m, listRule{name: "uri", notList: "IAM.1049", empty: "IAM.1037"})
	r.limit(m.value.pos, "IAM.1037", "URIs in one statement", len(list), r.limits.URIs)
	for _, v := range list {
		r.length(v, "IAM.1042", "a URI", r.limits.ResourceLength)
		name, ok := strings.CutPrefix(v.Text, "/iam/agencies/")
		if !ok || name == "" || strings.ContainsAny(name, "/ $") || hasControl(name) {
			r.refuse(v.Pos, "IAM.1038", "URI "+quote(v.Text)+" does not name an agency", `write "/iam/agencies/<id or name>"`)
		}
	}
	return list
}
