package pratique

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/pratique-iam/pratique/policy"
)

// The lengths of role sessions (RAM AssumeRole, DurationSeconds). What a role allows for lies between them, or is DefaultRoleSession.
const (
	MinRoleSession     = 15 * time.Minute
	DefaultRoleSession = time.Hour
)

// assumeAction is what a trust policy speaks of, for people and for federated identities alike.
const assumeAction = "sts:AssumeRole"

// LongestSession is how long a session of the role may last.
func (r *Role) LongestSession() time.Duration {
	if r.MaxSession == 0 {
		return DefaultRoleSession
	}
	return time.Duration(r.MaxSession)
}

// Trusts decides by the trust policy alone whether somebody who goes by any of the names may assume the role. A trust policy that cannot be
// read trusts nobody.
func (r *Role) Trusts(names []policy.Principal, context []policy.Attribute) bool {
	doc, err := stored(policy.Trust).Parse(r.Trust)
	if err != nil {
		return false
	}
	chain := policy.Chain{{Name: "trust", Sets: []*policy.Set{policy.Compile(policy.Source{Document: doc, Policy: "trust policy"})}}}
	return chain.Decide(&policy.Request{Action: assumeAction, Principals: names, Context: context}).Allowed()
}

// SessionPolicy is what narrows a role session, nil when nothing does.
func (s *Session) SessionPolicy() (*policy.Document, error) {
	if len(s.Policy) == 0 {
		return nil, nil //nolint:nilnil // no policy is not an empty one, which would allow nothing
	}
	doc, err := stored(policy.Session).Parse(s.Policy)
	if err != nil {
		return nil, fmt.Errorf("policy of session %s: %w", s.ID, err)
	}
	return doc, nil
}

// stored reads documents that have been accepted: in canonical form they may be longer than what somebody wrote, and the vendors' limits are
// on that. There is no registry: an action that has left the catalogue since must not disable the statement that denies it.
func stored(kind policy.Kind) policy.Parser {
	return policy.Parser{Kind: kind, Limits: func(d policy.Dialect) policy.Limits {
		l := policy.DefaultLimits(d)
		l.SessionCharacters, l.TrustCharacters, l.Bytes = policy.NoLimit, policy.NoLimit, math.MaxInt32
		return l
	}}
}

// AssumeRole opens a session of a role. It needs role.assume, and the trust policy of the role must allow it as well, on the same snapshot;
// for a federated identity the trust policy alone decides (Alibaba RAM: AssumeRole, AssumeRoleWithOIDC).
type AssumeRole struct {
	Session   Session            // of type SessionRole, the role as its principal; Meta is filled in
	Names     []policy.Principal // that who asks goes by
	Context   []policy.Attribute // condition keys of the trust policy
	Federated bool               // proven by somebody else's word: there are no policies of theirs to ask
}

func (c AssumeRole) apply(e *editor) error {
	s := c.Session
	if !c.Federated {
		e.need("role.assume", "name", e.PrincipalName(s.Principal))
	}
	role, ok := e.Roles.ID(s.Principal.ID)
	if !ok || s.Type != SessionRole || s.Principal.Kind != KindRole {
		return notFound(KindRole, s.Principal.ID)
	}
	if err := e.checkRoleSession(&s); err != nil {
		return err
	}
	if !role.Trusts(c.Names, c.Context) {
		return &Error{
			Kind: ErrDenied, Message: fmt.Sprintf("the trust policy of role %q does not let you assume it", role.Name),
			Hint: "somebody who may do role.updateTrust can name you in it",
		}
	}
	e.stamp(&s.Meta, nil, KindSession)
	s.Name = s.ID
	e.setSession(&s)
	e.write(Create, &s, nil)
	return nil
}

// checkRoleSession refuses what RAM's AssumeRole would, and brings the session policy into its canonical form.
func (e *editor) checkRoleSession(s *Session) error {
	if err := CheckRoleSessionName(s.RoleSession); err != nil {
		return err
	}
	if err := checkText("label", s.Label, 512); err != nil {
		return err
	}
	if len(s.Policy) == 0 {
		return nil
	}
	doc, err := e.rules.parser(policy.Session).Parse(s.Policy)
	if err != nil {
		return documentError("session policy", err)
	}
	s.Policy = doc.Canonical()
	return nil
}

// CheckRoleSessionName refuses a name that no role session may have (RAM RoleSessionName: 2 to 64 of letters, digits and ".@_-").
func CheckRoleSessionName(name string) error {
	other := func(r rune) bool {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		return !letter && !strings.ContainsRune(".@_-", r)
	}
	if len(name) < 2 || len(name) > 64 || strings.ContainsFunc(name, other) {
		return invalid("the name of a role session has 2 to 64 ASCII letters, digits and \".@_-\"")
	}
	return nil
}

// RAMName is how RAM's trust policies name an identity of the account.
func (s *Snapshot) RAMName(r Ref) string {
	word := "user"
	switch {
	case r.ID == RootID:
		return "acs:ram::" + s.Account.ID + ":root"
	case r.Kind == KindRole:
		word = "role"
	}
	return "acs:ram::" + s.Account.ID + ":" + word + "/" + s.PrincipalName(r)
}
