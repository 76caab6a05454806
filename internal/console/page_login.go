package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

// loginPage is where somebody says who they are. Kept is a form that was sent when the session had ended.
type loginPage struct {
	base
	Account string
	User    string
	Next    string // where to go then
	Kept    []ui.Hidden
	KeptFor string // path that the kept form goes to
	Notice  string
	Ways    ways
}

func (*loginPage) template() string { return "login" }

// signIn opens a session in the browser and goes on.
type signIn struct {
	token string
	next  answer
}

func (signIn) answer() {}

func (c *Console) loginPage(_ context.Context, v *visit) (answer, error) {
	return &loginPage{base: base{v.frame("", "Sign in")}, Next: inside(v.query("next")), Account: v.query("account")}, nil
}

// login proves who somebody is. Whoever signs in with the one-time secret sets a password next.
func (c *Console) login(ctx context.Context, v *visit) (answer, error) {
	p := &loginPage{
		base: base{v.frame("", "Sign in")}, Account: v.form("account"), User: v.form("user"), Next: inside(v.form("next")),
		Kept: kept(v.r.PostForm, "kept."), KeptFor: inside(v.form("keptFor")),
	}
	in := apiv1.Login{Account: p.Account, User: p.User, Label: "console"}
	if secret := v.r.PostFormValue("secret"); secret != "" {
		in.Secret = strings.TrimSpace(secret)
	} else {
		in.Password = v.r.PostFormValue("password")
	}
	token, err := c.client.WithToken("").Login(ctx, in)
	if ticket, ok := client.NeedsCode(err); ok {
		return pending{ticket, codeForm(v, p, nil)}, nil
	}
	if err != nil {
		p.Problem = problem(err)
		return p, nil
	}
	return entered(v, p, token), nil
}

// entered goes on with somebody who has signed in.
func entered(v *visit, p *loginPage, token apiv1.Token) answer {
	var next answer = goTo{to: p.Next}
	switch {
	case token.NeedPassword:
		next = goTo{to: at("password"), done: "You are signed in with the one-time secret. Set a password now: the secret has been used up."}
	case len(p.Kept) > 0 && p.KeptFor != "":
		next = &resumePage{base: base{v.frame("", "Go on")}, Action: p.KeptFor, Kept: p.Kept}
	}
	return signIn{token.Token, next}
}

func (c *Console) logout(ctx context.Context, v *visit) (answer, error) {
	if err := v.api.Logout(ctx); err != nil {
		return nil, err
	}
	return signIn{"", goTo{to: at("login"), done: "You are signed out."}}, nil
}

// resumePage shows a form that was sent when the session had ended, to be sent again. It is not sent by itself: the person who signed in
// may be another one.
type resumePage struct {
	base
	Action string
	Kept   []ui.Hidden
}

func (*resumePage) template() string { return "resume" }

func (c *Console) resume(_ context.Context, v *visit) (answer, error) {
	return goTo{to: inside(v.form("keptFor"))}, nil
}

// signedOutPage asks somebody to sign in and goes on where they were.
func signedOutPage(v *visit) answer {
	p := &loginPage{base: base{v.frame("", "Sign in")}, Next: inside(v.r.URL.RequestURI())}
	p.SignedIn = false
	if v.secret != "" {
		p.Notice = "Your session has ended. Sign in again and go on where you were."
	}
	if v.r.Method == http.MethodPost {
		p.Next = Prefix
		p.Kept, p.KeptFor = kept(v.r.PostForm, ""), v.r.URL.Path
		p.Notice = "Your session has ended. Sign in again: what you had entered is kept and nothing has been sent yet."
	}
	if p.Notice != "" {
		p.Problem = &ui.Problem{Title: "Signed out", Detail: p.Notice, Status: http.StatusUnauthorized}
	}
	return p
}

// kept is a form as hidden fields, without passwords and other secrets: those must be typed again.
func kept(form url.Values, prefix string) []ui.Hidden {
	var out []ui.Hidden
	for name, values := range form {
		bare, ok := strings.CutPrefix(name, prefix)
		if !ok || secretField(bare) || bare == formField {
			continue
		}
		for _, value := range values {
			out = append(out, ui.Hidden{Name: bare, Value: value})
		}
	}
	slices.SortStableFunc(out, func(a, b ui.Hidden) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func secretField(name string) bool {
	low := strings.ToLower(name)
	return strings.Contains(low, "password") || strings.Contains(low, "secret") || strings.Contains(low, "code") || strings.Contains(low, "kubeconfig")
}

// inside keeps an address that somebody sent only when it is a page of ours: anything else could lead elsewhere.
func inside(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, Prefix) || strings.ContainsAny(to, "\\\r\n") || strings.Contains(u.Path, "//") {
		return Prefix
	}
	return u.RequestURI()
}

// setTheme chooses light or dark, or leaves it to the system.
func (c *Console) setTheme(_ context.Context, v *visit) (answer, error) {
	return themed{v.form("theme"), goTo{to: inside(v.form("next"))}}, nil
}

// themed sets the theme in the browser and goes on.
type themed struct {
	theme string
	next  goTo
}

func (themed) answer() {}
