package console

import (
	"context"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

// passwordPage is for one's own password.
type passwordPage struct {
	base
	Fields []ui.Field
}

func (*passwordPage) template() string { return "password" }

func (c *Console) password(_ context.Context, v *visit) (answer, error) {
	return passwordForm(v, nil), nil
}

func passwordForm(v *visit, err error) *passwordPage {
	p := &passwordPage{base: base{v.frame("my-access", "Set a password")}}
	p.Problem = problem(err)
	p.Fields = []ui.Field{
		{Name: "old", Label: "Present password", Type: "password", Autocomplete: "current-password", Hint: "Leave it empty when you have none yet."},
		{Name: "new", Label: "New password", Type: "password", Required: true, Autocomplete: "new-password", Hint: "At least 12 characters; a few words are good."},
		{Name: "again", Label: "New password again", Type: "password", Required: true, Autocomplete: "new-password"},
	}
	return p
}

func (c *Console) setPassword(ctx context.Context, v *visit) (answer, error) {
	next := v.r.PostFormValue("new")
	if next != v.r.PostFormValue("again") {
		return passwordForm(v, wrong("the two new passwords differ; nothing was changed")), nil
	}
	if err := v.api.SetPassword(ctx, apiv1.NewPassword{Old: v.r.PostFormValue("old"), New: next}); err != nil {
		return passwordForm(v, err), nil
	}
	if v.me.Unlimited && v.r.PostFormValue("old") == "" {
		return goTo{href([]string{"mfa"}, "first", "yes"), "Your password is set. One more step makes the root of your account much safer."}, nil
	}
	return goTo{Prefix, "Your password is set. Other sessions of yours have ended."}, nil
}
