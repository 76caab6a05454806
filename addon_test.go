package pratique_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
)

// do applies changes and returns the next snapshot with its plan.
func do(t *testing.T, s *pratique.Snapshot, changes ...pratique.Change) (*pratique.Snapshot, *pratique.Plan) {
	t.Helper()
	next, plan, err := s.With(pratique.At(noon), changes...)
	if err != nil {
		t.Fatal(err)
	}
	return next, plan
}

func cluster(name, kind string) pratique.CreateCluster {
	return pratique.CreateCluster{Cluster: pratique.Cluster{
		Meta: pratique.Meta{ID: "c-" + name, Name: name}, Type: kind, Provisioner: pratique.ProvisionerLocal,
	}}
}

// needs are the operations that a plan needs, in order.
func needs(p *pratique.Plan) []string {
	var out []string
	for _, n := range p.Needs {
		out = append(out, n.Operation)
	}
	return out
}

// withAddons is an account that has clusters lab and dock, both ack-managed, and an add-on of its own, sailor, whose controller acts by the service
// role Sailor and needs the service-linked role of mse.aliyuncs.com.
func withAddons(t *testing.T) *pratique.Snapshot {
	t.Helper()
	s, _ := do(t, newAccount(t), cluster("lab", "ack-managed"), cluster("dock", "ack-managed"), pratique.RegisterAddon{Addon: sailor()})
	return s
}

func sailor() catalog.Addon {
	return catalog.Addon{
		Name: "sailor", Title: "Sailor", Description: "Sails.", Namespace: "sea", Workload: catalog.Workload{Kind: "Deployment", Name: "sailor"},
		Principals:         []catalog.Controller{{Controllers: "service-role", Role: "Sailor", Service: "cs.aliyuncs.com", Policy: "AliyunMSEFullAccess"}},
		ServiceLinkedRoles: []string{"mse.aliyuncs.com"},
		Versions:           []catalog.AddonVersion{{Version: "1.0", Manifests: sailorManifests}},
	}
}

const sailorManifests = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: sailor, namespace: sea}\n"

func installed(cluster string) pratique.PutAddon {
	return pratique.PutAddon{Addon: pratique.Addon{Cluster: cluster, Template: "sailor", Version: "1.0", State: pratique.AddonInstalled}, Operation: "addonInstance.create"}
}

const sailorRole = `
kind: Role
metadata: {name: Sailor}
spec: {trust: {Version: "1", Statement: [{Effect: Allow, Action: sts:AssumeRole, Principal: {Service: [cs.aliyuncs.com]}}]}}
---
kind: Policy
metadata: {name: sailing}
spec: {document: {Version: "1", Statement: [{Effect: Allow, Action: "mse:QueryDefaultAlertStatus", Resource: "*"}]}}
---
kind: Grant
metadata: {name: sailor-sails}
spec: {role: Sailor, policy: sailing, scope: {account: true}}
`

func TestWhatIsMadeForAnAddonGoesWithItsLastInstallation(t *testing.T) {
	t.Parallel()
	s := withAddons(t)
	made := pratique.Originate{Origin: pratique.AddonOrigin("sailor", ""), Changes: puts(t, sailorRole)}
	s, _ = do(t, s, made, installed("c-lab"), installed("c-dock"))
	role, _ := s.Roles.Name("Sailor")
	if role.Origin != "addon/sailor" {
		t.Errorf("the role comes from %q", role.Origin)
	}
	s, _ = do(t, s, pratique.RemoveAddon{Cluster: "c-lab", Template: "sailor"})
	if _, ok := s.Roles.Name("Sailor"); !ok {
		t.Error("the role is gone although another cluster has the add-on")
	}
	s, plan := do(t, s, pratique.RemoveAddon{Cluster: "c-dock", Template: "Sailor", Operation: "addonInstance.delete"})
	_, role1 := s.Roles.Name("Sailor")
	_, policy1 := s.Policies.Name("sailing")
	_, grant1 := s.Grants.Name("sailor-sails")
	if role1 || policy1 || grant1 || len(plan.Warnings) > 0 {
		t.Errorf("left: role %v, policy %v, grant %v; warnings %v", role1, policy1, grant1, plan.Warnings)
	}
	if diff := cmp.Diff([]string{"addonInstance.delete"}, needs(plan)); diff != "" {
		t.Errorf("uninstalling needs (-want +got):\n%s", diff)
	}
}

