package pratique

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Job is a long operation and what came of it. Its name is its id.
type Job struct {
	Meta
	Operation   string            `json:"operation"`         // id of the catalogue: "release.create"
	Title       string            `json:"title"`             // a sentence: "install release web of cluster dev"
	Cluster     string            `json:"cluster,omitempty"` // id; it may be gone by now
	ClusterName string            `json:"clusterName,omitempty"`
	Place       JobPlace          `json:"place,omitzero"`
	By          Ref               `json:"by"`
	ByName      string            `json:"byName"`
	State       JobState          `json:"state"`
	Done        int               `json:"done,omitzero"`  // of Total; both zero where there is nothing to count
	Total       int               `json:"total,omitzero"` //
	Progress    []JobLine         `json:"progress,omitempty"`
	Error       string            `json:"error,omitempty"`
	Hint        string            `json:"hint,omitempty"`
	Result      map[string]string `json:"result,omitempty"`
	Finished    time.Time         `json:"finished,omitzero"`
	Server      string            `json:"server,omitempty"` // that runs it; a job whose server is gone is interrupted
	Cancel      string            `json:"cancel,omitempty"` // name of whoever wants it to end; it does as soon as it can
}

func (*Job) kind() Kind { return KindJob }

// JobPlace is where permissions on a job are decided: that of its cluster when it began.
type JobPlace struct {
	Project           string `json:"project,omitempty"`
	EnterpriseProject string `json:"enterpriseProject,omitempty"`
	ClusterType       string `json:"clusterType,omitempty"`
}

// JobState says how a job stands.
type JobState string

// The states of a job.
const (
	JobRunning     JobState = "running"
	JobSucceeded   JobState = "succeeded"
	JobFailed      JobState = "failed"
	JobCancelled   JobState = "cancelled"
	JobInterrupted JobState = "interrupted" // its server ended before it did
)

// Ended reports whether nothing more happens.
func (s JobState) Ended() bool { return s != JobRunning }

// JobLine is something that happened.
type JobLine struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// Limits of jobs: what a record may hold, and how many an account keeps of those that have ended.
const (
	MaxJobLines = 100
	MaxJobs     = 500
)

// Need is an operation on the job.
func (j *Job) Need(operation string) Need {
	return Need{
		Operation: operation, Vars: map[string]string{"cluster": j.Cluster, "name": j.ID, "id": j.ID},
		Project: j.Place.Project, EnterpriseProject: j.Place.EnterpriseProject, ClusterType: j.Place.ClusterType,
	}
}

// PutJob writes how a job stands. It needs no operation: the operation that it carries out was decided on, and this is the server's own
// record of it. The oldest ended jobs make room.
//
// An end is final, so that of two servers of which each believes that the other one is gone, one learns that it is wrong.
type PutJob struct{ Job Job }

func (c PutJob) apply(e *editor) error {
	j := c.Job
	j.Name = j.ID
	if n := len(j.Progress); n > MaxJobLines {
		j.Progress = slices.Clone(j.Progress[n-MaxJobLines:])
	}
	var before *Meta
	verb := Create
	if old, ok := e.Jobs.ID(j.ID); ok {
		if old.State.Ended() {
			return conflict("job %s has ended already, as %s", old.ID, old.State)
		}
		before, verb, j.Cancel = &old.Meta, Update, old.Cancel
	}
	e.stamp(&j.Meta, before, KindJob)
	e.Jobs.set(&j)
	e.write(verb, &j, nil)
	if verb == Create {
		e.forgetJobs()
	}
	return nil
}

// forgetJobs drops the oldest of those that have ended.
func (e *editor) forgetJobs() {
	if e.Jobs.Len() <= MaxJobs {
		return
	}
	var ended []*Job
	for j := range e.Jobs.All() {
		if j.State.Ended() {
			ended = append(ended, j)
		}
	}
	slices.SortFunc(ended, func(a, b *Job) int { return cmp.Compare(a.Created, b.Created) })
	for _, j := range ended[:min(len(ended), e.Jobs.Len()-MaxJobs)] {
		e.Jobs.remove(j)
		e.write(Remove, j, nil)
		e.cascaded()
	}
}

// DropJob removes the record of a job that has ended.
type DropJob struct{ ID string }

func (c DropJob) apply(e *editor) error {
	j, ok := e.Jobs.ID(c.ID)
	if !ok {
		e.need("job.delete", "name", c.ID, "id", c.ID)
		return notFound(KindJob, c.ID)
	}
	e.plan.Needs = append(e.plan.Needs, j.Need("job.delete"))
	if !j.State.Ended() {
		return conflict("job %s is still running", j.ID)
	}
	e.Jobs.remove(j)
	e.write(Remove, j, nil)
	return nil
}

// CancelJob asks for the end of a job. Whoever carries it out sees it, stops, and writes down how far it came.
type CancelJob struct {
	ID string
	By string // name of whoever asks
}

func (c CancelJob) apply(e *editor) error {
	old, ok := e.Jobs.ID(c.ID)
	if !ok {
		e.need("job.delete", "name", c.ID, "id", c.ID)
		return notFound(KindJob, c.ID)
	}
	e.plan.Needs = append(e.plan.Needs, old.Need("job.delete"))
	switch {
	case old.State.Ended():
		return conflict("job %s has ended already, as %s", old.ID, old.State)
	case old.Cancel != "":
		e.write(Unchanged, old, nil)
		return nil
	}
	j := old.clone()
	j.Cancel = c.By
	// Not stamped: Updated is when the job's own server last wrote, and silence is told by it.
	j.Generation = e.Generation
	e.Jobs.set(&j)
	e.write(Update, &j, nil)
	return nil
}

// InterruptJobs ends the records of jobs that nobody carries out any more: those that run by their record, which was last written at
// Silent or before. What has been written since is left alone. Like PutJob it is the server's own.
type InterruptJobs struct {
	IDs    []string
	Silent time.Time
}

func (c InterruptJobs) apply(e *editor) error { //nolint:unparam // it is a Change, and this one cannot fail
	for _, id := range c.IDs {
		old, ok := e.Jobs.ID(id)
		if !ok || old.State.Ended() || old.Updated.Time().After(c.Silent) {
			continue
		}
		j := old.clone()
		j.State, j.Finished = JobInterrupted, e.at.Time
		j.Error, j.Hint = "the server that carried it out ended before it was done", "look at what there is, and start it again"
		e.stamp(&j.Meta, &old.Meta, KindJob)
		e.Jobs.set(&j)
		e.write(Update, &j, nil)
	}
	return nil
}

// clone is a copy that shares nothing with the job, for whoever goes on writing it.
func (j *Job) clone() Job {
	out := *j
	out.Progress, out.Result = slices.Clone(j.Progress), maps.Clone(j.Result)
	return out
}

// Step returns the job one line further.
func (j *Job) Step(at time.Time, text string) Job {
	next := j.clone()
	next.Progress = append(next.Progress, JobLine{At: at.UTC().Truncate(time.Millisecond), Text: text})
	return next
}
