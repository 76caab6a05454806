package kube

import (
	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/policy"
)

// Outcome is what the gate says to a kube-apiserver. The zero value denies.
type Outcome uint8

// The outcomes.
const (
	Denied    Outcome = iota
	NoOpinion         // RBAC decides
	Allowed           // outright, whatever RBAC says
)

// String is the outcome for logs.
func (o Outcome) String() string {
	switch o {
	case NoOpinion:
		return "no opinion"
	case Allowed:
		return "allowed"
	case Denied:
	}
	return "denied"
}

// Verdict is an outcome and why. The zero value denies.
type Verdict struct {
	Outcome Outcome
	Reason  string // a sentence for the person who asks; empty where RBAC decides, see Behind
}

// The reasons of those whom nothing stops.
const (
	byRoot = "the root identity of the account is never restricted"
	byRole = "Tenant Administrators and CCE Administrators are administrators of every cluster"
)

// gate is what a catalogue says of a cluster type whose undecided requests are refused.
const gateClosed = "closed"

// Decide answers a query that Query made, on the same snapshot.
//
// The root, and on CCE clusters whoever holds a working Tenant Administrator or CCE Administrator in the cluster's project, is allowed outright: no
// policy and no deletion in RBAC locks them out. For everybody else a Deny denies and an Allow leaves the answer to RBAC. What no
// statement decides is denied where the gate of the cluster type is closed (CCE) and left to RBAC where it is open (ACK, ACS).
//
// A role whose session has a policy is narrowed by it: nothing is allowed outright, and what the session policy does not allow is denied, also
// where the gate is open.
//
// What belongs to an operation that was decided on before needs no statement of its own: see ExtraOperation.
//
// Whether the session behind the request still lives is for the caller to ask first: authn knows.
func Decide(d *access.Decider, s *pratique.Snapshot, c *pratique.Cluster, q *access.Query, r *Review) (Verdict, access.Decision) {
	if r.Refused != "" {
		return Verdict{Denied, r.Refused}, access.RefusedFor(r.Refused)
	}
	if claimed := r.claimed(); claimed != "" {
		return Verdict{Denied, claimed}, access.RefusedFor(claimed)
	}
	dec := d.Decide(s, q)
	covered, closed := r.covered(d.Rules.Catalog, &dec), true
	t, known := d.Rules.Catalog.ClusterType(c.Type)
	if known {
		closed = t.Gate == gateClosed
	}
	switch {
	case dec.Cause == access.Nobody:
		return Verdict{Denied, dec.Reason()}, dec
	case dec.Cause == access.Root:
		return Verdict{Allowed, byRoot}, dec
	case q.SessionPolicy != nil && dec.Narrowed() && !covered:
		return Verdict{Denied, dec.Reason()}, dec
	case q.SessionPolicy == nil && known && t.Dialect == policy.Huawei && d.HoldsRole(s, q.Principal, c.Project, "te_admin", "cce_adm"):
		return Verdict{Allowed, byRole}, dec
	case dec.Allowed(), covered:
		return Verdict{Outcome: NoOpinion}, dec
	case dec.Cause == access.Implicit && !closed:
		return Verdict{Outcome: NoOpinion}, dec
	default:
		return Verdict{Denied, dec.Reason()}, dec
	}
}
