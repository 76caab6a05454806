package pratique

import (
	"iter"
	"slices"
)

// Identity says whom a provider knows a user as.
type Identity struct {
	Provider string `json:"provider"` // name of an identity provider
	Subject  string `json:"subject"`  // the claim sub, which a provider gives to nobody else
}

// check does not ask whether the provider is there: providers name groups, groups name users, and an export must be applicable to an empty
// account. Who creates a provider that users wait for needs the right to set their passwords, see needLinked.
func (i *Identity) check() error {
	if err := checkName(KindIdentityProvider, i.Provider); err != nil {
		return err
	}
	if len(i.Subject) == 0 || len(i.Subject) > maxSubject || !visible(i.Subject) {
		return invalid("identity.subject must be 1 to %d visible ASCII characters", maxSubject).
			hint("it is the claim sub of the provider, and neither a name nor an address")
	}
	return nil
}

// visible is text of ASCII without control characters; subjects may have spaces in them.
func visible(s string) bool {
	return !slices.ContainsFunc([]byte(s), func(b byte) bool { return b < ' ' || b > '~' })
}

// identityKey orders links by provider. No name holds a NUL.
func identityKey(provider, subject string) string { return Fold(provider) + "\x00" + subject }

// Linked finds the user whom a provider knows by a subject.
func (s *Snapshot) Linked(provider, subject string) (*User, bool) {
	return s.identities.Get(identityKey(provider, subject))
}

// linkedTo walks the users that are linked to a provider, in the order of their subjects.
func (s *Snapshot) linkedTo(provider string) iter.Seq[*User] {
	first, end := identityKey(provider, ""), Fold(provider)+"\x01"
	return func(yield func(*User) bool) {
		s.identities.Ascend(first, func(key string, u *User) bool { return key < end && yield(u) })
	}
}

// Vouched finds the provider that vouches for a user. It is nil for a user who has a password here; false: the provider is gone, and
// nothing that the user has open counts.
func (s *Snapshot) Vouched(u *User) (*IdentityProvider, bool) {
	if u.Identity == nil {
		return nil, true
	}
	p, ok := s.IdentityProviders.Name(u.Identity.Provider)
	return p, ok
}

// setUser puts a user in, in the place of an older one or of none.
func (s *Snapshot) setUser(old, u *User) {
	if old != nil {
		s.unlink(old)
	}
	s.Users.set(u)
	if i := u.Identity; i != nil {
		s.identities.Set(identityKey(i.Provider, i.Subject), u)
	}
}

func (s *Snapshot) dropUser(u *User) {
	s.unlink(u)
	s.Users.remove(u)
}

// unlink leaves a link alone that has passed to somebody else by now.
func (s *Snapshot) unlink(u *User) {
	if i := u.Identity; i != nil {
		key := identityKey(i.Provider, i.Subject)
		if holder, ok := s.identities.Get(key); ok && holder.ID == u.ID {
			s.identities.Delete(key)
		}
	}
}

func sameIdentity(a, b *Identity) bool {
	if a == nil || b == nil {
		return a == b
	}
	return Fold(a.Provider) == Fold(b.Provider) && a.Subject == b.Subject
}

// link checks what a manifest says about whom a user is. Old is nil for a new user. To link somebody is to give a stranger their way in: it
// takes the right to set their password.
func (e *editor) link(old, u *User) error {
	i := u.Identity
	if i == nil || old != nil && sameIdentity(old.Identity, i) {
		return nil
	}
	e.need("password.set", "name", u.Name)
	if err := i.check(); err != nil {
		return err
	}
	if p, ok := e.IdentityProviders.Name(i.Provider); ok {
		i.Provider = p.Name
	} else {
		e.warn("there is no identity provider " + i.Provider + ": user " + u.Name + " cannot sign in until there is")
	}
	if holder, ok := e.Linked(i.Provider, i.Subject); ok && (old == nil || holder.ID != old.ID) {
		return conflict("user %q is linked to that subject of identity provider %q already", holder.Name, i.Provider)
	}
	return nil
}

// relinked ends what a user came in with when somebody else vouches for them from now on.
func (e *editor) relinked(u *User) {
	if u.Identity != nil {
		if p, ok := e.Passwords.ID(u.ID); ok {
			e.Passwords.remove(p)
			e.write(Remove, p, nil)
			e.cascaded()
		}
		e.dropMFA(u.ID)
	}
	e.endSessions(u.ID)
}

func signsInElsewhere(u *User, what string) error {
	return conflict("user %q signs in through identity provider %q and has no %s here", u.Name, u.Identity.Provider, what).
		hint("take spec.identity of the user away first")
}
