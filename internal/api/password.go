package api

import (
	"context"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/authn"
	"github.com/pratique-iam/pratique/internal/web"
)

// Passwords hashes passwords; hashing waits for a core, and fails with pratique.ErrUnavailable when too many wait.
type Passwords interface {
	Hash(ctx context.Context, password string) (string, error)
}

type newPasswordIn struct {
	Body apiv1.NewPassword `body:""`
}

// setPassword sets one's own password, or that of somebody else. It ends all sessions and tokens of theirs but the one that asks.
//
// The right is looked at before the costly hash is made.
func (a *API) setPassword(ctx context.Context, c Call, in newPasswordIn) (done, error) {
	id, name, err := a.whosePassword(ctx, c, in.Body)
	if err != nil {
		return done{}, err
	}
	if err := authn.CheckPassword(name, in.Body.New); err != nil {
		return done{}, err
	}
	hash, err := a.Passwords.Hash(ctx, in.Body.New)
	if err != nil {
		return done{}, err
	}
	change := pratique.SetPassword{User: id, Hash: hash}
	if id == c.Who.ID {
		change.Keep = c.Session.ID
	}
	return done{}, a.apply(ctx, c, audit.PasswordSet, "of "+name, change)
}

func (a *API) whosePassword(ctx context.Context, c Call, p apiv1.NewPassword) (id, name string, err error) {
	if p.User == "" || c.is(p.User) {
		return c.Who.ID, c.Who.Name, a.provesOld(ctx, c, p.Old)
	}
	id, err = a.owner(c, p.User, "password.set")
	if err != nil {
		return "", "", err
	}
	return id, c.Snapshot.PrincipalName(pratique.Ref{Kind: pratique.KindUser, ID: id}), nil
}

// provesOld demands the old password, or, where there is none, a session that somebody opened by signing in: an API token that was stolen
// must not become a password.
func (a *API) provesOld(ctx context.Context, c Call, old string) error {
	if _, has := c.Snapshot.Passwords.ID(c.Who.ID); !has {
		if c.Session.Type == pratique.SessionLogin {
			return nil
		}
		return &pratique.Error{
			Kind: pratique.ErrDenied, Message: "a token cannot give its owner a first password",
			Hint: "somebody who may do password.set can",
		}
	}
	if old == "" {
		return web.Invalid("changing your password needs the old one")
	}
	who, err := a.Authn.Password(ctx, authn.Attempt{
		Account: c.Snapshot.Account.Name, User: c.Who.Name, Secret: old, Source: c.Source,
	})
	if err != nil {
		return err
	}
	if who.ID != c.Who.ID { // a name that was given to somebody else in between
		return pratique.ErrConflict
	}
	return nil
}
