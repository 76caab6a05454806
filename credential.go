package pratique

import (
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Password is how a user or the root signs in at a console. Its id is that of the user, or RootID.
type Password struct {
	Meta
	Hash string `json:"hash"` // argon2id, PHC string
}

func (*Password) kind() Kind { return KindPassword }

// AccessKey is a programmatic credential of a user. Its id is public; the secret is sealed, because verifying a signature needs it.
type AccessKey struct {
	Meta
	User     string `json:"user"`
	Sealed   []byte `json:"sealed"`
	Disabled bool   `json:"disabled,omitzero"`
}

func (*AccessKey) kind() Kind { return KindAccessKey }

// SessionType tells what a session is for.
type SessionType string

// The session types.
const (
	SessionLogin     SessionType = "session"   // a person at a terminal or console
	SessionToken     SessionType = "token"     // an API token that a program shows
	SessionBootstrap SessionType = "bootstrap" // the one-time secret of a new account
	SessionCluster   SessionType = "cluster"   // what the kube-apiserver of a cluster shows when it asks us
	SessionRole      SessionType = "role"      // somebody, or something, that has assumed a role
)

// Session is a bearer secret that was given out. Only its hash is kept.
type Session struct {
	Meta
	Type      SessionType `json:"type"`
	Principal Ref         `json:"principal"`
	Hash      string      `json:"hash"` // SHA-256 of the whole secret, hex
	Expires   time.Time   `json:"expires"`
	Label     string      `json:"label,omitempty"`
	Source    string      `json:"source,omitempty"` // address it was opened from
	Parent    string      `json:"parent,omitempty"` // session that a token was made by; session or access key that a role was assumed with
	MFA       bool        `json:"mfa,omitzero"`
	Provider  string      `json:"provider,omitempty"` // id of the identity provider that it was opened through

	// Of role sessions.
	RoleSession string         `json:"roleSession,omitempty"` // the name that whoever assumed the role chose
	Policy      jsontext.Value `json:"policy,omitzero"`       // session policy in RAM's language, canonical: narrows what the role may do
	Cluster     string         `json:"cluster,omitempty"`     // id of the cluster whose service account assumed the role
}

func (*Session) kind() Kind { return KindSession }

// SetPassword gives a user, or the root, a new password and ends what was opened with the old one, except the session Keep.
type SetPassword struct {
	User string // id
	Hash string
	Keep string
}

func (c SetPassword) apply(e *editor) error {
	name := RootID
	if c.User != RootID {
		u, ok := e.Users.ID(c.User)
		if !ok {
			e.need("password.set", "name", c.User)
			return notFound(KindUser, c.User)
		}
		name = u.Name
	}
	e.need("password.set", "name", name)
	if u, ok := e.Users.ID(c.User); ok && u.Identity != nil {
		return signsInElsewhere(u, "password")
	}
	p := &Password{Meta: Meta{ID: c.User, Name: c.User}, Hash: c.Hash}
	verb := Create
	var before *Meta
	if old, ok := e.Passwords.ID(c.User); ok {
		verb, before = Update, &old.Meta
	}
	e.stamp(&p.Meta, before, KindPassword)
	e.Passwords.set(p)
	e.write(verb, p, nil)
	for _, s := range slices.Collect(e.SessionsOf(c.User)) {
		if s.ID != c.Keep && s.Type != SessionBootstrap {
			e.dropSession(s)
		}
	}
	return nil
}

// AddAccessKey gives a user a key. The caller has sealed the secret to the id.
type AddAccessKey struct {
	ID     string
	User   string // name or id
	Sealed []byte
}

func (c AddAccessKey) apply(e *editor) error {
	u, ok := e.Users.Find(c.User)
	if !ok {
		e.need("accessKey.create", "name", c.User)
		return notFound(KindUser, c.User)
	}
	e.need("accessKey.create", "name", u.Name)
	if n := len(slices.Collect(e.KeysOf(u.ID))); n >= e.rules.Limits.AccessKeysPerUser {
		return conflict("user %q has %d access keys, and no user may have more", u.Name, n).hint("delete one first")
	}
	if _, taken := e.AccessKeys.ID(c.ID); taken {
		return conflict("the access key id %s is taken", c.ID)
	}
	if !u.May(Programmatic) {
		return conflict("user %q has no programmatic access", u.Name)
	}
	k := &AccessKey{Meta: Meta{ID: c.ID, Name: c.ID}, User: u.ID, Sealed: c.Sealed}
	e.stamp(&k.Meta, nil, KindAccessKey)
	e.AccessKeys.set(k)
	e.keysByUser.Set(ownedID{u.ID, k.ID})
	e.write(Create, k, nil)
	return nil
}

// SetAccessKey disables or enables a key, or deletes it.
type SetAccessKey struct {
	ID       string
	Disabled bool
	Delete   bool
}

func (c SetAccessKey) apply(e *editor) error {
	operation := "accessKey.update"
	if c.Delete {
		operation = "accessKey.delete"
	}
	k, ok := e.AccessKeys.ID(c.ID)
	if !ok {
		e.need(operation, "name", c.ID)
		return notFound(KindAccessKey, c.ID)
	}
	e.need(operation, "name", e.PrincipalName(Ref{KindUser, k.User}))
	if c.Delete {
		e.dropKey(k)
		return nil
	}
	next := *k
	next.Disabled = c.Disabled
	e.stamp(&next.Meta, &k.Meta, KindAccessKey)
	e.AccessKeys.set(&next)
	e.write(Update, &next, []FieldDiff{{Field: "disabled"}})
	return nil
}

func (e *editor) dropKey(k *AccessKey) {
	e.AccessKeys.remove(k)
	e.keysByUser.Delete(ownedID{k.User, k.ID})
	e.write(Remove, k, nil)
}

// OpenSession records a session or token that was given out. Redeem is the id of a bootstrap secret that is used up by it.
type OpenSession struct {
	Session Session // Meta is filled in
	Redeem  string
}

func (c OpenSession) apply(e *editor) error {
	if c.Redeem != "" {
		b, ok := e.Sessions.ID(c.Redeem)
		if !ok || b.Type != SessionBootstrap {
			return &Error{Kind: ErrDenied, Message: "the bootstrap secret has been used already"}
		}
		e.dropSession(b)
		e.dropMFA(RootID) // the way back in for whoever has lost what they signed in with; only the operator of the server can open it
	}
	s := c.Session
	if s.Type == SessionRole {
		return invalid("a role is assumed, its session is not just opened")
	}
	if s.Type == SessionToken {
		e.need("token.create", "name", e.PrincipalName(s.Principal))
	}
	if err := e.missingFactor(&s); err != nil {
		return err
	}
	if err := checkText("label", s.Label, 128); err != nil {
		return err
	}
	e.stamp(&s.Meta, nil, KindSession)
	s.Name = s.ID
	e.setSession(&s)
	e.write(Create, &s, nil)
	return nil
}

// EndSession ends a session or token, by id.
type EndSession struct{ ID string }

func (c EndSession) apply(e *editor) error {
	s, ok := e.Sessions.ID(c.ID)
	if !ok {
		e.need("session.delete", "name", c.ID)
		return notFound(KindSession, c.ID)
	}
	// A role may have the name of a user: whose session it is must not be told by the name alone.
	e.need("session.delete", "name", e.PrincipalName(s.Principal), "session", s.ID, "ownerKind", string(s.Principal.Kind))
	e.dropSession(s)
	return nil
}

// EndExpired removes sessions that have run out; it needs no operation and leaves living ones alone.
type EndExpired struct{ IDs []string }

func (c EndExpired) apply(e *editor) error { //nolint:unparam // it is a Change, and this one cannot fail
	for _, id := range c.IDs {
		if s, ok := e.Sessions.ID(id); ok && !s.Expires.After(e.at.Time) {
			e.dropSession(s)
		}
	}
	return nil
}

func (s *Snapshot) setSession(ses *Session) {
	s.Sessions.set(ses)
	s.sessionsBy.Set(ownedID{ses.Principal.ID, ses.ID})
	s.sessionHashes.Set(ses.Hash, ses)
}

func (e *editor) dropSession(s *Session) {
	e.Sessions.remove(s)
	e.sessionsBy.Delete(ownedID{s.Principal.ID, s.ID})
	e.sessionHashes.Delete(s.Hash)
	e.write(Remove, s, nil)
	e.cascaded()
}

// endSessions ends everything that a principal has open.
func (e *editor) endSessions(principalID string) {
	for _, s := range slices.Collect(e.SessionsOf(principalID)) {
		e.dropSession(s)
	}
}
