package rbacsync_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/rbacsync"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// town is a directory of one account in memory, with ids that can be read: usr-1, grp-2.
type town struct {
	mu      sync.Mutex
	now     *pratique.Snapshot
	changed chan struct{}
	ids     int
	salt    string // of ids, for tests that share a cluster: no two directories have an id in common
}

func newTown(t *testing.T) *town {
	t.Helper()
	rows, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	account := pratique.Account{Meta: pratique.Meta{ID: "1000000000000001", Name: "acme"}}
	s, _, err := pratique.Found(pratique.NewRules(rows, "local-1"), account, pratique.At(noon), pratique.Session{Hash: "h", Expires: noon.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return &town{now: s, changed: make(chan struct{})}
}

func (w *town) Accounts() []*pratique.Snapshot { return []*pratique.Snapshot{w.snapshot()} }

func (w *town) Account(id string) (*pratique.Snapshot, bool) {
	s := w.snapshot()
	return s, s.Account.ID == id
}

func (w *town) Changed(string) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.changed
}

func (w *town) snapshot() *pratique.Snapshot {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *town) apply(t *testing.T, changes ...pratique.Change) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	at := pratique.Moment{Time: noon, NewID: func(k pratique.Kind) string {
		w.ids++
		return fmt.Sprintf("%.3s-%s%d", strings.ToLower(string(k)), w.salt, w.ids)
	}}
	next, _, err := w.now.With(at, changes...)
	if err != nil {
		t.Fatal(err)
	}
	w.now = next
	close(w.changed)
	w.changed = make(chan struct{})
}

// write applies manifests as people write them.
func (w *town) write(t *testing.T, text string) {
	t.Helper()
	var changes []pratique.Change
	for doc := range strings.SplitSeq(text, "\n---\n") {
		data, err := yaml.YAMLToJSONStrict([]byte("apiVersion: pratique.dev/v1\n" + doc))
		if err != nil {
			t.Fatal(err)
		}
		var m pratique.Manifest
		if err := strictjson.Unmarshal(data, &m); err != nil {
			t.Fatal(err)
		}
		changes = append(changes, pratique.Put{Manifest: m})
	}
	w.apply(t, changes...)
}

func (w *town) cluster(t *testing.T, name string) (*pratique.Snapshot, *pratique.Cluster) {
	t.Helper()
	s := w.snapshot()
	c, ok := s.Clusters.Name(name)
	if !ok {
		t.Fatalf("no cluster %q", name)
	}
	return s, c
}

// alice is her name in clusters.
func (w *town) alice(t *testing.T) string {
	t.Helper()
	u, ok := w.snapshot().Users.Name("alice")
	if !ok {
		t.Fatal("no alice")
	}
	return "pratique:" + u.ID
}

// acme is a company with two clusters, three principals and three permissions.
func acme(t *testing.T) *town {
	t.Helper()
	w := newTown(t)
	for _, name := range []string{"prod", "test"} {
		w.apply(t, pratique.CreateCluster{Cluster: pratique.Cluster{
			Meta: pratique.Meta{ID: "c-" + name, Name: name}, Type: "cce-standard", Provisioner: pratique.ProvisionerLocal,
		}})
	}
	w.write(t, `
kind: User
metadata: {name: alice}
---
kind: Group
metadata: {name: viewers}
spec: {members: [alice]}
---
kind: Role
metadata: {name: robot}
spec:
  trust: {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": ["acs:ram::1000000000000001:root"]}}]}`)
	w.write(t, `
kind: NamespacePermission
metadata: {name: alice-edits-dev}
spec: {user: alice, clusterRole: edit, clusters: [prod], namespaces: [dev, qa]}
---
kind: NamespacePermission
metadata: {name: viewers-view}
spec: {group: viewers, clusterRole: view, clusters: ["*"], namespaces: ["*"]}
---
kind: NamespacePermission
metadata: {name: robot-runs}
spec: {role: robot, clusterRole: runner, clusters: [prod], namespaces: [ci]}`)
	return w
}

