package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"pratique": func() { os.Exit(realMain()) }})
}

// TestScript runs the stories of testdata/script against the program itself, each in a directory of its own.
//
// Beside the commands of testscript there are:
//
//	serve [DIR] [FLAGS...]   start a server on $WORK/DIR (default: data) with further flags; sets PRATIQUE_SERVER, PRATIQUE_CA and SECRET,
//	                         the file with the one-time secret
//	stop [DIR]               end it and wait until it has ended
//	people N FILE            write a manifest of N users and a group of them all
func TestScript(t *testing.T) {
	t.Parallel()
	testscript.Run(t, scriptParams(filepath.Join("testdata", "script")))
}

// scriptParams is what all stories have in common.
func scriptParams(dir string) testscript.Params {
	return testscript.Params{
		Dir:           dir,
		UpdateScripts: os.Getenv("UPDATE_GOLDEN") != "",
		Setup: func(e *testscript.Env) error {
			e.Setenv("PRATIQUE_CONFIG", filepath.Join(e.WorkDir, "config.yaml"))
			e.Values[serversKey{}] = map[string]*exec.Cmd{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve": scriptServe, "stop": scriptStop, "people": scriptPeople,
		},
	}
}

type serversKey struct{}

func servers(ts *testscript.TestScript) map[string]*exec.Cmd {
	running, ok := ts.Value(serversKey{}).(map[string]*exec.Cmd)
	if !ok {
		ts.Fatalf("no servers in this script")
	}
	return running
}

// dirOf splits arguments into the data directory and flags.
func dirOf(ts *testscript.TestScript, neg bool, args []string) (dir string, flags []string) {
	if neg {
		ts.Fatalf("usage: serve [DIR] [FLAGS...], stop [DIR]")
	}
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return "data", args
	}
	return args[0], args[1:]
}

func scriptServe(ts *testscript.TestScript, neg bool, args []string) {
	dir, flags := dirOf(ts, neg, args)
	data := ts.MkAbs(dir)
	log, err := os.Create(data + ".log")
	ts.Check(err)
	program := filepath.Join(filepath.SplitList(ts.Getenv("PATH"))[0], "pratique")
	cmd := exec.Command(program, append([]string{"serve", "--data", data, "--listen", "127.0.0.1:0", "--log-level", "warn"}, flags...)...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // a test that is killed leaves no server behind
	ts.Check(os.RemoveAll(filepath.Join(data, "url")))
	ts.Check(cmd.Start())
	var failure error
	ended := make(chan struct{})
	go func() {
		failure = cmd.Wait()
		close(ended)
	}()
	running := servers(ts)
	running[dir] = cmd
	ts.Defer(func() {
		if running[dir] == cmd {
			_ = cmd.Process.Kill() // it may have ended by itself
			<-ended
		}
		_ = log.Close()
	})
	url := waitReady(ts, data, ended, &failure)
	ts.Setenv("PRATIQUE_SERVER", url)
	ts.Setenv("PRATIQUE_CA", filepath.Join(data, "ca.crt"))
	ts.Setenv("SECRET", filepath.Join(data, "bootstrap-secret"))
}

// waitReady polls until the server says that it is ready. A server that ends instead fails the script with its log.
func waitReady(ts *testscript.TestScript, data string, ended <-chan struct{}, failure *error) string {
	const most = 30 * time.Second
	deadline := time.NewTimer(most)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			log, _ := os.ReadFile(data + ".log")
			ts.Fatalf("the server ended: %v\n%s", *failure, log)
		case <-deadline.C:
			log, _ := os.ReadFile(data + ".log")
			ts.Fatalf("the server is not ready after %s\n%s", most, log)
		case <-tick.C:
			if url, ok := ready(data); ok {
				return url
			}
		}
	}
}

func ready(data string) (url string, ok bool) {
	text, err := os.ReadFile(filepath.Join(data, "url"))
	if err != nil || !strings.HasSuffix(string(text), "\n") {
		return "", false
	}
	ca, err := os.ReadFile(filepath.Join(data, "ca.crt"))
	if err != nil {
		return "", false
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true,
	}}
	url = strings.TrimSpace(string(text))
	resp, err := client.Get(url + "/readyz")
	if err != nil {
		return "", false
	}
	_ = resp.Body.Close()
	return url, resp.StatusCode == http.StatusOK
}

func scriptStop(ts *testscript.TestScript, neg bool, args []string) {
	dir, _ := dirOf(ts, neg, args)
	cmd, ok := servers(ts)[dir]
	if !ok {
		ts.Fatalf("no server runs on %s", dir)
	}
	delete(servers(ts), dir)
	ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	for range 500 {
		if cmd.Process.Signal(syscall.Signal(0)) != nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	ts.Fatalf("the server on %s does not end", dir)
}

func scriptPeople(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: people N FILE")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	var b strings.Builder
	var names []string
	// The group comes first: the order of a manifest does not matter.
	for i := range n {
		names = append(names, fmt.Sprintf("u%04d", i))
	}
	fmt.Fprintf(&b, "apiVersion: pratique.dev/v1\nkind: Group\nmetadata: {name: everybody}\nspec: {members: [%s]}\n", strings.Join(names, ", "))
	for _, name := range names {
		fmt.Fprintf(&b, "---\napiVersion: pratique.dev/v1\nkind: User\nmetadata: {name: %s}\n", name)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(b.String()), 0o600))
}
