//go:build kube

package local_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pratique-iam/pratique/internal/cluster/local"
)

func TestTheProgramsAreLookedForWhereTheyAreBuilt(t *testing.T) {
	t.Setenv("PRATIQUE_KUBE_DIR", "")
	cmd := exec.Command("go", "-C", filepath.Join("..", "..", "..", "test", "kube"), "run", ".", "-where")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := local.DefaultBinaries(); err != nil || got != strings.TrimSpace(string(out)) {
		t.Errorf("they are looked for in %s (%v), and built in %s", got, err, out)
	}
}

func TestTheNodesAreReady(t *testing.T) {
	p := shared(t)
	eventually(t, "both nodes are ready", func() bool {
		out, err := kubectl(t, p, "get", "nodes", "--no-headers")
		return err == nil && strings.Count(out, " Ready ") == 2 && strings.Contains(out, "shared-node-1")
	})
}

func TestTheServerSaysItsVersion(t *testing.T) {
	out := mustKubectl(t, shared(t), "version", "-o", "json")
	if strings.Count(out, `"gitVersion": "`+local.KubernetesVersion+`"`) != 2 {
		t.Errorf("kubectl version says %s", out)
	}
}

func TestADeploymentRunsAndAnswersLikeOne(t *testing.T) {
	p := shared(t)
	pod := runPod(t, p, "web")
	if out := mustKubectl(t, p, "logs", pod); !strings.Contains(out, "played by KWOK") {
		t.Errorf("kubectl logs says %q", out)
	}
	if out := mustKubectl(t, p, "exec", pod, "--", "echo", "hello"); out != "hello" {
		t.Errorf("kubectl exec says %q", out)
	}
	if out := throughPort(t, p, pod, "echo me\n"); out != "echo me\n" {
		t.Errorf("the forwarded port says %q", out)
	}
	mustKubectl(t, p, "delete", "deployment", "web")
	eventually(t, "its pods are gone", func() bool {
		out, err := kubectl(t, p, "get", "pods", "-l", "app=web", "-o", "name")
		return err == nil && out == ""
	})
}

func TestServiceAccountsGetTokens(t *testing.T) {
	p := shared(t)
	eventually(t, "the default service account is there", func() bool {
		_, err := kubectl(t, p, "get", "serviceaccount", "default")
		return err == nil
	})
	token := mustKubectl(t, p, "create", "token", "default")
	if out := mustKubectl(t, p, "auth", "whoami", "--token="+token, "-o", "jsonpath={.status.userInfo.username}"); out == "" {
		t.Error("the token is nobody's")
	}
}

func TestStrangersMayAskForHealthOnly(t *testing.T) {
	p := shared(t)
	for path, want := range map[string]int{"/readyz": http.StatusOK, "/version": http.StatusUnauthorized, "/api/v1/nodes": http.StatusUnauthorized} {
		if got := anonymous(t, p, path); got != want {
			t.Errorf("%s answers %d to a stranger, want %d", path, got, want)
		}
	}
}

// TestAWebhookJoinsTheChainWithoutARestart is how a cluster is connected: with Node and RBAC first, and the webhook by reload.
func TestAWebhookJoinsTheChainWithoutARestart(t *testing.T) {
	p := start(t, config(t, t.TempDir(), "hooked"))
	hook := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","status":{"allowed":false,"denied":true,"reason":"because we say so"}}`)
	}))
	defer hook.Close()
	kubeconfig := filepath.Join(t.TempDir(), "hook.yaml")
	data, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": "hook",
		"clusters": []any{map[string]any{"name": "hook", "cluster": map[string]any{"server": hook.URL, "certificate-authority-data": pemOf(hook.Certificate())}}},
		"users":    []any{map[string]any{"name": "hook", "user": map[string]any{}}},
		"contexts": []any{map[string]any{"name": "hook", "context": map[string]any{"cluster": "hook", "user": "hook"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(kubeconfig, data, 0o600); err != nil {
		t.Fatal(err)
	}
	before := pids(p)
	err = p.Configure(nil, fmt.Appendf(nil, `apiVersion: apiserver.config.k8s.io/v1
kind: AuthorizationConfiguration
authorizers:
- type: Webhook
  name: hook
  webhook:
    timeout: 2s
    subjectAccessReviewVersion: v1
    matchConditionSubjectAccessReviewVersion: v1
    failurePolicy: Deny
    authorizedTTL: 1s
    unauthorizedTTL: 1s
    connectionInfo: {type: KubeConfigFile, kubeConfigFile: %q}
    matchConditions:
    - expression: request.user.startsWith('pratique:')
    - expression: has(request.resourceAttributes)
- {type: Node, name: node}
- {type: RBAC, name: rbac}
`, kubeconfig))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the webhook refuses, with its reason", func() bool {
		out, _ := kubectl(t, p, "get", "pods", "--as=pratique:ann")
		return strings.Contains(out, "because we say so")
	})
	mustKubectl(t, p, "get", "pods")
	if !slices.Equal(before, pids(p)) {
		t.Error("a component was restarted")
	}
}

