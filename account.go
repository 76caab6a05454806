package pratique

import "time"

// Account is the tenant: owner of everything in it. Its root identity is never restricted by policies.
type Account struct {
	Meta
}

func (*Account) kind() Kind { return KindAccount }

// RootID is the id of the root identity in every account.
const RootID = "root"

// Ref names a principal.
type Ref struct {
	Kind Kind   `json:"kind"`
	ID   string `json:"id"`
}

// PrincipalType tells what kind of identity acts.
type PrincipalType string

// The principal types.
const (
	PrincipalRoot PrincipalType = "root"
	PrincipalUser PrincipalType = "user"
	PrincipalRole PrincipalType = "role" // a role that was assumed
)

// Principal is an authenticated identity. Only internal/authn makes one; its zero value is nobody and may do nothing.
type Principal struct {
	Account string        `json:"account"`
	Type    PrincipalType `json:"type"`
	ID      string        `json:"id"`
	Name    string        `json:"name"`
	Session string        `json:"session,omitempty"` // id of the session or token that was shown
	MFA     bool          `json:"mfa,omitzero"`
	Since   time.Time     `json:"since,omitzero"` // when it proved who it is
}

// IsZero reports whether there is nobody.
func (p Principal) IsZero() bool { return p.ID == "" }

// Root reports whether this is the root identity of its account.
func (p Principal) Root() bool { return p.Type == PrincipalRoot && p.ID == RootID }

// String is the principal for people: "user alice", "root".
func (p Principal) String() string {
	if p.Root() {
		return "root"
	}
	return string(p.Type) + " " + p.Name
}
