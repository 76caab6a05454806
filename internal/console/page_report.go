package console

import (
	"context"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

// reportPage shows what a precheck found. The column Error leads to the authorization.
type reportPage struct {
	base
	Report    apiv1.Report
	State     ui.Badge
	Facts     ui.Facts
	Items     ui.Table
	Authorize string
	Back      ui.Link
}

func (*reportPage) template() string { return "report" }

func (c *Console) report(ctx context.Context, v *visit) (answer, error) {
	r, err := v.api.Report(ctx, v.path("id"))
	if err != nil {
		return nil, err
	}
	p := &reportPage{base: base{v.frame("addons", "Report: "+r.Check)}, Report: r, State: passed(r.Passed), Items: itemTable(r, at("reports", r.ID, "authorize"))}
	p.Facts = ui.Facts{{Name: "Add-on", Value: r.Addon, Href: at("addons", r.Addon)}, {Name: "Version", Value: r.Version}, {Name: "Cluster", Value: r.Cluster}, {Name: "Type", Value: r.Type}, {Name: "Made", Value: ui.When(r.Created)}, {Name: "Can be authorized until", Value: ui.When(r.Expires)}}
	if !r.Passed {
		p.Authorize = at("reports", r.ID, "authorize")
	}
	p.Back = backOf(r)
	return p, nil
}

// backOf is where somebody comes from: the add-on in its cluster, or the wizard for a cluster that is not there yet.
func backOf(r apiv1.Report) ui.Link {
	if r.ClusterID == "" {
		return ui.Link{Title: "Back to the order", Href: href([]string{"clusters", "new"}, "name", r.Cluster, "type", r.Type, "project", r.Project, "addon", r.Addon)}
	}
	return ui.Link{Title: "Back to the add-on", Href: at("clusters", r.Cluster, "addons", r.Addon)}
}

func passed(ok bool) ui.Badge {
	if ok {
		return ui.Badge{Text: "Passed", Tone: "ok"}
	}
	return ui.Badge{Text: "Failed", Tone: "bad"}
}

func itemTable(r apiv1.Report, authorize string) ui.Table {
	t := ui.Table{Caption: "Report", Columns: []ui.Column{{Title: "Item"}, {Title: "Needed by"}, {Title: "Principal"}, {Title: "Status"}, {Title: "Error"}}}
	for _, item := range r.Items {
		tone := map[pratique.ItemStatus]string{pratique.ItemOK: "ok", pratique.ItemMissing: "bad", pratique.ItemConditional: "quiet"}[item.Status]
		problem := ui.Cell{Text: item.Error, Sub: item.Fix}
		if item.Status == pratique.ItemMissing {
			problem.Href = authorize
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: item.Item}, {Text: item.NeededBy}, {Text: item.Principal}, {Badge: &ui.Badge{Text: string(item.Status), Tone: tone}}, problem}})
	}
	return t
}

// authorizationPage shows what would be made, and makes it.
type authorizationPage struct {
	base
	Report apiv1.Report
	System bool
	Steps  ui.Table
	May    ui.Permit
	Other  ui.Link
	Back   ui.Link
	Return string // where to go on afterwards; empty: where the report belongs
}

func (*authorizationPage) template() string { return "authorization" }

func (c *Console) quickAuthorization(ctx context.Context, v *visit) (answer, error) {
	r, err := v.api.Report(ctx, v.path("id"))
	if err != nil {
		return nil, err
	}
	system := v.query("policy") == "system"
	p := &authorizationPage{base: base{v.frame("addons", "Quick authorization")}, Report: r, System: system, May: ui.Permit{Allowed: true}, Return: returnTo(v.query("back"))}
	p.Crumbs = []ui.Link{{Title: "Report", Href: at("reports", r.ID)}}
	p.Back = ui.Link{Title: "Back to the report", Href: at("reports", r.ID)}
	if p.Return != "" {
		p.Back = ui.Link{Title: "Back to the order", Href: p.Return}
	}
	p.Other = ui.Link{Title: "Use the vendor's system policy instead", Href: href([]string{"reports", r.ID, "authorize"}, "policy", "system", "back", p.Return)}
	if system {
		p.Other = ui.Link{Title: "Give only what is missing instead", Href: href([]string{"reports", r.ID, "authorize"}, "back", p.Return)}
	}
	p.Steps = ui.Table{
		Caption: "What is made", Columns: []ui.Column{{Title: "What"}, {Title: "Object"}, {Title: "With"}},
		Empty: ui.Empty{Title: "Nothing is missing", Text: "Everything that the add-on needs is there."},
	}
	plan, err := v.api.AuthorizeReport(ctx, r.ID, apiv1.Authorize{SystemPolicy: system}, true)
	if err != nil {
		p.May = ui.Permit{Why: problem(err).Detail}
		p.Problem = problem(err)
		p.Steps.Empty = ui.Empty{Title: "You may not authorize this", Text: "Send the address of this page to an administrator of identities: they can authorize it with one click."}
		return p, nil
	}
	for _, s := range plan.Steps {
		p.Steps.Rows = append(p.Steps.Rows, ui.Row{Cells: []ui.Cell{{Text: string(s.Verb)}, {Text: s.Kind.Word() + " " + s.Name}, {Changes: changesOf(s, whole)}}})
	}
	return p, nil
}

// returnTo is a page of ours to go on at, or empty.
func returnTo(path string) string {
	if path == "" {
		return ""
	}
	return inside(path)
}

func (c *Console) authorize(ctx context.Context, v *visit) (answer, error) {
	done, err := v.api.AuthorizeReport(ctx, v.path("id"), apiv1.Authorize{SystemPolicy: v.form("policy") == "system", Reason: "quick authorization"}, false)
	if err != nil {
		return nil, err
	}
	if done.Report.Passed {
		to := returnTo(v.form("back"))
		if to == "" {
			to = backOf(done.Report).Href
		}
		return goTo{to, "Authorized: the check passes now. Go on where you were."}, nil
	}
	return goTo{at("reports", done.Report.ID), "Authorized, but something is still missing: see the report."}, nil
}
