package console

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

func (c *Console) policyRoutes() []route {
	const get, post = "GET " + Prefix, "POST " + Prefix
	return []route{
		{get + "policies", c.policies, false},
		{get + "policies/new", c.newPolicy, false},
		{post + "policies/new", c.editPolicy, false},
		{get + "policies/{name}", c.policy, false},
		{get + "policies/{name}/edit", c.changePolicy, false},
		{post + "policies/{name}/edit", c.editPolicy, false},
		{post + "policies/{name}/versions/{version}/default", c.setDefaultVersion, false},
		{get + "policies/{name}/delete", c.confirmDeletePolicy, false},
		{post + "policies/{name}/delete", c.deletePolicy, false},
	}
}

// policiesPage lists system and custom policies.
type policiesPage struct {
	base
	New   ui.Button
	Table ui.Table
}

func (*policiesPage) template() string { return "policies" }

func (c *Console) policies(ctx context.Context, v *visit) (answer, error) {
	o := v.listOptions()
	o.Type = v.query("type")
	list, err := v.api.List(ctx, pratique.KindPolicy, o)
	if err != nil {
		return nil, err
	}
	permits, err := v.may(ctx, on("policy.create", ""))
	if err != nil {
		return nil, err
	}
	p := &policiesPage{base: base{v.frame("policies", "Policies")}}
	p.New = ui.Button{Label: "Create policy", Href: at("policies", "new"), Kind: "primary", Permit: permits[0]}
	p.Table = v.listing(list.Next, ui.Table{
		Caption: "Policies", Columns: []ui.Column{v.sorted("Name", "name"), {Title: "Type"}, {Title: "Description"}},
		Empty: ui.Empty{Title: "No custom policy yet", Text: "System policies cover common jobs. Write your own where they give too much or too little.", Button: &p.New},
	})
	p.Table.Search.Hidden = append(p.Table.Search.Hidden, ui.Hidden{Name: "type", Value: v.query("type")})
	link := func(t string) string {
		return href([]string{"policies"}, "type", t, "q", v.query("q"), "sort", v.query("sort"))
	}
	p.Table.Filters = []ui.Filter{{Title: "Type", Options: []ui.Option{
		{Title: "All", Value: link(""), Chosen: v.query("type") == ""},
		{Title: "System", Value: link("system"), Chosen: v.query("type") == "system"},
		{Title: "Custom", Value: link("custom"), Chosen: v.query("type") == "custom"},
	}}}
	for _, m := range list.Items {
		var spec pratique.PolicySpec
		if err := specOf(m, &spec); err != nil {
			return nil, err
		}
		p.Table.Rows = append(p.Table.Rows, ui.Row{Cells: []ui.Cell{{Text: m.Metadata.Name, Href: at("policies", m.Metadata.Name)}, {Text: typeOf(m)}, {Text: spec.Description}}})
	}
	return p, nil
}

// policyPage shows one policy: its document, its versions, who holds it.
type policyPage struct {
	base
	Name     string
	Facts    ui.Facts
	Document string
	Versions ui.Table
	Holders  ui.Table
	Buttons  []ui.Button
}

func (*policyPage) template() string { return "policy" }

func (c *Console) policy(ctx context.Context, v *visit) (answer, error) {
	m, err := v.api.Get(ctx, pratique.KindPolicy, v.path("name"))
	if err != nil {
		return nil, err
	}
	var spec pratique.PolicySpec
	if err := specOf(m, &spec); err != nil {
		return nil, err
	}
	name := m.Metadata.Name
	permits, err := v.may(ctx, on("policy.update", name), on("policy.delete", name), on("policyVersion.setDefault", name))
	if err != nil {
		return nil, err
	}
	p := &policyPage{base: base{v.frame("policies", name)}, Name: name, Document: documentOf(spec)}
	p.Crumbs = []ui.Link{{Title: "Policies", Href: at("policies")}}
	p.Facts = ui.Facts{{Name: "Type", Value: typeOf(m)}, {Name: "Id", Value: m.Metadata.ID, Code: true}, {Name: "Description", Value: spec.Description}, {Name: "Version in force", Value: cmp.Or(spec.DefaultVersion, "v1")}}
	if typeOf(m) == "custom" {
		p.Buttons = []ui.Button{
			{Label: "Edit", Kind: "primary", Href: at("policies", name, "edit"), Permit: permits[0]},
			{Label: "Delete…", Kind: "danger", Href: at("policies", name, "delete"), Permit: permits[1]},
		}
		p.Versions = versionTable(name, spec, permits[2])
	}
	p.Holders, err = c.holders(ctx, v, name)
	return p, err
}

