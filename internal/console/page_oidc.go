package console

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/pratique-iam/pratique/apiv1"
)

// oidcRoutes are the way to an identity provider and back. Both are GETs: one follows a link, the other a redirect of the provider. That a
// page of a stranger can follow the link as well does no harm, since only whoever is at this browser can go on at the provider; such a visit
// ends at the page for signing in all the same.
func (c *Console) oidcRoutes() []route {
	const get = "GET " + Prefix
	return []route{
		{get + "oidc/start", c.oidcStart, true},
		{get + "oidc/callback", c.oidcCallback, true},
	}
}

// ways are the providers on the page for signing in.
type ways struct {
	Providers []wayIn
	Others    bool // there are accounts whose providers are shown to whoever knows their names
}

// wayIn is a button.
type wayIn struct{ Title, Href string }

// offer puts the providers on the page. The page is there without them, and never waits for one.
func (c *Console) offer(ctx context.Context, v *visit, p *loginPage) {
	account, provider := p.Account, v.query("provider")
	if account == "" {
		account = v.query("account")
	}
	list, err := c.client.LoginProviders(ctx, account, provider)
	if err != nil {
		c.Log.WarnContext(ctx, "the page for signing in shows no identity providers", "error", err.Error())
		return
	}
	p.Ways.Others = list.Others
	next := p.Next
	if next == Prefix {
		next = ""
	}
	for _, i := range list.Items {
		p.Ways.Providers = append(p.Ways.Providers, wayIn{"Sign in with " + i.DisplayName, href([]string{"oidc", "start"}, "account", account, "provider", i.Name, "next", next)})
	}
}

// away sends the browser to a provider, with what it must bring back.
type away struct {
	address, ticket, next string
}

func (away) answer() {}

// back takes away what the browser kept, whatever came of it.
type back struct{ next answer }

func (back) answer() {}

// oidcStart sends somebody to a provider.
func (c *Console) oidcStart(ctx context.Context, v *visit) (answer, error) {
	account, provider, next := v.query("account"), v.query("provider"), inside(v.query("next"))
	if v.r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		return goTo{to: href([]string{"login"}, "account", account, "provider", provider)}, nil
	}
	begun, err := c.client.WithToken("").BeginLogin(ctx, apiv1.BeginLogin{Account: account, Provider: provider})
	if err != nil {
		return c.notSignedIn(v, account, next, err), nil
	}
	return away{begun.Address, begun.Ticket, next}, nil
}

// oidcCallback is where a provider sends somebody back.
func (c *Console) oidcCallback(ctx context.Context, v *visit) (answer, error) {
	ticket, next := federatedOf(v.r)
	token, err := c.client.WithToken("").FinishLogin(ctx, apiv1.FinishLogin{
		Ticket: ticket, State: v.query("state"), Code: v.query("code"), Issuer: v.query("iss"), Error: v.query("error"), Label: "console",
	})
	if err != nil {
		return back{c.notSignedIn(v, "", next, err)}, nil
	}
	return back{signIn{token.Token, goTo{to: next}}}, nil
}

// notSignedIn shows the page for signing in with one sentence about what went wrong.
func (c *Console) notSignedIn(v *visit, account, next string, err error) answer {
	p := &loginPage{base: base{v.frame("", "Sign in")}, Account: account, Next: next}
	p.Problem = problem(err)
	return p
}

// setFederated keeps the ticket of a sign-in that goes on at a provider; empty: no more. The cookie is Lax and not Strict: the way back begins
// at the provider.
func setFederated(w http.ResponseWriter, ticket, next string) {
	if ticket == "" {
		http.SetCookie(w, cookie(federatedCookie, "", -1))
		return
	}
	value := ticket + "." + base64.RawURLEncoding.EncodeToString([]byte(next))
	http.SetCookie(w, cookie(federatedCookie, value, int(10*time.Minute/time.Second)))
}

func federatedOf(r *http.Request) (ticket, next string) {
	c, err := r.Cookie(federatedCookie)
	if err != nil {
		return "", Prefix
	}
	ticket, coded, _ := strings.Cut(c.Value, ".")
	to, err := base64.RawURLEncoding.DecodeString(coded)
	if err != nil {
		return ticket, Prefix
	}
	return ticket, inside(string(to))
}
