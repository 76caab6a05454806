//go:build kube

package cluster_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/cluster"
	"github.com/pratique-iam/pratique/internal/cluster/local"
	"github.com/pratique-iam/pratique/internal/oidc"
)

// run starts a manager; the function that it returns stops it and waits.
func run(t *testing.T, m *cluster.Manager) (stop func()) {
	t.Helper()
	m.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func manager(t *testing.T, w *town, dir string) *cluster.Manager {
	t.Helper()
	return &cluster.Manager{
		Directory: w, Sealer: newSealer(t), Now: time.Now, LocalDir: dir,
		Tune: func(c *local.Config) { c.UnsafeNoFsync = true },
	}
}

func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	begun := time.Now()
	for !so() {
		if time.Since(begun) > 2*time.Minute {
			t.Fatalf("it never came to pass that %s", what)
		}
		time.Sleep(50 * time.Millisecond) // another process: there is nothing to wait on
	}
	t.Logf("after %s %s", time.Since(begun).Round(time.Millisecond), what)
}

// running waits for a cluster and gives its administrator.
func running(t *testing.T, w *town, m *cluster.Manager, name string) kubernetes.Interface {
	t.Helper()
	s, c := w.cluster(t, name)
	eventually(t, name+" runs", func() bool {
		st := m.Status(c.ID)
		if st.Phase == cluster.PhaseUnreachable {
			t.Fatal(st.Error) // says how to build the programs
		}
		return st.Phase == cluster.PhaseRunning
	})
	conn, err := m.Connect(s, c)
	if err != nil {
		t.Fatal(err)
	}
	return conn.Client
}

func TestALocalClusterLivesAsTheDirectorySays(t *testing.T) {
	w, dir := newTown(t), t.TempDir()
	w.apply(t, pratique.CreateCluster{Cluster: pratique.Cluster{
		Meta: pratique.Meta{ID: "c-demo", Name: "Demo.1"}, Type: "cce-standard", Provisioner: pratique.ProvisionerLocal, Nodes: 2,
		Creator: pratique.Ref{Kind: pratique.KindUser, ID: "usr-creator"},
	}})
	m := manager(t, w, dir)
	stop := run(t, m)
	client := running(t, w, m, "demo.1")
	eventually(t, "its nodes are ready, as a later look finds", func() bool { s := m.Status("c-demo"); return s.Nodes == 2 && s.NodesReady == 2 })
	if s := m.Status("c-demo"); s.Version != local.KubernetesVersion || s.Error != "" || len(s.Warnings) > 0 {
		t.Errorf("the status is %+v", s)
	}
	eventually(t, "the creator has the binding of creators", func() bool {
		b, err := client.RbacV1().ClusterRoleBindings().Get(t.Context(), cluster.CreatorBinding, metav1.GetOptions{})
		return err == nil && b.Subjects[0].Name == "pratique:usr-creator"
	})
	note := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "note"}, Data: map[string]string{"text": "kept"}}
	if _, err := client.CoreV1().ConfigMaps("default").Create(t.Context(), note, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := client.RbacV1().ClusterRoleBindings().Delete(t.Context(), cluster.CreatorBinding, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}

	yes, no := true, false
	w.apply(t, pratique.ClusterUpdate{Name: "demo.1", Stopped: &yes})
	eventually(t, "it is stopped", func() bool { return m.Status("c-demo").Phase == cluster.PhaseStopped })
	if _, err := m.Connect(w.cluster(t, "demo.1")); err == nil || !strings.Contains(err.Error(), "stopped") {
		t.Errorf("connecting to it says %v", err)
	}
	w.apply(t, pratique.ClusterUpdate{Name: "demo.1", Stopped: &no})
	client = running(t, w, m, "demo.1")
	kept(t, client)

	stop() // Pratique ends
	next := manager(t, w, dir)
	run(t, next)
	client = running(t, w, next, "demo.1")
	kept(t, client)
	eventually(t, "the manager has looked again", func() bool { return next.Status("c-demo").Nodes == 2 })
	if _, err := client.RbacV1().ClusterRoleBindings().Get(t.Context(), cluster.CreatorBinding, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the binding of creators was made again: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "c-demo")); err != nil {
		t.Fatal(err)
	}
	w.apply(t, pratique.DeleteCluster{Name: "demo.1"})
	eventually(t, "nothing is left of it", func() bool {
		_, err := os.Stat(filepath.Join(dir, "c-demo"))
		return os.IsNotExist(err)
	})
	if _, err := client.CoreV1().Namespaces().List(t.Context(), metav1.ListOptions{}); err == nil {
		t.Error("it still answers")
	}
}

func kept(t *testing.T, client kubernetes.Interface) {
	t.Helper()
	note, err := client.CoreV1().ConfigMaps("default").Get(t.Context(), "note", metav1.GetOptions{})
	if err != nil || note.Data["text"] != "kept" {
		t.Fatalf("what was in it: %v, %v", note, err)
	}
}

