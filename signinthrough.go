package pratique

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// SignInThrough is what comes of somebody whom a provider vouches for: the user, made if need be, the memberships that the provider decides
// about, and the session, in one step. It needs no operation: what it may do was decided on when the provider was configured. The caller,
// the API, has verified that the provider said this just now.
//
// Somebody who is known and in no mapped group any more leaves the groups, and gets no session; see the snapshot for whether there is one.
type SignInThrough struct {
	Provider string // id
	Subject  string
	Name     string   // of a new user
	Email    string   // of a new user; left out when it is no address
	Groups   []string // values of the claim
	User     string   // id of the user who is linked, or of the one to be made
	Session  Session  // Type, Principal and Provider are filled in
}

func (c SignInThrough) apply(e *editor) error {
	p, ok := e.IdentityProviders.ID(c.Provider)
	if !ok {
		return notAdmitted("the identity provider is no longer there", "sign in another way")
	}
	u, linked := e.Linked(p.Name, c.Subject)
	wanted := p.wanted(c.Groups)
	switch {
	case linked && u.ID != c.User, !linked && e.exists(c.User):
		return conflict("the user was linked meanwhile").hint("sign in again")
	case linked && !u.May(Console):
		return notAdmitted("the user "+u.Name+" is disabled or may not use the console", "ask an administrator")
	case !linked:
		var err error
		if u, err = e.firstSignIn(&c, p, len(wanted) > 0); err != nil {
			return err
		}
	}
	e.keepInLine(u, p.mapped(), wanted)
	if !p.Admits(c.Groups) {
		return nil
	}
	c.Session.Type, c.Session.Principal, c.Session.Provider = SessionLogin, Ref{KindUser, u.ID}, p.ID
	return OpenSession{Session: c.Session}.apply(e)
}

func (s *Snapshot) exists(userID string) bool {
	_, ok := s.Users.ID(userID)
	return ok
}

// firstSignIn makes a user of somebody who is not known. A name that is taken is not theirs by having it: people choose their names at
// many providers, and would choose an administrator's.
func (e *editor) firstSignIn(c *SignInThrough, p *IdentityProvider, member bool) (*User, error) {
	switch {
	case !p.Create:
		return nil, notAdmitted("nobody here is linked to who you are at "+p.Title(),
			"ask an administrator to set spec.identity of your user to provider "+p.Name+", subject "+line(c.Subject))
	case !member:
		return nil, notAdmitted("you are in no group at "+p.Title()+" that has access here", "ask whoever looks after the groups there")
	case checkName(KindUser, c.Name) != nil:
		return nil, notAdmitted(p.Title()+" says a name that no user can have here, or none",
			"the claim "+p.NameClaim()+" must be a name of ASCII letters, digits, '.', '_', '@' and '-'")
	}
	if old, taken := e.Users.Name(c.Name); taken {
		return nil, notAdmitted("there is a user "+old.Name+" already, who is not linked to who you are at "+p.Title(),
			"if that is you, an administrator can set spec.identity of "+old.Name+" to provider "+p.Name+", subject "+line(c.Subject))
	}
	u := &User{Meta: Meta{ID: c.User, Name: c.Name}, UserSpec: UserSpec{Email: c.Email, Identity: &Identity{p.Name, c.Subject}}}
	if err := u.Identity.check(); err != nil {
		return nil, notAdmitted(p.Title()+" says a subject that is too long or holds unusual characters", "ask an administrator")
	}
	if u.check() != nil {
		u.Email = ""
	}
	e.stamp(&u.Meta, nil, KindUser)
	u.Origin = "identityprovider/" + p.Name
	e.setUser(nil, u)
	e.write(Create, u, diff(nil, u.UserSpec))
	return u, nil
}

// keepInLine joins and leaves: of the groups that a provider decides about, somebody is in those that it says, and in no other.
func (e *editor) keepInLine(u *User, mapped, wanted []string) {
	for _, id := range mapped {
		g, ok := e.Groups.ID(id)
		in, want := e.Member(u.ID, id), slices.Contains(wanted, id)
		if !ok || in == want {
			continue
		}
		next := *g
		field := FieldDiff{Field: "members"}
		if want {
			next.Members = append(slices.Clone(g.Members), u.ID)
			slices.Sort(next.Members)
			field.After = memberOf(u)
		} else {
			next.Members = slices.DeleteFunc(slices.Clone(g.Members), func(m string) bool { return m == u.ID })
			field.Before = memberOf(u)
		}
		e.stamp(&next.Meta, &g.Meta, KindGroup)
		e.setGroup(g, &next)
		e.write(Update, &next, []FieldDiff{field})
	}
}

// memberOf is the one name that differs: a group may have a hundred thousand.
func memberOf(u *User) jsontext.Value { return jsontext.Value("[" + string(quote(u.Name)) + "]") }

// notAdmitted is for somebody who has proved who they are: it may speak of them.
func notAdmitted(message, hint string) *Error {
	return &Error{Kind: ErrDenied, Message: message, Hint: hint}
}
