package access

import (
	"slices"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/policy"
)

// demand applies what the service of an operation asks for beyond policies: the last step of Huawei's chain. It concerns requests of the
// requirement's dialect only.
func (d *Decider) demand(s *pratique.Snapshot, q *Query, out *Decision) {
	if out.operation == nil || out.operation.Requires == nil {
		return
	}
	need := out.operation.Requires
	if need.Dialect != policy.NoDialect && need.Dialect != out.walks[out.decisive].dialect || !wanted(q, need.When) {
		return
	}
	if unmet := d.unmet(s, q, need); unmet != "" {
		out.Cause, out.unmet = Service, unmet
	}
}

// unmet says what of a requirement the principal lacks, "" when nothing.
func (d *Decider) unmet(s *pratique.Snapshot, q *Query, need *catalog.Requirement) string {
	if len(need.AnyRole) > 0 && !d.HoldsRole(s, q.Principal, q.Project, need.AnyRole...) {
		names := make([]string, len(need.AnyRole))
		for i, alias := range need.AnyRole {
			names[i] = alias
			if p, ok := d.Rules.Catalog.Policy(alias); ok {
				names[i] = p.Name
			}
		}
		return "needs the role " + strings.Join(names, " or ")
	}
	for _, action := range need.Actions {
		also := *q
		also.Action, also.Resource = action, ""
		if verdict := d.Decide(s, &also); !verdict.Allowed() {
			return "needs " + action + " as well"
		}
	}
	return ""
}

// wanted reports whether the request has the attribute value that makes a requirement count: "billing=prepaid".
func wanted(q *Query, when string) bool {
	if when == "" {
		return true
	}
	key, value, _ := strings.Cut(when, "=")
	for _, a := range q.Context {
		if strings.EqualFold(a.Key, key) {
			return slices.Contains(a.Values, value)
		}
	}
	return false
}

// HoldsRole reports whether a principal holds one of the system roles, and the role works, for requests in a project. Roles of global
// services count at account scope.
func (d *Decider) HoldsRole(s *pratique.Snapshot, p pratique.Ref, project string, aliases ...string) bool {
	if p.ID == pratique.RootID {
		return true
	}
	for _, h := range d.program(s, p).holds {
		if !h.policy.System || !slices.Contains(aliases, h.policy.Alias) {
			continue
		}
		k := chainKey{dialect: policy.Huawei, project: project}
		if row, ok := d.Rules.Catalog.Policy(h.policy.ID); ok {
			k.global = row.Level == catalog.Global
		}
		if k.reaches(h.grant.Scope) && len(s.MissingRoles(h.grant)) == 0 {
			return true
		}
	}
	return false
}