func TestAKilledComponentIsSurvived(t *testing.T) {
	p := start(t, config(t, t.TempDir(), "killed"))
	mustKubectl(t, p, "create", "namespace", "kept")
	for _, victim := range p.Components() {
		// One that has ended by itself, because it lost another, has been killed as well as by us.
		if err := syscall.Kill(victim.PID, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Fatal(err)
		}
		eventually(t, victim.Name+" runs again", func() bool {
			i := slices.IndexFunc(p.Components(), func(c local.Component) bool { return c.Name == victim.Name })
			c := p.Components()[i]
			return c.PID != 0 && c.PID != victim.PID && c.Restarts > 0
		})
	}
	eventually(t, "the cluster answers", func() bool {
		_, err := kubectl(t, p, "get", "namespace", "kept")
		return err == nil
	})
	// A Deployment needs all five to be at work again.
	eventually(t, "the default service account is there", func() bool {
		_, err := kubectl(t, p, "get", "serviceaccount", "default")
		return err == nil
	})
	runPod(t, p, "after")
}

func TestStopLeavesNoProcessAndTheNextStartFindsEverything(t *testing.T) {
	cfg := config(t, t.TempDir(), "again")
	p := start(t, cfg)
	mustKubectl(t, p, "create", "configmap", "note", "--from-literal=text=kept")
	mustKubectl(t, p, "delete", "node", "again-node-2")
	first, running := p.Admin(), pids(p)
	if len(running) != 5 {
		t.Fatalf("%d programs run", len(running))
	}
	begun := time.Now()
	p.Stop(t.Context())
	t.Logf("stopped after %s", time.Since(begun).Round(time.Millisecond))
	for _, pid := range running {
		if alive(pid) {
			t.Errorf("process %d still runs", pid)
		}
	}
	if len(pids(p)) > 0 {
		t.Errorf("the plane believes that %v run", pids(p))
	}

	p = start(t, cfg)
	if out := mustKubectl(t, p, "get", "configmap", "note", "-o", "jsonpath={.data.text}"); out != "kept" {
		t.Errorf("the object says %q", out)
	}
	if out := mustKubectl(t, p, "get", "nodes", "-o", "name"); out != "node/again-node-1" {
		t.Errorf("the nodes are %q; one of two was deleted on purpose", out)
	}
	if second := p.Admin(); second.Server != first.Server || !bytes.Equal(second.CA, first.CA) {
		t.Errorf("the cluster moved from %s to %s, or has another authority", first.Server, second.Server)
	}
	runPod(t, p, "later")
}

func TestAPlaneWhosePortsAreTakenMoves(t *testing.T) {
	cfg := config(t, t.TempDir(), "moved")
	p := start(t, cfg)
	pod := runPod(t, p, "web")
	before := p.Admin().Server
	p.Stop(t.Context())
	var state struct{ Ports map[string]int }
	data, err := os.ReadFile(filepath.Join(cfg.Dir, "state.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &state); err != nil || len(state.Ports) != 4 {
		t.Fatalf("the state is %s (%v)", data, err)
	}
	for _, port := range state.Ports {
		l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", port))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
	}
	p = start(t, cfg)
	if p.Admin().Server == before {
		t.Fatalf("it still is at %s", before)
	}
	eventually(t, "kube-apiserver finds the kubelet again", func() bool {
		out, err := kubectl(t, p, "logs", pod)
		return err == nil && strings.Contains(out, "played by KWOK")
	})
}

func TestAKilledParentLeavesNoProcess(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childDir+"="+t.TempDir())
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stdin.Close() }()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var components []local.Component
	decodeErr := json.NewDecoder(stdout).Decode(&components)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if decodeErr != nil || len(components) != 5 {
		t.Fatalf("the parent has started %v (%v)", components, decodeErr)
	}
	for _, c := range components {
		eventually(t, c.Name+" is gone", func() bool { return !alive(c.PID) })
	}
}
