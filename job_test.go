package pratique_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/pratique-iam/pratique"
)

// change applies one change.
func change(t *testing.T, s *pratique.Snapshot, at time.Time, c pratique.Change) (*pratique.Snapshot, *pratique.Plan) {
	t.Helper()
	next, plan, err := s.With(pratique.At(at), c)
	if err != nil {
		t.Fatal(err)
	}
	return next, plan
}

func running(id string) pratique.PutJob {
	return pratique.PutJob{Job: pratique.Job{
		Meta: pratique.Meta{ID: id}, State: pratique.JobRunning, Cluster: "c-1", Place: pratique.JobPlace{Project: "prj-1", ClusterType: "cce-standard"},
	}}
}

func endedAs(id string, state pratique.JobState) pratique.PutJob {
	put := running(id)
	put.Job.State = state
	return put
}

func TestTheEndOfAJobIsFinal(t *testing.T) {
	t.Parallel()
	s, _ := change(t, newAccount(t), noon, running("job-1"))
	s, plan := change(t, s, noon, endedAs("job-1", pratique.JobSucceeded))
	if len(plan.Needs) != 0 {
		t.Errorf("the server's own record needs %+v", plan.Needs)
	}
	for _, c := range []pratique.Change{running("job-1"), endedAs("job-1", pratique.JobFailed), pratique.CancelJob{ID: "job-1", By: "mei"}} {
		refuse(t, s, pratique.ErrConflict, "job job-1 has ended already, as succeeded", c)
	}
	next, plan := change(t, s, noon.Add(time.Hour), pratique.InterruptJobs{IDs: []string{"job-1", "job-2"}, Silent: noon.Add(time.Hour)})
	if j, _ := next.Jobs.ID("job-1"); j.State != pratique.JobSucceeded || len(plan.Writes) != 0 {
		t.Errorf("%s, %d writes", j.State, len(plan.Writes))
	}
}

func TestCancellingAJobIsDecidedWhereItsClusterWas(t *testing.T) {
	t.Parallel()
	s, _ := change(t, newAccount(t), noon, running("job-1"))
	s, plan := change(t, s, noon.Add(time.Second), pratique.CancelJob{ID: "job-1", By: "mei"})
	if n := plan.Needs; len(n) != 1 || n[0].Operation != "job.delete" || n[0].Project != "prj-1" || n[0].ClusterType != "cce-standard" || n[0].Vars["cluster"] != "c-1" {
		t.Errorf("needs %+v", n)
	}
	j, _ := s.Jobs.ID("job-1")
	if j.Cancel != "mei" || j.State != pratique.JobRunning || !j.Updated.Time().Equal(noon) {
		t.Errorf("cancelled: %+v", j)
	}
	// The server that carries it out writes on without having seen the wish.
	s, _ = change(t, s, noon.Add(time.Second), running("job-1"))
	if j, _ = s.Jobs.ID("job-1"); j.Cancel != "mei" {
		t.Error("the wish is lost")
	}
	refuse(t, s, pratique.ErrConflict, "still running", pratique.DropJob{ID: "job-1"})
	refuse(t, s, pratique.ErrNotFound, "job-9", pratique.CancelJob{ID: "job-9", By: "mei"})
}

func TestOnlySilentJobsAreInterrupted(t *testing.T) {
	t.Parallel()
	s, _ := change(t, newAccount(t), noon, running("job-silent"))
	s, _ = change(t, s, noon.Add(time.Minute), running("job-loud"))
	s, _ = change(t, s, noon.Add(time.Minute), pratique.InterruptJobs{IDs: []string{"job-silent", "job-loud"}, Silent: noon.Add(time.Second)})
	for id, want := range map[string]pratique.JobState{"job-silent": pratique.JobInterrupted, "job-loud": pratique.JobRunning} {
		if j, _ := s.Jobs.ID(id); j.State != want {
			t.Errorf("%s is %s", id, j.State)
		}
	}
}

func TestTheOldestEndedJobsMakeRoomAndRunningOnesStay(t *testing.T) {
	t.Parallel()
	s, _ := change(t, newAccount(t), noon, running("job-old"))
	for i := range pratique.MaxJobs + 5 {
		s, _ = change(t, s, noon.Add(time.Duration(i)*time.Second), endedAs(fmt.Sprintf("job-%04d", i), pratique.JobSucceeded))
	}
	_, first := s.Jobs.ID("job-0000")
	_, old := s.Jobs.ID("job-old")
	if s.Jobs.Len() != pratique.MaxJobs || first || !old {
		t.Errorf("%d jobs; the oldest ended one is there: %v; the running one: %v", s.Jobs.Len(), first, old)
	}
}
