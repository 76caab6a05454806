package pratique

import (
	"slices"
	"strings"
)

// User is a person or a program with an identity of its own.
type User struct {
	Meta
	UserSpec
}

func (*User) kind() Kind { return KindUser }

// UserSpec is what a manifest says of a user.
type UserSpec struct {
	DisplayName string   `json:"displayName,omitempty"`
	Email       string   `json:"email,omitempty"`
	Description string   `json:"description,omitempty"`
	Disabled    bool     `json:"disabled,omitzero"`
	Access      []Access `json:"access,omitempty"` // empty: both

	// Identity links the user to somebody whom a provider knows; such a user has no password here.
	Identity *Identity `json:"identity,omitempty"`
}

// Access is a way in.
type Access string

// The ways in.
const (
	Programmatic Access = "programmatic" // access keys and API tokens
	Console      Access = "console"      // password
)

// May reports whether the user may come in that way.
func (u *User) May(a Access) bool {
	return !u.Disabled && (len(u.Access) == 0 || slices.Contains(u.Access, a))
}

func (s *UserSpec) check() error {
	for _, a := range s.Access {
		if a != Programmatic && a != Console {
			return invalid("access %q is not known", a).hint("use programmatic, console or both")
		}
	}
	slices.Sort(s.Access)
	s.Access = slices.Compact(s.Access)
	if s.Email != "" && (!strings.Contains(s.Email, "@") || strings.ContainsAny(s.Email, " <>\n")) {
		return invalid("email %q is not an address", s.Email)
	}
	for _, t := range []struct {
		field, text string
		limit       int
	}{{"displayName", s.DisplayName, 128}, {"email", s.Email, 254}, {"description", s.Description, 1024}} {
		if err := checkText(t.field, t.text, t.limit); err != nil {
			return err
		}
	}
	return nil
}

func (e *editor) putUser(m Manifest) error {
	own := len(e.plan.Needs)
	old, exists, err := find(e, e.Users, m, "user")
	if err != nil {
		return err
	}
	u := &User{Meta: Meta{Name: m.Metadata.Name}}
	if err := decodeSpec(m, &u.UserSpec); err != nil {
		return err
	}
	if err := u.check(); err != nil {
		return err
	}
	if err := e.link(old, u); err != nil {
		return err
	}
	if !exists {
		e.stamp(&u.Meta, nil, KindUser)
		e.setUser(nil, u)
		e.write(Create, u, diff(nil, u.UserSpec))
		return nil
	}
	fields := renamed(old.Name, u.Name, diff(old.UserSpec, u.UserSpec))
	if len(fields) == 0 {
		e.unchanged(old, "user", own)
		return nil
	}
	e.stamp(&u.Meta, &old.Meta, KindUser)
	e.setUser(old, u)
	e.write(Update, u, fields)
	if !sameIdentity(old.Identity, u.Identity) {
		e.relinked(u)
	} else if u.Disabled && !old.Disabled {
		e.endSessions(u.ID)
	}
	return nil
}

func (e *editor) deleteUser(c Delete) error {
	e.need("user.delete", "name", c.Name)
	u, ok := e.Users.Find(c.Name)
	if !ok {
		return notFound(KindUser, c.Name)
	}
	var h holders
	groups := slices.Collect(e.GroupsOf(u.ID))
	for _, g := range groups {
		h.add(KindGroup, g.Name)
	}
	e.heldByGrants(&h, e.GrantsOf(u.ID))
	e.heldByPermissions(&h, u.ID)
	keys := slices.Collect(e.KeysOf(u.ID))
	for _, k := range keys {
		h.add(KindAccessKey, k.Name)
	}
	if err := h.refuse(c, u.Name); err != nil {
		return err
	}
	for _, g := range groups {
		e.removeMember(g, u)
	}
	e.dropGrants(e.GrantsOf(u.ID))
	e.dropPermissions(u.ID)
	for _, k := range keys {
		e.need("accessKey.delete", "name", u.Name)
		e.dropKey(k)
	}
	if p, ok := e.Passwords.ID(u.ID); ok {
		e.Passwords.remove(p)
		e.write(Remove, p, nil)
	}
	e.dropMFA(u.ID)
	e.endSessions(u.ID)
	e.dropUser(u)
	e.write(Remove, u, nil)
	return nil
}
