//go:build kube

package rbacsync_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/cluster"
	"github.com/pratique-iam/pratique/internal/cluster/local"
	"github.com/pratique-iam/pratique/internal/rbacsync"
	"github.com/pratique-iam/pratique/internal/seal"
)

// The tests share one control plane. Each attaches it under an id of its own, and works in namespaces of its own.
var (
	startPlane sync.Once
	plane      *local.Plane
	errPlane   error
	planeDir   string
	runs       atomic.Int32
)

func TestMain(m *testing.M) {
	code := m.Run()
	if plane != nil {
		plane.Stop(context.Background())
	}
	if planeDir != "" {
		_ = os.RemoveAll(planeDir)
	}
	os.Exit(code)
}

func admin(t *testing.T) cluster.Access {
	t.Helper()
	startPlane.Do(func() {
		if planeDir, errPlane = os.MkdirTemp("", "rbacsync"); errPlane != nil { //nolint:usetesting // outlives the test that makes it
			return
		}
		plane, errPlane = local.Start(context.Background(), local.Config{Dir: planeDir, Name: "shared", UnsafeNoFsync: true})
	})
	if errPlane != nil {
		t.Fatal(errPlane) // says how to build the programs
	}
	a := plane.Admin()
	return cluster.Access{Server: a.Server, CA: a.CA, ClientCert: a.Cert, ClientKey: a.Key}
}

// site is a directory, one attached cluster, and a fleet at work on it.
type site struct {
	*town
	t       *testing.T
	id      string
	manager *cluster.Manager
	fleet   *rbacsync.Fleet
	client  kubernetes.Interface // of the administrator, whatever the fleet uses
}

// newSite attaches the shared control plane, reached by an Access, and starts a fleet.
func newSite(t *testing.T, access cluster.Access) *site {
	t.Helper()
	sealer, err := seal.Create(filepath.Join(t.TempDir(), "kek.json"))
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(admin(t).Config())
	if err != nil {
		t.Fatal(err)
	}
	s := &site{town: newTown(t), t: t, id: "c-" + strings.ToLower(strings.NewReplacer("Test", "", "/", "-").Replace(t.Name())), client: client}
	s.salt = fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, s.id, runs.Add(1))))[:8]
	s.id = s.id[:min(len(s.id), 40)] + "-" + s.salt
	secret, err := access.Secret()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := sealer.Seal(secret, cluster.SealPath("1000000000000001", s.id))
	if err != nil {
		t.Fatal(err)
	}
	s.apply(t, pratique.CreateCluster{Cluster: pratique.Cluster{
		Meta: pratique.Meta{ID: s.id, Name: "prod"}, Type: "cce-standard", Provisioner: pratique.ProvisionerAttached,
		Server: access.Server, CA: access.CA, Sealed: sealed,
	}})
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	s.manager = &cluster.Manager{Directory: s, Sealer: sealer, Log: log, Now: time.Now, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	s.fleet = &rbacsync.Fleet{Directory: s, Clusters: s.manager, Log: log, Now: time.Now}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { s.fleet.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		s.clear()
	})
	s.write(t, "\nkind: User\nmetadata: {name: alice}\n---\nkind: Group\nmetadata: {name: viewers}\nspec: {members: [alice]}")
	return s
}

// clear leaves the shared control plane as it was.
func (s *site) clear() {
	mine := metav1.ListOptions{LabelSelector: "pratique.dev/cluster=" + s.id}
	ctx := context.Background()
	_ = s.client.RbacV1().ClusterRoleBindings().DeleteCollection(ctx, metav1.DeleteOptions{}, mine)
}

// in makes a name that no other test has, nor this one when it runs again.
func (s *site) in(name string) string { return name + "-" + s.salt }

