package server_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/server"
)

// TestMain lets the test binary be the server: a crash needs a process of its own.
func TestMain(m *testing.M) {
	if dir := os.Getenv("PRATIQUE_TEST_SERVE"); dir != "" {
		log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
		if err := server.Run(context.Background(), server.Config{Data: dir, Listen: "127.0.0.1:0", Log: log, Out: os.Stdout}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// start runs a server on a data directory and waits until it is ready.
func start(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	_ = os.Remove(filepath.Join(dir, "url"))
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PRATIQUE_TEST_SERVE="+dir)
	cmd.Stderr = t.Output()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		if data, err := os.ReadFile(filepath.Join(dir, "url")); err == nil && len(data) > 0 {
			return cmd
		}
		time.Sleep(10 * time.Millisecond) // another process: there is nothing to wait on but its file
	}
	t.Fatal("the server did not start")
	return nil
}

func connect(t *testing.T, dir, token string) *client.Client {
	t.Helper()
	url, err := os.ReadFile(filepath.Join(dir, "url"))
	if err != nil {
		t.Fatal(err)
	}
	ca, err := os.ReadFile(filepath.Join(dir, "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(client.Config{Server: strings.TrimSpace(string(url)), Token: token, CA: ca})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Every change that was acknowledged is there after a crash, once, whole, and with its audit record; a change is a user and a group with
// the user in it, so that half of one would show.
func TestNothingAcknowledgedIsLostToKill9(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	process := start(t, dir)
	secret, err := os.ReadFile(filepath.Join(dir, "bootstrap-secret"))
	if err != nil {
		t.Fatal(err)
	}
	login, err := connect(t, dir, "").Login(t.Context(), apiv1.Login{User: "root", Secret: strings.TrimSpace(string(secret))})
	if err != nil {
		t.Fatal(err)
	}
	acknowledged := storm(t, connect(t, dir, login.Token), process)
	t.Logf("%d changes were acknowledged before the kill", len(acknowledged))
	if len(acknowledged) == 0 || len(acknowledged) == stormSize {
		t.Errorf("the kill came too early or too late to show anything: %d of %d acknowledged", len(acknowledged), stormSize)
	}

	start(t, dir)
	c := connect(t, dir, login.Token)
	users, groups := map[string]int{}, map[string][]string{}
	for m, err := range c.All(t.Context(), pratique.KindUser, client.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		users[m.Metadata.Name]++
	}
	for m, err := range c.All(t.Context(), pratique.KindGroup, client.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		groups[m.Metadata.Name] = append(groups[m.Metadata.Name], string(m.Spec))
	}
	recorded := records(t, c)
	for n := range stormSize {
		user, group := fmt.Sprintf("u%04d", n), fmt.Sprintf("g%04d", n)
		want := 0
		if _, acked := acknowledged[n]; acked || users[user] > 0 { // what was not acknowledged may be there, but then whole
			want = 1
		}
		if users[user] != want || len(groups[group]) != want || recorded[user] != want {
			t.Errorf("change %d, acknowledged %v: %d users, %d groups, %d records", n, acknowledged[n], users[user], len(groups[group]), recorded[user])
		}
		if want == 1 && !strings.Contains(groups[group][0], user) {
			t.Errorf("group %s came back without its member: %s", group, groups[group][0])
		}
	}
	if v, err := c.VerifyAudit(t.Context()); err != nil || !v.Intact {
		t.Errorf("the audit chain: %+v, %v", v, err)
	}
}

const stormSize = 1000

// storm sends changes from many sides at once, kills the server in the middle, and returns what was acknowledged.
func storm(t *testing.T, c *client.Client, process *exec.Cmd) map[int]bool {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var mu sync.Mutex
	acknowledged := map[int]bool{}
	work := make(chan int)
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for n := range work {
				user, group := fmt.Sprintf("u%04d", n), fmt.Sprintf("g%04d", n)
				_, err := c.Change(ctx, apiv1.Changes{Changes: []apiv1.Change{
					put(pratique.KindUser, user, `{}`), put(pratique.KindGroup, group, `{"members":["`+user+`"]}`),
				}})
				if err != nil {
					continue
				}
				mu.Lock()
				acknowledged[n] = true
				if len(acknowledged) == stormSize/2 {
					_ = process.Process.Kill()
					cancel() // the rest fails at once instead of trying again
				}
				mu.Unlock()
			}
		})
	}
	for n := range stormSize {
		work <- n
	}
	close(work)
	wg.Wait()
	_ = process.Wait()
	return acknowledged
}

func put(kind pratique.Kind, name, spec string) apiv1.Change {
	return apiv1.Change{Put: &pratique.Manifest{
		APIVersion: pratique.APIVersion, Kind: kind, Metadata: pratique.Metadata{Name: name}, Spec: []byte(spec),
	}}
}

// records counts the audit records that tell of each user's creation.
func records(t *testing.T, c *client.Client) map[string]int {
	t.Helper()
	out := map[string]int{}
	before := ""
	for {
		page, err := c.Audit(t.Context(), client.AuditOptions{Before: before, Limit: 500})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Records {
			for _, s := range r.Steps {
				if s.Kind == pratique.KindUser && s.Verb == pratique.Create {
					out[s.Name]++
				}
			}
		}
		if page.Next == "" {
			return out
		}
		before = page.Next
	}
}
