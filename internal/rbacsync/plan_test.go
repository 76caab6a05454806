package rbacsync_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/rbacsync"
)

func TestAPermissionIsOneBindingPerNamespace(t *testing.T) {
	t.Parallel()
	w := acme(t)
	p := plan(t, w, "prod", empty("dev", "ci"))
	golden(t, "first.txt", p.String())
	data, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "first.json", string(data)+"\n")
}

func TestAClusterGetsOnlyWhatReachesIt(t *testing.T) {
	t.Parallel()
	golden(t, "test.txt", plan(t, acme(t), "test", empty("dev")).String())
}

func TestAPlanThatWasCarriedOutLeavesNothingToDo(t *testing.T) {
	t.Parallel()
	w, v := acme(t), empty("dev", "qa")
	carryOut(v, plan(t, w, "prod", v))
	p := plan(t, w, "prod", v)
	if p.Changes() || p.Count(rbacsync.Unchanged) != 3 || p.Count(rbacsync.Waiting) != 1 {
		t.Errorf("the second plan is\n%s", p)
	}
}

func TestWhatWaitsIsDoneWhenItsTimeComes(t *testing.T) {
	t.Parallel()
	w, v := acme(t), empty("dev", "qa")
	if got := waitingFor(plan(t, w, "prod", v)); got != "the namespace does not exist" {
		t.Errorf("without the namespace: %q", got)
	}
	v.Namespaces = append(v.Namespaces, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "ci"}})
	if got := waitingFor(plan(t, w, "prod", v)); got != "the ClusterRole runner does not exist" {
		t.Errorf("without the role: %q", got)
	}
	v.ClusterRoles = append(v.ClusterRoles, &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "runner"}})
	if p := plan(t, w, "prod", v); p.Count(rbacsync.Waiting) != 0 || p.Count(rbacsync.Create) != 4 {
		t.Errorf("with both:\n%s", p)
	}
	v.Namespaces[len(v.Namespaces)-1].Status.Phase = corev1.NamespaceTerminating
	if got := waitingFor(plan(t, w, "prod", v)); got != "the namespace is being deleted" {
		t.Errorf("when the namespace goes: %q", got)
	}
}

func TestDriftIsRepaired(t *testing.T) {
	t.Parallel()
	w, v := acme(t), empty("dev", "qa")
	carryOut(v, plan(t, w, "prod", v))
	slices.SortFunc(v.RoleBindings, func(a, b *rbacv1.RoleBinding) int { return strings.Compare(a.Namespace, b.Namespace) })
	v.RoleBindings[0].Subjects = append(v.RoleBindings[0].Subjects, user("mallory"))
	v.RoleBindings[1].RoleRef.Name = "cluster-admin"
	delete(v.ClusterRoleBindings[0].Labels, "pratique.dev/permission")
	golden(t, "drift.txt", plan(t, w, "prod", v).String())
}

func TestAnotherRoleIsAnotherObject(t *testing.T) {
	t.Parallel()
	w, v := acme(t), empty("dev", "qa")
	carryOut(v, plan(t, w, "prod", v))
	w.write(t, `
kind: NamespacePermission
metadata: {name: alice-edits-dev}
spec: {user: alice, clusterRole: view, clusters: [prod], namespaces: [dev]}`)
	p := plan(t, w, "prod", v)
	golden(t, "replace.txt", p.String())
	carryOut(v, p)
	if again := plan(t, w, "prod", v); again.Changes() {
		t.Errorf("afterwards:\n%s", again)
	}
}

func TestWhatNobodyMayAnyMoreIsPruned(t *testing.T) {
	t.Parallel()
	w, v := acme(t), empty("dev", "qa")
	carryOut(v, plan(t, w, "prod", v))
	w.apply(t, pratique.Delete{Kind: pratique.KindNamespacePermission, Name: "alice-edits-dev"})
	p := plan(t, w, "prod", v)
	if p.Count(rbacsync.Delete) != 2 || p.Count(rbacsync.Unchanged) != 1 {
		t.Errorf("the plan is\n%s", p)
	}
}

