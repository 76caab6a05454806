//go:build kube

package proxy_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/cluster/local"
	"github.com/pratique-iam/pratique/internal/proxy"
)

// onboarding is what a cluster needs before Pratique may act for others in it: an identity that may impersonate ours and nobody else, and the
// binding of those whom no gate stops. Names of users and groups cannot be narrowed to a prefix by RBAC.
const onboarding = `apiVersion: v1
kind: ServiceAccount
metadata: {name: pratique, namespace: kube-system}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: pratique-proxy}
rules:
- {apiGroups: [""], resources: [users, groups], verbs: [impersonate]}
- apiGroups: [authentication.k8s.io]
  resources: [uids, userextras/pratique.dev/session, userextras/pratique.dev/name]
  verbs: [impersonate]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: pratique-proxy}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: pratique-proxy}
subjects: [{kind: ServiceAccount, name: pratique, namespace: kube-system}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: pratique-cluster-admins}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: "pratique:cluster-admins"}]
`

// The control plane that all tests share. Its kube-apiserver knows nothing of Pratique.
var (
	startPlane sync.Once
	plane      *local.Plane
	attached   proxy.Access
	errPlane   error
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

var planeDir string

func cluster(tb testing.TB) proxy.Access {
	tb.Helper()
	startPlane.Do(func() { attached, errPlane = attach() })
	if errPlane != nil {
		tb.Fatal(errPlane)
	}
	return attached
}

func attach() (proxy.Access, error) {
	var err error
	if planeDir, err = os.MkdirTemp("", "proxy"); err != nil {
		return proxy.Access{}, err
	}
	plane, err = local.Start(context.Background(), local.Config{Dir: planeDir, Name: "prod", Nodes: 2, HostExec: true, UnsafeNoFsync: true})
	if err != nil {
		return proxy.Access{}, err
	}
	if out, err := admin(onboarding, "apply", "-f", "-"); err != nil {
		return proxy.Access{}, fmt.Errorf("%w: %s", err, out)
	}
	for _, ns := range []string{"dev", "prod"} {
		for _, args := range [][]string{{"create", "namespace", ns}, {"-n", ns, "create", "deployment", "web", "--image=example.com/none", "--port=80"}} {
			if out, err := admin("", args...); err != nil {
				return proxy.Access{}, fmt.Errorf("%w: %s", err, out)
			}
		}
		if out, err := admin("", "-n", ns, "rollout", "status", "deployment", "web", "--timeout=2m"); err != nil {
			return proxy.Access{}, fmt.Errorf("%w: %s", err, out)
		}
	}
	token, err := admin("", "-n", "kube-system", "create", "token", "pratique", "--duration=1h")
	return proxy.Access{Server: plane.Admin().Server, CA: plane.Admin().CA, Token: token}, err
}

// command is the real kubectl.
func command(ctx context.Context, kubeconfig string, args ...string) *exec.Cmd {
	bin, err := local.DefaultBinaries()
	if err != nil {
		bin = "." // and it is not found
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "kubectl"), append([]string{"--kubeconfig=" + kubeconfig}, args...)...)
	cmd.Env = []string{"HOME=" + filepath.Dir(kubeconfig), "KUBERC=off"} // what discovery found is kept there
	return cmd
}

