package console

import (
	"context"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

func (c *Console) userRoutes() []route {
	const get, post = "GET " + Prefix, "POST " + Prefix
	return []route{
		{get + "users", c.users, false},
		{get + "users/new", c.newUser, false},
		{post + "users/new", c.createUser, false},
		{get + "users/{name}", c.user, false},
		{post + "users/{name}", c.updateUser, false},
		{post + "users/{name}/password", c.setUserPassword, false},
		{get + "users/{name}/mfa/remove", c.confirmRemoveFactor, false},
		{post + "users/{name}/mfa/remove", c.removeUserFactor, false},
		{post + "users/{name}/sessions/{id}/end", c.endUserSession, false},
		{post + "users/{name}/keys", c.newKey, false},
		{post + "users/{name}/keys/{id}/{state}", c.setKey, false},
		{get + "users/{name}/delete", c.confirmDeleteUser, false},
		{post + "users/{name}/delete", c.deleteUser, false},
	}
}

// usersPage lists users.
type usersPage struct {
	base
	New   ui.Button
	Table ui.Table
}

func (*usersPage) template() string { return "users" }

func (c *Console) users(ctx context.Context, v *visit) (answer, error) {
	list, err := v.api.List(ctx, pratique.KindUser, v.listOptions())
	if err != nil {
		return nil, err
	}
	permits, err := v.may(ctx, on("user.create", ""))
	if err != nil {
		return nil, err
	}
	p := &usersPage{base: base{v.frame("users", "Users")}}
	p.New = ui.Button{Label: "Create user", Href: at("users", "new"), Kind: "primary", Permit: permits[0]}
	p.Table = v.listing(list.Next, ui.Table{
		Caption: "Users", Columns: []ui.Column{v.sorted("Name", "name"), {Title: "Access"}, {Title: "State"}, v.sorted("Created", "created")},
		Empty: ui.Empty{
			Title: "No user yet", Button: &p.New,
			Text: "The root of the account is for founding it. Create a user for everybody who works here, and put them into user groups.",
		},
	})
	for _, m := range list.Items {
		var spec pratique.UserSpec
		if err := specOf(m, &spec); err != nil {
			return nil, err
		}
		p.Table.Rows = append(p.Table.Rows, ui.Row{Cells: []ui.Cell{
			{Text: m.Metadata.Name, Href: at("users", m.Metadata.Name), Sub: spec.DisplayName}, {Text: accessText(spec)}, {Badge: userState(spec)}, {Text: day(m.Metadata.Created)},
		}})
	}
	return p, nil
}

func accessText(s pratique.UserSpec) string {
	if len(s.Access) == 0 {
		return "console and programmatic"
	}
	return string(s.Access[0])
}

func userState(s pratique.UserSpec) *ui.Badge {
	if s.Disabled {
		return &ui.Badge{Text: "disabled", Tone: "warn"}
	}
	return &ui.Badge{Text: "enabled", Tone: "ok"}
}

// newUserPage is the form for a user.
type newUserPage struct {
	base
	Fields []ui.Field
	Back   string
}

func (*newUserPage) template() string { return "new-user" }

func (c *Console) newUser(_ context.Context, v *visit) (answer, error) {
	return newUserForm(v, nil), nil
}

func newUserForm(v *visit, err error) *newUserPage {
	p := &newUserPage{base: base{v.frame("users", "Create user")}, Back: at("users")}
	p.Crumbs = []ui.Link{{Title: "Users", Href: at("users")}}
	p.Problem = problem(err)
	group := v.form("group")
	if group == "" {
		group = v.query("group")
	}
	p.Fields = append([]ui.Field{
		{Name: "name", Label: "Name", Value: v.form("name"), Required: true, Focus: true, MaxLength: 64, Hint: "What they sign in with: ASCII letters, digits, . _ @ -"},
	}, userFields(v.form("displayName"), v.form("email"), v.form("description"), v.form("access"))...)
	p.Fields = append(p.Fields,
		ui.Field{Name: "group", Label: "User group", Value: group, Hint: "Puts them into this group at once; may stay empty"},
		ui.Field{Name: "password", Label: "First password", Type: "password", Autocomplete: "new-password", Hint: "At least 12 characters. May stay empty for users without a console."})
	return p
}

func userFields(display, email, description, access string) []ui.Field {
	return []ui.Field{
		{Name: "displayName", Label: "Display name", Value: display, MaxLength: 128},
		{Name: "email", Label: "E-mail", Value: email, MaxLength: 128},
		{Name: "description", Label: "Description", Value: description, MaxLength: 255},
		{Name: "access", Label: "Access type", Type: "select", Options: options(access,
			"", "Console and programmatic", "console", "Console only (password)", "programmatic", "Programmatic only (access keys, tokens)")},
	}
}

// userSpecOf reads the form.
func userSpecOf(v *visit) pratique.UserSpec {
	spec := pratique.UserSpec{
		DisplayName: v.form("displayName"), Email: v.form("email"), Description: v.form("description"), Disabled: v.form("disabled") != "",
	}
	if a := v.form("access"); a != "" {
		spec.Access = []pratique.Access{pratique.Access(a)}
	}
	return spec
}

// createUser makes the user, and puts them into their group in the same change. The password is a change of its own: a user without one
// cannot sign in, which is the safe half of two.
func (c *Console) createUser(ctx context.Context, v *visit) (answer, error) {
	name := v.form("name")
	m, err := manifest(pratique.KindUser, name, userSpecOf(v))
	if err != nil {
		return nil, err
	}
	if err := v.mustBeNew(ctx, pratique.KindUser, name); err != nil {
		return newUserForm(v, err), nil
	}
	changes := []apiv1.Change{{Put: &m}}
	if group := v.form("group"); group != "" {
		put, err := c.withMember(ctx, v, group, name)
		if err != nil {
			return newUserForm(v, err), nil
		}
		changes = append(changes, apiv1.Change{Put: &put})
	}
	if _, err := v.api.Change(ctx, apiv1.Changes{Changes: changes}); err != nil {
		return newUserForm(v, err), nil
	}
	done := "User " + name + " is created."
	if password := v.r.PostFormValue("password"); password != "" {
		if err := v.api.SetPassword(ctx, apiv1.NewPassword{User: name, New: password}); err != nil {
			return c.showUser(ctx, v, name, userShown{failed: err})
		}
		done += " They can sign in now."
	}
	return goTo{at("users", name), done}, nil
}

// withMember is a group with one more member, to be put while nobody else has changed it.
func (c *Console) withMember(ctx context.Context, v *visit, group, user string) (pratique.Manifest, error) {
	m, err := v.api.Get(ctx, pratique.KindGroup, group)
	if err != nil {
		return m, err
	}
	var spec pratique.GroupSpec
	if err := specOf(m, &spec); err != nil {
		return m, err
	}
	spec.Members = append(spec.Members, user)
	return changed(m, spec)
}
