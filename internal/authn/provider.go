package authn

import (
	"fmt"
	"time"

	"github.com/pratique-iam/pratique"
)

// NewProviderSession makes a bearer secret for somebody whom an identity provider vouches for, and the session to record with
// pratique.SignInThrough, which fills in whose it is: the user may not exist yet. The caller has verified what the provider said.
func (a *Authenticator) NewProviderSession(snap *pratique.Snapshot, life time.Duration, label, source string) (string, pratique.Session, error) {
	longest := snap.Rules().Limits.MaxSession
	if longest <= 0 {
		longest = pratique.DefaultLimits().MaxSession
	}
	if life <= 0 || life > longest {
		return "", pratique.Session{}, &pratique.Error{Kind: pratique.ErrInvalid, Message: fmt.Sprintf("a session cannot live for %s", life)}
	}
	secret := newToken(pratique.SessionLogin, snap.Account.ID)
	return secret, pratique.Session{
		Type: pratique.SessionLogin, Hash: Hash(secret), Label: label, Source: source, Expires: a.Now().UTC().Add(life),
	}, nil
}

// otherProvider says why the session of somebody who came in through a provider does not hold: it ends with the provider, and with the
// link. One of the same name that comes later is another provider.
func otherProvider(snap *pratique.Snapshot, s *pratique.Session) string {
	id := ""
	if u, ok := snap.Users.ID(s.Principal.ID); ok {
		if p, ok := snap.Vouched(u); ok && p != nil {
			id = p.ID
		}
	}
	if s.Provider != id {
		return "the session was opened another way than the user signs in now"
	}
	return ""
}