func TestWhatOthersHoldOnToStaysWhenAnAddonGoes(t *testing.T) {
	t.Parallel()
	s := withAddons(t)
	s, _ = apply(t, s, "kind: Policy\nmetadata: {name: mine}\nspec: {document: {Version: \"1\", Statement: [{Effect: Allow, Action: \"mse:*\", Resource: \"*\"}]}}\n---\n"+people)
	s, _ = do(t, s, pratique.Originate{Origin: pratique.AddonOrigin("sailor", ""), Changes: puts(t, sailorRole)}, installed("c-lab"))
	s, _ = apply(t, s, "kind: Grant\nmetadata: {name: extra}\nspec: {role: Sailor, policy: mine, scope: {account: true}}\n---\n"+
		"kind: Grant\nmetadata: {name: alice-sails}\nspec: {user: alice, policy: sailing, scope: {account: true}}")
	s, plan := do(t, s, pratique.RemoveAddon{Cluster: "c-lab", Template: "sailor"})
	for _, warning := range []string{"role Sailor stays: policy mine was attached to it", "policy sailing stays: it is attached elsewhere"} {
		if !slices.Contains(plan.Warnings, warning) {
			t.Errorf("no warning %q in %v", warning, plan.Warnings)
		}
	}
	_, role := s.Roles.Name("Sailor")
	_, extra := s.Grants.Name("extra")
	_, own := s.Grants.Name("sailor-sails")
	if !role || !extra || own {
		t.Errorf("role %v, grant of somebody else %v, grant of the add-on %v", role, extra, own)
	}
}