// empty is a cluster with the usual roles and some namespaces, and no bindings.
func empty(namespaces ...string) *rbacsync.View {
	v := &rbacsync.View{}
	for _, name := range append([]string{"default"}, namespaces...) {
		v.Namespaces = append(v.Namespaces, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.NamespaceStatus{Phase: corev1.NamespaceActive}})
	}
	read := []string{"get", "list", "watch"}
	write := append([]string{"create", "update", "patch", "delete"}, read...)
	pods := func(verbs []string, resources ...string) []rbacv1.PolicyRule {
		return []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: resources, Verbs: verbs}}
	}
	for name, rules := range map[string][]rbacv1.PolicyRule{
		"view": pods(read, "pods", "pods/log"), "edit": pods(write, "pods", "pods/log", "pods/exec", "secrets"),
		"cluster-admin": {{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"*"}}, {NonResourceURLs: []string{"*"}, Verbs: []string{"*"}}},
	} {
		v.ClusterRoles = append(v.ClusterRoles, &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: rules})
	}
	return v
}

// carryOut does to a view what applying a plan would do to its cluster.
func carryOut(v *rbacsync.View, p *rbacsync.Plan) {
	drop := func(key rbacsync.Key) {
		v.ClusterRoleBindings = without(v.ClusterRoleBindings, key)
		v.RoleBindings = without(v.RoleBindings, key)
	}
	for _, s := range p.Steps {
		switch s.Verb {
		case rbacsync.Delete:
			drop(s.Key)
			continue
		case rbacsync.Create, rbacsync.Update, rbacsync.Replace:
		case rbacsync.Unchanged, rbacsync.Waiting, rbacsync.Conflict:
			continue
		}
		drop(s.Key)
		drop(rbacsync.Key{Namespace: s.Namespace, Name: s.Replaces})
		bind(v, s.Key, map[string]string{
			"app.kubernetes.io/managed-by": "pratique", "pratique.dev/cluster": s.Cluster, "pratique.dev/permission": s.Permission,
		}, s.ClusterRole, s.Subject)
	}
}

func without[T metav1.Object](list []T, key rbacsync.Key) []T {
	var out []T
	for _, o := range list {
		if o.GetName() != key.Name || o.GetNamespace() != key.Namespace {
			out = append(out, o)
		}
	}
	return out
}

// bind adds a binding to a view.
func bind(v *rbacsync.View, key rbacsync.Key, labels map[string]string, clusterRole string, subjects ...rbacv1.Subject) {
	m := metav1.ObjectMeta{Name: key.Name, Namespace: key.Namespace, Labels: labels, UID: types.UID("uid-" + key.Name)}
	ref := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: clusterRole}
	if key.Namespace == "" {
		v.ClusterRoleBindings = append(v.ClusterRoleBindings, &rbacv1.ClusterRoleBinding{ObjectMeta: m, RoleRef: ref, Subjects: subjects})
		return
	}
	v.RoleBindings = append(v.RoleBindings, &rbacv1.RoleBinding{ObjectMeta: m, RoleRef: ref, Subjects: subjects})
}

func user(name string) rbacv1.Subject {
	return rbacv1.Subject{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: name}
}

func group(name string) rbacv1.Subject {
	return rbacv1.Subject{Kind: rbacv1.GroupKind, APIGroup: rbacv1.GroupName, Name: name}
}

// plan is what a cluster needs.
func plan(t *testing.T, w *town, name string, v *rbacsync.View) *rbacsync.Plan {
	t.Helper()
	s, c := w.cluster(t, name)
	p := rbacsync.Diff(c.Name, rbacsync.Desired(s, c), v.Live(s, c))
	return &p
}

// golden compares with a file, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs; if that is meant: make golden\n%s", name, diff)
	}
}
