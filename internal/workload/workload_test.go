package workload_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/workload"
	"github.com/pratique-iam/pratique/policy"
)

func TestTheSameArgumentsGiveTheSameWorkload(t *testing.T) {
	t.Parallel()
	a, b := workload.New(50), workload.New(50)
	opts := []cmp.Option{cmpopts.IgnoreFields(policy.Source{}, "Compiled"), cmpopts.IgnoreTypes(policy.Chain{})}
	if diff := cmp.Diff(a.Policies, b.Policies, opts...); diff != "" {
		t.Errorf("policies: %s", diff)
	}
	if diff := cmp.Diff(a.Users(5), b.Users(5), opts...); diff != "" {
		t.Errorf("users: %s", diff)
	}
	if diff := cmp.Diff(a.Directory(20, 2).Grants, b.Directory(20, 2).Grants); diff != "" {
		t.Errorf("grants: %s", diff)
	}
	if cmp.Equal(a.Policies, workload.New(51).Policies[:50], opts...) {
		t.Error("another size gives the same policies")
	}
}

func TestEveryOtherRequestIsAllowed(t *testing.T) {
	t.Parallel()
	w := workload.New(100)
	for _, u := range w.Users(20) {
		if n := u.Chain[0].Sets[0].Len(); n != workload.Statements*workload.PerGroup*workload.Groups {
			t.Errorf("%d statements are in force", n)
		}
		for i, r := range u.Requests {
			if d := u.Chain.Decide(r); d.Allowed() != (i%2 == 0) {
				t.Errorf("request %d: %v", i, d.Effect)
			}
		}
	}
}

func TestEveryPolicyOfADirectoryCanBeRead(t *testing.T) {
	t.Parallel()
	rows, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	d := workload.New(100).Directory(30, 3)
	s, err := d.Snapshot(pratique.NewRules(rows))
	if err != nil {
		t.Fatal(err)
	}
	if s.Policies.Len() != 100 || s.Groups.Len() != 60 || s.Grants.Len() != 300 || s.Users.Len() != 30 {
		t.Errorf("%d policies, %d groups, %d grants, %d users", s.Policies.Len(), s.Groups.Len(), s.Grants.Len(), s.Users.Len())
	}
	for p := range s.Policies.All() {
		doc, err := p.Document()
		if err != nil {
			t.Fatalf("%s: %v", p.Name, err)
		}
		if level, mixed := rows.PolicyLevel(doc); level != catalog.Project || mixed {
			t.Errorf("%s is of level %v, mixed %v: a grant in all projects would not do", p.Name, level, mixed)
		}
	}
}
