package console

import (
	"context"
	"errors"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

// overviewPage is where somebody arrives: the fleet, what needs attention, what happened.
type overviewPage struct {
	base
	First     bool // nothing is there yet
	Attention []attention
	Clusters  ui.Table
	Recent    ui.Table
	Root      bool
}

// attention is something that somebody should look at.
type attention struct {
	Badge ui.Badge
	Text  string
	Link  ui.Link
}

func (*overviewPage) template() string { return "overview" }

func (c *Console) overview(ctx context.Context, v *visit) (answer, error) {
	p := &overviewPage{base: base{v.frame("overview", "Overview")}, Root: v.me.Unlimited}
	for _, fill := range []func(context.Context, *visit, *overviewPage) error{c.overviewClusters, c.overviewReports, c.overviewJobs, c.overviewRecent, c.overviewDenied, c.overviewFactors} {
		if err := fill(ctx, v, p); err != nil && !errors.Is(err, pratique.ErrDenied) {
			return nil, err // what whoever looks may not see is left out
		}
	}
	return p, nil
}

func (c *Console) overviewClusters(ctx context.Context, v *visit, p *overviewPage) error {
	list, err := v.api.ListClusters(ctx, client.ClusterOptions{Limit: 100})
	if err != nil {
		return err
	}
	p.First = len(list.Items) == 0
	p.Clusters = ui.Table{
		Caption: "Clusters", Columns: []ui.Column{{Title: "Cluster"}, {Title: "Type"}, {Title: "State"}, {Title: "Nodes"}},
		Empty: ui.Empty{Title: "No cluster that you may see", Text: list.Hint},
	}
	const shown = 10
	for i := range list.Items {
		cl := &list.Items[i]
		if transient(cl) {
			p.Refresh = 3
		}
		if cl.Status.Phase == "unreachable" {
			p.Attention = append(p.Attention, attention{ui.Badge{Text: "unreachable", Tone: "bad"}, "Cluster " + cl.Name + ": " + short(cl.Status.Error), ui.Link{Title: "Look", Href: at("clusters", cl.Name)}})
		}
		for _, w := range cl.Status.Warnings {
			p.Attention = append(p.Attention, attention{ui.Badge{Text: "cluster", Tone: "warn"}, cl.Name + ": " + short(w), ui.Link{Title: "Look", Href: at("clusters", cl.Name)}})
		}
		if i < shown {
			p.Clusters.Rows = append(p.Clusters.Rows, ui.Row{Cells: []ui.Cell{{Text: cl.Name, Href: at("clusters", cl.Name)}, {Text: cl.Type}, {Badge: stateOf(cl)}, {Text: count(cl.Status.NodesReady) + " of " + count(cl.Status.Nodes)}}})
		}
	}
	if len(list.Items) > shown {
		p.Clusters.Next = at("clusters")
	}
	return nil
}

// overviewReports names add-ons whose newest report failed.
func (c *Console) overviewReports(ctx context.Context, v *visit, p *overviewPage) error {
	list, err := v.api.Reports(ctx, client.ReportOptions{})
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for i := range list {
		r := &list[i]
		key := r.ClusterID + "/" + r.Cluster + "/" + r.Addon
		if !seen[key] && !r.Passed && r.Expires.After(c.Now()) {
			p.Attention = append(p.Attention, attention{ui.Badge{Text: "precheck", Tone: "bad"}, r.Check + " failed for " + r.Cluster, ui.Link{Title: "View report", Href: at("reports", r.ID)}})
		}
		seen[key] = true
	}
	return nil
}

func (c *Console) overviewJobs(ctx context.Context, v *visit, p *overviewPage) error {
	list, err := v.api.Jobs(ctx, client.JobOptions{State: "failed", Limit: 20})
	if err != nil {
		return err
	}
	for i := range list[:min(len(list), 20)] {
		if j := &list[i]; c.Now().Sub(j.Finished) < 24*time.Hour {
			p.Attention = append(p.Attention, attention{ui.Badge{Text: "job failed", Tone: "bad"}, j.Title, ui.Link{Title: "Why", Href: at("jobs", j.ID)}})
		}
	}
	return nil
}

func (c *Console) overviewRecent(ctx context.Context, v *visit, p *overviewPage) error {
	list, err := v.api.Audit(ctx, client.AuditOptions{Limit: 10, Event: string(audit.Changed)})
	if err != nil {
		return err
	}
	p.Recent = ui.Table{
		Caption: "Recent changes", Columns: []ui.Column{{Title: "Time"}, {Title: "Who"}, {Title: "What"}, {Title: "Result"}, {Title: "From"}},
		Empty: ui.Empty{Title: "Nothing has changed yet", Text: "Changes of users, groups, roles, policies and permissions stand here."},
	}
	for i := range list.Records[:min(len(list.Records), 10)] {
		p.Recent.Rows = append(p.Recent.Rows, recordRow(&list.Records[i]))
	}
	return nil
}

// overviewDenied speaks up when many changes were refused within the last hour.
func (c *Console) overviewDenied(ctx context.Context, v *visit, p *overviewPage) error {
	const spike = 20
	list, err := v.api.Audit(ctx, client.AuditOptions{Limit: 100, Event: string(audit.ChangeDenied)})
	if err != nil {
		return err
	}
	n := 0
	for i := range list.Records {
		if c.Now().Sub(list.Records[i].Time) < time.Hour {
			n += 1 + list.Records[i].Missed
		}
	}
	if n >= spike {
		p.Attention = append(p.Attention, attention{ui.Badge{Text: "refusals", Tone: "warn"}, count(n) + " changes were refused within the last hour", ui.Link{Title: "See who", Href: href([]string{"audit"}, "event", string(audit.ChangeDenied))}})
	}
	return nil
}
