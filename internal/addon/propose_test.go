package addon_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/policy"
)

func TestTheLeastPrivilegeIsProposedUnlessSomebodyAsksForTheVendors(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	p := f.mse(f.cluster("prod", "ack-managed"))
	plan := f.authorize(p, false)
	want := []string{
		"create policy mse-ingress-controller-AliyunCSManagedMseRole", "create role AliyunCSManagedMseRole",
		"create grant mse-ingress-controller-AliyunCSManagedMseRole", "create role AliyunServiceRoleForMSE",
	}
	if diff := cmp.Diff(want, names(plan)[:4]); diff != "" {
		t.Error(diff)
	}
	made, _ := f.Policies.Name("mse-ingress-controller-AliyunCSManagedMseRole")
	text, _ := made.Version("v1")
	doc, err := policy.Parser{}.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if len(doc.Statements) != 1 || len(doc.Statements[0].Actions) != 14 || strings.Contains(string(text), "log:") {
		t.Errorf("more or less than what is needed: %s", text)
	}
	role, _ := f.Roles.Name("AliyunCSManagedMseRole")
	if made.Origin != "addon/mse-ingress-controller" || role.Origin != made.Origin {
		t.Errorf("origins are %q and %q", made.Origin, role.Origin)
	}
}

func TestProposingAgainGivesNothing(t *testing.T) {
	t.Parallel()
	for _, clusterType := range []string{"ack-managed", "ack-dedicated"} {
		for _, systemPolicy := range []bool{false, true} {
			f := newFleet(t)
			f.logging()
			p := f.mse(f.cluster("prod", clusterType))
			f.authorize(p, systemPolicy)
			f.passes(p)
			if changes, err := p.Propose(f.Snapshot, !systemPolicy); err != nil || changes != nil {
				t.Errorf("%s: %v, %v", clusterType, changes, err)
			}
		}
	}
}

func TestATurnedOnSettingExtendsThePolicyByWhatIsMissing(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	c := f.cluster("prod", "ack-dedicated")
	f.authorize(f.mse(c), false)
	f.logging()
	p := f.mse(c)
	plan := f.authorize(p, false)
	if diff := cmp.Diff([]string{"update policy mse-ingress-controller-KubernetesWorkerRole-c-prod"}, names(plan)); diff != "" {
		t.Error(diff)
	}
	f.passes(p)
	made, _ := f.Policies.Name("mse-ingress-controller-KubernetesWorkerRole-c-prod")
	text, _ := made.Version(made.Default)
	for _, part := range []string{"mse:AddGateway", `"Condition":{"StringEquals":{"ram:ServiceName":"audit.log.aliyuncs.com"}}`, "mse:UpdateGatewaySls"} {
		if !strings.Contains(string(text), part) {
			t.Errorf("%s is not in %s", part, text)
		}
	}
	if made.Origin != "addon/mse-ingress-controller@c-prod" {
		t.Errorf("origin is %q", made.Origin)
	}
}

func TestTheVendorsPolicyIsSupplementedByACustomOne(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.logging()
	p := f.mse(f.cluster("prod", "ack-dedicated"))
	f.authorize(p, true)
	f.passes(p)
	role, _ := f.WorkerRole("c-prod")
	if diff := cmp.Diff([]string{"AliyunMSEFullAccess", "mse-ingress-controller-KubernetesWorkerRole-c-prod"}, f.PoliciesOf(role.ID)); diff != "" {
		t.Error(diff)
	}
	made, _ := f.Policies.Name("mse-ingress-controller-KubernetesWorkerRole-c-prod")
	if text, _ := made.Version("v1"); strings.Contains(string(text), "mse:") && strings.Contains(string(text), "AddGateway") {
		t.Errorf("the custom policy repeats the vendor's: %s", text)
	}
}

func TestARoleThatIsDeletedMeanwhileIsProposedAnew(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	p := f.mse(f.cluster("prod", "ack-managed"))
	f.authorize(p, false)
	f.with(pratique.Delete{Kind: pratique.KindRole, Name: "AliyunCSManagedMseRole", Cascade: true})
	f.lacks(p, beforeAuthorization[:4]...)
	plan := f.authorize(p, false)
	want := []string{"create role AliyunCSManagedMseRole", "create grant mse-ingress-controller-AliyunCSManagedMseRole"} // the policy is still there
	if diff := cmp.Diff(want, names(plan)); diff != "" {
		t.Error(diff)
	}
	f.passes(p)
}

