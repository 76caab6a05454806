package api

import (
	"context"
	"fmt"
	"net/url"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/authn"
)

type newFactorIn struct {
	Body apiv1.EnrollMFA `body:""`
}

// enroll makes a second factor and shows its seed, this once. It is asked for at sign-in only when it has been confirmed.
func (a *API) enroll(ctx context.Context, c Call, in newFactorIn) (created[apiv1.MFASeed], error) {
	var none created[apiv1.MFASeed]
	id, name, err := a.whoseFactor(c, in.Body.User, "mfa.create")
	if err != nil {
		return none, err
	}
	seed := authn.NewSeed()
	sealed, err := a.Sealer.Seal(seed, authn.FactorPath(c.Who.Account, id))
	if err != nil {
		return none, fmt.Errorf("seal the second factor of %s: %w", id, err)
	}
	if err := a.apply(ctx, c, audit.FactorChanged, "of "+name, pratique.EnrollMFA{User: id, Sealed: sealed}); err != nil {
		return none, err
	}
	text := authn.SeedText(seed)
	return created[apiv1.MFASeed]{apiv1.MFASeed{User: name, Seed: text, URI: otpauth(c.Snapshot.Account.Name, name, text)}}, nil
}

// otpauth is the address that authenticators read from a QR code. The values besides the secret are those that all of them take for granted.
func otpauth(account, user, seed string) string {
	u := url.URL{Scheme: "otpauth", Host: "totp", Path: "/Pratique:" + user + "@" + account}
	u.RawQuery = url.Values{"secret": {seed}, "issuer": {"Pratique"}}.Encode()
	return u.String()
}

type confirmFactorIn struct {
	Body apiv1.ConfirmMFA `body:""`
}

// confirmFactor takes a first code and gives the recovery codes, this once.
func (a *API) confirmFactor(ctx context.Context, c Call, in confirmFactorIn) (created[apiv1.RecoveryCodes], error) {
	var none created[apiv1.RecoveryCodes]
	id, name, err := a.whoseFactor(c, in.Body.User, "mfa.bind")
	if err != nil {
		return none, err
	}
	use, err := a.Authn.Code(c.Snapshot, id, in.Body.Code, c.Source)
	if err != nil {
		return none, err
	}
	factor, ok := c.Snapshot.MFAs.ID(id)
	if !ok {
		return none, pratique.ErrNotFound
	}
	codes, hashes := authn.NewRecoveryCodes()
	change := pratique.ConfirmMFA{User: id, Enrolled: factor.Generation, Step: use.Step, Recovery: hashes}
	return created[apiv1.RecoveryCodes]{apiv1.RecoveryCodes{Codes: codes}}, a.apply(ctx, c, audit.FactorChanged, "of "+name+": confirmed", change)
}

type removeFactorIn struct {
	Body apiv1.RemoveMFA `body:""`
}

// removeFactor takes a factor away. One's own that counts needs a code of it: a session that was stolen must not weaken its owner's sign-in.
func (a *API) removeFactor(ctx context.Context, c Call, in removeFactorIn) (done, error) {
	id, name, err := a.whoseFactor(c, in.Body.User, "mfa.unbind")
	if err != nil {
		return done{}, err
	}
	var changes []pratique.Change
	if _, counts := c.Snapshot.SecondFactor(id); counts && id == c.Who.ID {
		use, err := a.Authn.Code(c.Snapshot, id, in.Body.Code, c.Source)
		if err != nil {
			return done{}, err
		}
		changes = append(changes, use)
	}
	return done{}, a.apply(ctx, c, audit.FactorChanged, "of "+name+": removed", append(changes, pratique.RemoveMFA{User: id})...)
}

// whoseFactor finds whose factor is meant. One's own is for sessions that somebody opened by signing in: an API token that was stolen must
// not lock its owner out with a factor that only the thief has.
func (a *API) whoseFactor(c Call, user, operation string) (id, name string, err error) {
	if user == "" || c.is(user) {
		if c.Session.Type != pratique.SessionLogin {
			return "", "", &pratique.Error{
				Kind: pratique.ErrDenied, Message: "a second factor is looked after by its owner, signed in, and not by a token or a role",
				Hint: "run: pratique login",
			}
		}
		return c.Who.ID, c.Who.Name, nil
	}
	if id, err = a.owner(c, user, operation); err != nil {
		return "", "", err
	}
	if id == pratique.RootID {
		return "", "", &pratique.Error{
			Kind: pratique.ErrDenied, Message: "the second factor of root is looked after by root alone",
			Hint: "the operator of the server can make a new one-time secret, which takes it away: pratique account reset-root",
		}
	}
	return id, c.Snapshot.PrincipalName(pratique.Ref{Kind: pratique.KindUser, ID: id}), nil
}
