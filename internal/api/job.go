package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/job"
	"github.com/pratique-iam/pratique/internal/web"
)

// jobRoutes are those about long operations.
func (a *API) jobRoutes() []Route {
	const one = "/v1/jobs/{id}"
	return []Route{
		{http.MethodGet, "/v1/jobs", "self: one's own, and those that job.list allows, each by itself", "List long operations, newest first", signedIn(a.jobs)},
		{http.MethodGet, one, "self: one's own; others need job.get", "Read one long operation", signedIn(a.oneJob)},
		{http.MethodDelete, one, "gate: job.delete", "Cancel a long operation, or drop the record of one that has ended", signedIn(a.deleteJob)},
	}
}

// begin starts a job for whoever asks. It may take as long as Spec says; the caller has decided on the operation.
func (a *API) begin(ctx context.Context, c Call, spec job.Spec, work job.Work) (*pratique.Job, error) {
	if a.Jobs == nil {
		return nil, without("jobs")
	}
	spec.Who, spec.Source, spec.Request = c.Who, c.Source, c.Request
	return a.Jobs.Start(ctx, spec, work)
}

type listJobsIn struct {
	pageIn
	Cluster string `query:"cluster" doc:"only of the cluster with this name or id, one that is gone included"`
	State   string `query:"state" doc:"only in this state: running, succeeded, failed, cancelled or interrupted"`
}

// jobs lists those that the caller may see: job.list is decided for each, where its cluster was.
func (a *API) jobs(_ context.Context, c Call, in listJobsIn) (apiv1.List[apiv1.Job], error) {
	out := apiv1.List[apiv1.Job]{Items: []apiv1.Job{}, Revision: c.Snapshot.Generation}
	from, limit, err := in.bounds()
	if err != nil {
		return out, err
	}
	if in.State != "" && !slices.Contains(jobStates(), pratique.JobState(in.State)) {
		return out, web.Invalid("state is %q and must be one of %v", short(in.State), jobStates())
	}
	for _, j := range newestFirst(c.Snapshot) {
		if from != "" && ageKey(&j.Meta) > from || !in.fits(j) || !a.mayOnJob(c, j, "job.list") {
			continue
		}
		if len(out.Items) == limit {
			out.Next = nextPage(ageKey(&j.Meta))
			break
		}
		out.Items = append(out.Items, jobView(j))
	}
	return out, nil
}

func jobStates() []pratique.JobState {
	return []pratique.JobState{
		pratique.JobRunning, pratique.JobSucceeded, pratique.JobFailed, pratique.JobCancelled, pratique.JobInterrupted,
	}
}

func (in *listJobsIn) fits(j *pratique.Job) bool {
	return (in.State == "" || in.State == string(j.State)) &&
		(in.Cluster == "" || in.Cluster == j.Cluster || pratique.Fold(in.Cluster) == pratique.Fold(j.ClusterName))
}

func newestFirst(s *pratique.Snapshot) []*pratique.Job {
	return slices.SortedFunc(s.Jobs.All(), func(x, y *pratique.Job) int { return cmp.Compare(ageKey(&y.Meta), ageKey(&x.Meta)) })
}

// ageKey orders jobs and reports by their age; a page begins at one.
func ageKey(m *pratique.Meta) string {
	at := strconv.FormatInt(m.Created.Time().UnixMilli(), 10)
	return strings.Repeat("0", max(0, 16-len(at))) + at + m.ID
}

// mayOnJob decides on an operation on a job where its cluster was. Whoever has begun a job may watch it: they could not see otherwise what
// comes of what they may do. An explicit deny still holds.
func (a *API) mayOnJob(c Call, j *pratique.Job, operation string) bool {
	err := a.Gate.May(c.Snapshot, c.Who, j.Need(operation), c.Source)
	denied, refused := errors.AsType[*access.DeniedError](err)
	if refused && denied.Decision.Cause == access.Implicit && j.By == access.PrincipalRef(c.Who) {
		return operation == "job.get" || operation == "job.list"
	}
	return err == nil
}

type jobIn struct {
	ID string `path:"id" doc:"id of the job"`
}

func (a *API) oneJob(_ context.Context, c Call, in jobIn) (apiv1.Job, error) {
	j, ok := c.Snapshot.Jobs.ID(in.ID)
	if !ok || !a.mayOnJob(c, j, "job.get") {
		return apiv1.Job{}, a.noJob(c, in.ID, "job.get")
	}
	return jobView(j), nil
}

// noJob is the answer about a job that is not there or may not be seen, the same for both: a refusal for somebody who may do the operation
// nowhere.
func (a *API) noJob(c Call, id, operation string) error {
	if err := a.nowhere(c, id, operation); err != nil {
		return err
	}
	return &pratique.Error{
		Kind: pratique.ErrNotFound, Message: fmt.Sprintf("there is no job %q that you may see", short(id)),
		Hint: "list those that you may see with: pratique job list",
	}
}

// deleteJob cancels a job that runs: it answers with the job, which ends as soon as it can. Of one that has ended it drops the record, and
// answers with what was in it.
func (a *API) deleteJob(ctx context.Context, c Call, in jobIn) (apiv1.Job, error) {
	j, ok := c.Snapshot.Jobs.ID(in.ID)
	var change pratique.Change = pratique.DropJob{ID: in.ID}
	running := ok && !j.State.Ended()
	if running {
		change = pratique.CancelJob{ID: in.ID, By: c.Who.Name}
	}
	result, err := a.Gate.Apply(ctx, a.intent(c, audit.JobChanged, change))
	switch {
	case err != nil && ok && a.mayOnJob(c, j, "job.get"):
		return apiv1.Job{}, err
	case errors.Is(err, pratique.ErrDenied), errors.Is(err, pratique.ErrNotFound):
		return apiv1.Job{}, a.noJob(c, in.ID, "job.delete")
	case err != nil:
		return apiv1.Job{}, err
	}
	if now, ok := result.Snapshot.Jobs.ID(in.ID); ok {
		j = now
	}
	return jobView(j), nil
}

func jobView(j *pratique.Job) apiv1.Job {
	out := apiv1.Job{
		ID: j.ID, Operation: j.Operation, Title: j.Title, Cluster: j.ClusterName, ClusterID: j.Cluster, By: j.ByName, State: string(j.State),
		Cancel: j.Cancel, Done: j.Done, Total: j.Total, Error: j.Error, Hint: j.Hint, Result: j.Result, Server: j.Server,
		Created: j.Created.Time(), Updated: j.Updated.Time(), Finished: j.Finished,
	}
	for _, l := range j.Progress {
		out.Progress = append(out.Progress, apiv1.JobLine{At: l.At, Text: l.Text})
	}
	return out
}
