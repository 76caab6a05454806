package console

import (
	"context"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

// place is a kind of places that resources are in: projects and enterprise projects have the same pages.
type place struct {
	kind    pratique.Kind
	section string
	title   string
	noun    string // of its operations
	about   string
}

func projects() place {
	return place{
		pratique.KindProject, "projects", "Projects", "project",
		"A project is a region's unit of isolation. Every region has a default one of its name; policies of project-level services hold in projects.",
	}
}

func enterpriseProjects() place {
	return place{
		pratique.KindEnterpriseProject, "enterprise-projects", "Enterprise projects", "enterpriseProject",
		"An enterprise project groups resources of all regions, such as those of a team. Policies granted in it hold for what is in it.",
	}
}

func (c *Console) placeRoutes(pl place) []route {
	const get, post = "GET " + Prefix, "POST " + Prefix
	on := func(h func(context.Context, *visit, place) (answer, error)) handler {
		return func(ctx context.Context, v *visit) (answer, error) { return h(ctx, v, pl) }
	}
	return []route{
		{get + pl.section, on(c.places), false},
		{get + pl.section + "/new", on(c.newPlace), false},
		{post + pl.section + "/new", on(c.createPlace), false},
		{get + pl.section + "/{name}", on(c.onePlace), false},
		{get + pl.section + "/{name}/delete", on(c.confirmDeletePlace), false},
		{post + pl.section + "/{name}/delete", on(c.deletePlace), false},
	}
}

// placesPage lists them.
type placesPage struct {
	base
	About string
	New   ui.Button
	Table ui.Table
}

func (*placesPage) template() string { return "places" }

func (c *Console) places(ctx context.Context, v *visit, pl place) (answer, error) {
	list, err := v.api.List(ctx, pl.kind, v.listOptions())
	if err != nil {
		return nil, err
	}
	permits, err := v.may(ctx, on(pl.noun+".create", ""))
	if err != nil {
		return nil, err
	}
	p := &placesPage{base: base{v.frame(pl.section, pl.title)}, About: pl.about}
	p.New = ui.Button{Label: "Create " + pl.kind.Word(), Href: at(pl.section, "new"), Kind: "primary", Permit: permits[0]}
	p.Table = v.listing(list.Next, ui.Table{
		Caption: pl.title, Columns: []ui.Column{v.sorted("Name", "name"), {Title: "Region"}, {Title: "Description"}, v.sorted("Created", "created")},
		Empty: ui.Empty{Title: "None yet", Text: pl.about, Button: &p.New},
	})
	for _, m := range list.Items {
		var spec pratique.ProjectSpec
		if err := specOf(m, &spec); err != nil {
			return nil, err
		}
		p.Table.Rows = append(p.Table.Rows, ui.Row{Cells: []ui.Cell{
			{Text: m.Metadata.Name, Href: at(pl.section, m.Metadata.Name)}, {Text: spec.Region}, {Text: spec.Description}, {Text: day(m.Metadata.Created)},
		}})
	}
	return p, nil
}

// placePage shows one, or is the form for a new one.
type placePage struct {
	base
	Facts   ui.Facts
	Fields  []ui.Field
	Buttons []ui.Button
	Back    string
}

func (*placePage) template() string { return "place" }

func (c *Console) newPlace(_ context.Context, v *visit, pl place) (answer, error) {
	return newPlaceForm(v, pl, nil), nil
}

func newPlaceForm(v *visit, pl place, err error) *placePage {
	p := &placePage{base: base{v.frame(pl.section, "Create "+pl.kind.Word())}, Back: at(pl.section)}
	p.Crumbs = []ui.Link{{Title: pl.title, Href: at(pl.section)}}
	p.Problem = problem(err)
	p.Fields = []ui.Field{{Name: "name", Label: "Name", Value: v.form("name"), Required: true, Focus: true, MaxLength: 64}}
	if pl.kind == pratique.KindProject {
		p.Fields = append(p.Fields, ui.Field{Name: "region", Label: "Region", Value: v.form("region"), Required: true})
	}
	p.Fields = append(p.Fields, ui.Field{Name: "description", Label: "Description", Value: v.form("description"), MaxLength: 255})
	return p
}

func (c *Console) createPlace(ctx context.Context, v *visit, pl place) (answer, error) {
	name := v.form("name")
	var spec any = pratique.EnterpriseProjectSpec{Description: v.form("description")}
	if pl.kind == pratique.KindProject {
		spec = pratique.ProjectSpec{Region: v.form("region"), Description: v.form("description")}
	}
	m, err := manifest(pl.kind, name, spec)
	if err != nil {
		return nil, err
	}
	if err := v.mustBeNew(ctx, pl.kind, name); err != nil {
		return newPlaceForm(v, pl, err), nil
	}
	if _, err := v.api.Change(ctx, apiv1.Changes{Changes: []apiv1.Change{{Put: &m}}}); err != nil {
		return newPlaceForm(v, pl, err), nil
	}
	return goTo{at(pl.section, name), "The " + pl.kind.Word() + " " + name + " is created."}, nil
}

func (c *Console) onePlace(ctx context.Context, v *visit, pl place) (answer, error) {
	m, err := v.api.Get(ctx, pl.kind, v.path("name"))
	if err != nil {
		return nil, err
	}
	var spec pratique.ProjectSpec
	if err := specOf(m, &spec); err != nil {
		return nil, err
	}
	name := m.Metadata.Name
	permits, err := v.may(ctx, on(pl.noun+".delete", name))
	if err != nil {
		return nil, err
	}
	p := &placePage{base: base{v.frame(pl.section, name)}}
	p.Crumbs = []ui.Link{{Title: pl.title, Href: at(pl.section)}}
	p.Facts = ui.Facts{
		{Name: "Id", Value: m.Metadata.ID, Code: true},
		{Name: "Region", Value: spec.Region},
		{Name: "Description", Value: spec.Description},
		{Name: "Created", Value: day(m.Metadata.Created)},
	}
	p.Buttons = []ui.Button{{Label: "Delete…", Kind: "danger", Href: at(pl.section, name, "delete"), Permit: permits[0]}}
	return p, nil
}

func (c *Console) confirmDeletePlace(ctx context.Context, v *visit, pl place) (answer, error) {
	return c.confirmDelete(ctx, v, pl.kind, pl.section, nil)
}

func (c *Console) deletePlace(ctx context.Context, v *visit, pl place) (answer, error) {
	return c.remove(ctx, v, pl.kind, pl.section)
}