func (s *site) namespace(name string) {
	s.t.Helper()
	name = s.in(name)
	_, err := s.client.CoreV1().Namespaces().Create(s.t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) permit(name, spec string) {
	s.t.Helper()
	s.write(s.t, fmt.Sprintf("\nkind: NamespacePermission\nmetadata: {name: %s}\nspec: {%s}", name, strings.ReplaceAll(spec, "$", "-"+s.salt)))
}

// bindings of a namespace that are ours, as "role subject".
func (s *site) bindings(namespace string) []rbacv1.RoleBinding {
	s.t.Helper()
	list, err := s.client.RbacV1().RoleBindings(namespace).List(s.t.Context(), metav1.ListOptions{LabelSelector: "pratique.dev/cluster=" + s.id})
	if err != nil {
		s.t.Fatal(err)
	}
	return list.Items
}

func (s *site) eventually(what string, so func() bool) {
	s.t.Helper()
	begun := time.Now()
	for !so() {
		if time.Since(begun) > time.Minute {
			s.t.Fatalf("it never came to pass that %s; the status is %+v", what, s.fleet.Status(s.id))
		}
		time.Sleep(20 * time.Millisecond) // another process: there is nothing to wait on
	}
	s.t.Logf("after %s %s", time.Since(begun).Round(time.Millisecond), what)
}

// held reports whether the namespace has exactly one binding of ours, with this role and subject.
func (s *site) held(namespace, role, subject string) bool {
	b := s.bindings(s.in(namespace))
	return len(b) == 1 && b[0].RoleRef.Name == role && len(b[0].Subjects) == 1 && b[0].Subjects[0].Name == subject
}

func TestPermissionsBecomeBindings(t *testing.T) {
	t.Parallel()
	s := newSite(t, admin(t))
	s.namespace("become")
	s.permit("a", `user: alice, clusterRole: edit, clusters: [prod], namespaces: [become$]`)
	s.permit("b", `group: viewers, clusterRole: view, clusters: ["*"], namespaces: ["*"]`)
	alice := s.alice(t)
	s.eventually("alice edits", func() bool { return s.held("become", "edit", alice) })
	s.eventually("the API server agrees", func() bool {
		return s.reviews(alice, nil, "create", s.in("become")) && !s.reviews(alice, nil, "create", "default")
	})
	group, _ := s.snapshot().Groups.Name("viewers")
	s.eventually("viewers view everywhere", func() bool { return s.reviews("pratique:x", []string{"pratique:" + group.ID}, "list", "") })
	s.permit("a", `user: alice, clusterRole: view, clusters: [prod], namespaces: [become$]`)
	s.eventually("alice views instead", func() bool { return s.held("become", "view", alice) })
	s.apply(t, pratique.Delete{Kind: pratique.KindNamespacePermission, Name: "a"})
	s.eventually("alice holds nothing", func() bool { return len(s.bindings(s.in("become"))) == 0 })
	s.eventually("the status says so", func() bool {
		st := s.fleet.Status(s.id)
		return st.Synced && st.Bindings == 1 && st.Generation == s.snapshot().Generation
	})
}

// reviews asks the API server itself about pods.
func (s *site) reviews(user string, groups []string, verb, namespace string) bool {
	s.t.Helper()
	r, err := s.client.AuthorizationV1().SubjectAccessReviews().Create(s.t.Context(), &authorizationv1.SubjectAccessReview{
		Spec: authorizationv1.SubjectAccessReviewSpec{User: user, Groups: groups, ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: verb, Resource: "pods", Namespace: namespace}},
	}, metav1.CreateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return r.Status.Allowed
}

func TestDriftIsRepairedInTheCluster(t *testing.T) {
	t.Parallel()
	s := newSite(t, admin(t))
	s.namespace("drift")
	s.permit("a", `user: alice, clusterRole: edit, clusters: [prod], namespaces: [drift$]`)
	alice := s.alice(t)
	s.eventually("alice edits", func() bool { return s.held("drift", "edit", alice) })
	bindings := s.client.RbacV1().RoleBindings(s.in("drift"))
	name := s.bindings(s.in("drift"))[0].Name

	if err := bindings.Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	s.eventually("a deleted binding is back", func() bool { return s.held("drift", "edit", alice) })

	more := []byte(`{"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"mallory"}]}`)
	if _, err := bindings.Patch(t.Context(), name, types.MergePatchType, more, metav1.PatchOptions{FieldManager: "kubectl-edit"}); err != nil {
		t.Fatal(err)
	}
	s.eventually("changed subjects are back", func() bool { return s.held("drift", "edit", alice) })

	if err := bindings.Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	evil := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
			"app.kubernetes.io/managed-by": "pratique", "pratique.dev/cluster": s.id, "pratique.dev/permission": "nsp-x",
		}},
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"}, Subjects: []rbacv1.Subject{user("mallory")},
	}
	if _, err := bindings.Create(t.Context(), evil, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	s.eventually("another role under its name is replaced", func() bool { return s.held("drift", "edit", alice) })
}

