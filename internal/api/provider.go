package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/federation"
)

// Federation signs people in through identity providers. internal/federation has one.
type Federation interface {
	Begin(ctx context.Context, account string, idp *pratique.IdentityProvider, redirect string) (address, ticket string, err error)
	Finish(ctx context.Context, ticket string, a federation.Answer, providers federation.Providers) (federation.Assertion, error)
}

// maxOffered is how many providers the page for signing in shows.
const maxOffered = 20

func (a *API) providerRoutes() []Route {
	const signIn = "public: proves who somebody is"
	return []Route{
		{http.MethodGet, "/v1/login/providers", "public: names for the page where people sign in", "Identity providers to sign in through", anybody(a.loginProviders)},
		{http.MethodPost, "/v1/login/begin", signIn, "Begin to sign in through an identity provider", anybody(a.beginLogin)},
		{http.MethodPost, "/v1/login/finish", signIn, "Open a session with what an identity provider answered", anybody(a.finishLogin)},
	}
}

type loginProvidersIn struct {
	Account  string `query:"account" doc:"name; empty: the only account, or the one called default"`
	Provider string `query:"provider" doc:"name; needed for other accounts than that"`
}

// loginProviders lists what a stranger may see: the providers of the account that is meant when none is named. Those of other accounts are
// shown to whoever names them both, so that nobody finds out by asking which accounts there are.
func (a *API) loginProviders(_ context.Context, v Visit, in loginProvidersIn) (apiv1.LoginProviders, error) {
	out := apiv1.LoginProviders{Items: []apiv1.LoginProvider{}, Redirect: a.External + apiv1.ProviderCallback, Others: len(a.Accounts.Accounts()) > 1}
	s, right, err := a.Authn.Exchange("", v.Source)
	switch {
	case err == nil:
		right()
	case !errors.Is(err, pratique.ErrDenied):
		return out, err
	}
	if err == nil && (in.Account == "" || pratique.Fold(in.Account) == pratique.Fold(s.Account.Name)) {
		for p := range s.IdentityProviders.All() {
			if fits := in.Provider == "" || pratique.Fold(in.Provider) == pratique.Fold(p.Name); fits && len(out.Items) < maxOffered {
				out.Items = append(out.Items, apiv1.LoginProvider{Name: p.Name, DisplayName: p.Title()})
			}
		}
		return out, nil
	}
	if in.Account != "" && in.Provider != "" {
		if _, p, err := a.offered(v, in.Account, in.Provider); err == nil {
			out.Items = append(out.Items, apiv1.LoginProvider{Name: p.Name, DisplayName: p.Title()})
		}
	}
	return out, nil
}

// offered finds a provider by what a stranger typed. Guesses are counted against the address that they come from, and every wrong one is
// answered alike.
func (a *API) offered(v Visit, account, provider string) (*pratique.Snapshot, *pratique.IdentityProvider, error) {
	s, right, err := a.Authn.Exchange(account, v.Source)
	if err != nil && !errors.Is(err, pratique.ErrDenied) {
		return nil, nil, err
	}
	if err == nil {
		if p, ok := s.IdentityProviders.Name(provider); ok {
			right()
			return s, p, nil
		}
	}
	return nil, nil, &pratique.Error{
		Kind: pratique.ErrNotFound, Message: "there is no such account with such an identity provider", Hint: "check both names, or sign in with a password",
	}
}

type beginLoginIn struct {
	Body apiv1.BeginLogin `body:""`
}

// beginLogin gives the way to a provider.
func (a *API) beginLogin(ctx context.Context, v Visit, in beginLoginIn) (apiv1.ProviderLogin, error) {
	var none apiv1.ProviderLogin
	if err := a.federated(); err != nil {
		return none, err
	}
	s, p, err := a.offered(v, in.Body.Account, in.Body.Provider)
	if err != nil {
		return none, err
	}
	address, ticket, err := a.Federation.Begin(ctx, s.Account.ID, p, a.External+apiv1.ProviderCallback)
	if failure, ok := errors.AsType[*federation.Failure](err); ok {
		a.Log.WarnContext(ctx, "an identity provider cannot be used", "account", s.Account.ID, "provider", p.Name, "reason", failure.Reason)
	}
	return apiv1.ProviderLogin{Address: address, Ticket: ticket}, err
}

