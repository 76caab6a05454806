package console

import (
	"context"
	"errors"
	"slices"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
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
	list, err := v.api.List(ctx, pratique.KindUser, client.ListOptions{Name: v.query("q"), Page: v.query("page")})
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
		Caption: "Users", Columns: []ui.Column{{Title: "Name"}, {Title: "Access"}, {Title: "State"}, {Title: "Created"}},
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

// userPage shows one user: who they are, what they hold and by what, and their keys.
type userPage struct {
	base
	Name      string
	Facts     ui.Facts
	Grants    ui.Table
	Effective ui.Table
	Keys      ui.Table
	Secret    *apiv1.AccessKey // just made, shown once
	Fields    []ui.Field
	Version   string
	Buttons   []ui.Button
	MayEdit   ui.Permit
	MayKey    ui.Button
	Password  *ui.Field
	Disabled  bool
}

func (*userPage) template() string { return "user" }

// userShown is what a user's page shows beside the user.
type userShown struct {
	failed error
	secret *apiv1.AccessKey
}

func (c *Console) user(ctx context.Context, v *visit) (answer, error) {
	return c.showUser(ctx, v, v.path("name"), userShown{})
}

func (c *Console) showUser(ctx context.Context, v *visit, name string, also userShown) (answer, error) {
	m, err := v.api.Get(ctx, pratique.KindUser, name)
	if err != nil {
		return nil, err
	}
	var spec pratique.UserSpec
	if err := specOf(m, &spec); err != nil {
		return nil, err
	}
	name = m.Metadata.Name
	permits, err := v.may(ctx, on("user.update", name), on("user.delete", name), on("password.set", name), on("accessKey.create", name), on("accessKey.update", name), on("accessKey.delete", name))
	if err != nil {
		return nil, err
	}
	p := &userPage{base: base{v.frame("users", name)}, Name: name, Secret: also.secret, MayEdit: permits[0], Disabled: spec.Disabled, Version: m.Metadata.ResourceVersion}
	p.Problem = problem(also.failed)
	p.Crumbs = []ui.Link{{Title: "Users", Href: at("users")}}
	p.Facts = ui.Facts{
		{Name: "Id", Value: m.Metadata.ID, Code: true},
		{Name: "Access type", Value: accessText(spec)},
		{Name: "State", Badge: userState(spec)},
		{Name: "Created", Value: day(m.Metadata.Created)},
		{Name: "E-mail", Value: spec.Email},
		{Name: "Description", Value: spec.Description},
	}
	access := ""
	if len(spec.Access) == 1 {
		access = string(spec.Access[0])
	}
	p.Fields = userFields(spec.DisplayName, spec.Email, spec.Description, access)
	p.Buttons = []ui.Button{
		{Label: "Give permissions", Href: href([]string{"grants", "new"}, "user", name), Permit: ui.Permit{Allowed: true}},
		{Label: "Delete…", Kind: "danger", Href: at("users", name, "delete"), Permit: permits[1]},
	}
	if permits[2].Allowed && (len(spec.Access) == 0 || slices.Contains(spec.Access, pratique.Console)) {
		p.Password = &ui.Field{Name: "password", Label: "New password", Type: "password", Autocomplete: "new-password", Required: true, Hint: "Ends their sessions. At least 12 characters."}
	}
	if p.Grants, err = c.grantsOf(ctx, v, client.ListOptions{User: name}); err != nil {
		return nil, err
	}
	p.MayKey = ui.Button{Label: "Create access key", Action: at("users", name, "keys"), Permit: permits[3], Form: ui.FormNumber()}
	return p, c.keysOf(ctx, v, p, permits[4], permits[5])
}

// keysOf fills in the access keys.
func (c *Console) keysOf(ctx context.Context, v *visit, p *userPage, update, remove ui.Permit) error {
	p.Keys = ui.Table{
		Caption: "Access keys", Columns: []ui.Column{{Title: "Key"}, {Title: "State"}, {Title: "Created"}, {Title: ""}},
		Empty: ui.Empty{Title: "No access key", Text: "Access keys sign requests of programs. A user has at most two, so that they can be exchanged."},
	}
	keys, err := v.api.AccessKeys(ctx, p.Name)
	if errors.Is(err, pratique.ErrDenied) {
		p.Keys.Empty = ui.Empty{Title: "You may not see the keys", Text: problem(err).Detail}
		return nil
	}
	if err != nil {
		return err
	}
	for _, k := range keys {
		state, label, to := &ui.Badge{Text: "enabled", Tone: "ok"}, "Disable", "disable"
		if k.Disabled {
			state, label, to = &ui.Badge{Text: "disabled", Tone: "warn"}, "Enable", "enable"
		}
		p.Keys.Rows = append(p.Keys.Rows, ui.Row{Cells: []ui.Cell{{Text: k.ID, Code: true}, {Badge: state}, {Text: day(k.Created)}, {Buttons: []ui.Button{
			{Label: label, Action: at("users", p.Name, "keys", k.ID, to), Permit: update, Form: ui.FormNumber()},
			{Label: "Delete", Kind: "danger", Action: at("users", p.Name, "keys", k.ID, "delete"), Permit: remove, Form: ui.FormNumber()},
		}}}})
	}
	return nil
}

func (c *Console) updateUser(ctx context.Context, v *visit) (answer, error) {
	m, err := v.api.Get(ctx, pratique.KindUser, v.path("name"))
	if err != nil {
		return nil, err
	}
	next, err := changed(m, userSpecOf(v))
	if err != nil {
		return nil, err
	}
	return c.putOrCompare(ctx, v, m, next, at("users", m.Metadata.Name), "User "+m.Metadata.Name+" is changed.")
}

func (c *Console) setUserPassword(ctx context.Context, v *visit) (answer, error) {
	if err := v.api.SetPassword(ctx, apiv1.NewPassword{User: v.path("name"), New: v.r.PostFormValue("password")}); err != nil {
		return c.showUser(ctx, v, v.path("name"), userShown{failed: err})
	}
	return goTo{at("users", v.path("name")), "The password is set, and their sessions have ended."}, nil
}

// newKey shows the secret in the answer itself: it is nowhere else, and must stand in no address.
func (c *Console) newKey(ctx context.Context, v *visit) (answer, error) {
	key, err := v.api.NewAccessKey(ctx, apiv1.NewAccessKey{User: v.path("name")})
	if err != nil {
		return c.showUser(ctx, v, v.path("name"), userShown{failed: err})
	}
	return c.showUser(ctx, v, v.path("name"), userShown{secret: &key})
}

func (c *Console) setKey(ctx context.Context, v *visit) (answer, error) {
	id, done := v.path("id"), ""
	var err error
	switch v.path("state") {
	case "enable":
		done, err = "The key works again.", v.api.SetAccessKey(ctx, id, apiv1.AccessKeyState{})
	case "disable":
		done, err = "The key no longer works.", v.api.SetAccessKey(ctx, id, apiv1.AccessKeyState{Disabled: true})
	case "delete":
		done, err = "The key is deleted.", v.api.DeleteAccessKey(ctx, id)
	default:
		return c.nothingHere(ctx, v)
	}
	if err != nil {
		return c.showUser(ctx, v, v.path("name"), userShown{failed: err})
	}
	return goTo{at("users", v.path("name")), done}, nil
}

func (c *Console) confirmDeleteUser(ctx context.Context, v *visit) (answer, error) {
	return c.confirmDelete(ctx, v, pratique.KindUser, "users", nil)
}

func (c *Console) deleteUser(ctx context.Context, v *visit) (answer, error) {
	return c.remove(ctx, v, pratique.KindUser, "users")
}