func TestWaitingNamespacesAndRoles(t *testing.T) {
	t.Parallel()
	s := newSite(t, admin(t))
	s.permit("a", `user: alice, clusterRole: waiting-role$, clusters: [prod], namespaces: [waiting$]`)
	s.eventually("it waits", func() bool { return s.fleet.Status(s.id).Waiting == 1 })
	s.namespace("waiting")
	sn, c := s.cluster(t, "prod")
	s.eventually("it waits for the role alone", func() bool {
		p, err := s.fleet.Plan(t.Context(), sn, c)
		return err == nil && waitingFor(&p) == "the ClusterRole "+s.in("waiting-role")+" does not exist"
	})
	if st := s.fleet.Status(s.id); !st.Synced {
		t.Errorf("waiting is taken for a failure: %+v", st)
	}
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: s.in("waiting-role")}}
	if _, err := s.client.RbacV1().ClusterRoles().Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	s.eventually("the binding is there", func() bool { return s.held("waiting", s.in("waiting-role"), s.alice(t)) })
}

func TestAStrangersObjectStays(t *testing.T) {
	t.Parallel()
	s := newSite(t, admin(t))
	s.namespace("strange")
	s.permit("a", `user: alice, clusterRole: view, clusters: [prod], namespaces: [strange$]`)
	s.eventually("the binding is there", func() bool { return len(s.bindings(s.in("strange"))) == 1 })
	name := s.bindings(s.in("strange"))[0].Name
	s.apply(t, pratique.ClusterUpdate{Name: "prod"})

	// The object loses our labels, and is somebody else's from then on.
	bindings := s.client.RbacV1().RoleBindings(s.in("strange"))
	theirs := []byte(`{"metadata":{"labels":null},"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"stranger"}]}`)
	if _, err := bindings.Patch(t.Context(), name, types.MergePatchType, theirs, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	s.eventually("the conflict is seen", func() bool { return s.fleet.Status(s.id).Conflicts == 1 })
	s.apply(t, pratique.Delete{Kind: pratique.KindNamespacePermission, Name: "a"})
	s.eventually("nothing is left to do", func() bool { return s.fleet.Status(s.id).Bindings == 0 })
	b, err := bindings.Get(t.Context(), name, metav1.GetOptions{})
	if err != nil || b.Subjects[0].Name != "stranger" {
		t.Errorf("the stranger's object: %v, %v", b, err)
	}
	if err := bindings.Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

// With what cluster.Onboarding gives for this and no more: what it may bind it binds, what it may not is a failure that holds up nothing else.
func TestBindIsEnough(t *testing.T) {
	t.Parallel()
	access := admin(t)
	client, err := kubernetes.NewForConfig(access.Config())
	if err != nil {
		t.Fatal(err)
	}
	access.ClientCert, access.ClientKey = nil, nil
	name := fmt.Sprintf("operator-%d", runs.Add(1))
	access.Token = operatorPrepares(t, client, name, cluster.Onboarding{ClusterRoles: []string{"view", "edit"}, Without: cluster.Parts()}.ClusterRole())
	s := newSite(t, access)
	s.namespace("onboard")
	s.permit("a", `user: alice, clusterRole: view, clusters: [prod], namespaces: [onboard$]`)
	s.permit("b", `user: alice, clusterRole: cluster-admin, clusters: [prod], namespaces: [onboard$]`)
	alice := s.alice(t)
	s.eventually("alice views, and is no administrator", func() bool { return s.held("onboard", "view", alice) })
	s.eventually("the failure is seen", func() bool {
		st := s.fleet.Status(s.id)
		return !st.Synced && strings.Contains(st.Error, "not currently held") && !st.Failing.IsZero()
	})
	s.apply(t, pratique.Delete{Kind: pratique.KindNamespacePermission, Name: "b"})
	s.eventually("it recovers", func() bool { return s.fleet.Status(s.id).Synced })
	s.apply(t, pratique.Delete{Kind: pratique.KindNamespacePermission, Name: "a"})
	s.eventually("it prunes", func() bool { return len(s.bindings(s.in("onboard"))) == 0 })
}

// operatorPrepares makes a namespace with a service account that holds a ClusterRole, and returns its token.
func operatorPrepares(t *testing.T, client kubernetes.Interface, namespace string, role *rbacv1.ClusterRole) string {
	t.Helper()
	ctx := t.Context()
	role.Name = namespace
	if _, err := client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.RbacV1().ClusterRoles().Create(ctx, role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "pratique", Namespace: namespace}}
	if _, err := client.CoreV1().ServiceAccounts(namespace).Create(ctx, account, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.RbacV1().ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: "pratique", Namespace: namespace}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	request := &authenticationv1.TokenRequest{}
	token, err := client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, "pratique", request, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return token.Status.Token
}

func TestACreatorIsGivenItOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, admin(t))
	_, c := s.cluster(t, "prod")
	created := *c
	created.Creator = pratique.Ref{Kind: pratique.KindUser, ID: strings.TrimPrefix(s.alice(t), "pratique:")}
	bindings := s.client.RbacV1().ClusterRoleBindings()
	for range 2 {
		if err := cluster.EnsureCreator(t.Context(), s.client, &created); err != nil {
			t.Fatal(err)
		}
	}
	b, err := bindings.Get(t.Context(), cluster.CreatorBinding, metav1.GetOptions{})
	if err != nil || b.RoleRef.Name != "cluster-admin" || b.Subjects[0].Name != "pratique:"+created.Creator.ID {
		t.Fatalf("the binding is %v, %v", b, err)
	}
	s.permit("a", `user: alice, clusterRole: view, clusters: [prod], namespaces: [default]`)
	s.eventually("a plan was carried out", func() bool { return len(s.bindings("default")) == 1 })
	s.apply(t, pratique.Delete{Kind: pratique.KindNamespacePermission, Name: "a"})
	s.eventually("and another", func() bool { return len(s.bindings("default")) == 0 })
	if _, err := bindings.Get(t.Context(), cluster.CreatorBinding, metav1.GetOptions{}); err != nil {
		t.Errorf("it was pruned: %v", err)
	}
	if err := cluster.RemoveCreator(t.Context(), s.client); err != nil {
		t.Fatal(err)
	}
	if err := cluster.EnsureCreator(t.Context(), s.client, &created); err != nil {
		t.Fatal(err)
	}
	if _, err := bindings.Get(t.Context(), cluster.CreatorBinding, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("it was made again: %v", err)
	}
	created.ID = s.id + "-again"
	if err := cluster.EnsureCreator(t.Context(), s.client, &created); err != nil {
		t.Fatal(err)
	}
	if err := cluster.RemoveCreator(t.Context(), s.client); err != nil {
		t.Errorf("another cluster's creator is given nothing: %v", err)
	}
}

