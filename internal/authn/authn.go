package authn

import (
	"time"

	"github.com/pratique-iam/pratique"
)

// Accounts finds the directories of the accounts on this server, as they are now.
type Accounts interface {
	Account(id string) (*pratique.Snapshot, bool)
	AccountNamed(name string) (*pratique.Snapshot, bool)
	Only() (*pratique.Snapshot, bool) // the account, when there is exactly one
}

// Keys finds the account that an access key belongs to; the ids of keys are unique on a server.
type Keys interface {
	AccountOfKey(id string) (*pratique.Snapshot, bool)
}

// Unsealer opens what was sealed to a path. internal/seal has one.
type Unsealer interface {
	Unseal(sealed []byte, path string) ([]byte, error)
}

// DefaultAccount is what a sign-in without an account means where several exist.
const DefaultAccount = "default"

// Authenticator tells who is asking. Set the exported fields and do not copy it afterwards; it is safe for concurrent use. What it remembers between
// requests (wrong passwords, signatures seen) is this process's alone: with n replicas, somebody who is sent to all of them has n
// times as many attempts.
type Authenticator struct {
	Accounts  Accounts
	Now       func() time.Time
	Passwords *Hasher
	Keys      Keys     // nil: no signature is accepted
	Secrets   Unsealer // nil: no signature is accepted

	users   brake // by account and user
	sources brake // by network address
	writes  replays
	reads   replays
	proven  proven // secrets of clusters
}

// account finds the account that a person names at sign-in.
func (a *Authenticator) account(name string) (*pratique.Snapshot, bool) {
	if name != "" {
		return a.Accounts.AccountNamed(name)
	}
	if snap, ok := a.Accounts.Only(); ok {
		return snap, true
	}
	return a.Accounts.AccountNamed(DefaultAccount)
}