// documentOf is the document in force, for people.
func documentOf(spec pratique.PolicySpec) string {
	doc := spec.Document
	for _, ver := range spec.Versions {
		if ver.ID == spec.DefaultVersion && len(doc) == 0 {
			doc = ver.Document
		}
	}
	return indented(doc, jsontext.WithIndent("  "))
}

func versionTable(name string, spec pratique.PolicySpec, permit ui.Permit) ui.Table {
	t := ui.Table{Caption: "Versions", Columns: []ui.Column{{Title: "Version"}, {Title: ""}, {Title: "Document"}}}
	for _, ver := range spec.Versions {
		use := ui.Cell{Badge: &ui.Badge{Text: "in force", Tone: "ok"}}
		if ver.ID != spec.DefaultVersion {
			use = ui.Cell{Buttons: []ui.Button{{Label: "Put in force", Action: at("policies", name, "versions", ver.ID, "default"), Permit: permit, Form: ui.FormNumber()}}}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: ver.ID}, use, {Text: short(string(ver.Document)), Code: true}}})
	}
	return t
}

// holders is the table of who holds a policy.
func (c *Console) holders(ctx context.Context, v *visit, policy string) (ui.Table, error) {
	t := ui.Table{
		Caption: "Attached to", Columns: []ui.Column{{Title: "Principal"}, {Title: "Kind"}, {Title: "Scope"}},
		Empty: ui.Empty{Title: "Attached to nobody", Text: "A policy does nothing until it is granted to a user, a group or a role."},
	}
	list, err := v.api.List(ctx, pratique.KindGrant, client.ListOptions{Policy: policy, Limit: 100})
	if errors.Is(err, pratique.ErrDenied) {
		t.Empty = ui.Empty{Title: "You may not see grants", Text: problem(err).Detail}
		return t, nil
	}
	if err != nil {
		return t, err
	}
	for _, m := range list.Items {
		var spec pratique.GrantSpec
		if err := specOf(m, &spec); err != nil {
			return t, err
		}
		kind, name := "role", spec.Role
		switch {
		case spec.User != "":
			kind, name = "user", spec.User
		case spec.Group != "":
			kind, name = "group", spec.Group
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: name, Href: at(kind+"s", name)}, {Text: kind}, {Text: scopeText(spec.Scope)}}})
	}
	if list.Next != "" {
		t.Note = "The first 100 are shown."
	}
	return t, nil
}

func (c *Console) setDefaultVersion(ctx context.Context, v *visit) (answer, error) {
	m, err := v.api.Get(ctx, pratique.KindPolicy, v.path("name"))
	if err != nil {
		return nil, err
	}
	next, err := changed(m, pratique.PolicySpec{DefaultVersion: v.path("version"), Description: descriptionOf(m)})
	if err != nil {
		return nil, err
	}
	if _, err := v.api.Change(ctx, apiv1.Changes{Changes: []apiv1.Change{{Put: &next}}}); err != nil {
		return nil, err
	}
	return goTo{at("policies", m.Metadata.Name), "Version " + v.path("version") + " is in force."}, nil
}

func descriptionOf(m pratique.Manifest) string {
	var spec pratique.PolicySpec
	if specOf(m, &spec) != nil {
		return ""
	}
	return strings.TrimSpace(spec.Description)
}

func (c *Console) confirmDeletePolicy(ctx context.Context, v *visit) (answer, error) {
	return c.confirmDelete(ctx, v, pratique.KindPolicy, "policies", nil)
}

func (c *Console) deletePolicy(ctx context.Context, v *visit) (answer, error) {
	return c.remove(ctx, v, pratique.KindPolicy, "policies")
}
