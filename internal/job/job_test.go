package job_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/job"
)

func TestAJobLeavesARecordOfItsBeginningItsWayAndItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.runner("one")
	cluster := &pratique.Cluster{Meta: pratique.Meta{ID: "c-1", Name: "dev"}, Type: "cce-standard", Project: "prj-1", EnterpriseProject: "ep-1"}
	goOn := make(chan struct{})
	begun, err := r.Start(t.Context(), job.Spec{
		Operation: "cluster.create", Title: "create cluster dev", Cluster: cluster, Who: root(), Source: "10.0.0.1", Request: "req-1",
	}, func(ctx context.Context, p *job.Progress) (map[string]string, error) {
		<-goOn
		p.Say(ctx, "step %d", 1)
		p.Say(ctx, "step %d", 1)
		p.Say(ctx, "step %d", 2)
		p.Count(ctx, 2, 3)
		return map[string]string{"version": "v1"}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if begun.State != pratique.JobRunning || begun.ID == "" || begun.Server != "one" || begun.ByName != "root" || begun.Created.IsZero() {
		t.Errorf("begun: %+v", begun)
	}
	close(goOn)
	j := w.ended(begun.ID)
	var lines []string
	for _, l := range j.Progress {
		lines = append(lines, l.Text)
	}
	if diff := cmp.Diff([]string{"step 1", "step 2"}, lines); diff != "" {
		t.Error(diff)
	}
	if j.State != pratique.JobSucceeded || j.Done != 2 || j.Total != 3 || j.Result["version"] != "v1" || j.Finished.IsZero() {
		t.Errorf("ended: %+v", j)
	}
	if want := (pratique.JobPlace{Project: "prj-1", EnterpriseProject: "ep-1", ClusterType: "cce-standard"}); j.Place != want || j.ClusterName != "dev" {
		t.Errorf("place: %+v", j)
	}
	if diff := cmp.Diff([]string{"account.created root", "job.started root", "job.ended server"}, w.events()); diff != "" {
		t.Error(diff)
	}
}

func TestAFailureKeepsItsSentenceAndItsHint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.runner("one")
	for name, c := range map[string]struct {
		err         error
		error, hint string
	}{
		"own":    {fmt.Errorf("install: %w", &pratique.Error{Kind: pratique.ErrConflict, Message: "the name is taken", Hint: "choose another"}), "the name is taken", "choose another"},
		"other":  {errors.New("no route to host"), "no route to host", ""},
		"denied": {&access.DeniedError{Who: root(), Check: audit.Check{Action: "cce:release:create", Reason: "nothing allows it"}}, "root may not do cce:release:create: nothing allows it", ""},
	} {
		t.Run(name, func(t *testing.T) {
			j := w.ended(w.start(r, func(context.Context, *job.Progress) (map[string]string, error) { return nil, c.err }).ID)
			if j.State != pratique.JobFailed || !strings.HasSuffix(j.Error, c.error) || j.Hint != c.hint {
				t.Errorf("%s: %q, %q", j.State, j.Error, j.Hint)
			}
		})
	}
}

func TestAPanicFailsItsJobAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j := w.ended(w.start(w.runner("one"), func(context.Context, *job.Progress) (map[string]string, error) {
		var nothing *pratique.Job
		return nothing.Result, nil
	}).ID)
	if j.State != pratique.JobFailed || j.Error != "something went wrong inside the server" {
		t.Errorf("%s: %s", j.State, j.Error)
	}
}

func TestProgressIsFolded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.runner("one")
	r.Pace(time.Minute, time.Hour)
	before, _ := w.dir.Account(account)
	id := w.start(r, func(ctx context.Context, p *job.Progress) (map[string]string, error) {
		for i := range 500 {
			p.Say(ctx, "line %d", i)
			p.Count(ctx, i, 500)
		}
		return nil, nil
	}).ID
	j := w.ended(id)
	after, _ := w.dir.Account(account)
	if n := after.Generation - before.Generation; n != 2 {
		t.Errorf("%d commits, want one for the beginning and one for the end", n)
	}
	if n := len(j.Progress); n != pratique.MaxJobLines || j.Progress[n-1].Text != "line 499" {
		t.Errorf("%d lines, the last %q", n, j.Progress[n-1].Text)
	}
}

func TestProgressIsSeenBeforeTheEndAndLeavesNoRecordsInTheTrail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.runner("one")
	r.Pace(time.Millisecond, time.Hour)
	goOn := make(chan struct{})
	id := w.start(r, func(ctx context.Context, p *job.Progress) (map[string]string, error) {
		p.Say(ctx, "half way")
		<-goOn
		return nil, nil
	}).ID
	w.until(id, "half way", func(j *pratique.Job) bool { return len(j.Progress) == 1 && j.State == pratique.JobRunning })
	close(goOn)
	w.ended(id)
	if diff := cmp.Diff([]string{"account.created root", "job.started root", "job.ended server"}, w.events()); diff != "" {
		t.Error(diff)
	}
}

func waits(ctx context.Context, _ *job.Progress) (map[string]string, error) {
	<-ctx.Done()
	return map[string]string{"left": "half"}, ctx.Err()
}

