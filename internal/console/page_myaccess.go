package console

import (
	"context"
	"fmt"
	"strings"

	"github.com/pratique-iam/pratique"
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
	Request  string // for whoever looks after permissions, to be copied
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
	p.Grants = effectiveTable("What I hold", v.me.Grants, v.untilOf())
	p.Grants.Empty = ui.Empty{
		Title: "Nothing has been granted to you yet",
		Text:  "Whoever looks after permissions in your account (a Security Administrator) can put you into a user group that holds what you need. Below is a text to send them.",
	}
	p.Request = accessRequest(v)
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
	list, err := v.api.Sessions(ctx)
	if err != nil {
		return err
	}
	tokens, err := v.api.Tokens(ctx)
	if err != nil {
		return err
	}
	p.Sessions = sessionTable("My sessions and tokens", append(list, tokens...), ui.Permit{Allowed: true}, func(id string) string { return at("sessions", id, "end") })
	return nil
}

// untilOf says until when whoever looks has what they hold: grants have no end of their own, and what a role gives ends with its session.
func (v *visit) untilOf() string {
	if v.me.Type == string(pratique.PrincipalRole) {
		return "the session ends, " + ui.When(v.me.Expires)
	}
	return "it is revoked"
}

// accessRequest is what somebody can send to whoever looks after permissions, with the blank to be filled in.
func accessRequest(v *visit) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Please let %s %s (%s) of account %s do the following: …\nWhere (project, cluster, namespace): …\nUntil when: …\n", v.me.Type, v.me.Name, v.me.ID, v.me.Account)
	if len(v.me.Grants) == 0 {
		b.WriteString("So far I hold nothing.\n")
		return b.String()
	}
	b.WriteString("So far I hold:\n")
	const shown = 20
	for _, g := range v.me.Grants[:min(len(v.me.Grants), shown)] {
		fmt.Fprintf(&b, "- %s in the %s (%s)\n", g.Policy, strings.TrimPrefix(g.Scope, "the "), g.Via)
	}
	return b.String()
}

// endSession signs one of one's own sessions out.
func (c *Console) endSession(ctx context.Context, v *visit) (answer, error) {
	if err := v.api.EndSession(ctx, v.path("id")); err != nil {
		return nil, err
	}
	return goTo{at("my-access"), "The session has ended."}, nil
}
