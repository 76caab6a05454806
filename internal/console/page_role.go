package console

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

func (c *Console) roleRoutes() []route {
	const get, post = "GET " + Prefix, "POST " + Prefix
	return []route{
		{get + "roles", c.roles, false},
		{get + "roles/new", c.newRole, false},
		{post + "roles/new", c.createRole, false},
		{get + "roles/{name}", c.role, false},
		{post + "roles/{name}", c.updateRole, false},
		{get + "roles/{name}/delete", c.confirmDeleteRole, false},
		{post + "roles/{name}/delete", c.deleteRole, false},
	}
}

// rolesPage lists roles.
type rolesPage struct {
	base
	New   ui.Button
	Table ui.Table
}

func (*rolesPage) template() string { return "roles" }

func (c *Console) roles(ctx context.Context, v *visit) (answer, error) {
	list, err := v.api.List(ctx, pratique.KindRole, v.listOptions())
	if err != nil {
		return nil, err
	}
	permits, err := v.may(ctx, on("role.create", ""))
	if err != nil {
		return nil, err
	}
	p := &rolesPage{base: base{v.frame("roles", "Roles")}}
	p.New = ui.Button{Label: "Create role", Href: at("roles", "new"), Kind: "primary", Permit: permits[0]}
	p.Table = v.listing(list.Next, ui.Table{
		Caption: "Roles", Columns: []ui.Column{v.sorted("Name", "name"), {Title: "Description"}, {Title: "Longest session"}, v.sorted("Created", "created")},
		Empty: ui.Empty{
			Title: "No role yet", Button: &p.New,
			Text: "A role is an identity that a service, a controller or a person takes on for a while. Its trust policy says who may.",
		},
	})
	for _, m := range list.Items {
		var spec pratique.RoleSpec
		if err := specOf(m, &spec); err != nil {
			return nil, err
		}
		p.Table.Rows = append(p.Table.Rows, ui.Row{Cells: []ui.Cell{
			{Text: m.Metadata.Name, Href: at("roles", m.Metadata.Name)}, {Text: spec.Description}, {Text: sessionText(spec)}, {Text: day(m.Metadata.Created)},
		}})
	}
	return p, nil
}

func sessionText(s pratique.RoleSpec) string {
	text := cmp.Or(time.Duration(s.MaxSession), pratique.DefaultRoleSession).String()
	return strings.NewReplacer("h0m0s", "h", "m0s", "m").Replace(text)
}

// rolePage shows one role: whom it trusts and what it holds.
type rolePage struct {
	base
	Name    string
	Facts   ui.Facts
	Grants  ui.Table
	Fields  []ui.Field
	Version string
	MayEdit ui.Permit
	Buttons []ui.Button
	New     bool
	Back    string
}

func (*rolePage) template() string { return "role" }

const exampleTrust = `{
  "Version": "1",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "sts:AssumeRole",
      "Principal": { "Service": ["cs.aliyuncs.com"] }
    }
  ]
}`

func (c *Console) newRole(_ context.Context, v *visit) (answer, error) {
	return newRoleForm(v, nil), nil
}

func newRoleForm(v *visit, err error) *rolePage {
	p := &rolePage{base: base{v.frame("roles", "Create role")}, New: true, Back: at("roles"), MayEdit: ui.Permit{Allowed: true}}
	p.Crumbs = []ui.Link{{Title: "Roles", Href: at("roles")}}
	p.Problem = problem(err)
	trust := v.form("trust")
	if trust == "" {
		trust = exampleTrust
	}
	p.Fields = append([]ui.Field{{Name: "name", Label: "Name", Value: v.form("name"), Required: true, Focus: true, MaxLength: 64}},
		roleFields(v.form("description"), v.form("maxSession"), trust)...)
	return p
}

func roleFields(description, session, trust string) []ui.Field {
	return []ui.Field{
		{Name: "description", Label: "Description", Value: description, MaxLength: 1024},
		{Name: "maxSession", Label: "Longest session", Value: session, Placeholder: "1h", Hint: "15m to 12h; empty: 1h"},
		{Name: "trust", Label: "Trust policy", Type: "textarea", Rows: 14, Mono: true, Required: true, Value: trust, Hint: "Who may take the role on: services, users, or service accounts of clusters (Federated)"},
	}
}

