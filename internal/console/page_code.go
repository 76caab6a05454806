package console

import (
	"context"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

// codePage is the second step of signing in, for whoever has a second factor. The password is not kept anywhere: a cookie holds the ticket
// that the API gave for it, which only this server can read and which is worth nothing without a code.
type codePage struct {
	base
	Next    string
	Kept    []ui.Hidden
	KeptFor string
}

func (*codePage) template() string { return "code" }

// pending puts the ticket into the browser and goes on.
type pending struct {
	ticket string
	next   answer
}

func (pending) answer() {}

func codeForm(v *visit, p *loginPage, err error) *codePage {
	out := &codePage{base: base{v.frame("", "Second factor")}, Next: p.Next, Kept: p.Kept, KeptFor: p.KeptFor}
	out.Problem = problem(err)
	return out
}

// codePage shows the step again to whoever reloads it.
func (c *Console) codePage(_ context.Context, v *visit) (answer, error) {
	if pendingOf(v.r) == "" {
		return goTo{to: at("login")}, nil
	}
	return codeForm(v, &loginPage{Next: Prefix}, nil), nil
}

// loginCode finishes a sign-in with a code.
func (c *Console) loginCode(ctx context.Context, v *visit) (answer, error) {
	p := &loginPage{
		base: base{v.frame("", "Sign in")}, Next: inside(v.form("next")), Kept: kept(v.r.PostForm, "kept."), KeptFor: inside(v.form("keptFor")),
	}
	ticket := pendingOf(v.r)
	if ticket == "" {
		p.Problem = problem(wrong("the sign-in took too long; begin again with your password"))
		return p, nil
	}
	if v.form("code") == "" {
		return codeForm(v, p, wrong("type the six digits that your authenticator shows, or a recovery code")), nil
	}
	token, err := c.client.WithToken("").Login(ctx, apiv1.Login{Ticket: ticket, Code: v.form("code"), Label: "console"})
	if err != nil {
		return codeForm(v, p, err), nil
	}
	return entered(v, p, token), nil
}