func TestStrangersObjectsAreNeverTouched(t *testing.T) {
	t.Parallel()
	w, v := acme(t), empty("dev", "qa")
	first := plan(t, w, "prod", v)
	i := slices.IndexFunc(first.Steps, func(s rbacsync.Step) bool { return s.Namespace == "dev" })
	bind(v, first.Steps[i].Key, nil, "edit", user("stranger"))                                                                 // our name, no label
	bind(v, rbacsync.Key{Namespace: "dev", Name: "theirs"}, map[string]string{"app.kubernetes.io/managed-by": "Helm"}, "edit") // their own
	bind(v, rbacsync.Key{Name: "cluster-creator"}, map[string]string{
		"app.kubernetes.io/managed-by": "pratique", "pratique.dev/cluster": "c-prod", // ours, but no permission's
	}, "cluster-admin", user("pratique:x"))
	p := plan(t, w, "prod", v)
	for _, s := range p.Steps {
		if s.Verb == rbacsync.Delete || s.Key == first.Steps[i].Key && s.Verb != rbacsync.Conflict {
			t.Errorf("it would %s", &s)
		}
	}
	if p.Count(rbacsync.Conflict) != 1 {
		t.Errorf("the plan is\n%s", p)
	}
}

func TestAClusterThatWasAttachedBeforeIsCleaned(t *testing.T) {
	t.Parallel()
	w, v := acme(t), empty("dev", "qa")
	labels := func(cluster string) map[string]string {
		return map[string]string{"app.kubernetes.io/managed-by": "pratique", "pratique.dev/cluster": cluster, "pratique.dev/permission": "nsp-old"}
	}
	alice := user(w.alice(t))
	bind(v, rbacsync.Key{Name: "pratique-nsp-old-1"}, labels("c-gone"), "cluster-admin", alice)
	bind(v, rbacsync.Key{Name: "pratique-nsp-old-2"}, labels("c-test"), "view", alice)                             // the same cluster, twice in the directory
	bind(v, rbacsync.Key{Name: "pratique-nsp-old-3"}, labels("c-elsewhere"), "view", user("pratique:usr-unknown")) // another Pratique's
	var gone []string
	for _, s := range plan(t, w, "prod", v).Steps {
		if s.Verb == rbacsync.Delete {
			gone = append(gone, s.Name)
		}
	}
	if !slices.Equal(gone, []string{"pratique-nsp-old-1"}) {
		t.Errorf("it would delete %v", gone)
	}
}

// Whatever is in a cluster, a plan that is carried out leaves nothing to do, and touches nothing that is not ours.
func TestPlansConverge(t *testing.T) {
	t.Parallel()
	w := acme(t)
	for missing := range 8 {
		v := empty("dev", "qa", "ci")
		carryOut(v, plan(t, w, "prod", v))
		for i, b := range slices.Clone(v.RoleBindings) { // deletions that nobody saw
			if missing&(1<<i) != 0 {
				v.RoleBindings = without(v.RoleBindings, rbacsync.Key{Namespace: b.Namespace, Name: b.Name})
			}
		}
		carryOut(v, plan(t, w, "prod", v))
		if p := plan(t, w, "prod", v); p.Changes() {
			t.Errorf("without %03b:\n%s", missing, p)
		}
	}
}

func TestThePermissionOfSomebodyWhoIsGoneIsNone(t *testing.T) {
	t.Parallel()
	w, v := acme(t), empty("dev", "qa")
	carryOut(v, plan(t, w, "prod", v))
	w.apply(t, pratique.Delete{Kind: pratique.KindUser, Name: "alice", Cascade: true})
	p := plan(t, w, "prod", v)
	for _, s := range p.Steps {
		if strings.Contains(s.About, "alice") {
			t.Errorf("it would %s", &s)
		}
	}
	if p.Count(rbacsync.Delete) != 2 {
		t.Errorf("the plan is\n%s", p)
	}
}

func waitingFor(p *rbacsync.Plan) string {
	for _, s := range p.Steps {
		if s.Verb == rbacsync.Waiting {
			return s.Reason
		}
	}
	return ""
}
