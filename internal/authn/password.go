package authn

import (
	"context"
	"time"

	"github.com/pratique-iam/pratique"
)

// Attempt is what somebody gives to sign in.
type Attempt struct {
	Account string // name; empty: the only account, or the one called default
	User    string // name, or root
	Secret  string // password or bootstrap secret
	Source  string // network address that it came from
	Code    string // of a second factor, or a recovery code; for SignIn
	Ticket  []byte // sealed, instead of account, user and password; for SignIn
}

// maxTyped bounds the names in an attempt; no name is longer.
const maxTyped = 128

// Password tells whose password it is, and nothing about a second factor: for somebody who is signed in and shows it again. The error is the
// same Refusal, after the same time, for an account, a user or a password that is wrong; it wraps pratique.ErrUnavailable when the brake
// holds or all cores are taken.
func (a *Authenticator) Password(ctx context.Context, t Attempt) (pratique.Principal, error) {
	now := a.Now()
	_, p, g, err := a.password(ctx, t, now)
	if err != nil {
		return pratique.Principal{}, err
	}
	g.right()
	p.Since = now
	return p, nil
}

// password is Password, with the attempt that was counted still to be put back.
func (a *Authenticator) password(ctx context.Context, t Attempt, now time.Time) (*pratique.Snapshot, pratique.Principal, guess, error) {
	fail := func(err error) (*pratique.Snapshot, pratique.Principal, guess, error) {
		return nil, pratique.Principal{}, guess{}, err
	}
	if len(t.Account) > maxTyped || len(t.User) > maxTyped || len(t.Secret) > MaxPassword {
		return fail(refuseSignIn("the account, user or password is too long"))
	}
	snap, known := a.account(t.Account)
	if !known {
		snap = nil
	}
	counted, refusal := a.brake(snap, t, now)
	if refusal != nil {
		return fail(refusal.at(snap, pratique.Principal{}))
	}
	ref, hash := holder(snap, t.User)
	right, err := a.Passwords.Verify(ctx, hash, t.Secret) // for nobody as well: it takes its time
	if err != nil {
		counted.refund()
		return fail(err)
	}
	p, reason := judge(snap, ref, hash, right)
	if reason != "" {
		return fail(refuseSignIn(reason).at(snap, p))
	}
	return snap, p, counted, nil
}

// holder finds whom a name means, and the hash of their password; both are empty where there is none. Only names are taken and
// not ids, so that a user has one key for the brake.
func holder(snap *pratique.Snapshot, name string) (ref pratique.Ref, hash string) {
	if snap == nil {
		return ref, ""
	}
	if pratique.Fold(name) == pratique.RootID {
		ref = pratique.Ref{Kind: pratique.KindUser, ID: pratique.RootID}
	} else if u, ok := snap.Users.Name(name); ok {
		ref = pratique.Ref{Kind: pratique.KindUser, ID: u.ID}
	} else {
		return ref, ""
	}
	if stored, ok := snap.Passwords.ID(ref.ID); ok {
		hash = stored.Hash
	}
	return ref, hash
}

// judge says who came in, and why they may not.
func judge(snap *pratique.Snapshot, ref pratique.Ref, hash string, right bool) (pratique.Principal, string) {
	switch {
	case snap == nil:
		return pratique.Principal{}, "the account does not exist"
	case ref == pratique.Ref{}:
		return pratique.Principal{}, "the user does not exist"
	}
	p, reason := alive(snap, ref, pratique.Console)
	if right {
		return p, reason
	}
	if hash == "" {
		return p, "the user has no password"
	}
	if _, err := parsePHC(hash); err != nil {
		return p, "the stored hash of the password cannot be read"
	}
	return p, "the password is wrong"
}

// Bootstrap tells that root signs in with the one-time secret of an account. session is the id of the secret, for the Redeem of
// pratique.OpenSession: it is used up in the transaction that opens the session, and not before. The error is a Refusal. Guessing 256 bits needs no brake.
func (a *Authenticator) Bootstrap(t Attempt) (p pratique.Principal, session string, err error) {
	parsed, err := ParseToken(t.Secret)
	if err != nil || !parsed.Bootstrap {
		return p, "", refuseSecret("the text is not a bootstrap secret")
	}
	snap, s := a.session(parsed, t.Secret)
	switch {
	case snap == nil:
		return p, "", refuseSecret("the account does not exist")
	case s == nil || s.Type != pratique.SessionBootstrap:
		return p, "", refuseSecret("there is no such secret, or it was used").at(snap, p)
	case t.Account != "" && pratique.Fold(t.Account) != pratique.Fold(snap.Account.Name):
		return p, "", refuseSecret("the secret is that of another account").at(snap, p)
	case pratique.Fold(t.User) != pratique.RootID || s.Principal.ID != pratique.RootID:
		return p, "", refuseSecret("the user is not root").at(snap, p)
	}
	now := a.Now()
	p, reason := alive(snap, s.Principal, pratique.Console)
	if reason == "" && !now.Before(s.Expires) {
		reason = "the secret has expired"
	}
	if reason != "" {
		return pratique.Principal{}, "", refuseSecret(reason).at(snap, p)
	}
	p.Since = now
	return p, s.ID, nil
}
