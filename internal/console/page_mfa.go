package console

import (
	"context"
	"net/url"
	"strings"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

func (c *Console) mfaRoutes() []route {
	const get, post = "GET " + Prefix, "POST " + Prefix
	return []route{
		{get + "mfa", c.mfa, false},
		{post + "mfa/enroll", c.enrollMFA, false},
		{post + "mfa/confirm", c.confirmMFA, false},
		{post + "mfa/remove", c.removeMFA, false},
	}
}

// mfaPage is for one's own second factor.
type mfaPage struct {
	base
	Factor apiv1.MFA
	State  ui.Badge
	First  bool // somebody has just set their first password, and may leave this for later
}

func (*mfaPage) template() string { return "mfa" }

// enrollPage shows a new factor, this once, and asks for a code of it.
type enrollPage struct {
	base
	URI  string
	Seed string // in groups of four, as people type it
	QR   qrCode
}

func (*enrollPage) template() string { return "mfa-enroll" }

// recoveryPage shows the recovery codes, this once.
type recoveryPage struct {
	base
	Codes []string
}

func (*recoveryPage) template() string { return "mfa-codes" }

func (c *Console) mfa(ctx context.Context, v *visit) (answer, error) { return c.mfaForm(ctx, v, nil) }

func (c *Console) mfaForm(ctx context.Context, v *visit, failed error) (answer, error) {
	p := &mfaPage{base: base{v.frame("my-access", "Second factor")}, First: v.query("first") != ""}
	p.Crumbs = []ui.Link{{Title: "My access", Href: at("my-access")}}
	p.Problem = problem(failed)
	var err error
	p.Factor, err = v.api.MFA(ctx, "")
	p.State = stateOfFactor(p.Factor)
	return p, err
}

func stateOfFactor(m apiv1.MFA) ui.Badge {
	switch {
	case m.Confirmed:
		return ui.Badge{Text: "on", Tone: "ok"}
	case m.Enrolled:
		return ui.Badge{Text: "not confirmed", Tone: "warn"}
	default:
		return ui.Badge{Text: "off", Tone: "warn"}
	}
}

func (c *Console) enrollMFA(ctx context.Context, v *visit) (answer, error) {
	made, err := v.api.EnrollMFA(ctx, apiv1.EnrollMFA{})
	if err != nil {
		return c.mfaForm(ctx, v, err)
	}
	return enrollForm(v, made.URI, nil), nil
}

func enrollForm(v *visit, uri string, failed error) *enrollPage {
	p := &enrollPage{base: base{v.frame("my-access", "Set up a second factor")}, URI: uri, QR: drawQR(uri)}
	p.Crumbs = []ui.Link{{Title: "My access", Href: at("my-access")}, {Title: "Second factor", Href: at("mfa")}}
	p.Problem = problem(failed)
	if u, err := url.Parse(uri); err == nil {
		seed := u.Query().Get("secret")
		for len(seed) > 4 {
			p.Seed, seed = p.Seed+seed[:4]+" ", seed[4:]
		}
		p.Seed += seed
	}
	return p
}

// confirmMFA takes the first code. The form brings the address of the factor along, so that a mistyped code does not need a new one.
func (c *Console) confirmMFA(ctx context.Context, v *visit) (answer, error) {
	uri := v.form("secretUri")
	recovery, err := v.api.ConfirmMFA(ctx, apiv1.ConfirmMFA{Code: v.form("code")})
	switch {
	case err != nil && len(uri) < 1024 && strings.HasPrefix(uri, "otpauth://totp/"):
		return enrollForm(v, uri, err), nil
	case err != nil:
		return c.mfaForm(ctx, v, err)
	}
	p := &recoveryPage{base{v.frame("my-access", "Recovery codes")}, recovery.Codes}
	p.Crumbs = []ui.Link{{Title: "My access", Href: at("my-access")}, {Title: "Second factor", Href: at("mfa")}}
	return p, nil
}

func (c *Console) removeMFA(ctx context.Context, v *visit) (answer, error) {
	if err := v.api.RemoveMFA(ctx, apiv1.RemoveMFA{Code: v.form("code")}); err != nil {
		return c.mfaForm(ctx, v, err)
	}
	return goTo{at("mfa"), "The second factor is removed. Your password alone signs you in again."}, nil
}

// myFactor says on My access whether a second factor protects whoever looks.
func (c *Console) myFactor(ctx context.Context, v *visit, p *myAccessPage) error {
	if v.me.Type == "role" {
		return nil
	}
	m, err := v.api.MFA(ctx, "")
	if err != nil {
		return err
	}
	state := stateOfFactor(m)
	p.Facts = append(p.Facts, ui.Fact{Name: "Second factor", Badge: &state, Links: []ui.Link{{Title: "Look after it", Href: at("mfa")}}})
	return nil
}
