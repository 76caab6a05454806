//go:build kube

package main

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/pratique-iam/pratique/internal/cluster/local"
)

// TestKubeStories runs the stories that need a real Kubernetes. Beside the commands of TestScript they have
//
//	admin ARGS...    kubectl as the administrator of the only local cluster, past Pratique
//	plane DIR [FLAGS...]   a control plane that knows nothing of Pratique; its kubeconfig is $PLANE. Once more: it is started again, at the
//	                       same address, with these flags of kube-apiserver
//	unplane DIR      it stops
//	controller ...   see scriptController
//	crash            the server on $WORK/data is killed, with no time to tidy up
//	retry ARGS...    a program, again and again until it succeeds; "retry ! ARGS..." until it fails
func TestKubeStories(t *testing.T) {
	t.Parallel()
	binaries, err := local.DefaultBinaries()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(binaries, "kube-apiserver")); err != nil {
		t.Fatalf("there is no Kubernetes in %s; build it with: %s", binaries, local.BuildCommand)
	}
	p := scriptParams(filepath.Join("testdata", "kube"))
	plain := p.Setup
	p.Setup = func(e *testscript.Env) error {
		e.Setenv("KUBE", binaries)
		e.Setenv("PATH", e.Getenv("PATH")+string(filepath.ListSeparator)+binaries)
		e.Setenv("KUBECONFIG", filepath.Join(e.WorkDir, "kubeconfig"))
		e.Setenv("HOME", e.WorkDir)
		e.Values[planesKey{}] = map[string]*local.Plane{}
		return plain(e)
	}
	p.Cmds["admin"], p.Cmds["plane"], p.Cmds["unplane"], p.Cmds["retry"] = scriptAdmin, scriptPlane, scriptUnplane, scriptRetry
	p.Cmds["controller"], p.Cmds["crash"] = scriptController, scriptCrash
	testscript.Run(t, p)
}

func scriptAdmin(ts *testscript.TestScript, neg bool, args []string) {
	found, err := filepath.Glob(ts.MkAbs("data/clusters/*/plane/kubeconfig/admin.yaml"))
	ts.Check(err)
	if len(found) != 1 {
		ts.Fatalf("there are %d local clusters, want one", len(found))
	}
	err = ts.Exec("kubectl", append([]string{"--kubeconfig", found[0]}, args...)...)
	if (err == nil) == neg {
		ts.Fatalf("kubectl %s: %v", strings.Join(args, " "), err)
	}
}

type planesKey struct{}

func planes(ts *testscript.TestScript) map[string]*local.Plane {
	running, ok := ts.Value(planesKey{}).(map[string]*local.Plane)
	if !ok {
		ts.Fatalf("no control planes in this script")
	}
	return running
}

func scriptPlane(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: plane DIR [FLAGS...]")
	}
	stopPlane(ts, args[0])
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	p, err := local.Start(ctx, local.Config{
		Dir: ts.MkAbs(args[0]), Name: "stranger", Nodes: 1, HostExec: true, UnsafeNoFsync: true, APIServerArgs: args[1:], Log: slog.New(slog.DiscardHandler),
	})
	ts.Check(err)
	planes(ts)[args[0]] = p
	ts.Defer(func() { stopPlane(ts, args[0]) })
	ts.Setenv("PLANE", p.KubeconfigPath())
}

func scriptUnplane(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: unplane DIR")
	}
	stopPlane(ts, args[0])
}

func stopPlane(ts *testscript.TestScript, dir string) {
	p := planes(ts)[dir]
	if p == nil {
		return
	}
	delete(planes(ts), dir)
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Second) // a kube-apiserver waits for its watches, which nobody here misses
	defer cancel()
	p.Stop(ctx)
}

// environment is that of the script, with programs found where it finds them.
func environment(ts *testscript.TestScript) []string {
	var out []string
	for _, name := range []string{"PATH", "HOME", "WORK", "KUBECONFIG", "PRATIQUE_CONFIG", "PRATIQUE_SERVER", "PRATIQUE_CA", "PLANE"} {
		out = append(out, name+"="+ts.Getenv(name))
	}
	return out
}

func scriptRetry(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("write: retry ! ARGS...")
	}
	wantFailure := len(args) > 0 && args[0] == "!"
	if wantFailure {
		args = args[1:]
	}
	const most = 45 * time.Second
	deadline := time.Now().Add(most)
	for {
		cmd := exec.Command("/bin/sh", append([]string{"-c", `exec "$@"`, "retry"}, args...)...) // the shell looks in the script's PATH
		cmd.Dir, cmd.Env = ts.MkAbs("."), environment(ts)
		out, err := cmd.CombinedOutput()
		if (err != nil) == wantFailure {
			_ = ts.Exec(args[0], args[1:]...) // once more, for stdout and stderr of the script
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("after %s still: %s: %v\n%s", most, strings.Join(args, " "), err, out)
		}
		time.Sleep(300 * time.Millisecond)
	}
}