// federated refuses where nobody can be let in.
func (a *API) federated() error {
	if a.Federation == nil {
		return &pratique.Error{Kind: pratique.ErrUnavailable, Message: "this server runs without identity providers"}
	}
	return a.closed()
}

type finishLoginIn struct {
	Body apiv1.FinishLogin `body:""`
}

// finishLogin opens a session for whom a provider vouches for.
func (a *API) finishLogin(ctx context.Context, v Visit, in finishLoginIn) (created[apiv1.Token], error) {
	var none created[apiv1.Token]
	if err := a.federated(); err != nil {
		return none, err
	}
	b := in.Body
	who, err := a.Federation.Finish(ctx, b.Ticket, federation.Answer{State: b.State, Code: b.Code, Issuer: b.Issuer, Error: b.Error}, a.provider)
	if err != nil {
		if failure, ok := errors.AsType[*federation.Failure](err); ok && failure.Account != "" {
			a.notIn(ctx, v, failure.Account, failure.Provider, failure.Reason)
		}
		return none, unauthenticated(err)
	}
	out, err := a.admit(ctx, v, &who, b.Label)
	for n := 0; n < 2 && errors.Is(err, pratique.ErrConflict); n++ { // somebody else may have made or linked the user in between
		out, err = a.admit(ctx, v, &who, b.Label)
	}
	if err != nil {
		if told, ok := errors.AsType[*pratique.Error](err); ok {
			a.notIn(ctx, v, who.Account, who.Provider.Name, told.Message)
		}
		return none, unauthenticated(err)
	}
	return created[apiv1.Token]{out}, nil
}

// provider finds a provider by ids.
func (a *API) provider(account, id string) (*pratique.IdentityProvider, bool) {
	s, ok := a.Accounts.Account(account)
	if !ok {
		return nil, false
	}
	return s.IdentityProviders.ID(id)
}

// admit makes a user and a session of an assertion, with the memberships that it brings.
func (a *API) admit(ctx context.Context, v Visit, as *federation.Assertion, label string) (apiv1.Token, error) {
	var none apiv1.Token
	s, ok := a.Accounts.Account(as.Account)
	if !ok {
		return none, pratique.ErrNotFound
	}
	who := pratique.Principal{Account: as.Account, Type: pratique.PrincipalUser, Name: as.Name}
	if u, linked := s.Linked(as.Provider.Name, as.Subject); linked {
		who.ID, who.Name = u.ID, u.Name
	} else {
		who.ID = pratique.At(a.Now()).NewID(pratique.KindUser)
	}
	secret, session, err := a.Authn.NewProviderSession(s, sessionLife, label, v.Source)
	if err != nil {
		return none, err
	}
	intent := access.Intent{
		Who: who, Event: audit.SignedIn, Detail: "through the identity provider " + as.Provider.Name, Source: v.Source, Request: v.Request,
		Changes: []pratique.Change{pratique.SignInThrough{
			Provider: as.Provider.ID, Subject: as.Subject, Name: as.Name, Email: as.Email, Groups: as.Groups, User: who.ID, Session: session,
		}},
	}
	if !as.Provider.Admits(as.Groups) {
		intent.Event, intent.Detail = audit.Changed, "left the groups that the identity provider "+as.Provider.Name+" names no more"
	}
	done, err := a.Gate.Apply(ctx, intent)
	if err != nil {
		return none, err
	}
	opened, ok := done.Snapshot.SessionByHash(session.Hash)
	if !ok {
		return none, &pratique.Error{
			Kind: pratique.ErrDenied, Message: "you are in no group at " + as.Provider.Title() + " that has access here",
			Hint: "ask whoever looks after the groups there",
		}
	}
	return token(done.Snapshot, who, *opened, secret), nil
}

// notIn records a sign-in through a provider that came to nothing.
func (a *API) notIn(ctx context.Context, v Visit, account, provider, reason string) {
	r := access.NewRecord(audit.SignInFailed, pratique.Principal{}, a.Now())
	r.Account, r.Source, r.Request = account, v.Source, v.Request
	r.Detail = strings.TrimSpace("through the identity provider " + provider + ": " + reason)
	a.recordFailure(ctx, r)
}
