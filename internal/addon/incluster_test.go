package addon_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/addon"
	"github.com/pratique-iam/pratique/internal/rbacsync"
)

// inside holds cluster-wide roles of user alice.
func inside(rules ...rbacv1.PolicyRule) *rbacsync.View {
	return &rbacsync.View{
		Namespaces:   []*corev1.Namespace{{ObjectMeta: metav1.ObjectMeta{Name: "kube-system"}}},
		ClusterRoles: []*rbacv1.ClusterRole{{ObjectMeta: metav1.ObjectMeta{Name: "hers"}, Rules: rules}},
		ClusterRoleBindings: []*rbacv1.ClusterRoleBinding{{
			ObjectMeta: metav1.ObjectMeta{Name: "hers"}, RoleRef: rbacv1.RoleRef{Kind: "ClusterRole", Name: "hers"},
			Subjects: []rbacv1.Subject{{Kind: rbacv1.UserKind, Name: "pratique:usr-alice"}},
		}},
	}
}

func rule(verbs, group, resources string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{Verbs: strings.Fields(verbs), APIGroups: []string{group}, Resources: strings.Fields(resources)}
}

var alice = addon.Requester{Name: "alice", User: "pratique:usr-alice"}

func objectsOf(t *testing.T, name string) (*catalog.Addon, []catalog.Object) {
	t.Helper()
	a, ok := newFleet(t).AddonTemplate(name)
	if !ok {
		t.Fatal(name)
	}
	v, _ := a.Version("")
	objects, err := v.Objects()
	if err != nil {
		t.Fatal(err)
	}
	return a, objects
}

func lacking(items []pratique.ReportItem) map[string][]string {
	out := map[string][]string{}
	for _, i := range items {
		if i.Status == pratique.ItemMissing {
			out[i.ID] = i.Missing
		}
	}
	return out
}

func TestWhoeverHoldsEverythingMayInstallEverything(t *testing.T) {
	t.Parallel()
	all := inside(rbacv1.PolicyRule{Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}})
	for _, name := range []string{"mse-ingress-controller", "kube-state-metrics", "descheduler"} {
		a, objects := objectsOf(t, name)
		if missing := lacking(addon.InCluster(a, all, alice, objects)); len(missing) > 0 {
			t.Errorf("%s: %v", name, missing)
		}
		root := addon.Requester{Name: "root", Unlimited: true}
		if missing := lacking(addon.InCluster(a, &rbacsync.View{}, root, objects)); len(missing) > 0 {
			t.Errorf("%s: nothing stops the root, and yet %v", name, missing)
		}
	}
}

// Making objects is one thing, granting what one does not hold another.
func TestRulesThatTheRequesterMayNotGrantAreNamedOneByOne(t *testing.T) {
	t.Parallel()
	a, objects := objectsOf(t, "descheduler")
	makes := []rbacv1.PolicyRule{
		rule("create patch", "", "namespaces serviceaccounts configmaps"), rule("create patch", "apps", "deployments"),
		rule("create patch", "rbac.authorization.k8s.io", "clusterroles clusterrolebindings"),
	}
	holds := []rbacv1.PolicyRule{
		rule("create update", "events.k8s.io", "events"), rule("get list watch", "", "nodes namespaces pods"),
		rule("get list watch", "scheduling.k8s.io", "priorityclasses"), rule("get list watch", "policy", "poddisruptionbudgets"),
	}
	got := lacking(addon.InCluster(a, inside(slices.Concat(makes, holds)...), alice, objects))
	want := map[string][]string{"in-cluster/grant/ClusterRole/descheduler": {"delete pods", "create pods/eviction"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got = lacking(addon.InCluster(a, inside(slices.Concat(makes, holds, []rbacv1.PolicyRule{
		rule("delete", "", "pods"), rule("create", "", "pods/eviction"),
	})...), alice, objects))
	if len(got) > 0 {
		t.Errorf("she holds all of it: %v", got)
	}
	got = lacking(addon.InCluster(a, inside(append(makes, rule("escalate", "rbac.authorization.k8s.io", "clusterroles"))...), alice, objects))
	if len(got) > 0 {
		t.Errorf("she may escalate: %v", got)
	}
}

func TestObjectsThatTheRequesterMayNotCreateAreNamed(t *testing.T) {
	t.Parallel()
	a, objects := objectsOf(t, "mse-ingress-controller")
	got := lacking(addon.InCluster(a, inside(rule("get list watch", "", "pods")), alice, objects))
	for _, want := range []string{
		"create, patch namespaces", "create, patch customresourcedefinitions.apiextensions.k8s.io", "create, patch deployments.apps in namespace mse-ingress-controller",
		"create, patch mseingressconfigs.mse.alibabacloud.com", "create, patch ingressclasses.networking.k8s.io",
		"create, patch roles.rbac.authorization.k8s.io in namespace kube-system",
	} {
		if !slices.Contains(got["in-cluster/create"], want) {
			t.Errorf("%q is not among %q", want, got["in-cluster/create"])
		}
	}
	if diff := cmp.Diff([]string{"get secrets addon.mse.token in namespace kube-system"}, got["in-cluster/grant/Role/kube-system/ack-mse-ingress-controller-addon"]); diff != "" {
		t.Error(diff)
	}
}

func TestBindingARoleOfTheClusterNeedsWhatIsInIt(t *testing.T) {
	t.Parallel()
	a := &catalog.Addon{Name: "x"}
	binding := []catalog.Object{{
		"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": map[string]any{"name": "x"},
		"roleRef": map[string]any{"kind": "ClusterRole", "name": "strong"},
	}}
	makes := rule("create patch", "rbac.authorization.k8s.io", "clusterrolebindings")
	v := inside(makes)
	const id = "in-cluster/bind/ClusterRoleBinding/x"
	if got := addon.InCluster(a, v, alice, binding); !strings.Contains(got[1].Error, "no such role") || got[1].Status != pratique.ItemMissing {
		t.Errorf("a role that is not there: %+v", got)
	}
	strong := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "strong"}, Rules: []rbacv1.PolicyRule{rule("impersonate", "", "users")}}
	v.ClusterRoles = append(v.ClusterRoles, strong)
	if diff := cmp.Diff(map[string][]string{id: {"impersonate users"}}, lacking(addon.InCluster(a, v, alice, binding))); diff != "" {
		t.Error(diff)
	}
	bind := rule("bind", "rbac.authorization.k8s.io", "clusterroles")
	bind.ResourceNames = []string{"strong"}
	v = inside(makes, bind)
	v.ClusterRoles = append(v.ClusterRoles, strong)
	if got := lacking(addon.InCluster(a, v, alice, binding)); len(got) > 0 {
		t.Errorf("she may bind it: %v", got)
	}
}

func TestAClusterThatCannotBeReadFailsNothing(t *testing.T) {
	t.Parallel()
	i := addon.NotLookedAt(&catalog.Addon{Name: "x"}, "the cluster does not answer")
	if !addon.Passed([]pratique.ReportItem{i}) || !strings.Contains(i.Error, "not looked at") {
		t.Errorf("%+v", i)
	}
}
