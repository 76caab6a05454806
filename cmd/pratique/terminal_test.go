package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pratique-iam/pratique/internal/server"
)

// town is a real server, and a person at a terminal who is signed in as its root.
type town struct {
	t   *testing.T
	env *env
}

// newTown starts a server and signs in.
func newTown(t *testing.T) *town {
	t.Helper()
	data := filepath.Join(t.TempDir(), "d")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	announced, out := io.Pipe()
	go func() {
		ended <- server.Run(ctx, server.Config{
			Data: data, Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler), Out: out, UnsafeNoFsync: true,
		})
		_ = out.Close()
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with: %v", err)
		}
	})
	lines := bufio.NewScanner(announced)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "pratique login") {
			break
		}
	}
	go func() { _, _ = io.Copy(io.Discard, announced) }()
	url, err := os.ReadFile(filepath.Join(data, "url"))
	if err != nil {
		t.Fatalf("the server does not say where it is: %v", err)
	}
	w := &town{t, testEnv(t)}
	w.must("login", "--server", strings.TrimSpace(string(url)), "--user", "root",
		"--secret-file", filepath.Join(data, "bootstrap-secret"), "--ca", filepath.Join(data, "ca.crt"))
	return w
}

// types runs a command while somebody types answers; it gives what was printed and the exit code.
func (w *town) types(answers string, args ...string) (output string, code int) {
	w.t.Helper()
	w.env.terminal = true
	w.env.in = bufio.NewReader(strings.NewReader(answers))
	defer func() { w.env.terminal = false }()
	var b bytes.Buffer
	code = run(w.t.Context(), w.env, args, &b, &b)
	return b.String(), code
}

func (w *town) must(args ...string) string {
	w.t.Helper()
	var b bytes.Buffer
	if code := run(w.t.Context(), w.env, args, &b, &b); code != exitYes {
		w.t.Fatalf("pratique %s exits with %d:\n%s", strings.Join(args, " "), code, b.String())
	}
	return b.String()
}

func (w *town) file(text string) string {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), "f.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

const opsManifest = `apiVersion: pratique.dev/v1
kind: Group
metadata: {name: ops}
---
apiVersion: pratique.dev/v1
kind: Grant
metadata: {name: ops}
spec: {group: ops, policy: CCE Administrator, scope: {project: local-1}}
`

func TestAtATerminalApplyAsks(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	alice := w.file("apiVersion: pratique.dev/v1\nkind: User\nmetadata: {name: alice}\n")

	for _, answer := range []string{"n\n", "\n", "what?\n"} {
		out, code := w.types(answer, "apply", "-f", alice)
		if code != exitNo || !strings.Contains(out, "+ user alice") || !strings.Contains(out, "Apply 1 change? [y/N] nothing was changed") {
			t.Errorf("answered %q: exit code %d,\n%s", answer, code, out)
		}
	}
	if out, code := w.types("", "apply", "-f", alice); code != exitNo || !strings.Contains(out, "no answer") {
		t.Errorf("no answer: exit code %d,\n%s", code, out)
	}
	if out := w.must("get", "users", "-o", "name"); strings.Contains(out, "alice") {
		t.Fatalf("alice was made although nobody said yes:\n%s", out)
	}
	if out, code := w.types("y\n", "apply", "-f", alice); code != exitYes || !strings.Contains(out, "user/alice created") {
		t.Errorf("answered yes: exit code %d,\n%s", code, out)
	}
	// Nothing to do, nothing to ask.
	if out, code := w.types("", "apply", "-f", alice); code != exitYes || strings.Contains(out, "[y/N]") {
		t.Errorf("nothing to do: exit code %d,\n%s", code, out)
	}
	if out, code := w.types("n\n", "delete", "user", "alice"); code != exitNo || !strings.Contains(out, "Delete 1 object? [y/N]") {
		t.Errorf("delete, answered no: exit code %d,\n%s", code, out)
	}
	if out, code := w.types("", "delete", "user", "alice", "--yes"); code != exitYes || !strings.Contains(out, "user/alice deleted") {
		t.Errorf("delete --yes: exit code %d,\n%s", code, out)
	}
}

func TestAtATerminalMissingRolesAreOffered(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	out, code := w.types("y\ny\n", "apply", "-f", w.file(opsManifest))
	if code != exitYes {
		t.Fatalf("exit code %d,\n%s", code, out)
	}
	for _, want := range []string{
		"+ grant ops-tenant-guest  (Tenant Guest to group ops on project local-1)",
		"+ grant ops-obs-administrator  (OBS Administrator to group ops on the account)",
		"Add 7 grants? [y/N]", "Apply 9 changes? [y/N]", "grant/ops-tenant-guest created", "grant/ops created",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if out := w.must("apply", "-f", w.file(opsManifest)); strings.Contains(out, "warning") {
		t.Errorf("roles are still missing:\n%s", out)
	}

	// Whoever says no gets what was asked for.
	other := w.file(strings.ReplaceAll(opsManifest, "ops", "others"))
	out, code = w.types("n\ny\n", "apply", "-f", other)
	if code != exitYes || !strings.Contains(out, "grant/others created") || strings.Contains(out, "others-tenant-guest created") {
		t.Errorf("answered no, then yes: exit code %d,\n%s", code, out)
	}
}

func TestFirstLoginOfTheRootAsksForAPassword(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	typed := []string{"", "seven grey herons flying", "seven grey herons flying"}
	w.env.secret = func(_ context.Context, prompt string, out io.Writer) (string, error) {
		_, _ = io.WriteString(out, prompt+"\n")
		answer := typed[0]
		typed = typed[1:]
		return answer, nil
	}
	if out, code := w.types("", "passwd"); code != exitYes || !strings.Contains(out, "password set") {
		t.Fatalf("exit code %d,\n%s", code, out)
	}
	typed = []string{"seven grey herons flying"}
	if out, code := w.types("", "login", "--user", "root"); code != exitYes || !strings.Contains(out, "signed in") || strings.Contains(out, "no password yet") {
		t.Errorf("exit code %d,\n%s", code, out)
	}
	typed = []string{"seven grey herons flying", "one more heron, flying", "two more herons, flying"}
	if out, code := w.types("", "passwd"); code != exitNo || !strings.Contains(out, "the two passwords differ; nothing was changed") {
		t.Errorf("exit code %d,\n%s", code, out)
	}
}

// TestInterruptedCommandsEndCleanly: a question that nobody answers does not hold the program when it is interrupted.
func TestInterruptedCommandsEndCleanly(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	alice := w.file("apiVersion: pratique.dev/v1\nkind: User\nmetadata: {name: alice}\n")
	silence, _ := io.Pipe()
	w.env.in, w.env.terminal = bufio.NewReader(silence), true
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	out := &impatient{at: "[y/N]", interrupt: interrupt}
	if code := run(ctx, w.env, []string{"apply", "-f", alice}, out, out); code != exitNo || !strings.Contains(out.b.String(), "error: interrupted") {
		t.Errorf("exit code %d,\n%s", code, out.b.String())
	}
}

// impatient presses Ctrl-C as soon as it is asked.
type impatient struct {
	b         bytes.Buffer // not embedded: its WriteString would get past Write
	at        string
	interrupt func()
}

func (i *impatient) Write(p []byte) (int, error) {
	if strings.Contains(string(p), i.at) {
		i.interrupt()
	}
	return i.b.Write(p)
}
