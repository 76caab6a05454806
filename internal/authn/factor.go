package authn

import (
	"context"
	"crypto/subtle"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/pratique-iam/pratique"
)

// Proof is what a sign-in came to.
type Proof struct {
	Who pratique.Principal
	Use *pratique.UseMFA // the code that was shown, to be used up in the transaction that opens the session; nil: none was needed

	// NeedCode says that the password was right, and that this person has a second factor of which no code was given. Who says who they
	// are, and must not be let in. Ticket stands for the password when they come back with a code; seal it to TicketPath.
	NeedCode bool
	Ticket   []byte
}

// maxCode bounds a code, and a ticket.
const (
	maxCode   = 64
	maxTicket = 1024
)

// SignIn tells who signs in with a password, or the ticket that stands for one, and a code where they have a second factor. Nothing is said
// about the factor before the password was right. A wrong code is a Refusal, and counts in the same brake as a wrong password. An attempt without a code does not put the brake back: whoever knows the password could guess codes without end.
func (a *Authenticator) SignIn(ctx context.Context, t Attempt) (Proof, error) {
	if len(t.Code) > maxCode || len(t.Ticket) > maxTicket {
		return Proof{}, refuseSignIn("the code is too long")
	}
	now := a.Now()
	var snap *pratique.Snapshot
	var who pratique.Principal
	var g guess
	var err error
	if len(t.Ticket) > 0 {
		snap, who, g, err = a.ticketHolder(t, now)
	} else {
		snap, who, g, err = a.password(ctx, t, now)
	}
	if err != nil {
		return Proof{}, err
	}
	who.Since = now
	factor, has := snap.SecondFactor(who.ID)
	switch {
	case !has:
		g.right()
		return Proof{Who: who}, nil
	case t.Code == "" && len(t.Ticket) > 0: // another ticket would have a longer life than the password that was shown
		return Proof{}, refuseCode("a ticket came without a code").at(snap, who)
	case t.Code == "":
		g.refund()
		ticket, err := newTicket(snap, who, now)
		return Proof{Who: who, NeedCode: true, Ticket: ticket}, err
	}
	use, reason := a.match(snap, factor, t.Code, now)
	if reason != "" {
		return Proof{}, refuseCode(reason).at(snap, who)
	}
	g.right()
	who.MFA = true
	return Proof{Who: who, Use: &use}, nil
}

// Code checks a code that somebody who is signed in shows of their factor: to confirm it, or to take it away. It counts in the same brake as
// a sign-in of theirs. The error is a Refusal, or wraps pratique.ErrNotFound when there is no factor.
func (a *Authenticator) Code(s *pratique.Snapshot, userID, code, source string) (pratique.UseMFA, error) {
	none := pratique.UseMFA{}
	factor, ok := s.MFAs.ID(userID)
	if !ok {
		return none, &pratique.Error{Kind: pratique.ErrNotFound, Message: "there is no second factor", Hint: "set one up first"}
	}
	now := a.Now()
	name := s.PrincipalName(pratique.Ref{Kind: pratique.KindUser, ID: userID})
	g, refusal := a.brake(s, Attempt{User: name, Source: source}, now)
	if refusal != nil {
		return none, refusal
	}
	use, reason := a.match(s, factor, code, now)
	if reason != "" {
		return none, refuseCode(reason).at(s, pratique.Principal{})
	}
	g.refund()
	return use, nil
}

// match finds what a code uses up, or says what is wrong with it.
func (a *Authenticator) match(s *pratique.Snapshot, m *pratique.MFA, code string, now time.Time) (use pratique.UseMFA, reason string) {
	use.User = m.ID
	code = plainCode(code)
	if len(code) > totpDigits {
		use.Recovery = Hash(code)
		found := 0
		for _, h := range m.Recovery {
			found |= subtle.ConstantTimeCompare([]byte(h), []byte(use.Recovery))
		}
		if found == 0 {
			return use, "the recovery code is wrong, or was used before"
		}
		return use, ""
	}
	if a.Secrets == nil {
		return use, "the secret of the second factor cannot be opened here"
	}
	seed, err := a.Secrets.Unseal(m.Sealed, FactorPath(s.Account.ID, m.ID))
	if err != nil {
		return use, "the secret of the second factor: " + err.Error()
	}
	var ok bool
	if use.Step, ok = matchStep(seed, code, now); !ok {
		return use, "the code of the second factor is wrong"
	}
	if use.Step <= m.LastStep {
		return use, "the code of the second factor was used before"
	}
	return use, ""
}

// TicketPath is what tickets are sealed to.
const TicketPath = "sign-in/second-factor"

// ticketLife is how long somebody may look for their telephone.
const ticketLife = 5 * time.Minute

// ticket says that a password was right. It is void when the password changes, and worth nothing without a code.
type ticket struct {
	Account  string    `json:"account"`
	User     string    `json:"user"`
	Password uint64    `json:"password"` // generation of the password that was shown
	Expires  time.Time `json:"expires"`
}

func newTicket(s *pratique.Snapshot, who pratique.Principal, now time.Time) ([]byte, error) {
	t := ticket{Account: s.Account.ID, User: who.ID, Expires: now.Add(ticketLife)}
	if p, ok := s.Passwords.ID(who.ID); ok {
		t.Password = p.Generation
	}
	return json.Marshal(t)
}

// ticketHolder tells whose password was right a moment ago, and counts an attempt of theirs.
func (a *Authenticator) ticketHolder(attempt Attempt, now time.Time) (*pratique.Snapshot, pratique.Principal, guess, error) {
	fail := func(r *Refusal) (*pratique.Snapshot, pratique.Principal, guess, error) {
		return nil, pratique.Principal{}, guess{}, r
	}
	var t ticket
	if a.Secrets == nil {
		return fail(refuseTicket("tickets are not taken here"))
	}
	plain, err := a.Secrets.Unseal(attempt.Ticket, TicketPath)
	if err != nil || json.Unmarshal(plain, &t) != nil {
		return fail(refuseTicket("the ticket is not one of ours"))
	}
	snap, ok := a.Accounts.Account(t.Account)
	if !ok {
		return fail(refuseTicket("the account does not exist"))
	}
	who, reason := alive(snap, pratique.Ref{Kind: pratique.KindUser, ID: t.User}, pratique.Console)
	password, has := snap.Passwords.ID(t.User)
	switch {
	case reason != "":
	case !now.Before(t.Expires):
		reason = "the ticket has expired"
	case !has || password.Generation != t.Password:
		reason = "the password was changed since"
	}
	if reason != "" {
		return fail(refuseTicket(reason).at(snap, who))
	}
	g, refusal := a.brake(snap, Attempt{User: who.Name, Source: attempt.Source}, now)
	if refusal != nil {
		return fail(refusal.at(snap, pratique.Principal{}))
	}
	return snap, who, g, nil
}
