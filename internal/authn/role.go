package authn

import (
	"fmt"
	"time"

	"github.com/pratique-iam/pratique"
)

// RoleSession says what the session of a role shall be.
type RoleSession struct {
	Role    string        // id
	Name    string        // that whoever assumes the role chose
	Life    time.Duration // zero: one hour, or as long as the role allows
	Policy  []byte        // that narrows the session; empty: none
	Label   string
	Source  string
	Cluster string // id, where a service account of that cluster assumes the role
}

// NewRoleSession makes a bearer secret for a role, and the session to record with pratique.AssumeRole; the secret is in no other place. Whether
// the role may be assumed is decided there. The zero Principal stands for somebody whom a cluster has vouched for.
//
// The session ends with what who came with, a session or an access key, and no later than it. The root cannot assume a role, as in RAM: it
// is restricted by nothing, and a role that it has assumed would be a way to act without being seen as the root. The error is a Refusal, or
// wraps pratique.ErrInvalid or pratique.ErrNotFound.
func (a *Authenticator) NewRoleSession(snap *pratique.Snapshot, who pratique.Principal, r RoleSession) (secret string, s pratique.Session, err error) {
	role, ok := snap.Roles.ID(r.Role)
	if !ok {
		return "", s, fmt.Errorf("role %s: %w", r.Role, pratique.ErrNotFound)
	}
	longest := role.LongestSession()
	if r.Life == 0 {
		r.Life = min(longest, pratique.DefaultRoleSession)
	}
	if r.Life < pratique.MinRoleSession || r.Life > longest {
		return "", s, &pratique.Error{
			Kind: pratique.ErrInvalid, Message: fmt.Sprintf("a session of role %q cannot last %s", role.Name, r.Life),
			Hint: fmt.Sprintf("give %s to %s", pratique.MinRoleSession, longest),
		}
	}
	s = pratique.Session{
		Type: pratique.SessionRole, Principal: pratique.Ref{Kind: pratique.KindRole, ID: role.ID}, Label: r.Label, Source: r.Source,
		RoleSession: r.Name, Policy: r.Policy, Cluster: r.Cluster, Expires: a.Now().UTC().Add(r.Life),
	}
	if !who.IsZero() {
		if err := a.hang(snap, who, &s); err != nil {
			return "", pratique.Session{}, err
		}
	} else if r.Cluster == "" {
		return "", pratique.Session{}, refuseNew("nobody asks for it")
	}
	secret = newToken(pratique.SessionRole, snap.Account.ID)
	s.Hash = Hash(secret)
	return secret, s, nil
}

// hang makes a role session end with what who came with.
func (a *Authenticator) hang(snap *pratique.Snapshot, who pratique.Principal, s *pratique.Session) error {
	if who.Root() {
		return refuseNew("the root of an account cannot assume a role; sign in as a user").at(snap, who)
	}
	if who.Session == "" {
		return refuseNew("nothing says who asks").at(snap, who)
	}
	if reason := a.Ended(snap, refOf(who), who.Session); reason != "" {
		return refuseNew(reason).at(snap, who)
	}
	s.Parent, s.MFA = who.Session, who.MFA
	if parent, ok := snap.Sessions.ID(who.Session); ok && s.Expires.After(parent.Expires) {
		s.Expires = parent.Expires
	}
	if _, reason := validRole(snap, s, a.Now(), 0); reason != "" {
		return refuseNew(reason).at(snap, who)
	}
	return nil
}

// validRole says which role a session is of, and why it does not hold now. Unlike a token, which outlives the sign-in that made it, a role
// session ends with whatever it was opened with: the role was lent, and signing out, disabling the user or deleting the key takes it back.
func validRole(snap *pratique.Snapshot, s *pratique.Session, now time.Time, depth int) (p pratique.Principal, reason string) {
	if s.Principal.Kind != pratique.KindRole {
		return p, "the session is not that of a role"
	}
	role, ok := snap.Roles.ID(s.Principal.ID)
	if !ok {
		return p, "the role does not exist"
	}
	p = pratique.Principal{Account: snap.Account.ID, Type: pratique.PrincipalRole, ID: role.ID, Name: role.Name}
	switch {
	case !now.Before(s.Expires):
		return p, "the session has expired"
	case depth >= maxParents:
		return p, "too many roles were assumed with one another"
	case s.Cluster != "":
		if _, ok := snap.Clusters.ID(s.Cluster); !ok {
			return p, "the cluster that the session was opened from does not exist"
		}
		return p, ""
	default:
		return p, lender(snap, s, now, depth)
	}
}

// lender says what has ended of what a role was assumed with.
func lender(snap *pratique.Snapshot, s *pratique.Session, now time.Time, depth int) string {
	const ended = "what the role was assumed with has ended"
	if k, ok := snap.AccessKeys.ID(s.Parent); ok {
		_, reason := alive(snap, pratique.Ref{Kind: pratique.KindUser, ID: k.User}, pratique.Programmatic)
		if k.Disabled || reason != "" {
			return ended
		}
		return ""
	}
	parent, ok := snap.Sessions.ID(s.Parent)
	if !ok {
		return ended
	}
	reason := ""
	if parent.Type == pratique.SessionRole {
		_, reason = validRole(snap, parent, now, depth+1)
	} else {
		_, reason = valid(snap, parent, now)
	}
	if reason != "" {
		return ended
	}
	return ""
}

// Exchange begins the exchange of a token that this server has not made. It finds the account, as a sign-in would, and counts the attempt
// against its source before anything is looked at, as wrong until right is called. The error is a Refusal.
func (a *Authenticator) Exchange(account, source string) (snap *pratique.Snapshot, right func(), err error) {
	attempt, ok := a.sources.take(sourceKey(source), a.Now(), sourceEvery, sourceBurst)
	if !ok {
		return nil, nil, refuseHaste("too many wrong attempts from the address")
	}
	snap, ok = a.account(account)
	if !ok {
		return nil, nil, RefuseExchange("the account does not exist")
	}
	return snap, attempt.refund, nil
}

// RefuseExchange is every way in which a token is not exchanged. The outside is told the same, whatever the reason: clusters, roles and
// whom they trust are not for strangers to find out.
func RefuseExchange(reason string) *Refusal {
	return &Refusal{Reason: reason, outward: &pratique.Error{
		Kind: pratique.ErrDenied, Message: "the token cannot be exchanged for this role",
		Hint: "check the account, the cluster, the audience of the token and the trust policy of the role; if all are right, the cluster may not answer: try again",
	}}
}