// admin runs kubectl straight at the cluster, as its superuser.
func admin(input string, args ...string) (string, error) {
	cmd := command(context.Background(), plane.KubeconfigPath(), args...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func mustAdmin(t *testing.T, args ...string) string {
	t.Helper()
	out, err := admin("", args...)
	if err != nil {
		t.Fatalf("kubectl %v: %v %s", args, err, out)
	}
	return out
}

// seat is somebody with a kubeconfig that leads through the proxy.
type seat struct {
	t          *testing.T
	w          *world
	kubeconfig string
	session    string
	name       string
}

func (w *world) seat(t *testing.T, name string) *seat {
	t.Helper()
	token, session := w.clusterToken(name, "prod")
	data, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": "prod",
		"clusters": []any{map[string]any{"name": "prod", "cluster": map[string]any{
			"server": "https://" + w.addr + "/clusters/" + w.cluster("prod").ID, "certificate-authority-data": w.authority(),
		}}},
		"users":    []any{map[string]any{"name": name, "user": map[string]any{"token": token}}},
		"contexts": []any{map[string]any{"name": "prod", "context": map[string]any{"cluster": "prod", "user": name}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return &seat{t: t, w: w, kubeconfig: path, session: session, name: name}
}

// kubectl runs to its end.
func (s *seat) kubectl(args ...string) (string, error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	out, err := command(ctx, s.kubeconfig, args...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (s *seat) may(args ...string) string {
	s.t.Helper()
	out, err := s.kubectl(args...)
	if err != nil {
		s.t.Fatalf("%s: kubectl %v: %v %s", s.name, args, err, out)
	}
	return out
}

func (s *seat) mayNot(words string, args ...string) {
	s.t.Helper()
	out, err := s.kubectl(args...)
	if err == nil || !strings.Contains(out, words) {
		s.t.Errorf("%s: kubectl %v: want %q, got %v %s", s.name, args, words, err, out)
	}
}

// running is a kubectl that goes on, with its output line by line.
type running struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner
	errs  bytes.Buffer
}

func (s *seat) start(env []string, args ...string) *running {
	s.t.Helper()
	r := &running{cmd: command(s.t.Context(), s.kubeconfig, args...)}
	r.cmd.Env = append(r.cmd.Env, env...)
	r.cmd.Stderr = &r.errs
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = r.cmd.Process.Kill() // it may have ended
		_ = r.cmd.Wait()
	})
	r.lines = bufio.NewScanner(out)
	return r
}

// until reads lines up to one that holds the words.
func (r *running) until(t *testing.T, words string) {
	t.Helper()
	found := make(chan struct{})
	go func() {
		for r.lines.Scan() {
			if strings.Contains(r.lines.Text(), words) {
				close(found)
				return
			}
		}
	}()
	select {
	case <-found:
	case <-time.After(time.Minute):
		t.Fatalf("kubectl %v never says %q: %s", r.cmd.Args[2:], words, r.errs.String())
	}
}

// ends waits for kubectl to end by itself and tells how long that took.
func (r *running) ends(t *testing.T) time.Duration {
	t.Helper()
	begun := time.Now()
	over := make(chan struct{})
	go func() {
		for r.lines.Scan() {
		}
		close(over)
	}()
	select {
	case <-over:
	case <-time.After(20 * time.Second):
		t.Errorf("kubectl %v goes on", r.cmd.Args[2:])
	}
	return time.Since(begun)
}

func pod(t *testing.T, ns string) string {
	t.Helper()
	return mustAdmin(t, "-n", ns, "get", "pods", "-l", "app=web", "-o", "jsonpath={.items[0].metadata.name}")
}

// allow gives a user a role in a namespace, as rbacsync does for a namespace permission.
func (w *world) allow(t *testing.T, user, ns, role string) {
	t.Helper()
	w.apply("kind: NamespacePermission\nmetadata: {name: " + user + "-" + ns + "-" + role + "}\nspec: {user: " + user + ", clusterRole: " + role + ", clusters: [prod], namespaces: [" + ns + "]}")
	name := strings.ToLower(w.principal(user).ID) + "-" + role
	mustAdmin(t, "-n", ns, "create", "rolebinding", name, "--clusterrole="+role, "--user="+w.user(user))
}

func TestKubectlIsAllowedWhatBothLayersAllow(t *testing.T) {
	w := newWorld(t, cluster(t))
	alice := w.seat(t, "alice")
	alice.mayNot("you may see the cluster, but hold no namespace permission in it", "-n", "dev", "get", "pods")
	w.allow(t, "alice", "dev", "view")
	if out := alice.may("-n", "dev", "get", "pods"); !strings.Contains(out, "web-") {
		t.Errorf("get pods says %s", out)
	}
	alice.mayNot("no namespace permission", "-n", "prod", "get", "pods")
	alice.mayNot("no namespace permission", "-n", "dev", "delete", "pod", pod(t, "dev"))
	if out := alice.may("auth", "whoami", "-o", "json"); !strings.Contains(out, `"username": "`+w.user("alice")+`"`) || !strings.Contains(out, alice.session) ||
		strings.Contains(out, "system:masters") {
		t.Errorf("the cluster knows her as %s", out)
	}
	alice.mayNot("kubectl --as is not carried", "-n", "dev", "get", "pods", "--as=root")
	alice.mayNot("kubectl --as is not carried", "-n", "dev", "get", "pods", "--as=x", "--as-group=system:masters")
	w.apply(strings.ReplaceAll(denyExec, ":secrets:", ":pods:"))
	alice.mayNot(`(Forbidden): pods is forbidden: User "alice" cannot list resource "pods" in API group "" in the namespace "dev": denied by statement 1`, "-n", "dev", "get", "pods")
	alice.mayNot("pratique why dec_test", "-n", "dev", "get", "pods")
}

func TestKubectlSaysWhyTheGateIsClosed(t *testing.T) {
	w := newWorld(t, cluster(t))
	w.apply("kind: User\nmetadata: {name: stranger}")
	w.seat(t, "stranger").mayNot(`(Forbidden): forbidden: User "stranger" cannot get path "/api": no statement in force allows cce:kubernetes:get`, "get", "pods")
	w.seat(t, "alice").mayNot("(Forbidden): kubectl --as is not carried", "get", "pods", "--as=root")
}

func TestKubectlOfTheRootIsClusterAdmin(t *testing.T) {
	w := newWorld(t, cluster(t))
	root := w.seat(t, "root")
	root.may("create", "namespace", "made-by-root")
	root.may("delete", "namespace", "made-by-root", "--wait=false")
	root.may("get", "nodes")
	if out := root.may("auth", "can-i", "*", "*", "--all-namespaces"); !strings.HasSuffix(out, "yes") {
		t.Errorf("can-i says %s", out)
	}
}

func TestKubectlWatchesUntilTheSessionEnds(t *testing.T) {
	w := newWorld(t, cluster(t))
	w.apply("kind: User\nmetadata: {name: watcher}\n---\nkind: Group\nmetadata: {name: team}\nspec: {members: [alice, watcher]}")
	w.allow(t, "watcher", "dev", "view")
	s := w.seat(t, "watcher")
	get := s.start(nil, "-n", "dev", "get", "configmaps", "-w")
	get.until(t, "kube-root-ca.crt")
	mustAdmin(t, "-n", "dev", "create", "configmap", "seen")
	get.until(t, "seen")
	w.change(pratique.EndSession{ID: s.session})
	if took := get.ends(t); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	mustAdmin(t, "-n", "dev", "delete", "configmap", "seen")
}

func TestKubectlFollowsLogsRunsCommandsAndForwardsPorts(t *testing.T) {
	w := newWorld(t, cluster(t))
	w.apply("kind: User\nmetadata: {name: dev}\n---\nkind: Group\nmetadata: {name: team}\nspec: {members: [alice, dev]}")
	w.allow(t, "dev", "dev", "edit")
	s := w.seat(t, "dev")
	name := pod(t, "dev")
	if out := s.may("-n", "dev", "logs", name); !strings.Contains(out, "played by KWOK") {
		t.Errorf("logs says %s", out)
	}
	logs := s.start(nil, "-n", "dev", "logs", "-f", name)
	logs.until(t, "played by KWOK")
	say(t, "a new line")
	logs.until(t, "a new line")
	streams := []*running{logs}
	for protocol, on := range map[string]string{"WebSocket": "true", "SPDY": "false"} {
		env := []string{"KUBECTL_REMOTE_COMMAND_WEBSOCKETS=" + on, "KUBECTL_PORT_FORWARD_WEBSOCKETS=" + on}
		run := s.start(env, "-n", "dev", "exec", name, "--", "echo", "hello from "+protocol)
		run.until(t, "hello from "+protocol)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		// Not cat: KWOK does not tell the program that its input has ended.
		back := command(ctx, s.kubeconfig, "-n", "dev", "exec", "-i", name, "--", "head", "-c", "9")
		back.Env, back.Stdin = append(back.Env, env...), strings.NewReader("said back")
		if out, err := back.CombinedOutput(); err != nil || string(out) != "said back" {
			t.Errorf("%s: head says %q (%v)", protocol, out, err)
		}
		forward := s.start(env, "-n", "dev", "port-forward", "pod/"+name, ":80")
		forwards(t, forward, protocol)
		forever := s.start(env, "-n", "dev", "exec", name, "--", "sh", "-c", "echo begun; sleep 60")
		forever.until(t, "begun")
		streams = append(streams, forever)
	}
	if n := len(w.recorded()); n < 8 {
		t.Errorf("%d records of what went into a pod", n)
	}
	upgrades(t, w)
	w.change(pratique.EndSession{ID: s.session})
	for _, stream := range streams {
		if took := stream.ends(t); took > 5*time.Second {
			t.Errorf("kubectl %v ended after %s", stream.cmd.Args[2:], took)
		}
	}
}

// forwards waits for the port and says something through it.
func forwards(t *testing.T, forward *running, protocol string) {
	t.Helper()
	if !forward.lines.Scan() {
		t.Fatalf("%s: port-forward: %s", protocol, forward.errs.String())
	}
	_, rest, _ := strings.Cut(forward.lines.Text(), "127.0.0.1:")
	port, _, _ := strings.Cut(rest, " ")
	conn, err := net.DialTimeout("tcp", "127.0.0.1:"+port, 10*time.Second)
	if err != nil {
		t.Fatalf("%s: %s: %v", protocol, forward.lines.Text(), err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, "through the port"); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len("through the port"))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != "through the port" {
		t.Errorf("%s: heard %q through the port (%v) %s", protocol, got, err, forward.errs.String())
	}
}

// upgrades makes sure that both protocols were really used.
func upgrades(t *testing.T, w *world) {
	t.Helper()
	for _, protocol := range []string{`"upgrade":"websocket"`, `"upgrade":"SPDY/3.1"`} {
		if !strings.Contains(w.log.String(), protocol) {
			t.Errorf("no request with %s", protocol)
		}
	}
}

// say appends to the log that all containers share.
func say(t *testing.T, text string) {
	t.Helper()
	f, err := os.OpenFile(plane.PodLog(), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if _, err := fmt.Fprintf(f, "%s stdout F %s\n", time.Now().UTC().Format(time.RFC3339Nano), text); err != nil {
		t.Fatal(err)
	}
}

func TestADenyHoldsAgainstAHolderOfClusterAdmin(t *testing.T) {
	w := newWorld(t, cluster(t))
	w.apply("kind: User\nmetadata: {name: boss}\n---\nkind: Group\nmetadata: {name: team}\nspec: {members: [alice, boss]}")
	mustAdmin(t, "create", "clusterrolebinding", "boss", "--clusterrole=cluster-admin", "--user="+w.user("boss"))
	boss := w.seat(t, "boss")
	boss.may("-n", "prod", "exec", pod(t, "prod"), "--", "true")
	w.apply(strings.ReplaceAll(denyExec, ":secrets:", ":pods/exec:"))
	boss.mayNot("denied by statement 1", "-n", "prod", "exec", pod(t, "prod"), "--", "true")
	boss.may("-n", "prod", "get", "pods")
	root := w.seat(t, "root")
	root.may("-n", "prod", "exec", pod(t, "prod"), "--", "true")
}

func TestACredentialThatMayNotImpersonateIsExplained(t *testing.T) {
	a := cluster(t)
	a.Token = mustAdmin(t, "-n", "dev", "create", "token", "default")
	w := newWorld(t, a)
	w.seat(t, "alice").mayNot("needs the verb impersonate", "-n", "dev", "get", "pods")
	a.Token = "rubbish"
	w = newWorld(t, a)
	w.seat(t, "alice").mayNot("no longer accepts the credential", "-n", "dev", "get", "pods")
}

// BenchmarkAddedLatencyOnARealCluster is BenchmarkAddedLatency with a kube-apiserver: a pod is read.
func BenchmarkAddedLatencyOnARealCluster(b *testing.B) {
	a := cluster(b)
	w := newWorld(b, a)
	name, err := admin("", "-n", "dev", "get", "pods", "-l", "app=web", "-o", "jsonpath={.items[0].metadata.name}")
	if err != nil {
		b.Fatal(err)
	}
	path := "/api/v1/namespaces/dev/pods/" + name
	straight := asker{client: trusting(b, a), url: a.Server + path, token: direct(b)}
	through := asker{client: w.client, url: "https://" + w.addr + "/clusters/prod" + path, token: w.as("root").secret}
	compare(b, straight.ask, through.ask)
}

// direct is a token that may read pods without anybody's help.
func direct(b *testing.B) string {
	b.Helper()
	_, _ = admin("", "-n", "dev", "create", "serviceaccount", "reader") // there from an earlier round
	_, _ = admin("", "-n", "dev", "create", "rolebinding", "reader", "--clusterrole=view", "--serviceaccount=dev:reader")
	token, err := admin("", "-n", "dev", "create", "token", "reader")
	if err != nil {
		b.Fatal(err)
	}
	return token
}

func (w *world) authority() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.cert.Raw})
}
