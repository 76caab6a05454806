package job_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/directory"
	"github.com/pratique-iam/pratique/internal/etcd"
	"github.com/pratique-iam/pratique/internal/job"
)

// One real store serves all tests of the binary; each world has a prefix of its own.
var (
	store *etcd.Server
	rules *pratique.Rules
	runs  atomic.Int64
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	c, err := catalog.Load()
	if err != nil {
		return 1, err
	}
	rules = pratique.NewRules(c)
	dir, err := os.MkdirTemp("", "job")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if store, err = etcd.Start(context.Background(), etcd.Config{Dir: dir, UnsafeNoFsync: true, MinFree: 1}); err != nil {
		return 1, err
	}
	code := m.Run()
	return code, store.Close()
}

const account = "1000000000000001"

// world is a directory with one account and a clock that stands still unless a test moves it.
type world struct {
	*testing.T
	prefix string
	dir    *directory.Directory
	gate   *access.Gate

	mu  sync.Mutex
	now time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, prefix: fmt.Sprintf("/test/%d", runs.Add(1)), now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	w.dir = w.open()
	w.gate = &access.Gate{Decider: &access.Decider{Rules: rules}, Store: gateStore{w.dir}, Now: w.clock}
	bootstrap := pratique.Session{Meta: pratique.Meta{ID: "ses-1", Name: "ses-1"}, Expires: w.now.Add(time.Hour)}
	s, plan, err := pratique.Found(rules, pratique.Account{Meta: pratique.Meta{ID: account, Name: "acme"}}, pratique.At(w.now), bootstrap)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.dir.CreateAccount(t.Context(), s, plan, access.NewRecord(audit.AccountCreated, root(), w.now)); err != nil {
		t.Fatal(err)
	}
	return w
}

// open is the directory as another server sees it.
func (w *world) open() *directory.Directory {
	w.Helper()
	d, err := directory.Open(w.Context(), directory.Config{
		Client: store.Client, Prefix: w.prefix, Rules: rules, Now: time.Now, Log: slog.New(slog.NewTextHandler(w.Output(), nil)),
	})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(d.Close)
	return d
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) later(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

type gateStore struct{ *directory.Directory }

func (s gateStore) Update(ctx context.Context, account string, f access.Write) (*pratique.Snapshot, error) {
	return s.Directory.Update(ctx, account, func(now *pratique.Snapshot) (directory.Commit, error) {
		next, writes, records, err := f(now)
		return directory.Commit{Next: next, Writes: writes, Records: records}, err
	})
}

func root() pratique.Principal {
	return pratique.Principal{Account: account, Type: pratique.PrincipalRoot, ID: pratique.RootID, Name: pratique.RootID}
}

// runner is a server's, which nothing runs yet. It writes no log: nobody stops those of tests that only start something, and they would write into tests that are over.
func (w *world) runner(server string) *job.Runner {
	return &job.Runner{Gate: w.gate, Directory: w.dir, Log: slog.New(slog.DiscardHandler), Now: w.clock, Server: server}
}

// runs starts a runner, and gives what stops it and waits.
func (w *world) runs(r *job.Runner) (stop func()) {
	ctx, cancel := context.WithCancel(w.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := r.Run(ctx); err != nil {
			w.Error(err)
		}
	}()
	stop = func() { cancel(); <-ended }
	w.Cleanup(stop)
	return stop
}

func (w *world) start(r *job.Runner, work job.Work) *pratique.Job {
	w.Helper()
	j, err := r.Start(w.Context(), job.Spec{Operation: "cluster.create", Title: "create cluster dev", Who: root()}, work)
	if err != nil {
		w.Fatal(err)
	}
	return j
}

func (w *world) job(id string) *pratique.Job {
	w.Helper()
	s, _ := w.dir.Account(account)
	j, ok := s.Jobs.ID(id)
	if !ok {
		w.Fatalf("job %s has no record", id)
	}
	return j
}

// until waits for the record of a job to be as a test wants it.
func (w *world) until(id string, what string, is func(*pratique.Job) bool) *pratique.Job {
	w.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	for {
		changed := w.dir.Changed(account)
		j := w.job(id)
		if is(j) {
			return j
		}
		select {
		case <-changed:
		case <-deadline.C:
			w.Fatalf("the job is not %s: %+v", what, j)
		}
	}
}

func (w *world) ended(id string) *pratique.Job {
	w.Helper()
	return w.until(id, "ended", func(j *pratique.Job) bool { return j.State.Ended() })
}

// events are those of the trail, oldest first.
func (w *world) events() []string {
	w.Helper()
	records, err := w.dir.Audit(w.Context(), account, 1<<40, 100)
	if err != nil {
		w.Fatal(err)
	}
	var out []string
	for _, r := range slices.Backward(records) {
		out = append(out, string(r.Event)+" "+r.Actor.Name)
	}
	return out
}
