package addon_test

import (
	"encoding/csv"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/addon"
)

// beforeAuthorization is what a service role lacks that is not there.
var beforeAuthorization = []string{
	"role", "permission/gateway", "permission/service-sources", "permission/tags", "service-linked-role/mse.aliyuncs.com",
}

// A1: an existing managed or serverless cluster, before and after the authorization.
func TestAManagedClusterLacksTheServiceRoleUntilItIsAuthorized(t *testing.T) {
	t.Parallel()
	for _, clusterType := range []string{"ack-managed", "ack-serverless"} {
		for _, systemPolicy := range []bool{false, true} {
			f := newFleet(t)
			p := f.mse(f.cluster("prod", clusterType))
			f.lacks(p, beforeAuthorization...)
			if i := f.item(p, "role"); i.Principal != "AliyunCSManagedMseRole" || i.Fix != "pratique addon authorize rep-1" || i.Error == "" {
				t.Errorf("%s: %+v", clusterType, i)
			}
			if i := f.item(p, "method"); !strings.Contains(i.Item, "install-precheck") {
				t.Errorf("%s: %+v", clusterType, i)
			}
			f.authorize(p, systemPolicy)
			f.passes(p)
			role, _ := f.Roles.Name("AliyunCSManagedMseRole")
			want := "mse-ingress-controller-AliyunCSManagedMseRole"
			if systemPolicy {
				want = "AliyunCSManagedMseRolePolicy"
			}
			if diff := cmp.Diff([]string{want}, f.PoliciesOf(role.ID)); diff != "" {
				t.Errorf("%s: %s", clusterType, diff)
			}
		}
	}
}

// A2: the same for clusters that are not there yet.
func TestAPlannedClusterIsCheckedAndAuthorizedBeforeItIsThere(t *testing.T) {
	t.Parallel()
	for _, clusterType := range []string{"ack-managed", "ack-serverless", "acs"} {
		f := newFleet(t)
		p := f.mse(f.planned(clusterType))
		f.lacks(p, beforeAuthorization...)
		f.authorize(p, false)
		f.passes(p)
		if i := f.item(p, "method"); !strings.Contains(i.Item, "authorize-at-creation") {
			t.Errorf("%s: %+v", clusterType, i)
		}
		f.passes(f.mse(f.cluster("prod", clusterType))) // one authorization is for the account
	}
}

// A3, the half of the directory: AliyunMSEFullAccess on the worker role is enough.
func TestADedicatedClusterNeedsAPolicyOnItsWorkerRole(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	p := f.mse(f.cluster("prod", "ack-dedicated"))
	f.lacks(p, beforeAuthorization[1:]...)
	f.apply("kind: Grant\nmetadata: {name: by-hand}\nspec: {role: KubernetesWorkerRole-c-prod, policy: AliyunMSEFullAccess, scope: {account: true}}")
	f.passes(p)
	other := f.mse(f.cluster("other", "ack-dedicated"))
	f.lacks(other, beforeAuthorization[1:]...) // every cluster has a worker role of its own
	f.authorize(other, true)
	f.passes(other)
	role, _ := f.WorkerRole("c-other")
	if diff := cmp.Diff([]string{"AliyunMSEFullAccess"}, f.PoliciesOf(role.ID)); diff != "" {
		t.Error(diff)
	}
	if _, made := f.Roles.Name("AliyunServiceRoleForMSE"); made {
		t.Error("the controller may create the service-linked role, and yet it was created")
	}
}

// The matrix of seed A: which method is right where, and that no other is accepted.
func TestTheMatrixOfPermissionMethods(t *testing.T) {
	t.Parallel()
	file, err := os.Open("../../../shared/catalog/mse-permission-methods.csv")
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the table of permission methods is not beside the repository")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	methods := map[[2]string]string{}
	for _, r := range rows[1:] {
		methods[[2]string{r[0], r[1]}] = r[2]
	}
	for _, clusterType := range []string{"ack-managed", "ack-serverless", "ack-dedicated", "acs"} {
		f := newFleet(t)
		for scenario, c := range map[string]*pratique.Cluster{
			"existing cluster": f.cluster("prod", clusterType), "new cluster": f.planned(clusterType),
		} {
			want := methods[[2]string{clusterType, scenario}]
			p := f.mse(c)
			if got := p.Method(); got != want {
				t.Errorf("%s, %s: %q, want %q", clusterType, scenario, got, want)
			}
			for _, method := range []string{"install-precheck", "authorize-at-creation", "attach-policy-to-worker-role"} {
				err := p.CheckMethod(method)
				if (err == nil) != (method == want) {
					t.Errorf("%s, %s: %s gives %v", clusterType, scenario, method, err)
				}
				if err != nil && (!errors.Is(err, pratique.ErrConflict) || !strings.Contains(err.Error(), right(methods, clusterType, scenario))) {
					t.Errorf("%s, %s: %s is refused with %v, which does not name the right one", clusterType, scenario, method, err)
				}
			}
		}
	}
}