func TestAPolicyOfSomebodyElseIsLeftAlone(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	p := f.mse(f.cluster("prod", "ack-managed"))
	const name = "mse-ingress-controller-AliyunCSManagedMseRole"
	f.apply("kind: Policy\nmetadata: {name: " + name + "}\nspec: {document: {Version: \"1\", Statement: [{Effect: Allow, Action: [\"oss:*\"], Resource: [\"*\"]}]}}")
	f.authorize(p, false)
	f.passes(p)
	theirs, _ := f.Policies.Name(name)
	role, _ := f.Roles.Name("AliyunCSManagedMseRole")
	if len(theirs.Versions) != 1 || theirs.Origin != "" {
		t.Errorf("it was changed: %+v", theirs)
	}
	if diff := cmp.Diff([]string{name + "-2"}, f.PoliciesOf(role.ID)); diff != "" {
		t.Error(diff)
	}
}

func TestNoPermissionIsProposedAgainstADeny(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	p := f.mse(f.cluster("prod", "ack-dedicated"))
	f.apply("kind: Policy\nmetadata: {name: no-gateways}\nspec: {document: {Version: \"1\", Statement: [{Effect: Deny, Action: [\"mse:AddGateway\"], Resource: [\"*\"]}]}}")
	f.apply("kind: Grant\nmetadata: {name: no-gateways}\nspec: {role: KubernetesWorkerRole-c-prod, policy: no-gateways, scope: {account: true}}")
	if i := f.item(p, "permission/gateway"); !strings.Contains(i.Error, `policy "no-gateways"`) || strings.Contains(i.Fix, "authorize rep") {
		t.Errorf("%+v", i)
	}
	if _, err := p.Propose(f.Snapshot, false); !errors.Is(err, pratique.ErrConflict) || !strings.Contains(err.Error(), "no-gateways") {
		t.Errorf("got %v", err)
	}
}

func TestAProposalNeedsTheRightsOfWhatItMakes(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	plan := f.authorize(f.mse(f.cluster("prod", "ack-managed")), false)
	var needs []string
	for _, n := range plan.Needs {
		needs = append(needs, n.Operation)
	}
	want := []string{"policy.create", "role.create", "grant.create.account", "serviceLinkedRole.create"}
	if diff := cmp.Diff(want, needs); diff != "" {
		t.Error(diff)
	}
}

func TestUninstallingTakesAwayWhatWasProposedAndNothingElse(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	c := f.cluster("prod", "ack-dedicated")
	f.apply("kind: Grant\nmetadata: {name: by-hand}\nspec: {role: KubernetesWorkerRole-c-prod, policy: AliyunCSReadOnlyAccess, scope: {account: true}}")
	f.authorize(f.mse(c), false)
	f.with(pratique.PutAddon{Addon: pratique.Addon{Cluster: c.ID, Template: "mse-ingress-controller", Version: "1.1.5", State: pratique.AddonInstalled}})
	f.with(pratique.RemoveAddon{Cluster: c.ID, Template: "mse-ingress-controller"})
	role, _ := f.WorkerRole(c.ID)
	if diff := cmp.Diff([]string{"AliyunCSReadOnlyAccess"}, f.PoliciesOf(role.ID)); diff != "" {
		t.Error(diff)
	}
	if _, left := f.Policies.Name("mse-ingress-controller-KubernetesWorkerRole-c-prod"); left {
		t.Error("the policy is left behind")
	}
	if _, left := f.Roles.Name("AliyunServiceRoleForMSE"); left {
		t.Error("the service-linked role is left behind")
	}
}

// What is proposed is worked out on the directory that it changes: a second authorization at the same time finds nothing to do.
func TestAProposalIsWorkedOutWhenItIsMade(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	p := f.mse(f.cluster("prod", "ack-managed"))
	late := pratique.Proposed{From: func(s *pratique.Snapshot) ([]pratique.Change, error) { return p.Propose(s, false) }}
	if plan := f.with(late); len(plan.Writes) == 0 {
		t.Error("the first changes nothing")
	}
	if plan := f.with(late); len(plan.Writes)+len(plan.Needs) > 0 {
		t.Errorf("the second does %v", names(plan))
	}
}
