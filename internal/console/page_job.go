package console

import (
	"context"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

// jobsPage lists long operations, of the fleet or of one cluster.
type jobsPage struct {
	base
	Tabs  ui.Tabs
	Table ui.Table
}

func (*jobsPage) template() string { return "jobs" }

func (c *Console) jobs(ctx context.Context, v *visit) (answer, error) {
	p := &jobsPage{base: base{v.frame("jobs", "Jobs")}}
	return p, c.fillJobs(ctx, v, p, "")
}

func (c *Console) clusterJobs(ctx context.Context, v *visit) (answer, error) {
	name := v.path("name")
	p := &jobsPage{base: base{v.frame("clusters", "Jobs of "+name)}, Tabs: clusterTabs(name, "Jobs")}
	p.Crumbs = clusterCrumbs(name)
	return p, c.fillJobs(ctx, v, p, name)
}

func (c *Console) fillJobs(ctx context.Context, v *visit, p *jobsPage, cluster string) error {
	list, err := v.api.Jobs(ctx, client.JobOptions{Cluster: cluster, State: v.query("state")})
	if err != nil {
		return err
	}
	p.Table = ui.Table{
		Caption: "Jobs", Columns: []ui.Column{{Title: "What"}, {Title: "State"}, {Title: "Cluster"}, {Title: "By"}, {Title: "Began"}},
		Empty: ui.Empty{Title: "No job", Text: "Everything that takes longer than a moment is a job: creating clusters, installing charts and add-ons. What came of it stays here."},
	}
	const shown = 100
	for i := range list[:min(len(list), shown)] {
		j := &list[i]
		if !j.Ended() {
			p.Refresh = 2
		}
		p.Table.Rows = append(p.Table.Rows, ui.Row{Cells: []ui.Cell{{Text: j.Title, Href: at("jobs", j.ID), Sub: short(j.Error)}, {Badge: jobState(j)}, {Text: j.Cluster}, {Text: j.By}, {Text: day(j.Created)}}})
	}
	if len(list) > shown {
		p.Table.Note = "The newest 100 are shown; see all with: pratique job list"
	}
	return nil
}

func jobState(j *apiv1.Job) *ui.Badge {
	return &ui.Badge{Text: j.State, Tone: map[string]string{"running": "warn", "succeeded": "ok", "failed": "bad", "cancelled": "quiet", "interrupted": "bad"}[j.State]}
}

// jobPage follows one.
type jobPage struct {
	base
	Job   apiv1.Job
	State *ui.Badge
	Facts ui.Facts
	Lines []jobLine
	End   ui.Button
	Next  *ui.Link
}

type jobLine struct{ At, Text string }

func (*jobPage) template() string { return "job" }

func (c *Console) job(ctx context.Context, v *visit) (answer, error) {
	j, err := v.api.Job(ctx, v.path("id"))
	if err != nil {
		return nil, err
	}
	p := &jobPage{base: base{v.frame("jobs", j.Title)}, Job: j, State: jobState(&j)}
	p.Crumbs = []ui.Link{{Title: "Jobs", Href: at("jobs")}}
	p.Facts = ui.Facts{{Name: "Operation", Value: j.Operation, Code: true}, {Name: "Cluster", Value: j.Cluster, Href: at("clusters", j.Cluster)}, {Name: "By", Value: j.By}, {Name: "Began", Value: ui.When(j.Created)}}
	if j.Cluster == "" {
		p.Facts = p.Facts[:1]
	}
	if j.Ended() {
		p.Facts = append(p.Facts, ui.Fact{Name: "Ended", Value: ui.When(j.Finished)})
	} else {
		p.Refresh = 1
	}
	for _, l := range j.Progress {
		p.Lines = append(p.Lines, jobLine{l.At.UTC().Format("15:04:05"), l.Text})
	}
	if j.Cluster != "" && j.State == "succeeded" && j.Operation != "cluster.delete" {
		p.Next = &ui.Link{Title: "Go to cluster " + j.Cluster, Href: at("clusters", j.Cluster)}
	}
	label := "Cancel"
	if j.Ended() {
		label = "Drop the record"
	}
	permits, err := v.may(ctx, on("job.delete", j.ID))
	if err != nil {
		return nil, err
	}
	p.End = ui.Button{Label: label, Action: at("jobs", j.ID, "delete"), Permit: permits[0], Form: ui.FormNumber()}
	return p, nil
}

func (c *Console) deleteJob(ctx context.Context, v *visit) (answer, error) {
	if _, err := v.api.DeleteJob(ctx, v.path("id")); err != nil {
		return nil, err
	}
	return goTo{at("jobs"), "Done."}, nil
}
