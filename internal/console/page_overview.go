package console

import (
	"context"
	"errors"

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
	running   map[string]bool // clusters by name
}

func (*overviewPage) template() string { return "overview" }

func (c *Console) overview(ctx context.Context, v *visit) (answer, error) {
	p := &overviewPage{base: base{v.frame("overview", "Overview")}, Root: v.me.Unlimited}
	for _, fill := range []func(context.Context, *visit, *overviewPage) error{
		c.overviewClusters, c.attendReports, c.attendJobs, c.attendRBAC, c.overviewTrail, c.attendKeys, c.attendFactors,
	} {
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
	p.First, p.running = len(list.Items) == 0, map[string]bool{}
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
		p.running[cl.Name] = cl.Status.Phase == "running"
		if cl.Status.Phase == "unreachable" {
			p.attend(look("unreachable", "bad", "Cluster "+cl.Name+": "+short(cl.Status.Error), "Look", at("clusters", cl.Name)))
		}
		for _, w := range cl.Status.Warnings {
			p.attend(look("cluster", "warn", cl.Name+": "+short(w), "Look", at("clusters", cl.Name)))
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

// overviewTrail reads the newest records once: for what was changed, and for how much was refused.
func (c *Console) overviewTrail(ctx context.Context, v *visit, p *overviewPage) error {
	const read, shown = 250, 10 // bounded, because the trail is as long as the account is old
	list, err := v.api.Audit(ctx, client.AuditOptions{Limit: read})
	if err != nil {
		return err
	}
	p.Recent = ui.Table{
		Caption: "Recent changes", Columns: recordColumns(),
		Empty: ui.Empty{Title: "Nothing has changed lately", Text: "Changes of users, groups, roles, policies and permissions stand here."},
	}
	for i := range list.Records {
		if r := &list.Records[i]; r.Event == audit.Changed && len(p.Recent.Rows) < shown {
			p.Recent.Rows = append(p.Recent.Rows, recordRow(r))
		}
	}
	p.attend(refusals(list, c.Now()))
	return nil
}
