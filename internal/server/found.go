package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/authn"
	"github.com/pratique-iam/pratique/internal/directory"
	"github.com/pratique-iam/pratique/internal/secretfile"
)

// founder makes accounts and offers the root of an account a way in. Only the operator of the server reaches it: at the first start, and by
// the local admin socket.
type founder struct {
	directory *directory.Directory
	gate      *access.Gate
	authn     *authn.Authenticator
	rules     *pratique.Rules
	now       func() time.Time
}

const bootstrapLife = time.Hour

// Found makes an account and returns the one-time secret of its root. The error wraps pratique.ErrConflict when the name is taken.
func (f *founder) Found(ctx context.Context, name string) (apiv1.Bootstrap, error) {
	id, err := newAccountID()
	if err != nil {
		return apiv1.Bootstrap{}, err
	}
	secret, session, err := f.bootstrap(id)
	if err != nil {
		return apiv1.Bootstrap{}, err
	}
	account := pratique.Account{Meta: pratique.Meta{ID: id, Name: name}}
	snapshot, plan, err := pratique.Found(f.rules, account, pratique.At(f.now()), session)
	if err != nil {
		return apiv1.Bootstrap{}, err
	}
	record := access.NewRecord(audit.AccountCreated, operator(id), f.now())
	record.Steps = plan.Steps
	if err := f.directory.CreateAccount(ctx, snapshot, plan, record); err != nil {
		return apiv1.Bootstrap{}, fmt.Errorf("found account %s: %w", name, err)
	}
	return apiv1.Bootstrap{Account: name, Secret: secret, Expires: session.Expires}, nil
}

// Offer gives the root of an account a new one-time secret; an older one ends.
func (f *founder) Offer(ctx context.Context, name string) (apiv1.Bootstrap, error) {
	s, ok := f.directory.AccountNamed(name)
	if !ok {
		return apiv1.Bootstrap{}, &pratique.Error{Kind: pratique.ErrNotFound, Message: fmt.Sprintf("account %q does not exist", name)}
	}
	secret, session, err := f.bootstrap(s.Account.ID)
	if err != nil {
		return apiv1.Bootstrap{}, err
	}
	_, err = f.gate.Apply(ctx, access.Intent{
		Who: operator(s.Account.ID), Event: audit.BootstrapOffered, Changes: []pratique.Change{pratique.OpenBootstrap{Session: session}},
	})
	if err != nil {
		return apiv1.Bootstrap{}, fmt.Errorf("offer a bootstrap secret: %w", err)
	}
	return apiv1.Bootstrap{Account: s.Account.Name, Secret: secret, Expires: session.Expires}, nil
}

func (f *founder) bootstrap(account string) (string, pratique.Session, error) {
	root := pratique.Principal{Account: account, Type: pratique.PrincipalRoot, ID: pratique.RootID, Name: pratique.RootID}
	return f.authn.NewSession(pratique.SessionBootstrap, root, bootstrapLife, "bootstrap", "", false)
}

// operator is the person at the machine, who acts as the root of an account when founding it or letting its root in again.
func operator(account string) pratique.Principal {
	return pratique.Principal{Account: account, Type: pratique.PrincipalRoot, ID: pratique.RootID, Name: "operator"}
}

// firstAccount makes the default account on an empty store, and sees to it that a root that never signed in can. It returns nil when
// there is nothing to tell anybody.
func (f *founder) firstAccount(ctx context.Context, dir string) (*apiv1.Bootstrap, error) {
	var offer apiv1.Bootstrap
	var err error
	switch s, exists := f.directory.AccountNamed(defaultAccount); {
	case len(f.directory.Accounts()) == 0:
		offer, err = f.Found(ctx, defaultAccount)
		if errors.Is(err, pratique.ErrConflict) {
			return nil, nil //nolint:nilnil // another replica was first, and has told its operator
		}
	case exists && stranded(s, f.now()):
		offer, err = f.Offer(ctx, defaultAccount)
	default:
		return nil, nil //nolint:nilnil // the usual start
	}
	if err != nil {
		return nil, err
	}
	return &offer, secretfile.Replace(filepath.Join(dir, bootstrapFile), []byte(offer.Secret+"\n"))
}

// stranded reports whether nobody could sign in as root: it has no password, and its secret was lost or has run out.
func stranded(s *pratique.Snapshot, now time.Time) bool {
	if _, has := s.Passwords.ID(pratique.RootID); has {
		return false
	}
	for session := range s.SessionsOf(pratique.RootID) {
		if session.Expires.After(now) {
			return false
		}
	}
	return true
}

const bootstrapFile = "bootstrap-secret"

// forget removes the file with the secret once the secret has been used.
func forget(dir string) error {
	err := os.Remove(filepath.Join(dir, bootstrapFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// newAccountID returns sixteen digits, as both vendors' tools expect.
func newAccountID() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(9e15))
	if err != nil {
		return "", fmt.Errorf("make account id: %w", err)
	}
	return n.Add(n, big.NewInt(1e15)).String(), nil
}
