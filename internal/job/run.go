package job

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
)

// run is a job that is carried out here.
type run struct {
	runner   *Runner
	account  string
	timeout  time.Duration
	progress *Progress
	life     context.Context //nolint:containedctx // of the job; it ends with cancel
	cancel   context.CancelCauseFunc

	job  pratique.Job // of the goroutine that keeps the record alone
	lost bool         // the record was ended by somebody else
}

// outcome is how work ended.
type outcome struct {
	result map[string]string
	err    error
	cause  error // why its context had ended, if it had
}

func (r *Runner) newRun(ctx context.Context, spec *Spec, j pratique.Job) *run {
	o := &run{runner: r, account: spec.Who.Account, timeout: spec.Timeout, job: j}
	if o.timeout <= 0 {
		o.timeout = longest
	}
	o.progress = &Progress{log: r.log().With("job", j.ID), now: r.Now, news: make(chan struct{}, 1)}
	o.life, o.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	return o
}

// carryOut does the work and keeps its record meanwhile.
func (o *run) carryOut(work Work) {
	defer o.cancel(nil)
	done := make(chan outcome, 1)
	go func() { done <- o.do(work) }()
	beat := time.NewTicker(orElse(o.runner.pace.beat, beatEvery))
	defer beat.Stop()
	var due <-chan time.Time
	for {
		changed := o.runner.Directory.Changed(o.account)
		o.heed()
		select {
		case out := <-done:
			o.end(out)
			return
		case <-o.progress.news:
			if due == nil { // what comes until then is in the same write
				due = time.After(orElse(o.runner.pace.fold, foldFor))
			}
		case <-due:
			due = nil
			o.sign()
		case <-beat.C:
			o.sign()
		case <-changed:
		}
	}
}

// do runs the work. Its panic is its own failure, and not that of the server.
func (o *run) do(work Work) (out outcome) {
	ctx, stop := context.WithTimeoutCause(o.life, o.timeout, errLate)
	defer stop()
	defer func() {
		if p := recover(); p != nil {
			o.runner.log().ErrorContext(ctx, "job panicked", "job", o.job.ID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			out = outcome{err: &pratique.Error{
				Kind: pratique.ErrUnavailable, Message: "something went wrong inside the server", Hint: "its log has the details",
			}}
		}
	}()
	result, err := work(ctx, o.progress)
	return outcome{result, err, context.Cause(ctx)}
}

// heed looks at what others wrote into the record: that somebody has cancelled the job, or that a server took us for dead.
func (o *run) heed() {
	s, ok := o.runner.Directory.Account(o.account)
	if !ok {
		return
	}
	now, ok := s.Jobs.ID(o.job.ID)
	switch {
	case !ok: // an older snapshot, of a directory that is loading anew
	case now.State.Ended():
		o.lose()
	case now.Cancel != "":
		o.cancel(&cancelledError{now.Cancel})
	}
}

func (o *run) lose() {
	o.lost = true
	o.cancel(errLost)
}

// sign writes how the job stands, without a record in the trail: its beginning has one, and so will its end.
func (o *run) sign() {
	if o.lost {
		return
	}
	o.progress.onto(&o.job)
	if err := o.write(access.Intent{Quiet: true}); err != nil && !o.lost {
		o.runner.log().WarnContext(o.life, "the progress of a job was not written; the next attempt may do better", "job", o.job.ID, "error", err.Error())
	}
}

func (o *run) write(in access.Intent) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(o.life), writeFor)
	defer cancel()
	in.Who, in.Changes = server(o.account), []pratique.Change{pratique.PutJob{Job: o.job}}
	_, err := o.runner.Gate.Apply(ctx, in)
	if errors.Is(err, pratique.ErrConflict) {
		o.lose()
	}
	return err
}

// The end is written again and again, until others would take the job for orphaned; when the server stops, a few times.
const (
	endAttempts  = 30
	lastAttempts = 3
	endPause     = 2 * time.Second
)

// end writes what came of the job.
func (o *run) end(out outcome) {
	logger := o.runner.log()
	o.progress.onto(&o.job)
	o.conclude(out)
	for attempt := 1; !o.lost; attempt++ {
		err := o.write(access.Intent{Event: audit.JobEnded, Detail: fmt.Sprintf("%s (%s): %s", o.job.Title, o.job.ID, o.job.State)})
		if err == nil {
			logger.InfoContext(o.life, "job", "id", o.job.ID, "title", o.job.Title, "state", string(o.job.State), "error", o.job.Error)
			return
		}
		stopping := errors.Is(context.Cause(o.life), errStopping)
		if o.lost || attempt == endAttempts || stopping && attempt >= lastAttempts {
			logger.ErrorContext(o.life, "the end of a job was not written; it will look interrupted", "id", o.job.ID, "state", string(o.job.State), "error", err.Error())
			return
		}
		time.Sleep(endPause)
	}
	logger.WarnContext(o.life, "a job was ended by another server while it ran here", "id", o.job.ID)
}

// conclude puts the outcome into the record.
func (o *run) conclude(out outcome) {
	j := &o.job
	j.Finished, j.Result = o.runner.Now().UTC().Truncate(time.Millisecond), out.result
	if out.err == nil {
		j.State = pratique.JobSucceeded
		return
	}
	j.State = pratique.JobFailed
	j.Error, j.Hint = sentence(out.err)
	cancelled, byPerson := errors.AsType[*cancelledError](out.cause)
	switch {
	case byPerson:
		j.State, j.Error, j.Hint = pratique.JobCancelled, because(cancelled.Error(), j.Error, out.err), ""
	case errors.Is(out.cause, errStopping):
		j.State, j.Error = pratique.JobInterrupted, because("the server was stopped before it was done", j.Error, out.err)
		j.Hint = "look at what there is, and start it again"
	case errors.Is(out.cause, errLate):
		j.Error = because("it was not done within "+o.timeout.String(), j.Error, out.err)
	}
}

// because adds what the work said on its end, unless that is only that its context ended.
func because(reason, said string, err error) string {
	if bare := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded); bare || said == "" || said == reason {
		return reason
	}
	return clip(reason + ": " + said)
}

// sentence takes an error apart for the record.
func sentence(err error) (message, hint string) {
	if own, ok := errors.AsType[*pratique.Error](err); ok {
		return clip(own.Message), clip(own.Hint)
	}
	return clip(err.Error()), ""
}

func orElse(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}