func TestARoleThatMayDoSomethingInsideAClusterStaysWhenItsAddonGoes(t *testing.T) {
	t.Parallel()
	s, _ := do(t, withAddons(t), pratique.Originate{Origin: pratique.AddonOrigin("sailor", ""), Changes: puts(t, sailorRole)}, installed("c-lab"))
	s, _ = apply(t, s, "kind: NamespacePermission\nmetadata: {name: sailor-views}\nspec: {role: Sailor, clusterRole: view, clusters: [lab], namespaces: [sea]}")
	s, plan := do(t, s, pratique.RemoveAddon{Cluster: "c-lab", Template: "sailor"})
	want := []string{"role Sailor stays: it holds the namespace permission sailor-views"}
	if diff := cmp.Diff(want, plan.Warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	r, ok := s.Roles.Name("Sailor")
	if !ok || len(s.PoliciesOf(r.ID)) > 0 {
		t.Error("the role went, or kept what was granted for the add-on")
	}
	if _, ok := s.Policies.Name("sailing"); ok {
		t.Error("the policy of the add-on stays although nothing holds it any more")
	}
}

func TestWhatAnAddonIsGivenIsWarnedAboutAsAnythingElse(t *testing.T) {
	t.Parallel()
	s, _ := apply(t, withAddons(t), people)
	void := puts(t, "kind: Grant\nmetadata: {name: void}\nspec: {group: viewers, policy: CCE FullAccess, scope: {account: true}}")
	_, direct := do(t, s, void...)
	_, enclosed := do(t, s, pratique.Originate{Origin: pratique.AddonOrigin("sailor", ""), Changes: void})
	if len(direct.Warnings) != 1 {
		t.Fatalf("the change alone warns of %v", direct.Warnings)
	}
	if diff := cmp.Diff(direct.Warnings, enclosed.Warnings); diff != "" {
		t.Errorf("on behalf of an add-on (-alone +enclosed):\n%s", diff)
	}
}

func TestWhatWasThereBeforeAnAddonStaysWhenItGoes(t *testing.T) {
	t.Parallel()
	s, _ := apply(t, withAddons(t), sailorRole)
	s, plan := do(t, s, pratique.Originate{Origin: pratique.AddonOrigin("sailor", "c-lab"), Changes: puts(t, sailorRole)}, installed("c-lab"))
	if got := plan.Steps[0].Verb; got != pratique.Unchanged {
		t.Errorf("the role is %sd", got)
	}
	s, _ = do(t, s, pratique.RemoveAddon{Cluster: "c-lab", Template: "sailor"})
	if r, ok := s.Roles.Name("Sailor"); !ok || r.Origin != "" {
		t.Error("a role that somebody else made went with the add-on, or became its own")
	}
}

func TestWhatOneClusterNeedsGoesWithItsInstallation(t *testing.T) {
	t.Parallel()
	s := withAddons(t)
	made := pratique.Originate{Origin: pratique.AddonOrigin("sailor", "c-lab"), Changes: puts(t, sailorRole)}
	s, _ = do(t, s, made, installed("c-lab"), installed("c-dock"))
	s, _ = do(t, s, pratique.RemoveAddon{Cluster: "c-dock", Template: "sailor"})
	if _, ok := s.Roles.Name("Sailor"); !ok {
		t.Error("the role of one cluster went with the add-on of another")
	}
	s, _ = do(t, s, pratique.RemoveAddon{Cluster: "c-lab", Template: "sailor"})
	if _, ok := s.Roles.Name("Sailor"); ok {
		t.Error("the role stays although its cluster has the add-on no more")
	}
}

func TestOriginateMarksOnlyWhatItEncloses(t *testing.T) {
	t.Parallel()
	s, _ := do(t, newAccount(t), pratique.Originate{Origin: "x", Changes: puts(t, "kind: User\nmetadata: {name: inner}")},
		puts(t, "kind: User\nmetadata: {name: outer}")[0])
	inner, _ := s.Users.Name("inner")
	outer, _ := s.Users.Name("outer")
	if inner.Origin != "x" || outer.Origin != "" {
		t.Errorf("origins %q and %q", inner.Origin, outer.Origin)
	}
}

func TestWhoeverInstallsAnAddonHandsItsRoleToTheService(t *testing.T) {
	t.Parallel()
	s := withAddons(t)
	s, _ = do(t, s, cluster("old", "ack-dedicated"))
	pass := pratique.Need{Operation: "role.pass", Vars: map[string]string{"name": "Sailor"}, Context: map[string]string{"acs:Service": "cs.aliyuncs.com"}}
	_, plan := do(t, s, installed("c-lab"))
	if diff := cmp.Diff(pass, plan.Needs[len(plan.Needs)-1]); diff != "" || len(plan.Needs) != 2 {
		t.Errorf("installing needs %v (-want +got):\n%s", needs(plan), diff)
	}
	for name, change := range map[string]pratique.PutAddon{
		"a worker role is handed to nobody": installed("c-old"),
		"new pods are no new role":          {Addon: installed("c-lab").Addon, Operation: "addonInstance.redeploy"},
		"the server's own record":           {Addon: installed("c-lab").Addon},
	} {
		_, plan := do(t, s, change)
		if slices.Contains(needs(plan), "role.pass") {
			t.Errorf("%s: %v", name, needs(plan))
		}
	}
}

func TestWhatIsMadeForTheAddonsOfAClusterGoesWithTheCluster(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, origin string
		change       []pratique.Change
		goes         bool
	}{
		{"what only it needed", pratique.AddonOrigin("sailor", "c-lab"), []pratique.Change{installed("c-lab")}, true},
		{"what was authorized and never installed", pratique.AddonOrigin("sailor", "c-lab"), nil, true},
		{"what its add-on needed, which is nowhere else", pratique.AddonOrigin("sailor", ""), []pratique.Change{installed("c-lab")}, true},
		{"what the add-on of another cluster needs too", pratique.AddonOrigin("sailor", ""), []pratique.Change{installed("c-lab"), installed("c-dock")}, false},
		{"what another cluster needs", pratique.AddonOrigin("sailor", "c-dock"), []pratique.Change{installed("c-lab"), installed("c-dock")}, false},
	} {
		s, _ := do(t, withAddons(t), append([]pratique.Change{pratique.Originate{Origin: c.origin, Changes: puts(t, sailorRole)}}, c.change...)...)
		s, plan := do(t, s, pratique.DeleteCluster{Name: "lab"})
		_, role := s.Roles.Name("Sailor")
		_, policy := s.Policies.Name("sailing")
		if role == c.goes || policy == c.goes || len(plan.Warnings) > 0 {
			t.Errorf("%s: the role stays %v, its policy %v; warnings %v", c.name, role, policy, plan.Warnings)
		}
		if diff := cmp.Diff([]string{"cluster.delete"}, needs(plan)); diff != "" {
			t.Errorf("%s: deleting needs (-want +got):\n%s", c.name, diff)
		}
	}
}
