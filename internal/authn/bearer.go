package authn

import (
	"crypto/subtle"
	"time"

	"github.com/pratique-iam/pratique"
)

// maxParents bounds the chain of tokens that were made with tokens.
const maxParents = 8

// Bearer tells who shows a session's or an API token's secret. The session is the stored one and must not be modified. The error is a Refusal.
func (a *Authenticator) Bearer(secret string) (pratique.Principal, *pratique.Session, error) {
	t, err := ParseToken(secret)
	if err != nil {
		return pratique.Principal{}, nil, refuseSession("the text is not a bearer secret")
	}
	if t.Bootstrap {
		return pratique.Principal{}, nil, refuseSession("a bootstrap secret was shown as a bearer token")
	}
	snap, s := a.session(t, secret)
	if s == nil {
		return pratique.Principal{}, nil, refuseSession("there is no such session").at(snap, pratique.Principal{})
	}
	p, reason := valid(snap, s, a.Now())
	if reason != "" {
		return pratique.Principal{}, nil, refuseSession(reason).at(snap, p)
	}
	p.Session, p.MFA, p.Since = s.ID, s.MFA, s.Created.Time()
	return p, s, nil
}

// session finds the session of a secret; snap is nil when there is no such account. Looking up a hash by its order takes time that depends on the
// hash, which tells nothing about a secret that hashes to it.
func (a *Authenticator) session(t Token, secret string) (snap *pratique.Snapshot, s *pratique.Session) {
	snap, ok := a.Accounts.Account(t.Account)
	if !ok {
		return nil, nil
	}
	hash := Hash(secret)
	s, ok = snap.SessionByHash(hash)
	if !ok || subtle.ConstantTimeCompare([]byte(s.Hash), []byte(hash)) != 1 {
		return snap, nil
	}
	return snap, s
}

// valid says whose a session is, and why it does not hold now. The expiry stands in the session and is looked at here, because what
// clears ended sessions away may be late.
func valid(snap *pratique.Snapshot, s *pratique.Session, now time.Time) (pratique.Principal, string) {
	var way pratique.Access
	switch s.Type {
	case pratique.SessionLogin:
		way = pratique.Console
	case pratique.SessionToken:
		way = pratique.Programmatic
	case pratique.SessionBootstrap:
		return pratique.Principal{}, "a bootstrap secret was shown as a bearer token"
	case pratique.SessionCluster:
		return pratique.Principal{}, "the credential of a cluster was shown as a bearer token"
	case pratique.SessionRole:
		return validRole(snap, s, now, 0)
	default:
		return pratique.Principal{}, "the type of the session is not known"
	}
	p, reason := alive(snap, s.Principal, way)
	if reason == "" && !now.Before(s.Expires) {
		reason = "the session has expired"
	}
	if reason == "" {
		reason = orphaned(snap, s, now)
	}
	if reason == "" && s.Type == pratique.SessionLogin {
		reason = otherProvider(snap, s)
	}
	return p, reason
}

// orphaned says whether a token has lost what it was made with. A token that a token or an access key made ends with its maker: otherwise
// revoking a stolen credential would leave those that the thief made.
func orphaned(snap *pratique.Snapshot, s *pratique.Session, now time.Time) string {
	for range maxParents {
		if s.Parent == "" {
			return ""
		}
		if k, ok := snap.AccessKeys.ID(s.Parent); ok {
			if k.Disabled || k.User != s.Principal.ID {
				return "the access key that made the token is disabled"
			}
			return ""
		}
		parent, ok := snap.Sessions.ID(s.Parent)
		if !ok || parent.Type != pratique.SessionToken || parent.Principal != s.Principal || !now.Before(parent.Expires) {
			return "the credential that made the token has ended"
		}
		s = parent
	}
	return "the token has too many ancestors"
}
