package policy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique/internal/workload"
	"github.com/pratique-iam/pratique/policy"
)

// users are some of W(P), and one who holds all its policies.
func users(policies, n int) []workload.User {
	w := workload.New(policies)
	return append(w.Users(n), w.User(w.Policies))
}

// Not parallel: testing.AllocsPerRun counts for the whole program.
func TestDecidingAllocatesNothing(t *testing.T) {
	for _, u := range users(100, 5) {
		for _, r := range u.Requests {
			if n := testing.AllocsPerRun(10, func() { u.Chain.Decide(r) }); n != 0 {
				t.Fatalf("%s on %s: %v allocations", r.Action, r.Resource, n)
			}
		}
	}
}

func TestIndexAgreesWithTheStatements(t *testing.T) {
	t.Parallel()
	all := users(200, 40)
	allowed := 0
	for _, u := range all {
		s := u.Chain[0].Sets[0]
		for _, r := range append(u.Requests, all[0].Requests...) {
			e, source, statement := s.Decide(r)
			if want, _, _ := s.Walk(r); e != want {
				t.Fatalf("%s on %s: the index says %v, the statements %v", r.Action, r.Resource, e, want)
			}
			if e != policy.Undecided && !s.Matches(r, e, source, statement) {
				t.Fatalf("%s on %s: statement %d of source %d does not match", r.Action, r.Resource, statement, source)
			}
			if e == policy.Allow {
				allowed++
			}
		}
	}
	if allowed < 100 {
		t.Errorf("only %d requests are allowed", allowed)
	}
}

func TestExplanationAgreesWithDecision(t *testing.T) {
	t.Parallel()
	for _, u := range users(100, 10) {
		for _, r := range u.Requests {
			d, x := u.Chain.Decide(r), u.Chain.Explain(r)
			if diff := cmp.Diff(d, x.Decision); diff != "" {
				t.Fatalf("%s on %s (-decision +explanation):\n%s", r.Action, r.Resource, diff)
			}
			if (d.Effect == policy.Undecided) != (x.Missing != "") {
				t.Errorf("%s on %s: %v, missing %q", r.Action, r.Resource, d.Effect, x.Missing)
			}
			last := x.Tiers[len(x.Tiers)-1]
			if d.Effect != policy.Undecided &&
				(last.Deciding == nil || last.Deciding.Statement != d.Statement || !last.Deciding.Action || !last.Deciding.Resource) {
				t.Errorf("%s on %s is decided by %+v", r.Action, r.Resource, last.Deciding)
			}
		}
	}
}
