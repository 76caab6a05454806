package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// command prepares a run of go in a workspace. It runs in a process group of its own, so that the compilers end with it.
func command(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // arguments of our own recipe
	cmd.Dir = dir
	cmd.Env = append(os.Environ(),
		"GOWORK=off", "GO111MODULE=on", "CGO_ENABLED=0", // static programs, as the releases are
		"GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH, // they are to run here
	)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// output runs go and gives what it prints, without the last line break.
func output(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := command(ctx, dir, args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, errs.Bytes())
	}
	return strings.TrimSpace(string(out)), nil
}

// compile runs go build and tells how far it is.
func (b *builder) compile(ctx context.Context, name, work string, args []string) error {
	cmd := command(ctx, work, args...)
	cmd.Env = append(cmd.Env, "GOTMPDIR="+filepath.Join(work, "tmp")) // swept with the rest, and on the disk that was looked at
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	p := &progress{echo: io.Discard}
	if b.verbose {
		p.echo = b.err
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { b.report(name, p, done) })
	p.read(stderr)
	err = cmd.Wait()
	close(done)
	wg.Wait()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return errors.New(p.complaint(err))
}

// report says every ten seconds what has happened since.
func (b *builder) report(name string, p *progress, done <-chan struct{}) {
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	started, last := b.now(), ""
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			if text := p.String(); text != last || last == "" {
				last = text
				b.say("    %s: %s, %s", name, text, b.now().Sub(started).Round(time.Second))
			}
		}
	}
}

// progress makes sense of what go build -v prints: a line for each module that is fetched, one for each package that is compiled, and
// anything else is a complaint.
type progress struct {
	echo io.Writer

	mu       sync.Mutex
	modules  int
	packages int
	other    []string // the last lines that were neither
}

const keptLines = 30

func (p *progress) read(r io.Reader) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		p.line(lines.Text())
	}
	_, _ = io.Copy(io.Discard, r) // a line without end must not stop the compiler
}

func (p *progress) line(text string) {
	_, _ = fmt.Fprintln(p.echo, text) // for whoever watches
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case strings.HasPrefix(text, "go: downloading "):
		p.modules++
	case text != "" && !strings.ContainsAny(text, " \t#:"):
		p.packages++
	default:
		p.other = append(p.other, text)
		p.other = p.other[max(0, len(p.other)-keptLines):]
	}
}

// String tells how far the build is.
func (p *progress) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.packages > 0:
		return fmt.Sprintf("%d packages compiled", p.packages)
	case p.modules > 0:
		return fmt.Sprintf("%d modules fetched", p.modules)
	}
	return "nothing to compile so far"
}

// complaint is the error of a build that failed, with advice where the cause is a usual one.
func (p *progress) complaint(err error) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	said := strings.Join(p.other, "\n")
	text := err.Error() + "\n" + said
	for _, known := range [][2]string{
		{"no space left on device", "a disk is full: make room, or choose other places with -out, GOCACHE and GOMODCACHE"},
		{"signal: killed", "the system killed the compiler, as it does when memory is short: try GOFLAGS=-p=1"},
		{"dial tcp", "the module proxy cannot be reached: see GOPROXY"},
		{"checksum mismatch", "a module is not what it was when its sum was recorded: do not use it, and see GOPROXY"},
		{"go.mod requires go >=", "install a newer Go, or set GOTOOLCHAIN=auto"},
	} {
		if strings.Contains(text, known[0]) {
			text += "\n" + known[1]
		}
	}
	return text
}
