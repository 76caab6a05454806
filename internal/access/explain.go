package access

import (
	"fmt"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/policy"
)

// Explanation is a decision with everything that was looked at.
type Explanation struct {
	Decision     Decision
	Walks        []Walk
	Requirements []Requirement
	Hints        []string
}

// Walk is the trace of one dialect's chain.
type Walk struct {
	Dialect  policy.Dialect
	Action   string
	Resource string
	Trace    policy.Explanation
}

// Requirement is a check of the service and its outcome.
type Requirement struct {
	Reason string
	Holds  bool
}

// Explain decides a query and shows the way. It walks the documents plainly, which costs microseconds to milliseconds; Decide is for hot
// paths. Both give the same answer.
func (d *Decider) Explain(s *pratique.Snapshot, q *Query) Explanation {
	out := Explanation{Decision: d.Decide(s, q)}
	for i := range out.Decision.n {
		w := &out.Decision.walks[i]
		r := request(s, q, &w.walk, w.resource)
		r.Action = w.named
		out.Walks = append(out.Walks, Walk{
			Dialect: w.dialect, Action: w.action, Resource: r.Resource,
			Trace: w.chain.Explain(&r),
		})
	}
	if op := out.Decision.operation; op != nil && op.Requires != nil && wanted(q, op.Requires.When) && out.Decision.Cause != Root {
		out.Requirements = append(out.Requirements, Requirement{Reason: op.Requires.Reason, Holds: d.unmet(s, q, op.Requires) == ""})
	}
	if !out.Decision.Allowed() && acts(s, q.Principal) {
		out.Hints = d.hints(s, q, &out)
	}
	return out
}

// request is what a walk asks about one of its resources.
func request(s *pratique.Snapshot, q *Query, w *walk, resource int) policy.Request {
	return policy.Request{
		Action: w.action, Resource: w.resources[resource],
		Lookup: func(key string) (string, []string) { return lookup(s, q, w.dialect, key) },
	}
}

// hints say what would have helped, the smallest thing first.
func (d *Decider) hints(s *pratique.Snapshot, q *Query, e *Explanation) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, h := range Holdings(s, q.Principal) {
		if len(h.Missing) > 0 {
			add("role %q is granted (%s) but does not work until these are granted to the same principal in the same scope: %s",
				h.Policy.Name, h.Via, strings.Join(h.Missing, ", "))
		}
	}
	dec := &e.Decision
	if known, nearest := d.Rules.Catalog.Action(q.Action); !known && dec.operation == nil {
		add("the catalogue knows no operation %s%s", q.Action, meant(nearest))
	}
	switch {
	case dec.Cause == UnknownThing:
	case dec.Effect == policy.Deny:
		add("only taking the denying statement or its grant away opens this; an Allow elsewhere does not")
	case dec.Cause == Implicit:
		for i := range dec.n {
			d.scopeHints(s, q, dec.operation, &dec.walks[i], add)
		}
		add("a statement that allows %s, in a policy granted to %s or a group of theirs, would open it",
			dec.names(" or "), s.PrincipalName(q.Principal))
	case dec.Cause == Service:
		add("%s", dec.unmet)
	}
	return out
}

func meant(nearest []string) string {
	if len(nearest) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(nearest, " or ") + "?"
}

// scopeHints finds grants that would have allowed the request in another scope: the most common surprise.
func (d *Decider) scopeHints(s *pratique.Snapshot, q *Query, op *catalog.Operation, w *walkResult, add func(string, ...any)) {
	k := d.key(q, w.walk, op)
	r := request(s, q, &w.walk, w.resource)
	for _, h := range d.program(s, q.Principal).holds {
		compiled, err := h.policy.Compiled()
		if err != nil || compiled.Document().Dialect != w.dialect || k.applies(h, compiled.Document()) != "" {
			continue
		}
		if verdict := alone(compiled).Decide(&r); !verdict.Allowed() {
			continue
		}
		add("policy %q would allow it, but it is granted on %s%s", h.policy.Name, s.ScopeText(h.grant.Scope), d.whyNot(q, h, k))
	}
}

// alone is the chain of somebody who holds one policy and nothing else.
func alone(compiled *policy.Compiled) policy.Chain {
	return policy.Chain{{Sets: []*policy.Set{policy.Compile(policy.Source{Compiled: compiled})}}}
}

func (d *Decider) whyNot(q *Query, h held, k chainKey) string {
	switch {
	case h.grant.Scope.Kind == pratique.ScopeEnterpriseProject && !k.enterprise:
		return ", and this kind of resource does not support enterprise projects"
	case h.grant.Scope.Kind == pratique.ScopeEnterpriseProject:
		return ", which the request does not name"
	case k.global:
		return "; the service is global, so grant it at account scope"
	case h.grant.Scope.Kind == pratique.ScopeAccount:
		return ", which reaches global services only; grant it on the project or on all projects"
	case q.Project == "":
		return ", and the request names no project"
	default:
		return ", not on the project that was asked about"
	}
}