// right is the method of a scenario, or where it has none that of the other.
func right(methods map[[2]string]string, clusterType, scenario string) string {
	if m := methods[[2]string{clusterType, scenario}]; m != "" {
		return m
	}
	return methods[[2]string{clusterType, "existing cluster"}] + methods[[2]string{clusterType, "new cluster"}]
}

func TestWhereThereIsNoMethodNothingIsProposed(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	for _, c := range []*pratique.Cluster{f.cluster("prod", "acs"), f.planned("ack-dedicated")} {
		p := f.mse(c)
		if i := f.item(p, "method"); i.Status != pratique.ItemMissing || i.Fix == "" {
			t.Errorf("%s: %+v", c.Type, i)
		}
		if changes, err := p.Propose(f.Snapshot, false); !errors.Is(err, pratique.ErrConflict) {
			t.Errorf("%s: %v, %v", c.Type, changes, err)
		}
	}
	f.authorize(f.mse(f.planned("acs")), false)
	if acs, _ := f.Clusters.Name("prod"); !addon.Passed(f.mse(acs).Items(f.Snapshot)) {
		t.Error("nothing is missing, and yet a method is asked for")
	}
}

func TestAnAddonThatDoesNotRunInATypeOfClusterSaysSo(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	p := f.mse(f.cluster("prod", "cce-turbo"))
	f.lacks(p, "cluster-type")
	if i := f.item(p, "cluster-type"); !strings.Contains(i.Fix, "ack-managed") {
		t.Errorf("%+v", i)
	}
}

func TestOpenSourceControllersNeedNothingOfTheDirectory(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	for _, ct := range f.decider.Rules.Catalog.ClusterTypes {
		c := f.cluster(ct.Name, ct.Name)
		for _, name := range []string{"kube-state-metrics", "descheduler"} {
			f.passes(f.ask(name, c))
		}
	}
}

// The custom policy of seed A.
const slsPolicy = `{
    "Version": "1",
    "Statement": [
        {
            "Action": ["log:CloseProductDataCollection", "log:OpenProductDataCollection", "log:GetProductDataCollection"],
            "Resource": ["acs:mse:*:*:instance/*", "acs:log:*:*:project/*/logstore/mse_*"],
            "Effect": "Allow"
        },
        {"Action": "ram:PassRole", "Resource": "acs:ram::*:role/aliyunserviceroleforslsaudit", "Effect": "Allow"},
        {
            "Action": "ram:CreateServiceLinkedRole", "Resource": "*", "Effect": "Allow",
            "Condition": {"StringEquals": {"ram:ServiceName": "audit.log.aliyuncs.com"}}
        }
    ]}`

// A4: access logs on a dedicated cluster.
func TestAccessLogsNeedWhatSeedAGrants(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	c := f.cluster("prod", "ack-dedicated")
	f.authorize(f.mse(c), true)
	if i := f.item(f.mse(c), "permission/access-logs"); i.Status != pratique.ItemConditional || !strings.Contains(i.Error, "spec.monitor.logging.sls") {
		t.Errorf("before the setting is on: %+v", i)
	}
	f.logging()
	p := f.mse(c)
	f.lacks(p, "permission/access-logs", "permission/access-log-pass-role", "permission/access-log-role")
	var missing []string
	for _, i := range p.Items(f.Snapshot) {
		if i.Status != pratique.ItemMissing {
			continue
		}
		if missing = append(missing, i.Missing...); i.NeededBy != "MseIngressConfig default: spec.monitor.logging.sls" {
			t.Errorf("%s is needed by %q", i.ID, i.NeededBy)
		}
	}
	want := []string{
		"log:OpenProductDataCollection", "log:CloseProductDataCollection", "log:GetProductDataCollection", "ram:PassRole",
		"ram:CreateServiceLinkedRole (ram:ServiceName = audit.log.aliyuncs.com)",
	}
	if diff := cmp.Diff(want, missing); diff != "" {
		t.Error(diff)
	}

	// The condition must name this service.
	f.apply("kind: Policy\nmetadata: {name: sls}\nspec:\n  document: " + strings.Replace(slsPolicy, `"audit.log.aliyuncs.com"`, `"mse.aliyuncs.com"`, 1))
	f.apply("kind: Grant\nmetadata: {name: sls}\nspec: {role: KubernetesWorkerRole-c-prod, policy: sls, scope: {account: true}}")
	f.lacks(p, "permission/access-log-role")
	f.apply("kind: Policy\nmetadata: {name: sls}\nspec:\n  document: " + slsPolicy)
	f.passes(p)
	if changes, err := p.Propose(f.Snapshot, false); err != nil || changes != nil {
		t.Errorf("there is nothing to propose: %v, %v", changes, err)
	}
}

