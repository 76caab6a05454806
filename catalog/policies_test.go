package catalog

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique/policy"
)

// decide asks one system policy alone.
func decide(t *testing.T, policyName, action, resource string) policy.Effect {
	t.Helper()
	p, ok := mustLoad(t).Policy(policyName)
	if !ok {
		t.Fatalf("no policy %s", policyName)
	}
	effect, _, _ := policy.Compile(policy.Source{Document: p.Document}).Decide(&policy.Request{Action: action, Resource: resource})
	return effect
}

// allowed returns the ids of the operations, in the dialect of a policy, that it allows and that fit.
func allowed(t *testing.T, policyName string, fit func(*Operation) bool) []string {
	t.Helper()
	c := mustLoad(t)
	p, _ := c.Policy(policyName)
	var ids []string
	for i := range c.Operations {
		o := &c.Operations[i]
		action, resource := o.Huawei, o.HuaweiResource
		if p.Dialect == policy.RAM {
			action, resource = o.RAM, o.RAMResource
		}
		if action != "" && fit(o) && decide(t, policyName, action, Fill(resource, nil)) == policy.Allow {
			ids = append(ids, o.ID)
		}
	}
	return ids
}

func changes(o *Operation) bool { return !o.Access.Reads() }

func TestSystemPoliciesParseWithoutProblems(t *testing.T) {
	t.Parallel()
	for _, p := range mustLoad(t).Policies {
		if _, err := (policy.Parser{Kind: policy.System}).Parse(p.Raw); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		if len(p.Document.Statements) == 0 {
			t.Errorf("%s says nothing", p.Name)
		}
	}
}

func TestSystemPoliciesAreFoundByNameAliasAndID(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	for _, key := range []string{"Tenant Administrator", "TE_ADMIN", "sys-te-admin"} {
		if p, ok := c.Policy(key); !ok || p.ID != "sys-te-admin" {
			t.Errorf("%s is %v", key, p)
		}
	}
	if _, ok := c.Policy(""); ok {
		t.Error("an empty name is a policy")
	}
}

// TestFullAccessCoversReadOnlyAccess compares pattern with pattern: a '*' that takes in another pattern takes in all that it matches.
func TestFullAccessCoversReadOnlyAccess(t *testing.T) {
	t.Parallel()
	for full, readOnly := range map[string]string{
		"CCE FullAccess":       "CCE ReadOnlyAccess",
		"AliyunCSFullAccess":   "AliyunCSReadOnlyAccess",
		"AliyunRAMFullAccess":  "AliyunRAMReadOnlyAccess",
		"Tenant Administrator": "CCE ReadOnlyAccess",
		"AdministratorAccess":  "AliyunMSEFullAccess",
	} {
		patterns := allowPatterns(t, full)
		for _, pattern := range allowPatterns(t, readOnly) {
			if !slices.ContainsFunc(patterns, func(wide string) bool { return covers(fold(wide), fold(pattern)) }) {
				t.Errorf("%s has %s, which %s does not cover", readOnly, pattern, full)
			}
		}
	}
}

func allowPatterns(t *testing.T, policyName string) []string {
	t.Helper()
	p, ok := mustLoad(t).Policy(policyName)
	if !ok {
		t.Fatalf("no policy %s", policyName)
	}
	var patterns []string
	for _, s := range p.Document.Statements {
		if s.Effect != policy.Allow {
			continue
		}
		for _, a := range s.Actions {
			patterns = append(patterns, a.Text)
		}
	}
	return patterns
}

func TestReadOnlyPoliciesChangeNothing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Tenant Guest", "IAM ReadOnlyAccess", "AliyunCSReadOnlyAccess", "AliyunRAMReadOnlyAccess", "OBS Buckets Viewer"} {
		if ids := allowed(t, name, changes); len(ids) > 0 {
			t.Errorf("%s allows %v", name, ids)
		}
	}
}

// CCE ReadOnlyAccess opens the gate to Kubernetes as a whole, because what may be done behind it is for namespace permissions to say. It
// also holds, by the vendor's table, aom:autoScalingRule:* and two ShareActions.
func TestCCEReadOnlyAccessChangesNothingButWhatNamespacePermissionsGive(t *testing.T) {
	t.Parallel()
	outside := func(o *Operation) bool { return changes(o) && o.Kind != "kubernetes" }
	if ids := allowed(t, "CCE ReadOnlyAccess", outside); len(ids) > 0 {
		t.Errorf("it allows %v", ids)
	}
	every := func(o *Operation) bool { return o.Kind == "kubernetes" }
	if got, want := len(allowed(t, "CCE ReadOnlyAccess", every)), len(kubernetesOperations(t)); got != want {
		t.Errorf("it opens the gate for %d of %d verbs", got, want)
	}
}

