//go:build kube

package local_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pratique-iam/pratique/internal/cluster/local"
)

// childDir is set in the environment of a copy of this test program that starts a plane there and waits to be killed.
const childDir = "PRATIQUE_TEST_PLANE_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		becomeParent(dir)
		os.Exit(1)
	}
	code := m.Run()
	if stopShared != nil {
		stopShared()
	}
	os.Exit(code)
}

func becomeParent(dir string) {
	p, err := local.Start(context.Background(), local.Config{Dir: dir, Name: "orphan", UnsafeNoFsync: true})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	if err := json.NewEncoder(os.Stdout).Encode(p.Components()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	_, _ = io.Copy(io.Discard, os.Stdin) // for ever
}

// The plane that the tests share which do not stop it.
var (
	startShared sync.Once
	stopShared  func()
	sharedPlane *local.Plane
	errShared   error
)

func shared(t *testing.T) *local.Plane {
	t.Helper()
	startShared.Do(func() {
		dir, err := os.MkdirTemp("", "plane") //nolint:usetesting // it outlives the test that happens to be first
		if err != nil {
			errShared = err
			return
		}
		sharedPlane, errShared = local.Start(context.Background(), config(t, dir, "shared"))
		stopShared = func() {
			if sharedPlane != nil {
				sharedPlane.Stop(context.Background())
			}
			_ = os.RemoveAll(dir)
		}
	})
	if errShared != nil {
		t.Fatal(errShared)
	}
	return sharedPlane
}

func config(t *testing.T, dir, name string) local.Config {
	t.Helper()
	return local.Config{
		Dir: dir, Name: name, Nodes: 2, HostExec: true, UnsafeNoFsync: true,
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
}

// start brings up a plane of the test's own.
func start(t *testing.T, cfg local.Config) *local.Plane {
	t.Helper()
	begun := time.Now()
	p, err := local.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Stop(context.Background())
		if said, err := os.ReadFile(filepath.Join(cfg.Dir, "log", "kube-apiserver.log")); err == nil && t.Failed() {
			t.Logf("kube-apiserver said, in the end:\n%s", said[max(0, len(said)-4000):])
		}
	})
	t.Logf("ready after %s", time.Since(begun).Round(time.Millisecond))
	return p
}

// kubectl runs the real one and gives what it prints.
func kubectl(t *testing.T, p *local.Plane, args ...string) (string, error) {
	t.Helper()
	bin, err := local.DefaultBinaries()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "kubectl"), append([]string{"--kubeconfig=" + p.KubeconfigPath()}, args...)...)
	cmd.Env = []string{"HOME=" + t.TempDir(), "KUBERC=off"}
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func mustKubectl(t *testing.T, p *local.Plane, args ...string) string {
	t.Helper()
	out, err := kubectl(t, p, args...)
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	begun := time.Now()
	for !so() {
		if time.Since(begun) > 2*time.Minute {
			t.Fatalf("it never came to pass that %s", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Logf("after %s %s", time.Since(begun).Round(time.Millisecond), what)
}

// runPod makes a Deployment of one pod and gives its name when it runs.
func runPod(t *testing.T, p *local.Plane, deployment string) string {
	t.Helper()
	mustKubectl(t, p, "create", "deployment", deployment, "--image=example.com/none", "--port=80")
	mustKubectl(t, p, "rollout", "status", "deployment", deployment, "--timeout=1m")
	return mustKubectl(t, p, "get", "pods", "-l", "app="+deployment, "--field-selector=status.phase=Running", "-o", "jsonpath={.items[0].metadata.name}")
}

// throughPort says a line to port 80 of a pod, by way of kubectl port-forward, and gives the line that comes back.
func throughPort(t *testing.T, p *local.Plane, pod, line string) string {
	t.Helper()
	bin, err := local.DefaultBinaries()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "kubectl"), "--kubeconfig="+p.KubeconfigPath(), "port-forward", pod, ":80", "--address=127.0.0.1")
	cmd.Env = []string{"HOME=" + t.TempDir(), "KUBERC=off"}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cancel(); _ = cmd.Wait() }() // it was killed
	said, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address, _, _ := strings.Cut(strings.TrimPrefix(said, "Forwarding from "), " ")
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		t.Fatalf("kubectl says %q: %v", said, err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, line); err != nil {
		t.Fatal(err)
	}
	back, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return back
}

func pids(p *local.Plane) []int {
	var out []int
	for _, c := range p.Components() {
		if c.PID != 0 {
			out = append(out, c.PID)
		}
	}
	return out
}

func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(after, "Z")
}

func anonymous(t *testing.T, p *local.Plane, path string) int {
	t.Helper()
	client := &http.Client{Transport: transport(t, p.Admin().CA)}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.Admin().Server+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode
}

func transport(t *testing.T, ca []byte) *http.Transport {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		t.Fatal("the authority is not PEM")
	}
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
}

func pemOf(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}
