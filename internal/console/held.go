package console

import (
	"slices"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

// effectiveTable is everything that reaches somebody, by which way, and whether it works. Until says until when; empty: the column is left out.
func effectiveTable(caption string, grants []apiv1.EffectiveGrant, until string) ui.Table {
	t := ui.Table{Caption: caption, Columns: []ui.Column{{Title: "Policy"}, {Title: "Where"}, {Title: "By"}, {Title: "Works"}}}
	if until != "" {
		t.Columns = append(t.Columns, ui.Column{Title: "Until"})
	}
	for _, g := range grants {
		works := ui.Cell{Badge: &ui.Badge{Text: "yes", Tone: "ok"}}
		if len(g.Missing) > 0 {
			works = ui.Cell{Badge: &ui.Badge{Text: "no", Tone: "warn"}, Sub: "needs also: " + strings.Join(g.Missing, ", ")}
		}
		if g.Void != "" {
			works = ui.Cell{Badge: &ui.Badge{Text: "no", Tone: "warn"}, Sub: "it " + g.Void}
		}
		by := ui.Cell{Text: g.Via}
		if group, ok := strings.CutPrefix(g.Via, "group "); ok {
			by.Href = at("groups", group)
		}
		cells := []ui.Cell{{Text: g.Policy, Href: at("policies", g.Policy)}, {Text: g.Scope}, by, works}
		if until != "" {
			cells = append(cells, ui.Cell{Text: until})
		}
		t.Rows = append(t.Rows, ui.Row{Cells: cells})
	}
	return t
}

// sessionTable is where somebody is signed in, and with which tokens programs speak for them. End is the address that ends one.
func sessionTable(caption string, list []apiv1.SessionInfo, may ui.Permit, end func(id string) string) ui.Table {
	t := ui.Table{
		Caption: caption, Columns: []ui.Column{{Title: "Opened"}, {Title: "Kind"}, {Title: "From"}, {Title: "With"}, {Title: "Ends"}, {Title: ""}},
		Empty: ui.Empty{Title: "No session", Text: "They are signed in nowhere, and have no API token."},
	}
	slices.SortStableFunc(list, func(x, y apiv1.SessionInfo) int { return y.Created.Compare(x.Created) })
	for _, s := range list {
		kind := "session"
		if s.Type == pratique.SessionToken {
			kind = "API token"
		}
		last := ui.Cell{Buttons: []ui.Button{{Label: "End", Action: end(s.ID), Form: ui.FormNumber(), Permit: may}}}
		if s.Current {
			last = ui.Cell{Badge: &ui.Badge{Text: "this one", Tone: "quiet"}}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			{Text: ui.When(s.Created)}, {Text: kind}, {Text: s.Source}, {Text: s.Label}, {Text: ui.When(s.Expires)}, last,
		}})
	}
	return t
}
