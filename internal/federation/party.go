package federation

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

// Party is the relying party. Set the exported fields and do not copy it afterwards; it is safe for concurrent use. What it remembers
// between requests (discovered providers, tickets that were used) is this process's alone; a provider takes a code once, whichever server shows it.
type Party struct {
	Dial   func(ctx context.Context, network, address string) (net.Conn, error) // looks at where a name leads; internal/cluster has one
	Sealer Sealer
	Now    func() time.Time

	mu    sync.Mutex
	known map[string]found     // by id and generation of the provider
	used  map[string]time.Time // states of tickets, until they expire
	calls singleflight.Group
}

// Sealer seals and opens. internal/seal has one.
type Sealer interface {
	Seal(plain []byte, path string) ([]byte, error)
	Unseal(sealed []byte, path string) ([]byte, error)
}

// SecretPath is what the client secret of a provider is sealed to: a secret that was given for one issuer is never shown to another, whoever
// changes the provider.
func SecretPath(accountID, issuer, clientID string) string {
	return "account/" + accountID + "/OIDC/" + clientID + "@" + issuer
}

const (
	ticketPath = "sign-in/identity-provider"
	ticketLife = 10 * time.Minute
	maxUsed    = 100_000
)

// ticket is what the browser keeps while its owner is at the provider.
type ticket struct {
	Account  string    `json:"account"`  // id
	Provider string    `json:"provider"` // id
	Redirect string    `json:"redirect"`
	State    string    `json:"state"`
	Nonce    string    `json:"nonce"`
	Verifier string    `json:"verifier"` // PKCE
	Expires  time.Time `json:"expires"`
}

// Begin gives the address at the provider where somebody signs in, and the ticket that must come back with what the provider answers. The error
// is a Failure.
func (p *Party) Begin(ctx context.Context, account string, idp *pratique.IdentityProvider, redirect string) (address, sealed string, err error) {
	f, err := p.discover(ctx, idp)
	if err != nil {
		return "", "", err
	}
	secret, err := p.secret(account, idp)
	if err != nil {
		return "", "", err
	}
	t := ticket{
		Account: account, Provider: idp.ID, Redirect: redirect, State: rand.Text(), Nonce: rand.Text(),
		Verifier: oauth2.GenerateVerifier(), Expires: p.Now().Add(ticketLife),
	}
	plain, err := strictjson.Marshal(t)
	if err != nil {
		return "", "", fmt.Errorf("write the ticket of a sign-in: %w", err)
	}
	box, err := p.Sealer.Seal(plain, ticketPath)
	if err != nil {
		return "", "", fmt.Errorf("seal the ticket of a sign-in: %w", err)
	}
	config := f.client(idp, secret, redirect)
	address = config.AuthCodeURL(t.State, oidc.Nonce(t.Nonce), oauth2.S256ChallengeOption(t.Verifier))
	return address, base64.RawURLEncoding.EncodeToString(box), nil
}

// Answer is what a provider sends back by the browser: the parameters of the redirect address.
type Answer struct {
	State  string
	Code   string
	Issuer string // RFC 9207; empty: the provider does not say
	Error  string // a word of RFC 6749, section 4.1.2.1
}

// Assertion is whom a provider says that somebody is. All of it was verified; none of it is of any particular form yet.
type Assertion struct {
	Account  string // id
	Provider *pratique.IdentityProvider
	Subject  string
	Name     string
	Email    string
	Groups   []string
}

// Providers finds a provider of an account, both by their ids.
type Providers func(account, provider string) (*pratique.IdentityProvider, bool)

// Finish takes what a provider answered. The ticket works once and for ten minutes. The error is a Failure.
func (p *Party) Finish(ctx context.Context, sealed string, a Answer, providers Providers) (Assertion, error) {
	t, err := p.open(sealed)
	if err != nil {
		return Assertion{}, err
	}
	idp, ok := providers(t.Account, t.Provider)
	if !ok {
		return Assertion{}, stale("the provider is gone").of(t.Account)
	}
	out, err := p.finish(ctx, t, a, idp)
	if failure, ok := errors.AsType[*Failure](err); ok {
		failure.Account, failure.Provider = t.Account, idp.Name
	}
	return out, err
}

func (p *Party) finish(ctx context.Context, t ticket, a Answer, idp *pratique.IdentityProvider) (Assertion, error) {
	if subtle.ConstantTimeCompare([]byte(t.State), []byte(a.State)) != 1 {
		return Assertion{}, stale("the state is not that of this browser")
	}
	if err := p.use(t); err != nil {
		return Assertion{}, err
	}
	if a.Error != "" {
		return Assertion{}, cancelled(idp, a.Error)
	}
	f, err := p.discover(ctx, idp)
	if err != nil {
		return Assertion{}, err
	}
	if a.Issuer != idp.Issuer && (a.Issuer != "" || f.saysIssuer) {
		return Assertion{}, unproven(idp, "the answer names another issuer, or none")
	}
	raw, err := p.exchange(ctx, f, t, a.Code, idp)
	if err != nil {
		return Assertion{}, err
	}
	return f.verify(ctx, raw, t, idp, p.Now)
}

// open reads a ticket.
func (p *Party) open(sealed string) (ticket, error) {
	var t ticket
	box, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return t, stale("the ticket is not one of ours")
	}
	plain, err := p.Sealer.Unseal(box, ticketPath)
	if err != nil || strictjson.Unmarshal(plain, &t) != nil {
		return t, stale("the ticket is not one of ours")
	}
	if !p.Now().Before(t.Expires) {
		return t, stale("the ticket has expired").of(t.Account)
	}
	return t, nil
}

// use makes sure that a ticket works once.
func (p *Party) use(t ticket) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.Now()
	if _, again := p.used[t.State]; again {
		return stale("the ticket was used before")
	}
	if len(p.used) >= maxUsed {
		for state, end := range p.used {
			if !now.Before(end) {
				delete(p.used, state)
			}
		}
	}
	if len(p.used) >= maxUsed {
		return &Failure{Reason: "too many sign-ins are under way", outward: &pratique.Error{
			Kind: pratique.ErrUnavailable, Message: "too many people are signing in at once", Hint: "try again in a few minutes",
		}}
	}
	if p.used == nil {
		p.used = map[string]time.Time{}
	}
	p.used[t.State] = t.Expires
	return nil
}

// secret is the client's; empty for a public client.
func (p *Party) secret(account string, idp *pratique.IdentityProvider) (string, error) {
	if len(idp.Sealed) == 0 {
		return "", nil
	}
	secret, err := p.Sealer.Unseal(idp.Sealed, SecretPath(account, idp.Issuer, idp.ClientID))
	if err != nil {
		return "", unavailable(idp, "the client secret: "+err.Error())
	}
	return string(secret), nil
}

// exchange gives the code for the ID token.
func (p *Party) exchange(ctx context.Context, f found, t ticket, code string, idp *pratique.IdentityProvider) (string, error) {
	if code == "" || len(code) > maxCode {
		return "", unproven(idp, "the answer holds no code, or one that is too long")
	}
	secret, err := p.secret(t.Account, idp)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, f.http), patience)
	defer cancel()
	config := f.client(idp, secret, t.Redirect)
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(t.Verifier))
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return "", unproven(idp, "the provider does not take the code: "+word(refused.ErrorCode))
	}
	if err != nil {
		return "", unavailable(idp, "give the code for a token: "+err.Error())
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok || len(raw) > maxToken || strings.Count(raw, ".") != 2 {
		return "", unproven(idp, "the answer holds no ID token")
	}
	return raw, nil
}
