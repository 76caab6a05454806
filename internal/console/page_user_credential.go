package console

import (
	"context"
	"errors"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

// effectiveOf fills in everything that reaches the user, directly and through groups.
func (c *Console) effectiveOf(ctx context.Context, v *visit, p *userPage) error {
	held, err := v.api.Holdings(ctx, p.Name)
	if errors.Is(err, pratique.ErrDenied) {
		p.Effective.Empty = ui.Empty{Title: "You may not see what reaches the user", Text: problem(err).Detail}
		return nil
	}
	if err != nil {
		return err
	}
	p.Effective = effectiveTable("Effective permissions", held.Grants, "")
	p.Effective.Empty = ui.Empty{Title: "Nothing reaches the user", Text: "Neither they nor a user group of theirs holds a policy: put them into a group that does."}
	for _, g := range held.Groups {
		p.Facts = append(p.Facts, ui.Fact{Name: "Member of", Value: g, Href: at("groups", g)})
	}
	return nil
}

// sessionsOf fills in where the user is signed in, for whoever may see it.
func (c *Console) sessionsOf(ctx context.Context, v *visit, p *userPage, end ui.Permit) error {
	list, err := v.api.SessionsOf(ctx, p.Name)
	var tokens []apiv1.SessionInfo
	if err == nil {
		tokens, err = v.api.TokensOf(ctx, p.Name)
	}
	if errors.Is(err, pratique.ErrDenied) {
		p.Sessions.Empty = ui.Empty{Title: "You may not see their sessions", Text: problem(err).Detail}
		return nil
	}
	if err != nil {
		return err
	}
	if p.Name == v.me.Name {
		end = ui.Permit{Allowed: true}
	}
	p.Sessions = sessionTable("Sessions and API tokens", append(list, tokens...), end, func(id string) string { return at("users", p.Name, "sessions", id, "end") })
	return nil
}

func (c *Console) endUserSession(ctx context.Context, v *visit) (answer, error) {
	if err := v.api.EndSession(ctx, v.path("id")); err != nil {
		return c.showUser(ctx, v, v.path("name"), userShown{failed: err})
	}
	return goTo{at("users", v.path("name")), "It has ended, and what was opened with it."}, nil
}

// factorOfUser says whether a second factor protects the user, and offers to take it away: for somebody who has lost theirs.
func (c *Console) factorOfUser(ctx context.Context, v *visit, p *userPage, unbind, remove ui.Permit) error {
	m, err := v.api.MFA(ctx, p.Name)
	if errors.Is(err, pratique.ErrDenied) {
		return nil
	}
	if err != nil {
		return err
	}
	state := stateOfFactor(m)
	fact := ui.Fact{Name: "Second factor", Badge: &state}
	switch {
	case p.Name == v.me.Name:
		fact.Links = []ui.Link{{Title: "Look after it", Href: at("mfa")}}
	case m.Enrolled:
		permit := unbind
		if permit.Allowed {
			permit = remove
		}
		p.Buttons = append(p.Buttons, ui.Button{Label: "Remove second factor…", Kind: "danger", Href: at("users", p.Name, "mfa", "remove"), Permit: permit})
	}
	p.Facts = append(p.Facts, fact)
	return nil
}

func (c *Console) confirmRemoveFactor(_ context.Context, v *visit) (answer, error) {
	return removeFactorForm(v, nil), nil
}

func removeFactorForm(v *visit, failed error) *deletePage {
	name := v.path("name")
	p := &deletePage{base: base{v.frame("users", "Remove the second factor of "+name)}}
	p.Crumbs, p.Problem = []ui.Link{{Title: "Users", Href: at("users")}, {Title: name, Href: at("users", name)}}, problem(failed)
	p.Danger = ui.Danger{
		Title: "Their password alone will sign them in", Name: name, Action: at("users", name, "mfa", "remove"), Label: "Remove second factor", Back: at("users", name),
		Text:   "For somebody who has lost their authenticator and their recovery codes. Make sure that it is them who asks: whoever has their password gets in.",
		Permit: ui.Permit{Allowed: true}, Goes: []string{"the authenticator", "the recovery codes that are left"},
	}
	return p
}

func (c *Console) removeUserFactor(ctx context.Context, v *visit) (answer, error) {
	name := v.path("name")
	if v.form("confirm") != name {
		return removeFactorForm(v, wrong("the name that you typed is another one; nothing was removed")), nil
	}
	if err := v.api.RemoveMFA(ctx, apiv1.RemoveMFA{User: name}); err != nil {
		return removeFactorForm(v, err), nil
	}
	return goTo{at("users", name), "The second factor of " + name + " is removed: until they set up another, their password alone signs them in."}, nil
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
		p.Keys.Rows = append(p.Keys.Rows, ui.Row{Cells: []ui.Cell{{Text: k.ID, Code: true}, {Badge: state}, {Text: day(k.Created), Sub: c.ageOf(k)}, {Buttons: []ui.Button{
			{Label: label, Action: at("users", p.Name, "keys", k.ID, to), Permit: update, Form: ui.FormNumber()},
			{Label: "Delete", Kind: "danger", Action: at("users", p.Name, "keys", k.ID, "delete"), Permit: remove, Form: ui.FormNumber()},
		}}}})
	}
	return nil
}

// ageOf says that a key is old, as the overview does.
func (c *Console) ageOf(k apiv1.AccessKey) string {
	days := int(c.Now().Sub(k.Created).Hours() / 24)
	if days < oldKey || k.Disabled {
		return ""
	}
	return count(days) + " days old: exchange it"
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