// pratiqued is as much of a Pratique server as a kube-apiserver sees: the issuer's keys, and a webhook that refuses what is in deny.
type pratiqued struct {
	issuer *oidc.Issuer
	server *httptest.Server

	mu   sync.Mutex
	deny map[string]string // "user verb resource-or-path": reason
	seen []authorizationv1.SubjectAccessReviewSpec
	auth string
}

func newPratiqued(t *testing.T) *pratiqued {
	t.Helper()
	p := &pratiqued{deny: map[string]string{}}
	p.server = httptest.NewTLSServer(p)
	t.Cleanup(p.server.Close)
	p.issuer = &oidc.Issuer{URL: p.server.URL, Secrets: &secrets{values: map[string][]byte{}}, Sealer: newSealer(t), Now: time.Now}
	return p
}

func (p *pratiqued) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	var body []byte
	var err error
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		body, err = p.issuer.Discovery()
	case "/oidc/jwks":
		body, err = p.issuer.JWKS(r.Context())
	case cluster.WebhookPath + "c-demo":
		body, err = p.review(r)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
	}
	_, _ = w.Write(body)
}

func (p *pratiqued) review(r *http.Request) ([]byte, error) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var review authorizationv1.SubjectAccessReview
	if err := json.Unmarshal(data, &review); err != nil {
		return nil, err
	}
	what := review.Spec.User + " "
	if a := review.Spec.ResourceAttributes; a != nil {
		what += a.Verb + " " + a.Resource
	} else {
		what += review.Spec.NonResourceAttributes.Verb + " " + review.Spec.NonResourceAttributes.Path
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen, p.auth = append(p.seen, review.Spec), r.Header.Get("Authorization")
	if reason, ok := p.deny[what]; ok {
		review.Status = authorizationv1.SubjectAccessReviewStatus{Denied: true, Reason: reason}
	}
	return json.Marshal(review)
}

// asked counts the questions about somebody that have come so far.
func (p *pratiqued) asked(about func(authorizationv1.SubjectAccessReviewSpec) bool) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, spec := range p.seen {
		if about(spec) {
			n++
		}
	}
	return n
}

// secrets is the store of the issuer's keys.
type secrets struct {
	mu     sync.Mutex
	values map[string][]byte
}

func (s *secrets) Secret(_ context.Context, name string) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.values[name]
	return v, ok, nil
}

func (s *secrets) PutSecretOnce(_ context.Context, name string, value []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.values[name]; ok {
		return v, nil
	}
	s.values[name] = value
	return value, nil
}

// enforced starts a local cluster that asks a Pratique, and gives its administrator and, for a token, somebody else.
func enforced(t *testing.T, p *pratiqued) (admin kubernetes.Interface, as func(token string) kubernetes.Interface, stop func()) {
	t.Helper()
	w := newTown(t)
	w.apply(t, pratique.CreateCluster{Cluster: pratique.Cluster{
		Meta: pratique.Meta{ID: "c-demo", Name: "demo"}, Type: "cce-standard", Provisioner: pratique.ProvisionerLocal,
	}})
	m := manager(t, w, t.TempDir())
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.server.Certificate().Raw})
	m.Enforce = func(_ context.Context, account, id string) (cluster.EnforcementParams, error) {
		if account != "1000000000000001" || id != "c-demo" {
			t.Errorf("asked for cluster %s of %s", id, account)
		}
		return cluster.EnforcementParams{URL: p.server.URL, CA: ca, Cluster: id, Token: "prt_cluster"}, nil
	}
	stop = run(t, m)
	admin = running(t, w, m, "demo")
	conn, err := m.Connect(w.cluster(t, "demo"))
	if err != nil {
		t.Fatal(err)
	}
	return admin, func(token string) kubernetes.Interface {
		client, err := kubernetes.NewForConfig(cluster.Access{Server: conn.Access.Server, CA: conn.Access.CA, Token: token}.Config())
		if err != nil {
			t.Fatal(err)
		}
		return client
	}, stop
}