func roleSpecOf(v *visit) (pratique.RoleSpec, error) {
	spec := pratique.RoleSpec{Description: v.form("description"), Trust: jsontext.Value(v.form("trust"))}
	if !spec.Trust.IsValid() {
		return spec, wrong("the trust policy is not JSON; check commas, quotes and brackets")
	}
	if s := v.form("maxSession"); s != "" {
		if err := spec.MaxSession.UnmarshalText([]byte(s)); err != nil {
			return spec, wrong("the longest session must be a duration such as 1h30m")
		}
	}
	return spec, nil
}

func (c *Console) createRole(ctx context.Context, v *visit) (answer, error) {
	name := v.form("name")
	spec, err := roleSpecOf(v)
	if err == nil {
		err = v.mustBeNew(ctx, pratique.KindRole, name)
	}
	if err != nil {
		return newRoleForm(v, err), nil
	}
	m, err := manifest(pratique.KindRole, name, spec)
	if err != nil {
		return nil, err
	}
	if _, err := v.api.Change(ctx, apiv1.Changes{Changes: []apiv1.Change{{Put: &m}}}); err != nil {
		return newRoleForm(v, err), nil
	}
	return goTo{at("roles", name), "Role " + name + " is created. Grant it permissions next."}, nil
}

func (c *Console) role(ctx context.Context, v *visit) (answer, error) { return c.showRole(ctx, v, nil) }

func (c *Console) showRole(ctx context.Context, v *visit, failed error) (answer, error) {
	m, err := v.api.Get(ctx, pratique.KindRole, v.path("name"))
	if err != nil {
		return nil, err
	}
	var spec pratique.RoleSpec
	if err := specOf(m, &spec); err != nil {
		return nil, err
	}
	name := m.Metadata.Name
	permits, err := v.may(ctx, on("role.updateTrust", name), on("role.delete", name), on("grant.create.account", name, "principal", name, "principalKind", "role"))
	if err != nil {
		return nil, err
	}
	p := &rolePage{base: base{v.frame("roles", name)}, Name: name, MayEdit: permits[0], Version: m.Metadata.ResourceVersion, Back: at("roles")}
	p.Problem = problem(failed)
	p.Crumbs = []ui.Link{{Title: "Roles", Href: at("roles")}}
	p.Facts = ui.Facts{{Name: "Id", Value: m.Metadata.ID, Code: true}, {Name: "Created", Value: day(m.Metadata.Created)}, {Name: "Longest session", Value: sessionText(spec)}}
	p.Fields = roleFields(spec.Description, sessionText(spec), indented(spec.Trust))
	p.Buttons = []ui.Button{
		{Label: "Grant permission", Kind: "primary", Href: href([]string{"grants", "new"}, "role", name), Permit: permits[2]},
		{Label: "Delete…", Kind: "danger", Href: at("roles", name, "delete"), Permit: permits[1]},
	}
	p.Grants, err = c.grantsOf(ctx, v, client.ListOptions{Role: name})
	return p, err
}

func (c *Console) updateRole(ctx context.Context, v *visit) (answer, error) {
	m, err := v.api.Get(ctx, pratique.KindRole, v.path("name"))
	if err != nil {
		return nil, err
	}
	spec, err := roleSpecOf(v)
	if err != nil {
		return c.showRole(ctx, v, err)
	}
	next, err := changed(m, spec)
	if err != nil {
		return nil, err
	}
	return c.putOrCompare(ctx, v, m, next, at("roles", m.Metadata.Name), "Role "+m.Metadata.Name+" is changed.")
}

func (c *Console) confirmDeleteRole(ctx context.Context, v *visit) (answer, error) {
	return c.confirmDelete(ctx, v, pratique.KindRole, "roles", nil)
}

func (c *Console) deleteRole(ctx context.Context, v *visit) (answer, error) {
	return c.remove(ctx, v, pratique.KindRole, "roles")
}
