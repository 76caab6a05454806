package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// child keeps one program running: it starts it, starts it again when it ends, later and later while it keeps ending, and stops it.
type child struct {
	name string
	path string
	args []string
	dir  string // working directory and HOME
	log  *slog.Logger
	now  func() time.Time

	firstPause, longestPause time.Duration // zero is 0.25 s and 30 s

	stop context.CancelFunc
	done chan struct{} // closed when it has ended for good

	mu       sync.Mutex
	pid      int // 0 while it does not run
	since    time.Time
	restarts int
	last     string // how it ended the last time
	stopping bool
}

// settled is how long a program must run for its next crash to be treated as its first.
const settled = 30 * time.Second

func (c *child) logFile() string { return filepath.Join(c.dir, "log", c.name+".log") }

// start begins to keep the program running, and returns at once.
func (c *child) start() {
	ctx, stop := context.WithCancel(context.Background())
	c.stop, c.done = stop, make(chan struct{})
	go func() {
		defer close(c.done)
		c.keep(ctx)
	}()
}

// keep runs the program until the context ends.
//
// The goroutine has its thread for itself. The kernel kills a child when the thread that made it ends (Pdeathsig), not when the process
// does; a thread that Go shares among goroutines may end at any time.
func (c *child) keep(ctx context.Context) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	first, longest := c.firstPause, c.longestPause
	if first == 0 {
		first, longest = 250*time.Millisecond, 30*time.Second
	}
	for pause := first; ctx.Err() == nil; {
		started := c.now()
		err := c.once()
		if ctx.Err() != nil {
			return
		}
		if c.now().Sub(started) > settled {
			pause = first
		}
		c.log.WarnContext(ctx, "a component of the local cluster has ended", slog.String("component", c.name), slog.String("error", err.Error()),
			slog.String("last_words", c.lastWords()), slog.Duration("restart_in", pause))
		c.ended(err)
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		pause = min(2*pause, longest)
	}
}

func (c *child) ended(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.restarts++
	c.last = err.Error()
}

// once runs the program to its end. The error is never nil: these programs are not meant to end.
func (c *child) once() error {
	out, err := openLog(c.logFile())
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }()     // the child has its own handle
	cmd := exec.Command(c.path, c.args...) //nolint:gosec,noctx // programs of our own choice; ended by terminate, not by a context
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.dir, out, out
	// Nothing of our environment: it may hold secrets, and a proxy that kube-apiserver would call our webhook through.
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.dir, "TMPDIR=" + os.TempDir()}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := c.launch(cmd); err != nil {
		return err
	}
	err = cmd.Wait()
	c.mu.Lock()
	_ = syscall.Kill(-c.pid, syscall.SIGKILL) // what it may have started; ESRCH is the rule
	c.pid = 0
	c.mu.Unlock()
	if err == nil {
		err = errors.New("exit status 0")
	}
	return err
}

// launch starts the program, unless the child is being stopped: then nobody would end it.
func (c *child) launch(cmd *exec.Cmd) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopping {
		return errors.New("stopped")
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", c.name, err)
	}
	c.pid, c.since = cmd.Process.Pid, c.now()
	return nil
}

// terminate asks the program to end, kills it with all that it has started when it has not after the grace or when the context is done,
// and waits.
func (c *child) terminate(ctx context.Context, grace time.Duration) {
	if c.stop == nil {
		return // never started
	}
	c.stop()
	c.mu.Lock()
	c.stopping = true
	c.mu.Unlock()
	c.signal(syscall.SIGTERM)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-c.done:
		return
	case <-timer.C:
	case <-ctx.Done():
	}
	c.log.WarnContext(ctx, "a component of the local cluster does not stop and is killed", slog.String("component", c.name))
	c.signal(syscall.SIGKILL)
	<-c.done
}

func (c *child) signal(s syscall.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pid != 0 {
		_ = syscall.Kill(-c.pid, s) // it may have ended just now
	}
}

// Component is how one program of a plane is doing.
type Component struct {
	Name      string
	PID       int       // 0 while it does not run
	Since     time.Time // when it was started the last time
	Restarts  int
	LastError string // how it ended the last time; empty when it never has
}

func (c *child) status() Component {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Component{Name: c.name, PID: c.pid, Since: c.since, Restarts: c.restarts, LastError: c.last}
}

// A log is put aside when it has grown to this size by the time the program starts. The components say little when all is well.
const logLimit = 8 << 20

func openLog(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > logLimit {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600) //nolint:gosec // a name of ours in the directory of the plane
}

// lastWords are the last lines of the log, for a person who must know why a program has ended.
func (c *child) lastWords() string {
	f, err := os.Open(c.logFile())
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }() // opened for reading: nothing can be lost
	const most = 1200
	if info, err := f.Stat(); err == nil && info.Size() > most {
		if _, err := f.Seek(-most, io.SeekEnd); err != nil {
			return ""
		}
	}
	text, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-3):], "\n")
}
