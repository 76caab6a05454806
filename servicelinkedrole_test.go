package pratique_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/policy"
)

const auditService, mseService = "audit.log.aliyuncs.com", "mse.aliyuncs.com"

func TestAServiceHasItsRoleWithItsPolicyAndItsTrust(t *testing.T) {
	t.Parallel()
	s, plan := do(t, newAccount(t), pratique.CreateServiceLinkedRole{Service: auditService})
	r, ok := s.Roles.Name("AliyunServiceRoleForSLSAudit")
	if !ok || r.Service != auditService {
		t.Fatalf("role: %+v", r)
	}
	if diff := cmp.Diff([]string{"AliyunServiceRolePolicyForSLSAudit"}, s.PoliciesOf(r.ID)); diff != "" {
		t.Error(diff)
	}
	for service, want := range map[string]bool{auditService: true, mseService: false} {
		if got := r.Trusts([]policy.Principal{{Type: "Service", ID: service}}, nil); got != want {
			t.Errorf("it trusts %s: %v", service, got)
		}
	}
	want := []pratique.Need{{
		Operation: "serviceLinkedRole.create", Vars: map[string]string{"name": "AliyunServiceRoleForSLSAudit"}, Context: map[string]string{"ram:ServiceName": auditService},
	}}
	if diff := cmp.Diff(want, plan.Needs); diff != "" {
		t.Errorf("it needs (-want +got):\n%s", diff)
	}
	if _, plan = do(t, s, pratique.CreateServiceLinkedRole{Service: auditService}); len(plan.Writes) > 0 {
		t.Errorf("the second time: %+v", plan.Steps)
	}
}

func TestARoleOfASimilarNameIsNotTakenOver(t *testing.T) {
	t.Parallel()
	s, _ := apply(t, newAccount(t), `
kind: Role
metadata: {name: AliyunServiceRoleForSLSAudit}
spec: {trust: {Version: "1", Statement: [{Effect: Allow, Action: sts:AssumeRole, Principal: {RAM: ["acs:ram::1000000000000001:root"]}}]}}
`)
	refuse(t, s, pratique.ErrConflict, "is not linked to audit.log.aliyuncs.com", pratique.CreateServiceLinkedRole{Service: auditService})
	refuse(t, s, pratique.ErrNotFound, "does not exist", pratique.DeleteServiceLinkedRole{Service: auditService})
}

func TestAServiceThatBringsNoRoleIsRefusedAfterTheRightIsAskedFor(t *testing.T) {
	t.Parallel()
	s := newAccount(t)
	refuse(t, s, pratique.ErrInvalid, "known services", pratique.CreateServiceLinkedRole{Service: "pirates.example.com"})
	_, plan, _ := s.With(pratique.At(noon), pratique.DeleteServiceLinkedRole{Service: "pirates.example.com"})
	if len(plan.Needs) != 1 || plan.Needs[0].Context["ram:ServiceName"] != "pirates.example.com" {
		t.Errorf("needs: %+v", plan.Needs)
	}
}

func TestOnlyTheServiceDecidesWhatItsRoleIs(t *testing.T) {
	t.Parallel()
	s, _ := do(t, newAccount(t), pratique.CreateServiceLinkedRole{Service: mseService})
	refuse(t, s, pratique.ErrConflict, "is linked to the service", puts(t, `
kind: Role
metadata: {name: AliyunServiceRoleForMSE}
spec: {description: mine, trust: {Version: "1", Statement: [{Effect: Allow, Action: sts:AssumeRole, Principal: {RAM: ["acs:ram::1000000000000001:root"]}}]}}
`)...)
	refuse(t, s, pratique.ErrConflict, "pratique role unlink mse.aliyuncs.com", pratique.Delete{Kind: pratique.KindRole, Name: "AliyunServiceRoleForMSE", Cascade: true})
}

func TestARoleThatAnAddonNeedsStaysLinked(t *testing.T) {
	t.Parallel()
	s, _ := do(t, withAddons(t), pratique.CreateServiceLinkedRole{Service: mseService}, pratique.CreateServiceLinkedRole{Service: auditService}, installed("c-lab"))
	refuse(t, s, pratique.ErrConflict, "add-on sailor of cluster lab needs mse.aliyuncs.com", pratique.DeleteServiceLinkedRole{Service: mseService})
	s, plan := do(t, s, pratique.DeleteServiceLinkedRole{Service: auditService}) // nobody needs this one
	if _, ok := s.Roles.Name("AliyunServiceRoleForSLSAudit"); ok || len(plan.Needs) != 1 {
		t.Errorf("there %v, needs %v", ok, needs(plan))
	}
	s, _ = do(t, s, pratique.RemoveAddon{Cluster: "c-lab", Template: "sailor"}, pratique.DeleteServiceLinkedRole{Service: mseService})
	if n := s.Grants.Len(); n != newAccount(t).Grants.Len() {
		t.Errorf("%d grants are left", n)
	}
}
