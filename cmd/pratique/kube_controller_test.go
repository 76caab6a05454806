//go:build kube

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/client"
)

// scriptController stands for the controller of the MSE add-on, whose pod is simulated. Like the real one it has nothing but the token of its service
// account: it exchanges that for the session of its role, reads the MseIngressConfig objects, and asks whether it may do what they want of it. A line
// says what it was told about each action. It fails when something is denied.
//
//	controller CLUSTER [strange-service]    with the second argument it asks for the role of a service that is not the log service's
func scriptController(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: controller CLUSTER [strange-service]")
	}
	k := &controller{ts: ts, cluster: args[0], strange: len(args) > 1}
	denied := k.work()
	if (len(denied) > 0) != neg {
		ts.Fatalf("the controller was denied %v", denied)
	}
}

func scriptCrash(ts *testscript.TestScript, neg bool, args []string) {
	cmd := servers(ts)["data"]
	if neg || len(args) > 0 || cmd == nil {
		ts.Fatalf("usage: crash, while a server runs")
	}
	delete(servers(ts), "data")
	ts.Check(cmd.Process.Kill())
	for cmd.Process.Signal(syscall.Signal(0)) == nil { // whoever started it waits for it
		time.Sleep(20 * time.Millisecond)
	}
}

type controller struct {
	ts      *testscript.TestScript
	cluster string
	strange bool
	kind    string // worker-role or service-role
}

// addonOfStories is the add-on whose controller this is.
const addonOfStories = "mse-ingress-controller"

func (k *controller) run(name string, args ...string) string {
	cmd := exec.Command("/bin/sh", append([]string{"-c", `exec "$@"`, "controller", name}, args...)...) // the shell looks in the script's PATH
	cmd.Dir, cmd.Env = k.ts.MkAbs("."), environment(k.ts)
	out, err := cmd.Output()
	if err != nil {
		k.ts.Fatalf("%s %s: %v", name, strings.Join(args, " "), err)
	}
	return string(out)
}

func (k *controller) kubectl(args ...string) string {
	found, err := filepath.Glob(k.ts.MkAbs("data/clusters/*/plane/kubeconfig/admin.yaml"))
	k.ts.Check(err)
	if len(found) != 1 {
		k.ts.Fatalf("there are %d local clusters, want one", len(found))
	}
	return k.run("kubectl", append([]string{"--kubeconfig", found[0]}, args...)...)
}

func (k *controller) work() (denied []string) {
	var status apiv1.AddonInstance
	k.ts.Check(json.Unmarshal([]byte(k.run("pratique", "addon", "status", addonOfStories, "--cluster", k.cluster, "-o", "json")), &status))
	k.kind = "service-role"
	if strings.HasPrefix(status.Role, "KubernetesWorkerRole-") {
		k.kind = "worker-role"
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, account := k.session(ctx, status.Role)
	rows, err := catalog.Load()
	k.ts.Check(err)
	a, ok := rows.Addon(addonOfStories)
	if !ok {
		k.ts.Fatalf("the catalogue has no %s", addonOfStories)
	}
	for i := range a.Permissions {
		p := &a.Permissions[i]
		if !p.For(k.kind) || !k.wants(p.When) {
			continue
		}
		for _, action := range p.Actions {
			if !k.may(ctx, c, account, p, action) && !slices.Contains(denied, action) {
				denied = append(denied, action)
			}
		}
	}
	return denied
}

// session is that of the role, and the id of its account.
func (k *controller) session(ctx context.Context, role string) (*client.Client, string) {
	server := k.ts.Getenv("PRATIQUE_SERVER")
	token := strings.TrimSpace(k.kubectl("create", "token", "ack-mse-ingress-controller", "-n", addonOfStories, "--audience", server))
	ca, err := os.ReadFile(k.ts.Getenv("PRATIQUE_CA"))
	k.ts.Check(err)
	c, err := client.New(client.Config{Server: server, CA: ca})
	k.ts.Check(err)
	got, err := c.ExchangeToken(ctx, apiv1.ExchangeToken{Cluster: k.cluster, Token: token, Role: role, SessionName: "controller"})
	k.ts.Check(err)
	var accounts struct{ Items []apiv1.AccountInfo }
	k.ts.Check(json.Unmarshal([]byte(k.run("pratique", "account", "list", "--data", "data", "-o", "json")), &accounts))
	return c.WithToken(got.Token), accounts.Items[0].ID
}

// wants reports whether an MseIngressConfig turns a setting on.
func (k *controller) wants(path string) bool {
	if path == "" {
		return true
	}
	var list struct{ Items []catalog.Object }
	k.ts.Check(json.Unmarshal([]byte(k.kubectl("get", "mseingressconfigs", "-o", "json")), &list))
	return slices.ContainsFunc(list.Items, func(o catalog.Object) bool { return o.Set(path) })
}

// may asks about everything that a permission is about.
func (k *controller) may(ctx context.Context, c *client.Client, account string, p *catalog.Permission, action string) bool {
	all := true
	for _, pattern := range p.Resources {
		service, _, _ := strings.Cut(action, ":")
		if pattern == "*" {
			pattern = "acs:" + service + ":*:*:thing/*"
		}
		parts := strings.SplitN(pattern, ":", 5)
		parts[3] = account
		if parts[2] == "*" {
			parts[2] = "cn-hangzhou"
		}
		q := apiv1.Question{Action: action, Resource: strings.ReplaceAll(strings.Join(parts, ":"), "*", "x"), Context: map[string][]string{}}
		for key, value := range p.Context {
			if k.strange {
				value = "strange.aliyuncs.com"
			}
			q.Context[key] = []string{value}
		}
		answer, err := c.Decide(ctx, q)
		k.ts.Check(err)
		verdict := "allowed"
		if !answer.Allowed {
			verdict, all = "denied", false
		}
		_, _ = fmt.Fprintf(k.ts.Stdout(), "%s %s on %s\n", verdict, action, q.Resource)
	}
	return all
}
