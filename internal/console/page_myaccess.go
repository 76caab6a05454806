package console

import (
	"context"
	"strings"

	"github.com/pratique-iam/pratique/internal/console/ui"
)

// myAccessPage says what whoever looks can do, where, by which grant, and until when.
type myAccessPage struct {
	base
	Facts    ui.Facts
	Grants   ui.Table
	Clusters ui.Table
	Sessions ui.Table
	Root     bool
}

func (*myAccessPage) template() string { return "my-access" }

func (c *Console) myAccess(ctx context.Context, v *visit) (answer, error) {
	p := &myAccessPage{base: base{v.frame("my-access", "My access")}, Root: v.me.Unlimited}
	p.Facts = ui.Facts{
		{Name: "Account", Value: v.me.Account},
		{Name: "Name", Value: v.me.Name},
		{Name: "Id", Value: v.me.ID, Code: true},
		{Name: "This session ends", Value: ui.When(v.me.Expires)},
	}
	for _, g := range v.me.Groups {
		p.Facts = append(p.Facts, ui.Fact{Name: "Member of", Value: g, Href: at("groups", g)})
	}
	p.Grants = ui.Table{
		Caption: "What I hold", Columns: []ui.Column{{Title: "Policy"}, {Title: "Where"}, {Title: "By"}, {Title: "Works"}},
		Empty: ui.Empty{
			Title: "Nothing has been granted to you yet",
			Text:  "Whoever looks after permissions in your account (a Security Administrator) can put you into a user group that holds what you need. Try what you want to do: the refusal says exactly what is missing, as a text to send.",
		},
	}
	for _, g := range v.me.Grants {
		works := &ui.Badge{Text: "yes", Tone: "ok"}
		sub := ""
		if len(g.Missing) > 0 {
			works, sub = &ui.Badge{Text: "no", Tone: "warn"}, "needs also: "+strings.Join(g.Missing, ", ")
		}
		p.Grants.Rows = append(p.Grants.Rows, ui.Row{Cells: []ui.Cell{
			{Text: g.Policy, Href: at("policies", g.Policy)}, {Text: g.Scope}, {Text: g.Via}, {Badge: works, Sub: sub},
		}})
	}
	p.Clusters = ui.Table{
		Caption: "Clusters that I may see", Columns: []ui.Column{{Title: "Cluster"}, {Title: ""}},
		Empty: ui.Empty{Title: "No cluster", Text: "A cluster permission such as CCE ReadOnlyAccess, granted on a project, lets you see the clusters there."},
	}
	const shown = 100
	for _, name := range v.me.Clusters[:min(len(v.me.Clusters), shown)] {
		p.Clusters.Rows = append(p.Clusters.Rows, ui.Row{Cells: []ui.Cell{
			{Text: name, Href: at("clusters", name)}, {Text: "Connect with kubectl", Href: at("clusters", name, "connect")},
		}})
	}
	if err := c.myFactor(ctx, v, p); err != nil {
		return nil, err
	}
	return p, c.mySessions(ctx, v, p)
}

func (c *Console) mySessions(ctx context.Context, v *visit, p *myAccessPage) error {
	p.Sessions = ui.Table{Caption: "My sessions", Columns: []ui.Column{{Title: "Opened"}, {Title: "From"}, {Title: "With"}, {Title: "Ends"}, {Title: ""}}}
	list, err := v.api.Sessions(ctx)
	if err != nil {
		return err
	}
	for _, s := range list {
		end := ui.Cell{Buttons: []ui.Button{{
			Label: "End", Action: at("sessions", s.ID, "end"), Form: ui.FormNumber(), Permit: ui.Permit{Allowed: true},
		}}}
		if s.Current {
			end = ui.Cell{Badge: &ui.Badge{Text: "this one", Tone: "quiet"}}
		}
		p.Sessions.Rows = append(p.Sessions.Rows, ui.Row{Cells: []ui.Cell{
			{Text: ui.When(s.Created)}, {Text: s.Source}, {Text: s.Label}, {Text: ui.When(s.Expires)}, end,
		}})
	}
	return nil
}

// endSession signs one of one's own sessions out.
func (c *Console) endSession(ctx context.Context, v *visit) (answer, error) {
	if err := v.api.EndSession(ctx, v.path("id")); err != nil {
		return nil, err
	}
	return goTo{at("my-access"), "The session has ended."}, nil
}
