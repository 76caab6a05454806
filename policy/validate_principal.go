package policy

import "strings"

// principals reads the Principal of a trust policy. In any other document it is refused: those are attached to the one they are about,
// and a Principal that is read over would turn "this role" into "whoever holds it".
func (r *reader) principals(s *Statement, m *member) {
	switch {
	case m == nil && r.Kind == Trust:
		r.refuse(s.Pos, "", `member "Principal" is missing`, `write {"RAM": …}, {"Service": …} or {"Federated": …}`)
		return
	case m == nil:
		return
	case r.Kind != Trust:
		r.refuse(m.pos, "IAM.1059", "Principal belongs to trust policies, and this document is not one", "attach the policy to the principal instead; remove Principal")
		return
	case m.value.kind != '{':
		r.refuse(m.value.pos, "", "Principal must be an object, and this is "+r.show(&m.value), `write {"RAM": …}, {"Service": …} or {"Federated": …}`)
		return
	case len(m.value.members) == 0:
		r.refuse(m.value.pos, "", "Principal is empty", "")
	}
	types := []string{"RAM", "Service", "Federated"}
	for i, list := range r.members(&m.value, "Principal", types...) {
		if list == nil {
			continue
		}
		for _, v := range r.list(list, listRule{name: types[i]}) {
			r.principal(types[i], v)
			s.Principals = append(s.Principals, Principal{Type: types[i], ID: v.Text, Pos: v.Pos})
		}
	}
}

// principal refuses what does not name somebody. A wildcard would trust everybody, accounts of strangers included.
func (r *reader) principal(kind string, v Value) {
	switch {
	case v.Text == "":
		r.refuse(v.Pos, "", "a principal is empty", "")
	case strings.ContainsAny(v.Text, "*?"):
		r.refuse(v.Pos, "", "principal "+quote(v.Text)+" has a wildcard", "name each principal")
	case strings.Contains(v.Text, " ") || hasControl(v.Text):
		r.refuse(v.Pos, "", "principal "+quote(v.Text)+" contains a space or a control character", "")
	case kind != "Service" && !strings.HasPrefix(v.Text, "acs:ram:"):
		r.refuse(v.Pos, "", "principal "+quote(v.Text)+` does not start with "acs:ram:"`, `write "acs:ram::<account>:root", a user, a role or a provider`)
	}
}
