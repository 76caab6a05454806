package pratique_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/policy"
)

// sailing is an account whose catalogue has the one add-on sailor.
func sailing(t *testing.T) *pratique.Snapshot {
	t.Helper()
	rows, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	own := *rows
	own.Addons = []catalog.Addon{sailor()}
	account := pratique.Account{Meta: pratique.Meta{ID: "1000000000000001", Name: "acme"}}
	s, _, err := pratique.Found(pratique.NewRules(&own, "local-1"), account, pratique.At(noon), pratique.Session{Hash: "h", Expires: noon.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func missing(s *pratique.Snapshot) []string {
	var out []string
	for _, r := range s.ServiceRoles() {
		out = append(out, r.Missing...)
	}
	return out
}

func TestServiceRolesAreMadeAtOnceAndUnderTheRightsThatMakingThemNeeds(t *testing.T) {
	t.Parallel()
	s := sailing(t)
	if diff := cmp.Diff([]string{"the role", "trust in cs.aliyuncs.com", "policy AliyunMSEFullAccess"}, missing(s)); diff != "" {
		t.Error(diff)
	}
	s, plan := do(t, s, pratique.AuthorizeServices{Project: "p"})
	if diff := cmp.Diff([]string{"userAuthorization.create", "role.create", "grant.create.account"}, needs(plan)); diff != "" {
		t.Errorf("needs (-want +got):\n%s", diff)
	}
	if plan.Needs[0].Project != "p" || len(missing(s)) > 0 {
		t.Errorf("asked in project %q; missing %v", plan.Needs[0].Project, missing(s))
	}
	if r, _ := s.Roles.Name("Sailor"); r.Origin != pratique.AuthorizationOrigin {
		t.Errorf("origin %q: uninstalling an add-on would take the role away", r.Origin)
	}
	if _, plan = do(t, s, pratique.AuthorizeServices{}); len(plan.Writes) > 0 {
		t.Errorf("the second time: %+v", plan.Steps)
	}
}

func TestAServiceRoleThatIsThereIsCompletedAndTrustsWhomItTrusted(t *testing.T) {
	t.Parallel()
	s, _ := apply(t, sailing(t), `
kind: Role
metadata: {name: sailor}
spec: {description: ours, trust: {Version: "1", Statement: [{Effect: Allow, Action: sts:AssumeRole, Principal: {Service: [ecs.aliyuncs.com]}}]}}
---
kind: Grant
metadata: {name: some}
spec: {role: sailor, policy: AliyunMSEFullAccess, scope: {enterpriseProject: default}}
`)
	if diff := cmp.Diff([]string{"trust in cs.aliyuncs.com", "policy AliyunMSEFullAccess"}, missing(s)); diff != "" {
		t.Error(diff)
	}
	s, _ = do(t, s, pratique.AuthorizeServices{})
	r, _ := s.Roles.Name("sailor")
	for _, service := range []string{"ecs.aliyuncs.com", "cs.aliyuncs.com"} {
		if !r.Trusts([]policy.Principal{{Type: "Service", ID: service}}, nil) {
			t.Errorf("it does not trust %s", service)
		}
	}
	if r.Description != "ours" || len(missing(s)) > 0 {
		t.Errorf("description %q, missing %v", r.Description, missing(s))
	}
}

func TestAGrantOfTheSameNameIsNotTakenOver(t *testing.T) {
	t.Parallel()
	s, _ := apply(t, sailing(t), people+"---\nkind: Grant\nmetadata: {name: service-Sailor}\nspec: {user: alice, policy: AliyunMSEFullAccess, scope: {account: true}}\n")
	refuse(t, s, pratique.ErrConflict, `the grant "service-Sailor" gives something else`, pratique.AuthorizeServices{})
}