func kubernetesOperations(t *testing.T) []string {
	t.Helper()
	var ids []string
	for _, o := range mustLoad(t).Operations {
		if o.Kind == "kubernetes" {
			ids = append(ids, o.ID)
		}
	}
	return ids
}

func TestTenantAdministratorDoesEverythingButIdentities(t *testing.T) {
	t.Parallel()
	identity := func(o *Operation) bool { return covers("iam:*", o.Huawei) }
	if ids := allowed(t, "te_admin", identity); len(ids) > 0 {
		t.Errorf("it allows %v", ids)
	}
	for _, action := range []string{"cce:cluster:delete", "cce:kubernetes:delete", "ecs:cloudServers:delete", "eps:enterpriseProjects:create"} {
		if decide(t, "te_admin", action, "") != policy.Allow {
			t.Errorf("it does not allow %s", action)
		}
	}
}

func TestTenantGuestReadsEverythingButIdentities(t *testing.T) {
	t.Parallel()
	identity := func(o *Operation) bool { return covers("iam:*", o.Huawei) }
	if ids := allowed(t, "readonly", identity); len(ids) > 0 {
		t.Errorf("it allows %v", ids)
	}
	for _, action := range []string{"cce:cluster:get", "cce:node:list", "ecs:cloudServers:list"} {
		if decide(t, "readonly", action, "") != policy.Allow {
			t.Errorf("it does not allow %s", action)
		}
	}
}

func TestSecurityAdministratorDoesAllOfIAMButSwitchRoles(t *testing.T) {
	t.Parallel()
	identity := func(o *Operation) bool { return covers("iam:*", o.Huawei) }
	var want []string
	for _, o := range mustLoad(t).Operations {
		if identity(&o) && o.ID != "role.assume" {
			want = append(want, o.ID)
		}
	}
	every := func(*Operation) bool { return true }
	if diff := cmp.Diff(want, allowed(t, "secu_admin", every)); diff != "" {
		t.Error(diff)
	}
	for _, action := range []string{"iam:agencies:assume", "iam:tokens:assume"} {
		if got := decide(t, "secu_admin", action, ""); got != policy.Deny {
			t.Errorf("%s is %s", action, got)
		}
	}
}

func TestAgentOperatorOnlySwitchesRoles(t *testing.T) {
	t.Parallel()
	every := func(*Operation) bool { return true }
	if diff := cmp.Diff([]string{"role.assume"}, allowed(t, "te_agency", every)); diff != "" {
		t.Error(diff)
	}
}

func TestCCEAdministratorDependsOnWhatTheVendorNames(t *testing.T) {
	t.Parallel()
	p, _ := mustLoad(t).Policy("CCE Administrator")
	var names []string
	for _, d := range p.Document.Depends {
		names = append(names, d.DisplayName)
	}
	want := []string{
		"Tenant Guest", "Server Administrator", "ELB Administrator", "OBS Administrator", "SFS Administrator", "SWR Admin", "APM FullAccess",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}

// The vendor keeps administrators' certificates and namespace permissions out of CCE FullAccess, although cce:*:* matches their actions: the
// service itself demands a role.
func TestFullAccessLacksTheRoleForPrivilegedOperations(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	for _, id := range []string{"cluster.clustercert", "namespacePermission.create", "namespacePermission.update", "namespacePermission.delete"} {
		o, _ := c.Operation(id)
		if decide(t, "CCE FullAccess", o.Huawei, "") != policy.Allow {
			t.Errorf("%s: the policy alone does not allow it; is the requirement still needed?", id)
		}
		if o.Requires == nil || len(o.Requires.AnyRole) == 0 || o.Requires.When != "" {
			t.Errorf("%s demands no role", id)
		}
	}
}

func TestServiceLinkedRolesAreTiedToTheirService(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	for name, service := range map[string]string{
		"AliyunMSEFullAccess":          "mse.aliyuncs.com",
		"AliyunCSManagedMseRolePolicy": "audit.log.aliyuncs.com",
	} {
		p, _ := c.Policy(name)
		set := policy.Compile(policy.Source{Document: p.Document})
		for asked, want := range map[string]policy.Effect{service: policy.Allow, "other.aliyuncs.com": policy.Undecided} {
			got, _, _ := set.Decide(&policy.Request{
				Action: "ram:CreateServiceLinkedRole", Resource: "acs:ram::7:role/x",
				Context: []policy.Attribute{{Key: "ram:ServiceName", Values: []string{asked}}},
			})
			if got != want {
				t.Errorf("%s: creating the role of %s is %s, want %s", name, asked, got, want)
			}
		}
		if got, _, _ := set.Decide(&policy.Request{Action: "ram:CreateServiceLinkedRole", Resource: "acs:ram::7:role/x"}); got != policy.Undecided {
			t.Errorf("%s: without a service it is %s", name, got)
		}
	}
}