func TestTheServiceRoleNeedsNoPassRoleForAccessLogs(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.logging()
	p := f.mse(f.cluster("prod", "ack-managed"))
	f.authorize(p, true)
	f.passes(p)
	if _, custom := f.Policies.Name("mse-ingress-controller-AliyunCSManagedMseRole"); custom {
		t.Error("the vendor's policy is enough, and yet a custom one was made")
	}
}

func TestAPolicyForOneGatewayIsNotForAll(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.logging()
	p := f.mse(f.cluster("prod", "ack-dedicated"))
	f.apply("kind: Policy\nmetadata: {name: narrow}\nspec:\n  document: " + strings.Replace(slsPolicy, "instance/*", "instance/gw-1", 1))
	f.apply("kind: Grant\nmetadata: {name: narrow}\nspec: {role: KubernetesWorkerRole-c-prod, policy: narrow, scope: {account: true}}")
	if i := f.item(p, "permission/access-logs"); i.Status != pratique.ItemMissing {
		t.Errorf("%+v", i)
	}
}

func TestARoleThatTrustsSomebodyElseIsNotEnough(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	p := f.mse(f.cluster("prod", "ack-managed"))
	f.authorize(p, true)
	f.apply(`kind: Role
metadata: {name: AliyunCSManagedMseRole}
spec: {trust: {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["ecs.aliyuncs.com"]}}]}}`)
	f.lacks(p, "trust")
	if changes, err := p.Propose(f.Snapshot, false); !errors.Is(err, pratique.ErrConflict) {
		t.Errorf("somebody's trust policy would be overwritten: %v, %v", changes, err)
	}
}

func TestAServiceLinkedRoleMustBeLinked(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	p := f.mse(f.cluster("prod", "ack-managed"))
	f.apply(`kind: Role
metadata: {name: AliyunServiceRoleForMSE}
spec: {trust: {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["mse.aliyuncs.com"]}}]}}`)
	if i := f.item(p, "service-linked-role/mse.aliyuncs.com"); i.Status != pratique.ItemMissing || !strings.Contains(i.Error, "is not linked to") {
		t.Errorf("%+v", i)
	}
	if changes, err := p.Propose(f.Snapshot, false); !errors.Is(err, pratique.ErrConflict) {
		t.Errorf("%v, %v", changes, err)
	}
}

func TestSettingsAreReadFromTheObjectsOfTheirKind(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	a, _ := f.AddonTemplate("mse-ingress-controller")
	config := func(group, name string, spec map[string]any) catalog.Object {
		return catalog.Object{"apiVersion": group + "/v1alpha1", "kind": "MseIngressConfig", "metadata": map[string]any{"name": name}, "spec": spec}
	}
	logs := map[string]any{"monitor": map[string]any{"logging": map[string]any{"sls": map[string]any{}}}}
	got := addon.SettingsIn(a, []catalog.Object{
		config("mse.alibabacloud.com", "plain", map[string]any{}), config("example.com", "stranger", logs), config("mse.alibabacloud.com", "logs", logs),
	})
	if diff := cmp.Diff(addon.Settings{"spec.monitor.logging.sls": "MseIngressConfig logs"}, got); diff != "" {
		t.Error(diff)
	}
	v, _ := a.Version("")
	objects, err := v.Objects()
	if err != nil {
		t.Fatal(err)
	}
	if on := addon.SettingsIn(a, objects); len(on) > 0 {
		t.Errorf("the settings that come with the add-on turn on %v", on)
	}
}

func TestAnItemThatIsMissingSaysHowToMendIt(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.logging()
	for _, c := range []*pratique.Cluster{f.cluster("a", "ack-managed"), f.cluster("b", "ack-dedicated"), f.cluster("c", "acs"), f.cluster("d", "cce-turbo"), f.planned("ack-dedicated")} {
		items := f.mse(c).Items(f.Snapshot)
		if !slices.ContainsFunc(items, func(i pratique.ReportItem) bool { return i.Status == pratique.ItemMissing }) {
			t.Errorf("%s lacks nothing", c.Type)
		}
		for _, i := range items {
			if i.Item == "" || i.NeededBy == "" || i.Status == pratique.ItemMissing && (i.Error == "" || i.Fix == "") {
				t.Errorf("%s: %+v", c.Type, i)
			}
		}
	}
}
