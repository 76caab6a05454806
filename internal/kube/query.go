package kube

import (
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/policy"
)

// Query is the question that a review asks the policies. The same review gives the same query whoever brings it, the webhook or the proxy.
// Its strings share the memory of the review's; it holds no part of r itself.
//
// On the cluster types of Huawei it is cce:kubernetes:<verb> on
//
//	cce:<region>:<account>:<resource[.group][/subresource]>:<cluster>/<namespace>/<name>
//	cce:<region>:<account>:nonresource:<cluster>/-/<path>
//
// and on those of Alibaba k8s:<Verb> on
//
//	acs:k8s:<region>:<account>:cluster/<id>/namespace/<namespace>/resource/<resource[.group]>/name/<name>
//	acs:k8s:<region>:<account>:cluster/<id>/namespace/<namespace>/subresource/<resource[.group]>/<subresource>/name/<name>
//	acs:k8s:<region>:<account>:cluster/<id>/namespace/-/nonresource/name/<path>
//
// "-" stands for no namespace and no name, and % : / * ? are percent-encoded in every part, so that no name reaches into another. In the name
// of a resource the dot is too: "deployments.apps" is always a resource and its group. The action's own name is encoded likewise, because
// anybody may ask about a verb called "*".
func Query(s *pratique.Snapshot, c *pratique.Cluster, r *Review, now time.Time) access.Query {
	var q Question
	PlaceOf(s, c).Ask(&q, s, r, now)
	q.Lookup = nil
	q.Context, _ = q.asked.attributes()
	return q.Query
}

// Question is a query whose condition keys are read out of the review when a condition asks for them. Neither it nor a copy of its query may be
// used when the review has changed, unless Lasting made the copy. It must not be copied itself.
type Question struct {
	access.Query
	asked mapping
	find  policy.Lookup // in asked, made once
}

// Ask is the package's Query about the place's cluster, written over q; it keeps r.
func (p *Place) Ask(q *Question, s *pratique.Snapshot, r *Review, now time.Time) {
	if q.find == nil {
		q.find = q.asked.lookup
	}
	q.Query = access.Query{
		Project: p.cluster.Project, EnterpriseProject: p.cluster.EnterpriseProject, ClusterType: p.cluster.Type, Time: now,
		Lookup: q.find,
	}
	if id, _, err := IdentityOf(r.User, r.Extra); err == nil {
		q.Principal, q.MFA = id.Principal(s), id.mfa(s)
		if id.Session != "" {
			q.SessionPolicy = access.SessionPolicy(s, q.Principal, id.Session)
		}
	}
	q.asked = mapping{Place: p, r: r, verb: verb(r), name: name(r)}
	m := &q.asked
	var buf [256]byte
	if p.dialect == policy.RAM {
		q.Action = ramAction(m.verb)
		q.Resource = string(m.ramResource(buf[:0]))
	} else {
		q.Action = huaweiAction(m.verb)
		q.Resource = string(m.huaweiResource(buf[:0]))
	}
}

// mapping is a review with what is read out of it.
type mapping struct {
	*Place
	r    *Review
	verb string
	name string // empty: none
}

// verb is that of the review, but create for the subresources that open a stream: over WebSocket they arrive as HTTP GET, which kube-apiserver
// before 1.35 takes for reading, and from then on asks about both (security rules §1.13). A policy about exec therefore names create.
func verb(r *Review) string {
	if r.Verb == "get" && r.IsResource && r.Group == "" && r.Resource == "pods" {
		switch r.Subresource {
		case "exec", "attach", "portforward":
			return "create"
		}
	}
	if r.Verb == "" {
		return noName
	}
	return r.Verb
}

// collective reports whether the request is for many objects: only then does a kube-apiserver honour selectors.
func (r *Review) collective() bool {
	return r.IsResource && (r.Verb == "list" || r.Verb == "watch" || r.Verb == "deletecollection")
}

// name is the object that is asked about. A request for many that is narrowed to one name by the field selector is about that one.
// kube-apiserver fills the name in itself for list and watch, and not for deletecollection.
func name(r *Review) string {
	if r.Name != "" || !r.collective() {
		return r.Name
	}
	one := ""
	for i := range r.Fields {
		f := &r.Fields[i]
		switch {
		case f.Key != metadataName || f.Operator != In || len(f.Values) != 1:
		case one != "" && one != f.Values[0]:
			return "" // two names at once: nothing is selected, and no name says so
		default:
			one = f.Values[0]
		}
	}
	return one
}

// huaweiAction names an action. The verbs of nearly all requests cost nothing.
func huaweiAction(verb string) string {
	switch verb {
	case "get":
		return "cce:kubernetes:get"
	case "list":
		return "cce:kubernetes:list"
	case "watch":
		return "cce:kubernetes:watch"
	case "create":
		return "cce:kubernetes:create"
	}
	var buf [64]byte
	return string(escape(append(buf[:0], "cce:kubernetes:"...), verb, false))
}

// ramAction names an action as RAM's are written; they are compared without regard to case.
func ramAction(verb string) string {
	switch verb {
	case "get":
		return "k8s:Get"
	case "list":
		return "k8s:List"
	case "watch":
		return "k8s:Watch"
	case "create":
		return "k8s:Create"
	case "deletecollection":
		return "k8s:DeleteCollection"
	}
	var buf [64]byte
	b := append(buf[:0], "k8s:"...)
	first := len(b)
	b = escape(b, verb, false)
	if 'a' <= b[first] && b[first] <= 'z' {
		b[first] -= 'a' - 'A'
	}
	return string(b)
}

func (m *mapping) huaweiResource(b []byte) []byte {
	b = append(b, m.before...)
	if m.r.IsResource {
		b = m.object(b)
	} else {
		b = append(b, nonResource...)
	}
	b = append(b, m.after...)
	b = part(b, m.r.Namespace)
	return m.last(append(b, '/'))
}

func (m *mapping) ramResource(b []byte) []byte {
	b = part(append(b, m.before...), m.r.Namespace)
	switch {
	case !m.r.IsResource:
		b = append(b, "/"+nonResource...)
	case m.r.Subresource != "":
		b = m.object(append(b, "/subresource/"...))
	default:
		b = m.object(append(b, "/resource/"...))
	}
	return m.last(append(b, "/name/"...))
}

// object writes a resource as kubectl does: "pods", "pods/exec", "deployments.apps/scale".
func (m *mapping) object(b []byte) []byte {
	if m.r.Resource == "" {
		b = append(b, noName...)
	} else {
		b = escape(b, m.r.Resource, true)
	}
	if m.r.Group != "" {
		b = escape(append(b, '.'), m.r.Group, false)
	}
	if m.r.Subresource != "" {
		b = escape(append(b, '/'), m.r.Subresource, false)
	}
	return b
}

// last writes the name of the object, or the path.
func (m *mapping) last(b []byte) []byte {
	if m.r.IsResource {
		return part(b, m.name)
	}
	return part(b, m.r.Path)
}

func part(b []byte, s string) []byte {
	if s == "" {
		return append(b, noName...)
	}
	return escape(b, s, false)
}

// escape percent-encodes as catalog.Fill does, so that a policy about "a/b" is written "a%2Fb" wherever it stands.
func escape(b []byte, s string, dots bool) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		switch c := s[i]; {
		case c == '%' || c == ':' || c == '/' || c == '*' || c == '?' || c == '.' && dots:
			b = append(b, '%', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return b
}