func TestADetachedClusterIsLeftClean(t *testing.T) {
	t.Parallel()
	s := newSite(t, admin(t))
	s.namespace("detach")
	s.permit("a", `user: alice, clusterRole: view, clusters: [prod], namespaces: [detach$, default]`)
	s.eventually("the bindings are there", func() bool { return len(s.bindings(s.in("detach"))) == 1 && len(s.bindings("default")) == 1 })
	s.apply(t, pratique.DeleteCluster{Name: "prod"})
	s.eventually("they are gone", func() bool { return len(s.bindings(metav1.NamespaceAll)) == 0 })
}

// What Evaluate says is what the API server says, for people and for Kubernetes' own parts.
func TestEvaluationIsThatOfTheAPIServer(t *testing.T) {
	t.Parallel()
	s := newSite(t, admin(t))
	s.namespace("agree")
	s.permit("a", `user: alice, clusterRole: edit, clusters: [prod], namespaces: [agree$]`)
	alice := s.alice(t)
	s.eventually("alice edits", func() bool { return s.held("agree", "edit", alice) })
	s.eventually("the API server knows", func() bool { return s.reviews(alice, nil, "create", s.in("agree")) })
	v, err := rbacsync.Read(t.Context(), s.client)
	if err != nil {
		t.Fatal(err)
	}
	asked, allowed := 0, 0
	for _, who := range []string{alice, "stranger", "system:kube-scheduler", "system:kube-controller-manager", "system:serviceaccount:kube-system:deployment-controller"} {
		for _, what := range []string{
			"get pods@agree", "create pods@agree", "create pods/exec@agree", "get secrets@agree", "get secrets@default", "list pods", "list nodes", "delete nodes",
			"update deployments.apps/scale@agree", "get deployments.apps@agree", "update replicasets.apps@default", "create events@default",
			"get configmaps@kube-system extension-apiserver-authentication", "get configmaps@kube-system other", "create serviceaccounts/token@agree",
			"create tokenreviews.authentication.k8s.io", "create selfsubjectaccessreviews.authorization.k8s.io", "get /version", "get /metrics", "get /api", "get /apis/apps/v1", "post /api",
			"impersonate serviceaccounts@agree", "update leases.coordination.k8s.io@kube-system kube-scheduler",
		} {
			r := ask(strings.Replace(what, "@agree", "@"+s.in("agree"), 1))
			mine := v.Evaluate(who, nil, r).Allowed
			spec := authorizationv1.SubjectAccessReviewSpec{User: who}
			spec.Groups = []string{"system:authenticated"}
			if strings.HasPrefix(who, "system:serviceaccount:kube-system:") {
				spec.Groups = append(spec.Groups, "system:serviceaccounts", "system:serviceaccounts:kube-system")
			}
			if r.Path != "" {
				spec.NonResourceAttributes = &authorizationv1.NonResourceAttributes{Path: r.Path, Verb: r.Verb}
			} else {
				spec.ResourceAttributes = &authorizationv1.ResourceAttributes{
					Verb: r.Verb, Group: r.Group, Resource: r.Resource, Subresource: r.Subresource, Namespace: r.Namespace, Name: r.Name,
				}
			}
			answer, err := s.client.AuthorizationV1().SubjectAccessReviews().Create(t.Context(), &authorizationv1.SubjectAccessReview{Spec: spec}, metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			asked++
			if answer.Status.Allowed {
				allowed++
			}
			if answer.Status.Allowed != mine {
				t.Errorf("%s: %s: the API server says %v (%s), we say %v", who, what, answer.Status.Allowed, answer.Status.Reason, mine)
			}
		}
	}
	if allowed < 20 || allowed > asked-20 {
		t.Errorf("of %d questions %d were allowed, which shows little", asked, allowed)
	}
}

func TestAThousandPermissions(t *testing.T) {
	t.Parallel()
	s := newSite(t, admin(t))
	const namespaces, count = 50, 1000
	for i := range namespaces {
		s.namespace(fmt.Sprintf("many-%d", i))
	}
	s.eventually("the fleet is there", func() bool { return s.fleet.Status(s.id).Synced })
	var text strings.Builder
	for i := range count {
		if i > 0 {
			text.WriteString("\n---\n")
		}
		fmt.Fprintf(&text, "kind: NamespacePermission\nmetadata: {name: p%d}\nspec: {user: alice, clusterRole: view, clusters: [prod], namespaces: [%s]}", i, s.in(fmt.Sprintf("many-%d", i%namespaces)))
	}
	s.write(t, text.String())
	s.eventually("all thousand are carried out", func() bool {
		st := s.fleet.Status(s.id)
		return st.Bindings == count && st.Synced && st.Waiting == 0
	})
	if n := len(s.bindings(metav1.NamespaceAll)); n != count {
		t.Errorf("the cluster has %d bindings", n)
	}
	s.permit("one-more", `user: alice, clusterRole: edit, clusters: [prod], namespaces: [many-0$]`)
	s.eventually("one more is carried out", func() bool { return s.fleet.Status(s.id).Bindings == count+1 })
	s.apply(t, pratique.Delete{Kind: pratique.KindUser, Name: "alice", Cascade: true})
	s.eventually("all are gone", func() bool { return len(s.bindings(metav1.NamespaceAll)) == 0 })
}
