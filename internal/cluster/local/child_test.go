package local

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// newChild is a shell script under supervision.
func newChild(t *testing.T, script string) *child {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "log"), 0o700); err != nil {
		t.Fatal(err)
	}
	c := &child{
		name: "script", path: "/bin/sh", args: []string{"-c", script}, dir: dir, now: time.Now,
		log: slog.New(slog.NewTextHandler(t.Output(), nil)), firstPause: time.Millisecond, longestPause: 4 * time.Millisecond,
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		c.terminate(ctx, 0)
	})
	return c
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came to pass that %s", what)
		}
	}
}

// alive tells whether a process exists that is not only waiting to be buried.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(after, "Z")
}

func TestAComponentThatIsKilledIsStartedAgain(t *testing.T) {
	t.Parallel()
	c := newChild(t, "exec sleep 1000")
	c.start()
	eventually(t, "it runs", func() bool { return c.status().PID != 0 })
	first := c.status().PID
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it runs again", func() bool { s := c.status(); return s.PID != 0 && s.PID != first })
	if s := c.status(); s.Restarts != 1 || s.LastError != "signal: killed" {
		t.Errorf("the status is %+v", s)
	}
}

func TestAComponentThatCannotRunIsTriedAgainAndSaysWhy(t *testing.T) {
	t.Parallel()
	c := newChild(t, "echo no such flag >&2; exit 3")
	c.start()
	eventually(t, "it was tried five times", func() bool { return c.status().Restarts >= 5 })
	if got := c.status().LastError; got != "exit status 3" {
		t.Errorf("it ended with %q", got)
	}
	if got := c.lastWords(); !strings.HasSuffix(got, "no such flag") {
		t.Errorf("its last words are %q", got)
	}
}

func TestStoppingLetsAComponentFinish(t *testing.T) {
	t.Parallel()
	c := newChild(t, `trap 'echo done > finished; exit 0' TERM; echo > ready; while :; do sleep 0.01; done`)
	c.start()
	eventually(t, "it is ready", func() bool { _, err := os.Stat(filepath.Join(c.dir, "ready")); return err == nil })
	c.terminate(t.Context(), time.Minute)
	if _, err := os.Stat(filepath.Join(c.dir, "finished")); err != nil {
		t.Error("it was not given the time to finish")
	}
	if s := c.status(); s.PID != 0 || s.Restarts != 0 {
		t.Errorf("after the stop, the status is %+v", s)
	}
}

func TestAComponentThatDoesNotStopIsKilledWithAllThatItStarted(t *testing.T) {
	t.Parallel()
	c := newChild(t, `trap '' TERM; sleep 1000 & echo $! > grandchild; while :; do sleep 0.01; done`)
	c.start()
	var grandchild int
	eventually(t, "it has a child", func() bool {
		text, _ := os.ReadFile(filepath.Join(c.dir, "grandchild"))
		grandchild, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		return grandchild != 0
	})
	pid := c.status().PID
	c.terminate(t.Context(), 50*time.Millisecond)
	if alive(pid) {
		t.Error("it still runs")
	}
	eventually(t, "what it started is gone", func() bool { return !alive(grandchild) })
}

func TestStoppingEndsAtOnceWhenTheContextDoes(t *testing.T) {
	t.Parallel()
	c := newChild(t, `trap '' TERM; while :; do sleep 0.01; done`)
	c.start()
	eventually(t, "it runs", func() bool { return c.status().PID != 0 })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c.terminate(ctx, time.Hour) // the test would time out
}

func TestStoppingAComponentBetweenTwoAttemptsEndsIt(t *testing.T) {
	t.Parallel()
	c := newChild(t, "exit 1")
	c.firstPause, c.longestPause = time.Hour, time.Hour
	c.start()
	eventually(t, "it has ended once", func() bool { return c.status().Restarts == 1 })
	c.terminate(t.Context(), time.Hour)
}

func TestAComponentSeesNothingOfOurEnvironment(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://proxy.example")
	c := newChild(t, "env > seen.new; mv seen.new seen; exec sleep 1000")
	c.start()
	var seen []byte
	eventually(t, "it has looked", func() bool {
		var err error
		seen, err = os.ReadFile(filepath.Join(c.dir, "seen"))
		return err == nil
	})
	if strings.Contains(string(seen), "PROXY") {
		t.Errorf("it sees\n%s", seen)
	}
}

func TestALogThatHasGrownIsPutAside(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.log")
	if err := os.WriteFile(path, make([]byte, logLimit+1), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := openLog(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err != nil || info.Size() != 0 {
		t.Errorf("the new log has %d bytes (%v)", info.Size(), err)
	}
	if _, err := os.Stat(path + ".1"); err != nil {
		t.Error(err)
	}
}
