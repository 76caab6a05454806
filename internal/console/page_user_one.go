package console

import (
	"context"
	"slices"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

// userPage shows one user: who they are, what they hold and by what, and their keys.
type userPage struct {
	base
	Name      string
	Facts     ui.Facts
	Grants    ui.Table
	Effective ui.Table
	Sessions  ui.Table
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
	permits, err := v.may(ctx, on("user.update", name), on("user.delete", name), on("password.set", name), on("accessKey.create", name), on("accessKey.update", name), on("accessKey.delete", name), on("mfa.unbind", name), on("mfa.delete", ""), on("session.delete", name))
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
	p.Facts = append(p.Facts, signsInThrough(spec)...)
	if err := c.factorOfUser(ctx, v, p, permits[6], permits[7]); err != nil {
		return nil, err
	}
	access := ""
	if len(spec.Access) == 1 {
		access = string(spec.Access[0])
	}
	p.Fields = userFields(spec.DisplayName, spec.Email, spec.Description, access)
	p.Buttons = append([]ui.Button{
		{Label: "Give permissions", Href: href([]string{"grants", "new"}, "user", name), Permit: ui.Permit{Allowed: true}},
	}, append(p.Buttons, ui.Button{Label: "Delete…", Kind: "danger", Href: at("users", name, "delete"), Permit: permits[1]})...)
	if permits[2].Allowed && spec.Identity == nil && (len(spec.Access) == 0 || slices.Contains(spec.Access, pratique.Console)) {
		p.Password = &ui.Field{Name: "password", Label: "New password", Type: "password", Autocomplete: "new-password", Required: true, Hint: "Ends their sessions. At least 12 characters."}
	}
	if p.Grants, err = c.grantsOf(ctx, v, client.ListOptions{User: name}); err != nil {
		return nil, err
	}
	if err := c.effectiveOf(ctx, v, p); err != nil {
		return nil, err
	}
	if err := c.sessionsOf(ctx, v, p, permits[8]); err != nil {
		return nil, err
	}
	p.MayKey = ui.Button{Label: "Create access key", Action: at("users", name, "keys"), Permit: permits[3], Form: ui.FormNumber()}
	return p, c.keysOf(ctx, v, p, permits[4], permits[5])
}

func (c *Console) updateUser(ctx context.Context, v *visit) (answer, error) {
	m, err := v.api.Get(ctx, pratique.KindUser, v.path("name"))
	if err != nil {
		return nil, err
	}
	var old pratique.UserSpec
	if err := specOf(m, &old); err != nil {
		return nil, err
	}
	spec := userSpecOf(v)
	spec.Identity = old.Identity // the form does not speak of it
	next, err := changed(m, spec)
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

func (c *Console) confirmDeleteUser(ctx context.Context, v *visit) (answer, error) {
	return c.confirmDelete(ctx, v, pratique.KindUser, "users", nil)
}

func (c *Console) deleteUser(ctx context.Context, v *visit) (answer, error) {
	return c.remove(ctx, v, pratique.KindUser, "users")
}
