package api

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/authn"
	"github.com/pratique-iam/pratique/internal/web"
)

// Authn tells who is asking, and makes credentials. Refusals wrap pratique.ErrDenied, or pratique.ErrUnavailable when waiting helps.
type Authn interface {
	Proofs
	Factors
	Secrets
}

// Proofs tell who is asking.
type Proofs interface {
	Bearer(secret string) (pratique.Principal, *pratique.Session, error)
	SignIn(ctx context.Context, t authn.Attempt) (authn.Proof, error)
	Bootstrap(t authn.Attempt) (who pratique.Principal, redeem string, err error)
	Exchange(account, source string) (s *pratique.Snapshot, right func(), err error)
}

// Factors check what somebody who is signed in shows once more.
type Factors interface {
	Password(ctx context.Context, t authn.Attempt) (pratique.Principal, error)
	Code(s *pratique.Snapshot, userID, code, source string) (pratique.UseMFA, error)
}

// Secrets makes what somebody who has proved who they are takes along. Nothing is kept until the Gate has recorded it.
type Secrets interface {
	NewSession(kind pratique.SessionType, who pratique.Principal, life time.Duration, label, source string, mfa bool) (string, pratique.Session, error)
	NewProviderSession(s *pratique.Snapshot, life time.Duration, label, source string) (string, pratique.Session, error)
	NewRoleSession(s *pratique.Snapshot, who pratique.Principal, r authn.RoleSession) (string, pratique.Session, error)
	NewClusterSession(s *pratique.Snapshot, clusterID string, life time.Duration) (string, pratique.Session, error)
}

// sessionLife is how long a person stays signed in: a working day.
const sessionLife = 12 * time.Hour

type loginIn struct {
	Body apiv1.Login `body:""`
}

// login opens a session. Every way to be refused looks the same from outside.
func (a *API) login(ctx context.Context, v Visit, in loginIn) (created[apiv1.Token], error) {
	var none created[apiv1.Token]
	if err := a.closed(); err != nil {
		return none, err
	}
	l := in.Body
	if !oneOf(l.Password, l.Secret, l.Ticket) {
		return none, web.Invalid("give either a password or the one-time bootstrap secret")
	}
	proof, redeem, err := a.prove(ctx, v, l)
	if err != nil {
		return none, unauthenticated(a.refused(ctx, v, l, err))
	}
	if proof.NeedCode {
		return none, a.needCode(proof)
	}
	who := proof.Who
	secret, session, err := a.Authn.NewSession(pratique.SessionLogin, who, sessionLife, l.Label, v.Source, who.MFA)
	if err != nil {
		return none, unauthenticated(err)
	}
	detail := "with a password"
	if redeem != "" {
		detail = "with the one-time bootstrap secret"
	}
	var changes []pratique.Change
	if proof.Use != nil {
		changes = append(changes, *proof.Use)
		detail += " and a second factor"
	}
	done, err := a.Gate.Apply(ctx, access.Intent{
		Who: who, Event: audit.SignedIn, Detail: detail, Source: v.Source, Request: v.Request,
		Changes: append(changes, pratique.OpenSession{Session: session, Redeem: redeem}),
	})
	if err != nil { // a bootstrap secret or a code that somebody else has used in between lands here
		return none, unauthenticated(err)
	}
	if redeem != "" && a.OnBootstrapUsed != nil {
		a.OnBootstrapUsed(who.Account)
	}
	out := token(done.Snapshot, who, session, secret)
	_, has := done.Snapshot.Passwords.ID(who.ID)
	out.NeedPassword = !has
	return created[apiv1.Token]{out}, nil
}

// oneOf reports whether exactly one text is there.
func oneOf(texts ...string) bool {
	n := 0
	for _, t := range texts {
		if t != "" {
			n++
		}
	}
	return n == 1
}

func (a *API) prove(ctx context.Context, v Visit, l apiv1.Login) (p authn.Proof, redeem string, err error) {
	t := authn.Attempt{Account: l.Account, User: l.User, Secret: l.Password, Code: l.Code, Source: v.Source}
	if l.Secret != "" {
		t.Secret = l.Secret
		p.Who, redeem, err = a.Authn.Bootstrap(t)
		return p, redeem, err
	}
	if t.Ticket, err = base64.RawURLEncoding.DecodeString(l.Ticket); err != nil {
		return p, "", web.Invalid("the ticket is not one that this server gave")
	}
	p, err = a.Authn.SignIn(ctx, t)
	return p, "", err
}

// needCode asks somebody whose password was right for a code. The ticket spares them the password; it is sealed, so that every replica can
// read it and nobody can make one.
func (a *API) needCode(p authn.Proof) error {
	sealed, err := a.Sealer.Seal(p.Ticket, authn.TicketPath)
	if err != nil {
		return fmt.Errorf("seal the ticket of a sign-in: %w", err)
	}
	return web.WithTicket(&pratique.Error{
		Kind: web.ErrSecondFactor, Message: "the password is right, and a code is needed too",
		Hint: "sign in again with a code from your authenticator, or a recovery code",
	}, base64.RawURLEncoding.EncodeToString(sealed))
}

// token is a bearer secret as it is shown, once.
func token(s *pratique.Snapshot, who pratique.Principal, session pratique.Session, secret string) apiv1.Token {
	stored, ok := s.SessionByHash(session.Hash)
	if !ok {
		stored = &session
	}
	return apiv1.Token{ID: stored.ID, Token: secret, Expires: stored.Expires, Account: s.Account.Name, Principal: who.String()}
}

// refused records a sign-in that failed, as far as the account is known. The name that was typed stands in the record only when it is
// somebody's: people type passwords into the wrong field.
func (a *API) refused(ctx context.Context, v Visit, l apiv1.Login, err error) error {
	refusal, ok := errors.AsType[*authn.Refusal](err)
	if !ok || refusal.Account == "" {
		return err
	}
	s, ok := a.Accounts.Account(refusal.Account)
	if !ok {
		return err
	}
	r := access.NewRecord(audit.SignInFailed, refusal.Principal, a.Now())
	r.Account, r.Source, r.Request = refusal.Account, v.Source, v.Request
	r.Detail = refusal.Reason
	if u, known := s.Users.Name(l.User); known && r.Actor.ID == "" {
		r.Actor = audit.Actor{Type: pratique.PrincipalUser, ID: u.ID, Name: u.Name}
	}
	a.recordFailure(ctx, r)
	return err
}

// recordFailure records a sign-in that failed, or counts it where there are too many to record each.
func (a *API) recordFailure(ctx context.Context, r audit.Record) {
	missed, write := a.failures.Take(r.Account, a.Now())
	if !write {
		return
	}
	r.Missed = missed
	if err := a.Gate.Record(ctx, r.Account, r); err != nil {
		a.Log.ErrorContext(ctx, "a refused sign-in could not be recorded", "account", r.Account, "error", err.Error())
	}
}