func TestAJobThatIsCancelledStopsOnWhicheverServerItRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.start(w.runner("one"), waits).ID
	// The other server has a directory of its own and knows nothing of the runner.
	other := &access.Gate{Decider: w.gate.Decider, Store: gateStore{w.open()}, Now: w.clock}
	_, err := other.Apply(t.Context(), access.Intent{Who: root(), Event: audit.JobChanged, Changes: []pratique.Change{pratique.CancelJob{ID: id, By: "mei"}}})
	if err != nil {
		t.Fatal(err)
	}
	j := w.ended(id)
	if j.State != pratique.JobCancelled || j.Error != "cancelled by mei" || j.Result["left"] != "half" {
		t.Errorf("%s: %s %v", j.State, j.Error, j.Result)
	}
}

func TestAJobEndsWithItsTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	begun, err := w.runner("one").Start(t.Context(), job.Spec{Title: "wait", Who: root(), Timeout: time.Millisecond},
		func(ctx context.Context, _ *job.Progress) (map[string]string, error) {
			<-ctx.Done()
			return nil, &pratique.Error{Kind: pratique.ErrUnavailable, Message: "cluster dev is starting", Hint: "wait"}
		})
	if err != nil {
		t.Fatal(err)
	}
	if j := w.ended(begun.ID); j.State != pratique.JobFailed || j.Error != "it was not done within 1ms: cluster dev is starting" || j.Hint != "wait" {
		t.Errorf("%s: %s; %s", j.State, j.Error, j.Hint)
	}
}

func TestAJobOutlivesTheRequestThatStartedIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request, ends := context.WithCancel(t.Context())
	goOn := make(chan struct{})
	begun, err := w.runner("one").Start(request, job.Spec{Title: "wait", Who: root()}, func(ctx context.Context, _ *job.Progress) (map[string]string, error) {
		<-goOn
		return nil, ctx.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	ends()
	close(goOn)
	if j := w.ended(begun.ID); j.State != pratique.JobSucceeded {
		t.Errorf("%s: %s", j.State, j.Error)
	}
}

func TestAServerThatStopsInterruptsItsJobsAndWaitsForTheirRecords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.runner("one")
	stop := w.runs(r)
	id := w.start(r, waits).ID
	stop()
	if j := w.job(id); j.State != pratique.JobInterrupted || j.Error != "the server was stopped before it was done" || j.Hint == "" {
		t.Errorf("%s: %s", j.State, j.Error)
	}
	if _, err := r.Start(t.Context(), job.Spec{Title: "late", Who: root()}, waits); !errors.Is(err, pratique.ErrUnavailable) {
		t.Errorf("a job of a server that has stopped: %v", err)
	}
}

// dead writes the record of a job whose server was killed.
func (w *world) dead() string {
	w.Helper()
	j := pratique.Job{Meta: pratique.Meta{ID: "job-dead", Name: "job-dead"}, Title: "create cluster dev", State: pratique.JobRunning, Server: "killed"}
	_, err := w.gate.Apply(w.Context(), access.Intent{Who: root(), Event: audit.JobStarted, Changes: []pratique.Change{pratique.PutJob{Job: j}}})
	if err != nil {
		w.Fatal(err)
	}
	return j.ID
}

func TestAServerThatIsAloneInterruptsWhatRanBeforeIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.dead()
	r := w.runner("two")
	r.Alone = true
	own := w.start(r, waits).ID
	stop := w.runs(r)
	if j := w.ended(id); j.State != pratique.JobInterrupted || !strings.Contains(j.Error, "ended before it was done") {
		t.Errorf("%s: %s", j.State, j.Error)
	}
	if j := w.job(own); j.State != pratique.JobRunning {
		t.Errorf("its own job is %s", j.State)
	}
	stop()
}

func TestOneOfSeveralServersInterruptsOnlyWhatIsSilentForAMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.dead()
	w.later(59 * time.Second)
	w.runs(w.runner("two"))()
	if j := w.job(id); j.State != pratique.JobRunning {
		t.Errorf("after 59 s the job is %s", j.State)
	}
	w.later(2 * time.Second)
	w.runs(w.runner("three"))
	if j := w.ended(id); j.State != pratique.JobInterrupted {
		t.Errorf("after 61 s the job is %s", j.State)
	}
}

func TestSignsOfLifeKeepAJobOthersWouldTakeForDead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.runner("one")
	r.Pace(time.Hour, time.Millisecond)
	id := w.start(r, waits).ID
	began := w.job(id).Updated
	w.later(2 * time.Minute)
	w.until(id, "alive", func(j *pratique.Job) bool { return j.Updated > began })
	w.runs(w.runner("two"))()
	if j := w.job(id); j.State != pratique.JobRunning {
		t.Errorf("the job is %s", j.State)
	}
	w.runs(r)()
}

func TestAServerThatWasTakenForDeadStopsItsWorkAndLeavesTheRecordAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stopped := make(chan struct{})
	id := w.start(w.runner("slow"), func(ctx context.Context, _ *job.Progress) (map[string]string, error) {
		<-ctx.Done()
		close(stopped)
		return map[string]string{"late": "yes"}, nil
	}).ID
	w.later(2 * time.Minute)
	w.runs(w.runner("two"))
	w.ended(id)
	<-stopped
	if j := w.job(id); j.State != pratique.JobInterrupted || j.Result != nil {
		t.Errorf("%s: %v", j.State, j.Result)
	}
}

func TestAQuietChangeMayNotNeedAnOperation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.dead()
	_, err := w.gate.Apply(t.Context(), access.Intent{Who: root(), Quiet: true, Changes: []pratique.Change{pratique.CancelJob{ID: id, By: "mei"}}})
	if err == nil || w.job(id).Cancel != "" {
		t.Errorf("cancelled without a record: %v", err)
	}
}
