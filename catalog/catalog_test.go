package catalog

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique/policy"
)

func mustLoad(tb testing.TB) *Catalog {
	tb.Helper()
	c, err := Load()
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func TestEveryOperationSaysWhatItIsCalledAndWhatItDoes(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	seen := map[string]bool{}
	for i := range c.Operations {
		o := &c.Operations[i]
		if seen[o.ID] {
			t.Errorf("%s is there twice", o.ID)
		}
		seen[o.ID] = true
		if !strings.HasSuffix(o.Description, ".") {
			t.Errorf("%s: description %q is no sentence", o.ID, o.Description)
		}
		if o.Huawei == "" && o.RAM == "" {
			t.Errorf("%s has no action", o.ID)
		}
		for _, action := range o.actions() {
			if _, ok := c.ServiceOf(action); !ok {
				t.Errorf("%s: %s is of no service", o.ID, action)
			}
			if !slices.Contains(c.ByAction(strings.ToUpper(action)), o) {
				t.Errorf("%s is not found by %s", o.ID, action)
			}
		}
	}
}

func TestIdentityOperationsAreAllThere(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	for noun, verbs := range map[string]string{
		"user":              "create get list update delete",
		"group":             "create get list update delete addUser removeUser",
		"role":              "create get list update delete assume pass",
		"policy":            "create get list update delete",
		"grant":             "list",
		"grant.create":      "account project allProjects enterpriseProject",
		"grant.delete":      "account project allProjects enterpriseProject",
		"project":           "create get list update delete",
		"enterpriseProject": "create get list update delete",
		"accessKey":         "create get list update delete",
		"password":          "set",
		"session":           "list delete",
		"token":             "create list delete",
		"audit":             "list",
		"decision":          "simulate",
		"account":           "get update",
		"directory":         "export",
	} {
		for verb := range strings.FieldsSeq(verbs) {
			if _, ok := c.Operation(noun + "." + verb); !ok {
				t.Errorf("no operation %s.%s", noun, verb)
			}
		}
	}
}

func TestAliasLeadsToItsOperation(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	for alias, id := range map[string]string{
		"cs:GetClusterById":                            "cluster.get",
		"CS:getclusterbyid":                            "cluster.get",
		"iam:tokens:assume":                            "role.assume",
		"ram:AttachPolicyToUser":                       "grant.create.account",
		"iam:permissions:grantRoleToAgencyOnProject":   "grant.create.project",
		"cs:Queryk8sComponentsVersion":                 "addonTemplate.list",
		"iam:permissions:revokeRoleFromGroupOnProject": "grant.delete.project",
	} {
		ops := c.ByAction(alias)
		if len(ops) != 1 || ops[0].ID != id {
			t.Errorf("%s leads to %v, want %s", alias, ops, id)
		}
	}
	if ops := c.ByAction("cce:cluster:explode"); len(ops) != 0 {
		t.Errorf("an unknown action leads to %v", ops)
	}
}

func TestFirstOperationOfAnActionIsTheGeneralOne(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	for action, ops := range c.actions {
		for _, other := range ops[1:] {
			if r := ops[0].Requires; r != nil && len(r.AnyRole) > 0 {
				t.Errorf("%s: %s demands a role, but %s may not", action, ops[0].ID, other.ID)
			}
			for _, clusterType := range c.ClusterTypes {
				if Supported(other, clusterType.Name) && !Supported(ops[0], clusterType.Name) {
					t.Errorf("%s: %s is supported by %s, but %s is not", action, other.ID, clusterType.Name, ops[0].ID)
				}
			}
		}
	}
}

func TestGrantingToUsersIsNotGrantingToGroups(t *testing.T) {
	t.Parallel()
	o, _ := mustLoad(t).Operation("grant.create.account")
	user, role := o.For("user"), o.For("role")
	if user.RAM != "ram:AttachPolicyToUser" || user.RAMResource != "acs:ram::{account}:user/{principal}" || len(user.RAMAliases) != 0 {
		t.Errorf("for a user it is %+v", user)
	}
	if role.Huawei != "iam:permissions:grantRoleToAgencyOnDomain" || role.HuaweiResource != "iam::{account}:agency:{principal}" {
		t.Errorf("for a role it is %+v", role)
	}
	if nobody := o.For("robot"); nobody.Huawei != "" || nobody.RAM != "" {
		t.Errorf("for a stranger it is %+v", nobody)
	}
	if get, _ := mustLoad(t).Operation("user.get"); get.For("user") != get {
		t.Error("an operation without variants changed")
	}
}

// The vendor grants to users in enterprise projects only; here one grant object serves every principal in every scope, and each pair needs a
// name of its own: who may grant to users must not be able to grant to groups by it.
func TestGrantingHasANameForEveryPrincipalInEveryScope(t *testing.T) {
	t.Parallel()
	names := map[string]string{}
	for _, verb := range []string{"grant.create.", "grant.delete."} {
		for _, scope := range []string{"account", "project", "allProjects", "enterpriseProject"} {
			o, ok := mustLoad(t).Operation(verb + scope)
			if !ok {
				t.Fatalf("no operation %s%s", verb, scope)
			}
			for _, principal := range []string{"user", "group", "role"} {
				name, where := o.For(principal).Huawei, verb+scope+" for a "+principal
				if other, taken := names[name]; taken || name == "" {
					t.Errorf("%s is called %q, as is %q", where, name, other)
				}
				names[name] = where
			}
		}
	}
}

func TestServicesWithOneCodeStayApart(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	huawei, ok := c.ServiceIn(policy.Huawei, "ecs")
	ram, ok2 := c.ServiceIn(policy.RAM, "ECS")
	if !ok || !ok2 || huawei.Name == ram.Name {
		t.Fatalf("ecs is %v and %v", huawei, ram)
	}
	if s, _ := c.ServiceOf("ecs:DescribeInstances"); s != ram {
		t.Errorf("a RAM action is of %v", s)
	}
	if s, _ := c.Service("ecs"); s != huawei {
		t.Errorf("the code alone is %v", s)
	}
	if _, ok := c.Service("nonesuch"); ok {
		t.Error("a service that there is not")
	}
}

func TestClosedServices(t *testing.T) {
	t.Parallel()
	var closed []string
	for _, s := range mustLoad(t).Services {
		if !s.Open {
			closed = append(closed, s.Dialect.String()+" "+s.Code)
		}
	}
	want := []string{"Huawei cce", "Huawei iam", "Huawei eps", "Huawei bss", "RAM cs", "RAM k8s", "RAM ram", "RAM sts", "RAM resourcemanager"}
	if diff := cmp.Diff(want, closed); diff != "" {
		t.Error(diff)
	}
}

func TestRequirements(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	for id, want := range map[string]Requirement{
		"cluster.clustercert": {Dialect: policy.Huawei, AnyRole: []string{"te_admin", "cce_adm"}},
		"cluster.create":      {Dialect: policy.Huawei, Actions: []string{"bss:order:pay"}, When: "billing=prepaid"},
		"node.create":         {Dialect: policy.Huawei, Actions: []string{"bss:order:pay"}, When: "billing=prepaid"},
	} {
		o, _ := c.Operation(id)
		got := *o.Requires
		got.Reason = ""
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", id, diff)
		}
	}
	if !covers("bss:*:*", "bss:order:pay") {
		t.Error("the pattern of the vendor's text does not cover the payment")
	}
}

func TestTemplatesAreFilledWithoutLeaks(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ template, want string }{
		{"iam::{account}:user:{name}", "iam::7:user:al%2Fi%3Ace%2A"},
		{"acs:k8s:{region}:{account}:cluster/{cluster}/{object}", "acs:k8s:local-1:7:cluster//subresource/pods/exec"},
		{"no placeholder", "no placeholder"},
	} {
		values := map[string]string{"account": "7", "name": "al/i:ce*", "region": "local-1", "object": "subresource/pods/exec"}
		if got := Fill(tc.template, values); got != tc.want {
			t.Errorf("%s is filled to %s, want %s", tc.template, got, tc.want)
		}
	}
}
