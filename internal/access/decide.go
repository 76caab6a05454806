package access

import (
	"sync"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/policy"
)

// Decider answers queries. It is safe for concurrent use; its caches hold compiled policies, never answers.
type Decider struct {
	Rules *pratique.Rules

	mu     sync.RWMutex
	caches map[string]*programs // by account
	known  facts
}

// Cause says which rule settled a decision.
type Cause uint8

// The causes. The zero value, and everything but Root and Policy with Effect Allow, is a no.
const (
	Nobody       Cause = iota // there is no such principal, or it is disabled
	UnknownThing              // the action is in no catalogue and in no language
	Unsupported               // the cluster type does not have the operation
	Policy                    // a statement allowed or denied
	Implicit                  // nothing allowed it
	Service                   // policies allow it; the service itself demands more
	Root                      // the root identity is never restricted
	Refused                   // a door said no before it asked any policy: see RefusedFor
)

// Decision is an answer. Its zero value denies.
type Decision struct {
	Cause  Cause
	Effect policy.Effect

	operation *catalog.Operation
	walks     [2]walkResult
	n         int
	decisive  int // index of the walk that settled it
	unmet     string
}

// walkResult is what the chain of one dialect said.
type walkResult struct {
	walk
	chain    policy.Chain
	decision policy.Decision
	named    string // the name under which it was decided: the action, or an alias
	resource int    // index of the resource that the decision is about
}

// Allowed reports whether the principal may.
func (d *Decision) Allowed() bool {
	return d.Effect == policy.Allow && (d.Cause == Policy || d.Cause == Root)
}

// Decide answers a query on a snapshot. It does no I/O, and no allocation when the principal's policies are compiled. (A condition on the time
// or on a principal's ARN takes one: only then these are written out.)
func (d *Decider) Decide(s *pratique.Snapshot, q *Query) Decision {
	var out Decision
	if !acts(s, q.Principal) {
		return out
	}
	r, known := d.resolve(s, q)
	out.operation = r.operation
	if !known {
		out.Cause = UnknownThing
		return out
	}
	if r.operation != nil && q.ClusterType != "" && !catalog.Supported(r.operation, q.ClusterType) {
		out.Cause = Unsupported
		return out
	}
	if q.Principal.ID == pratique.RootID {
		out.Cause, out.Effect = Root, policy.Allow
		return out
	}
	for i := range r.n {
		out.walks[i] = d.ask(s, q, r.walks[i], r.operation)
	}
	out.n = r.n
	out.combine()
	if out.Allowed() {
		d.demand(s, q, &out)
	}
	return out
}

// acts reports whether the principal exists and may act at all.
func acts(s *pratique.Snapshot, p pratique.Ref) bool {
	if p.ID == pratique.RootID {
		return true
	}
	if p.Kind == pratique.KindUser {
		u, ok := s.Users.ID(p.ID)
		return ok && !u.Disabled
	}
	_, ok := s.Roles.ID(p.ID)
	return ok && p.Kind == pratique.KindRole
}

// combine adds the walks up: an explicit deny in either language denies, else an allow in either allows.
func (d *Decision) combine() {
	d.Cause = Implicit
	for i := range d.n {
		switch d.walks[i].decision.Effect {
		case policy.Deny:
			d.Cause, d.Effect, d.decisive = Policy, policy.Deny, i
			return
		case policy.Allow:
			if d.Effect != policy.Allow {
				d.Cause, d.Effect, d.decisive = Policy, policy.Allow, i
			}
		case policy.Undecided:
		}
	}
}

// ask walks the chain of one dialect. All resources must be allowed; the first that is not is the answer.
func (d *Decider) ask(s *pratique.Snapshot, q *Query, w walk, op *catalog.Operation) walkResult {
	k := d.key(q, w, op)
	out := walkResult{walk: w}
	prog := d.program(s, q.Principal)
	if q.SessionPolicy != nil {
		out.chain = d.buildChain(s, prog.holds, k, q.SessionPolicy)
	} else {
		out.chain = d.chain(s, prog, &k)
	}
	dialect := w.dialect
	r := policy.Request{Lookup: func(key string) (string, []string) { return lookup(s, q, dialect, key) }}
	for i := range w.n {
		r.Resource = w.resources[i]
		out.decision, out.named = w.decide(out.chain, &r)
		out.resource = i
		if !out.decision.Allowed() {
			break
		}
	}
	return out
}

// decide asks under every name of the operation, and tells which of them settled it. A deny under any of them denies, else an allow under any
// of them allows.
func (w *walk) decide(chain policy.Chain, r *policy.Request) (best policy.Decision, name string) {
	r.Action = w.action
	best, name = chain.Decide(r), w.action
	for _, alias := range w.aliases {
		if best.Effect == policy.Deny {
			break
		}
		r.Action = alias
		if d := chain.Decide(r); d.Effect > best.Effect {
			best, name = d, alias
		}
	}
	return best, name
}

func (d *Decider) key(q *Query, w walk, op *catalog.Operation) chainKey {
	f := d.known.of(d.Rules.Catalog, w.action)
	k := chainKey{dialect: w.dialect, enterpriseProject: q.EnterpriseProject, enterprise: f.enterprise}
	if w.dialect == policy.Huawei {
		k.project, k.global = q.Project, f.global
	}
	if op != nil {
		k.enterprise = op.EnterpriseProject
	}
	if k.global {
		k.project = ""
	}
	if !k.enterprise {
		k.enterpriseProject = ""
	}
	return k
}
