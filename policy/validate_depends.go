package policy

import "fmt"

// depends reads the roles that a 1.0 role needs beside it.
func (r *reader) depends(m *member) []Dependency {
	if !r.roles {
		r.refuse(m.pos, "IAM.1025", `Depends is for system roles, "Version": "1.0"`, "remove it")
		return nil
	}
	if m.value.kind != '[' {
		r.refuse(m.value.pos, "IAM.1060", "Depends must be a list, and this is "+describe(m.value.kind), "")
		return nil
	}
	r.limit(m.value.pos, "IAM.1058", "dependencies", len(m.value.items), r.limits.Depends)
	var list []Dependency
	for i := range m.value.items {
		n := &m.value.items[i]
		if n.kind != '{' {
			r.refuse(n.pos, "IAM.1060", "a dependency is an object, and this is "+describe(n.kind), `write {"catalog": "…", "display_name": "…"}`)
			continue
		}
		fields := r.members(n, "a dependency", "catalog", "display_name")
		list = append(list, Dependency{
			Catalog: r.name(n, fields[0], "catalog"), DisplayName: r.name(n, fields[1], "display_name"), Pos: n.pos,
		})
	}
	return list
}

// name reads a member that must be a text which is not empty.
func (r *reader) name(n *node, m *member, name string) string {
	switch {
	case m == nil:
		r.refuse(n.pos, "IAM.1060", fmt.Sprintf("member %q is missing", name), "")
	case m.value.kind != '"':
		r.refuse(m.value.pos, "IAM.1060", name+" must be a string, and this is "+describe(m.value.kind), "")
	case m.value.text == "":
		r.refuse(m.value.pos, "IAM.1060", name+" is empty", "")
	default:
		return m.value.text
	}
	return ""
}
