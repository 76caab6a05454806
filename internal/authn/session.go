package authn

import (
	"fmt"
	"time"

	"github.com/pratique-iam/pratique"
)

// The longest lives. That of a login session is in the rules of the account.
const (
	MaxTokenLife     = 365 * 24 * time.Hour
	MaxBootstrapLife = time.Hour
)

// NewSession makes a bearer secret for a principal that has just proved who it is, and the session to record with pratique.OpenSession or
// pratique.OpenBootstrap; the secret is in no other place. All that is checked at a use of a credential is checked again here.
//
// A login session is only for a principal that showed a password or a bootstrap secret: a bearer token cannot be turned into one. An API
// token carries MFA only if its maker did; made with another token it ends no later than that, and with it. A bootstrap secret may be made
// for the root of an account that does not exist yet. The error is a Refusal, or wraps pratique.ErrInvalid.
func (a *Authenticator) NewSession(
	kind pratique.SessionType, p pratique.Principal, life time.Duration, label, source string, mfa bool,
) (secret string, s pratique.Session, err error) {
	s = pratique.Session{
		Type: kind, Principal: refOf(p), Label: label, Source: source, MFA: mfa, Expires: a.Now().UTC().Add(life),
	}
	longest := MaxTokenLife
	switch kind {
	case pratique.SessionLogin:
		longest, err = a.prepareLogin(p)
	case pratique.SessionToken:
		err = a.prepareToken(p, &s)
	case pratique.SessionBootstrap:
		longest = MaxBootstrapLife
		if !p.Root() || !validAccountID(p.Account) || mfa {
			err = &pratique.Error{Kind: pratique.ErrInvalid, Message: "a bootstrap secret is for the root of an account only"}
		}
	case pratique.SessionCluster:
		err = &pratique.Error{Kind: pratique.ErrInvalid, Message: "the credential of a cluster is not made for a principal"}
	case pratique.SessionRole:
		err = &pratique.Error{Kind: pratique.ErrInvalid, Message: "a role is assumed, its session is not just made"}
	default:
		err = fmt.Errorf("make session: type %q: %w", kind, pratique.ErrInvalid)
	}
	if err == nil && (life <= 0 || life > longest) {
		err = &pratique.Error{
			Kind:    pratique.ErrInvalid,
			Message: fmt.Sprintf("a %s cannot live for %s", kind, life),
			Hint:    fmt.Sprintf("give a lifetime of at most %s", longest),
		}
	}
	if err != nil {
		return "", pratique.Session{}, err
	}
	secret = newToken(kind, p.Account)
	s.Hash = Hash(secret)
	return secret, s, nil
}

func (a *Authenticator) prepareLogin(p pratique.Principal) (longest time.Duration, err error) {
	snap, err := a.recheck(p, pratique.Console)
	if err != nil {
		return 0, err
	}
	if p.Session != "" {
		return 0, refuseNew("a bearer token or an access key cannot open a login session").at(snap, p)
	}
	longest = snap.Rules().Limits.MaxSession
	if longest <= 0 {
		longest = pratique.DefaultLimits().MaxSession
	}
	return longest, nil
}

func (a *Authenticator) prepareToken(p pratique.Principal, s *pratique.Session) error {
	snap, err := a.recheck(p, pratique.Programmatic)
	if err != nil {
		return err
	}
	s.MFA = s.MFA && p.MFA
	if p.Session == "" {
		return nil
	}
	if k, ok := snap.AccessKeys.ID(p.Session); ok && k.User == p.ID {
		s.Parent = k.ID
		return nil
	}
	maker, ok := snap.Sessions.ID(p.Session)
	if !ok || maker.Principal != s.Principal {
		return refuseNew("the session that asks for it has ended").at(snap, p)
	}
	if _, reason := valid(snap, maker, a.Now()); reason != "" {
		return refuseNew(reason).at(snap, p)
	}
	// A token outlives the login session in which it was made, which is what tokens are for; then Parent stays empty.
	if maker.Type == pratique.SessionToken {
		s.Parent = maker.ID
		if s.Expires.After(maker.Expires) {
			s.Expires = maker.Expires
		}
	}
	if s.Parent != "" && orphaned(snap, s, a.Now()) != "" {
		return refuseNew("too many tokens were made with one another").at(snap, p)
	}
	return nil
}

// recheck asks alive for a principal that came in before.
func (a *Authenticator) recheck(p pratique.Principal, way pratique.Access) (*pratique.Snapshot, error) {
	snap, ok := a.Accounts.Account(p.Account)
	if !ok {
		return nil, refuseNew("the account does not exist")
	}
	found, reason := alive(snap, refOf(p), way)
	if reason == "" && found.Type != p.Type {
		reason = "the principal is not what it says"
	}
	if reason != "" {
		return nil, refuseNew(reason).at(snap, found)
	}
	return snap, nil
}
