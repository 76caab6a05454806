package console

import (
	"context"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

func (c *Console) grantRoutes() []route {
	const get, post = "GET " + Prefix, "POST " + Prefix
	return []route{
		{get + "grants/new", c.newGrant, false},
		{post + "grants/new", c.createGrants, false},
		{get + "grants/{name}/delete", c.confirmDeleteGrant, false},
		{post + "grants/{name}/delete", c.deleteGrant, false},
	}
}

// grantPage gives policies to a user, a group or a role: choose from the list, choose where, grant.
type grantPage struct {
	base
	Kind, Name string // of the principal
	Policies   []policyChoice
	Search     ui.Search
	Types      ui.Filter
	Next       string
	Scope      ui.Field
	Project    ui.Field
	Enterprise ui.Field
	Back       string
	Chosen     []string // on other pages of the list
}

type policyChoice struct {
	Name, Type, Description string
	Chosen                  bool
}

func (*grantPage) template() string { return "grant" }

// principalOf reads for whom the form is.
func (v *visit) principalOf() (kind, name string) {
	for _, kind := range []string{"user", "group", "role"} {
		if name := v.query(kind); name != "" {
			return kind, name
		}
	}
	return "", ""
}

func (c *Console) newGrant(ctx context.Context, v *visit) (answer, error) {
	return c.grantForm(ctx, v, nil)
}

func (c *Console) grantForm(ctx context.Context, v *visit, failed error) (answer, error) {
	kind, name := v.principalOf()
	if kind == "" {
		return nil, wrong("say for whom: open this page from a user, a group or a role")
	}
	list, err := v.api.List(ctx, pratique.KindPolicy, client.ListOptions{Name: v.query("q"), Page: v.query("page"), Type: v.query("type"), Limit: 50})
	if err != nil {
		return nil, err
	}
	p := &grantPage{base: base{v.frame(kind+"s", "Grant permission")}, Kind: kind, Name: name, Back: at(kind+"s", name)}
	p.Problem = problem(failed)
	p.Crumbs = []ui.Link{{Title: kind + " " + name, Href: p.Back}}
	chosen := map[string]bool{}
	for _, n := range append(v.r.PostForm["policy"], v.r.URL.Query()["policy"]...) {
		chosen[n] = true
	}
	for _, m := range list.Items {
		var spec pratique.PolicySpec
		if err := specOf(m, &spec); err != nil {
			return nil, err
		}
		p.Policies = append(p.Policies, policyChoice{Name: m.Metadata.Name, Type: typeOf(m), Description: spec.Description, Chosen: chosen[m.Metadata.Name]})
		delete(chosen, m.Metadata.Name)
	}
	for n := range chosen {
		p.Chosen = append(p.Chosen, n)
	}
	p.Search = ui.Search{Label: "Policy", Value: v.query("q"), Action: at("grants", "new"), Hidden: []ui.Hidden{{Name: kind, Value: name}, {Name: "type", Value: v.query("type")}}}
	link := func(t string) string {
		return href([]string{"grants", "new"}, kind, name, "type", t, "q", v.query("q"))
	}
	p.Types = ui.Filter{Title: "Type", Options: []ui.Option{
		{Title: "All", Value: link(""), Chosen: v.query("type") == ""},
		{Title: "System", Value: link("system"), Chosen: v.query("type") == "system"},
		{Title: "Custom", Value: link("custom"), Chosen: v.query("type") == "custom"},
	}}
	if list.Next != "" {
		p.Next = href([]string{"grants", "new"}, kind, name, "type", v.query("type"), "q", v.query("q"), "page", list.Next)
	}
	return p, c.scopeFields(ctx, v, p)
}

// scopeFields offers the places where a grant can hold.
func (c *Console) scopeFields(ctx context.Context, v *visit, p *grantPage) error {
	p.Scope = ui.Field{
		Name: "scope", Label: "Scope", Type: "select", Options: options(v.form("scope"),
			"account", "Whole account (global services; RAM policies)", "project", "One project", "allProjects", "All projects", "enterpriseProject", "One enterprise project"),
		Hint: "Cluster permissions of CCE hold in projects; policies of RAM hold in the account or in an enterprise project (resource group).",
	}
	projects, err := c.names(ctx, v, pratique.KindProject)
	if err != nil {
		return err
	}
	enterprise, err := c.names(ctx, v, pratique.KindEnterpriseProject)
	if err != nil {
		return err
	}
	p.Project = ui.Field{Name: "project", Label: "Project", Type: "select", Options: choices(projects, v.form("project")), Hint: "For the scope of one project"}
	p.Enterprise = ui.Field{Name: "enterpriseProject", Label: "Enterprise project", Type: "select", Options: choices(enterprise, v.form("enterpriseProject")), Hint: "For the scope of one enterprise project"}
	return nil
}

// names lists up to 500 names that whoever looks may see; none when they may not.
func (c *Console) names(ctx context.Context, v *visit, kind pratique.Kind) ([]string, error) {
	list, err := v.api.List(ctx, kind, client.ListOptions{Limit: 500})
	if err != nil {
		if problem(err).Status == 403 {
			return nil, nil
		}
		return nil, err
	}
	var out []string
	for _, m := range list.Items {
		out = append(out, m.Metadata.Name)
	}
	return out, nil
}

func choices(names []string, chosen string) []ui.Option {
	var out []ui.Option
	for _, n := range names {
		out = append(out, ui.Option{Title: n, Value: n, Chosen: n == chosen})
	}
	return out
}

// createGrants makes one grant for each chosen policy, all or none.
func (c *Console) createGrants(ctx context.Context, v *visit) (answer, error) {
	kind, name := v.principalOf()
	policies := v.r.PostForm["policy"]
	if kind == "" || len(policies) == 0 {
		return c.grantForm(ctx, v, wrong("choose at least one policy"))
	}
	var changes []apiv1.Change
	for _, p := range policies {
		spec := pratique.GrantSpec{Policy: p, Scope: scopeOf(v)}
		switch kind {
		case "user":
			spec.User = name
		case "group":
			spec.Group = name
		default:
			spec.Role = name
		}
		m, err := manifest(pratique.KindGrant, grantName(name, p, spec.Scope), spec)
		if err != nil {
			return nil, err
		}
		changes = append(changes, apiv1.Change{Put: &m})
	}
	result, err := v.api.Change(ctx, apiv1.Changes{Changes: changes})
	if err != nil {
		return c.grantForm(ctx, v, err)
	}
	return goTo{at(kind+"s", name), noted("Granted: "+strings.Join(policies, ", ")+".", result.Warnings)}, nil
}

func scopeOf(v *visit) pratique.ScopeSpec {
	switch v.form("scope") {
	case "allProjects":
		return pratique.ScopeSpec{AllProjects: true}
	case "project":
		return pratique.ScopeSpec{Project: v.form("project")}
	case "enterpriseProject":
		return pratique.ScopeSpec{EnterpriseProject: v.form("enterpriseProject")}
	default:
		return pratique.ScopeSpec{Account: true}
	}
}

// grantName is what a grant of the console is called: the same grant twice is one grant.
func grantName(principal, policy string, s pratique.ScopeSpec) string {
	where := strings.ReplaceAll(scopeText(s), " ", "-")
	name := principal + "-" + policy + "-" + where
	if len(name) > 128 {
		name = name[:119] + "-" + ui.FormNumber()[:8]
	}
	return strings.Map(func(r rune) rune {
		if r == '@' {
			return '_'
		}
		return r
	}, name)
}

// typeOf is "system" or "custom".
func typeOf(m pratique.Manifest) string {
	var status struct {
		Type string `json:"type"`
	}
	if len(m.Status) > 0 {
		if err := specOf(pratique.Manifest{Spec: m.Status}, &status); err == nil && status.Type != "" {
			return status.Type
		}
	}
	if strings.HasPrefix(m.Metadata.ID, "sys-") {
		return "system"
	}
	return "custom"
}

func (c *Console) confirmDeleteGrant(ctx context.Context, v *visit) (answer, error) {
	return c.aboutGrant(ctx, v, func() (answer, error) { return c.confirmDelete(ctx, v, pratique.KindGrant, "grants", nil) })
}

func (c *Console) deleteGrant(ctx context.Context, v *visit) (answer, error) {
	return c.aboutGrant(ctx, v, func() (answer, error) { return c.remove(ctx, v, pratique.KindGrant, "grants") })
}

// aboutGrant leads back to whom the grant is for: grants have no page of their own.
func (c *Console) aboutGrant(ctx context.Context, v *visit, do func() (answer, error)) (answer, error) {
	m, err := v.api.Get(ctx, pratique.KindGrant, v.path("name"))
	if err != nil {
		return nil, err
	}
	var spec pratique.GrantSpec
	if err := specOf(m, &spec); err != nil {
		return nil, err
	}
	holder := ui.Link{Title: "role " + spec.Role, Href: at("roles", spec.Role)}
	switch {
	case spec.User != "":
		holder = ui.Link{Title: "user " + spec.User, Href: at("users", spec.User)}
	case spec.Group != "":
		holder = ui.Link{Title: "group " + spec.Group, Href: at("groups", spec.Group)}
	}
	out, err := do()
	switch out := out.(type) {
	case goTo:
		return goTo{holder.Href, "The permission " + spec.Policy + " is revoked."}, err
	case *deletePage:
		out.Title, out.Crumbs = "Revoke "+spec.Policy, []ui.Link{holder}
		out.Danger.Title, out.Danger.Label, out.Danger.Back = "Revoke "+spec.Policy+" from "+holder.Title, "Revoke", holder.Href
		out.Danger.Text = "The " + holder.Title + " loses what this policy gives in the " + scopeText(spec.Scope) + ", at once."
	}
	return out, err
}