func TestALocalClusterAsksPratique(t *testing.T) {
	p := newPratiqued(t)
	admin, as, _ := enforced(t, p)
	sign := func(c oidc.Claims) string {
		t.Helper()
		token, _, err := p.issuer.Sign(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	alice := oidc.Claims{Subject: "usr-alice", Name: "alice", Groups: []string{"grp-dev"}, Cluster: "c-demo", Account: "1", Session: "ses-1"}
	client := as(sign(alice))
	var me *authenticationv1.SelfSubjectReview
	eventually(t, "the cluster knows who she is", func() bool {
		var err error
		me, err = client.AuthenticationV1().SelfSubjectReviews().Create(t.Context(), &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
		return err == nil
	})
	u := me.Status.UserInfo
	if u.Username != "pratique:usr-alice" || u.UID != "usr-alice" || !strings.HasPrefix(strings.Join(u.Groups, " "), "pratique:grp-dev") ||
		u.Extra["pratique.dev/session"][0] != "ses-1" || u.Extra["pratique.dev/name"][0] != "alice" {
		t.Errorf("she is %+v", u)
	}

	bind(t, admin, "pratique:usr-alice")
	pods := client.CoreV1().Pods("default")
	eventually(t, "she may list pods: no opinion, and RBAC allows", func() bool {
		_, err := pods.List(t.Context(), metav1.ListOptions{})
		return err == nil
	})
	p.mu.Lock()
	p.deny["pratique:usr-alice deletecollection pods"] = "the gate is closed; decision dec-1"
	p.deny["pratique:usr-alice get /metrics"] = "not for her"
	if p.auth != "Bearer prt_cluster" {
		t.Errorf("the cluster shows %q", p.auth)
	}
	p.mu.Unlock()
	err := pods.DeleteCollection(t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{})
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "the gate is closed; decision dec-1") {
		t.Errorf("a deny beats cluster-admin, and says why: %v", err)
	}
	if err := client.Discovery().RESTClient().Get().AbsPath("/metrics").Do(t.Context()).Error(); !apierrors.IsForbidden(err) {
		t.Errorf("paths that are no resources come to us too: %v", err)
	}
	if _, err := client.Discovery().ServerGroups(); err != nil {
		t.Errorf("discovery: %v", err)
	}
	discovery := func(s authorizationv1.SubjectAccessReviewSpec) bool {
		return s.NonResourceAttributes != nil && s.NonResourceAttributes.Path != "/metrics"
	}
	if n := p.asked(discovery); n > 0 {
		t.Errorf("discovery came to us %d times", n)
	}
	if n := p.asked(func(s authorizationv1.SubjectAccessReviewSpec) bool { return !strings.HasPrefix(s.User, "pratique:") }); n > 0 {
		t.Errorf("%d questions were about others", n)
	}

	other := alice
	other.Cluster = "c-other"
	for what, token := range map[string]string{"a token for another cluster": sign(other), "a broken token": sign(alice) + "x", "no token of ours": "abc"} {
		if _, err := as(token).CoreV1().Pods("default").List(t.Context(), metav1.ListOptions{}); !apierrors.IsUnauthorized(err) {
			t.Errorf("%s: %v", what, err)
		}
	}

	// With Pratique gone, its identities are refused and everybody else works.
	p.server.CloseClientConnections()
	p.server.Close()
	// kube-apiserver calls it an internal error of its own, which names the webhook.
	if _, err := client.CoreV1().Secrets("default").List(t.Context(), metav1.ListOptions{}); !apierrors.IsInternalError(err) && !apierrors.IsForbidden(err) {
		t.Errorf("without us she gets %v", err)
	}
	if _, err := admin.CoreV1().Secrets("default").List(t.Context(), metav1.ListOptions{}); err != nil {
		t.Errorf("without us the administrator gets %v", err)
	}
	if _, err := client.Discovery().ServerGroups(); err != nil {
		t.Errorf("without us discovery says %v", err)
	}
}

// bindingTo is a binding of somebody to a ClusterRole.
func bindingTo(role, user string) *rbacv1.ClusterRoleBinding {
	return &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "test"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: user}},
	}
}

func bind(t *testing.T, admin kubernetes.Interface, user string) {
	t.Helper()
	_, err := admin.RbacV1().ClusterRoleBindings().Create(t.Context(), bindingTo("cluster-admin", user), metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// A kubeconfig that kubectl can use, of the kind that people attach, is one that we can use.
func TestAnAttachedKubeconfigWorks(t *testing.T) {
	plane, err := local.Start(t.Context(), local.Config{Dir: t.TempDir(), Name: "theirs", UnsafeNoFsync: true, Nodes: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { plane.Stop(context.Background()) })
	data, err := os.ReadFile(plane.KubeconfigPath())
	if err != nil {
		t.Fatal(err)
	}
	a, err := cluster.ParseKubeconfig(data, "")
	if err != nil {
		t.Fatal(err)
	}
	w := newTown(t)
	m := manager(t, w, "")
	m.Networks = loopback()
	sealer := newSealer(t)
	m.Sealer = sealer
	w.attach(t, sealer, "theirs", a)
	run(t, m)
	running(t, w, m, "theirs")
	if s := m.Status("c-attached"); s.Version != local.KubernetesVersion {
		t.Errorf("the status is %+v", s)
	}
	_, c := w.cluster(t, "theirs")
	if bytes.Contains(c.Sealed, a.ClientKey[:40]) {
		t.Error("the credential is not sealed")
	}
	plane.Stop(t.Context())
	eventually(t, "its end is seen", func() bool { return m.Status("c-attached").Phase == cluster.PhaseUnreachable })
}
