package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
)

// Directory shows the records (internal/directory).
type Directory interface {
	// Accounts lists all accounts.
	Accounts() []*pratique.Snapshot
	// Account finds an account by its id.
	Account(id string) (*pratique.Snapshot, bool)
	// Changed returns a channel that is closed when the account has a newer snapshot.
	Changed(id string) <-chan struct{}
}

// Runner carries out the jobs of one server. Set the exported fields before use and do not copy it afterwards; it is safe for concurrent use.
type Runner struct {
	Gate      *access.Gate
	Directory Directory
	Log       *slog.Logger // nil: nobody reads it
	Now       func() time.Time
	Server    string // id of this process, another one after every start
	Alone     bool   // no other server writes to the store: what runs by its record when Run begins, runs nowhere

	mu      sync.Mutex
	ended   bool
	running map[string]*run // by id of the job
	wg      sync.WaitGroup
	pace    pace
}

// pace is how often things happen. The zero value is that of a server; tests are in a hurry.
type pace struct {
	fold time.Duration // between two writes of progress
	beat time.Duration // between two signs of life
}

// The times of a server. Three signs of life may get lost before a job counts as orphaned.
const (
	foldFor    = time.Second
	beatEvery  = 20 * time.Second
	silentFor  = time.Minute
	sweepEvery = 20 * time.Second
	writeFor   = 10 * time.Second // one write of a record
	longest    = time.Hour        // of a job that names no time
)

// Spec says what a job is.
type Spec struct {
	ID        string            // of the record, where something refers to it already; empty: a new one
	Operation string            // of the catalogue: "release.create"
	Title     string            // a sentence: "install release web of cluster dev"
	Cluster   *pratique.Cluster // that it is about; nil: none
	Who       pratique.Principal
	Source    string        // network address
	Request   string        // id of the HTTP request
	Timeout   time.Duration // zero: an hour
}

// Work is what a job does. It ends soon after its context, which ends when the job is cancelled, its time is over or the server stops; a nil
// error means that it is done nevertheless. The result is kept whether there is an error or not.
type Work func(ctx context.Context, p *Progress) (result map[string]string, err error)

// The reasons for which a job's context ends, beside a person who cancels it.
var (
	errStopping = errors.New("the server was stopped")
	errLate     = errors.New("the time is over")
	errLost     = errors.New("another server has ended the record")
)

// cancelledError is a person who has had enough.
type cancelledError struct{ by string }

func (e *cancelledError) Error() string { return "cancelled by " + e.by }

// Start records a job and begins it in the background; the record that it returns is in the directory. The context bounds the recording and
// lends the job its values, but not its end.
//
// Nothing is decided here: decide on the operation first. The error is that of the Gate, or a pratique.ErrUnavailable when the server is
// stopping; then nothing has begun.
func (r *Runner) Start(ctx context.Context, spec Spec, work func(ctx context.Context, p *Progress) (map[string]string, error)) (*pratique.Job, error) {
	id := spec.ID
	if id == "" {
		id = pratique.At(r.Now()).NewID(pratique.KindJob)
	}
	j := spec.record(id, r.Server)
	o := r.newRun(ctx, &spec, j)
	if !r.take(o) {
		o.cancel(errStopping)
		return nil, &pratique.Error{Kind: pratique.ErrUnavailable, Message: "the server is stopping", Hint: "try again in a moment"}
	}
	result, err := r.Gate.Apply(ctx, access.Intent{
		Who: spec.Who, Event: audit.JobStarted, Source: spec.Source, Request: spec.Request,
		Detail: j.Title + " (" + j.ID + ")", Changes: []pratique.Change{pratique.PutJob{Job: j}},
	})
	if err != nil {
		o.cancel(err)
		r.leave(o)
		return nil, fmt.Errorf("record the job: %w", err)
	}
	kept, ok := result.Snapshot.Jobs.ID(j.ID)
	if !ok { // a directory that forgets what it has just taken would be a fault of ours; the job itself need not suffer from it
		kept = &j
	}
	go func() { //nolint:contextcheck // the job has a life of its own, made of this context in newRun
		defer r.leave(o)
		o.carryOut(work)
	}()
	return kept, nil
}

func (s *Spec) record(id, server string) pratique.Job {
	j := pratique.Job{
		Meta: pratique.Meta{ID: id, Name: id}, Operation: s.Operation, Title: s.Title, State: pratique.JobRunning, Server: server,
		By: access.PrincipalRef(s.Who), ByName: s.Who.Name,
	}
	if c := s.Cluster; c != nil {
		j.Cluster, j.ClusterName = c.ID, c.Name
		j.Place = pratique.JobPlace{Project: c.Project, EnterpriseProject: c.EnterpriseProject, ClusterType: c.Type}
	}
	return j
}

// take makes the run one of ours, unless the server is stopping. It is called before the record exists: a sweep must not see the one without
// the other.
func (r *Runner) take(o *run) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return false
	}
	if r.running == nil {
		r.running = map[string]*run{}
	}
	r.running[o.job.ID] = o
	r.wg.Add(1)
	return true
}

func (r *Runner) leave(o *run) {
	r.mu.Lock()
	delete(r.running, o.job.ID)
	r.mu.Unlock()
	r.wg.Done()
}

func (r *Runner) mine(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.running[id]
	return ok
}

// Run ends the records of jobs that nobody carries out, now and then, until the context ends. Then it stops what runs here and returns when
// all of it is written down. The error is always nil.
func (r *Runner) Run(ctx context.Context) error {
	silent := silentFor
	if r.Alone {
		silent = 0
	}
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		r.sweep(ctx, r.Now().Add(-silent))
		silent = silentFor
		select {
		case <-ctx.Done():
			r.stop()
			return nil
		case <-tick.C:
		}
	}
}

func (r *Runner) stop() {
	r.mu.Lock()
	r.ended = true
	for _, o := range r.running {
		o.cancel(errStopping)
	}
	r.mu.Unlock()
	r.wg.Wait()
}

// sweep interrupts the jobs of others that were last written at a time or before.
func (r *Runner) sweep(ctx context.Context, silent time.Time) {
	for _, s := range r.Directory.Accounts() {
		var orphans []string
		for j := range s.Jobs.All() {
			if !j.State.Ended() && !j.Updated.Time().After(silent) && !r.mine(j.ID) {
				orphans = append(orphans, j.ID)
			}
		}
		const batch = 50 // fits a transaction
		if len(orphans) == 0 {
			continue
		}
		orphans = orphans[:min(len(orphans), batch)]
		_, err := r.Gate.Apply(ctx, access.Intent{
			Who: server(s.Account.ID), Event: audit.JobEnded, Detail: "interrupted: their server has ended",
			Changes: []pratique.Change{pratique.InterruptJobs{IDs: orphans, Silent: silent}},
		})
		if err != nil && ctx.Err() == nil {
			r.log().WarnContext(ctx, "jobs whose server has ended still look as if they ran", "account", s.Account.Name, "error", err.Error())
		}
	}
}

// server is who writes down what becomes of a job: nobody's session lasts as long as the work may.
func server(account string) pratique.Principal {
	return pratique.Principal{Account: account, Type: pratique.PrincipalRoot, ID: pratique.RootID, Name: "server"}
}

func (r *Runner) log() *slog.Logger {
	if r.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return r.Log
}
