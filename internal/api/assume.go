package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/authn"
	"github.com/pratique-iam/pratique/internal/web"
	"github.com/pratique-iam/pratique/policy"
)

type assumeRoleIn struct {
	Body apiv1.AssumeRole `body:""`
}

// assumeRole opens the session of a role for somebody who is signed in. Their own policies must allow role.assume, and the trust policy of the
// role must name them: either without the other is a no.
func (a *API) assumeRole(ctx context.Context, c Call, in assumeRoleIn) (created[apiv1.Token], error) {
	var none created[apiv1.Token]
	b := in.Body
	if err := pratique.CheckRoleSessionName(b.SessionName); err != nil {
		return none, err
	}
	if c.Who.Root() {
		return none, &pratique.Error{
			Kind: pratique.ErrDenied, Message: "the root of an account cannot assume a role", Hint: "sign in as a user",
		}
	}
	// Decided on the name as it was given, so that the refusal cannot tell which roles exist.
	need := pratique.Need{Operation: "role.assume", Vars: map[string]string{"name": b.Role}}
	if err := a.Gate.May(c.Snapshot, c.Who, need, c.Source); err != nil {
		return none, err
	}
	role, ok := c.Snapshot.Roles.Find(b.Role)
	if !ok {
		return none, hinted(unknown(pratique.KindRole, short(b.Role)), "list roles with: pratique get roles")
	}
	secret, session, err := a.Authn.NewRoleSession(c.Snapshot, c.Who, authn.RoleSession{
		Role: role.ID, Name: b.SessionName, Life: time.Duration(b.Duration), Policy: b.Policy, Source: c.Source, Label: "assumed by " + c.Who.String(),
	})
	if err != nil {
		return none, err
	}
	if err := a.lends(c.Who.Account + "/" + c.Who.ID); err != nil {
		return none, err
	}
	result, err := a.Gate.Apply(ctx, access.Intent{
		Who: c.Who, Event: audit.RoleAssumed, Source: c.Source, Request: c.Request,
		Detail: fmt.Sprintf("role %s as session %s", role.Name, session.RoleSession),
		Changes: []pratique.Change{pratique.AssumeRole{
			Session: session, Names: ramNames(c.Snapshot, c.Who), Context: access.TrustContext(c.Snapshot, c.Who, a.Now(), c.Source),
		}},
	})
	if err != nil {
		if _, told := errors.AsType[*access.DeniedError](err); !told && errors.Is(err, pratique.ErrDenied) {
			a.notTrusted(ctx, c, role)
		}
		return none, err
	}
	return created[apiv1.Token]{roleToken(result.Snapshot, role, session, secret)}, nil
}

// ramNames are the names that a trust policy may know somebody by: their own, and that of the whole account.
func ramNames(s *pratique.Snapshot, who pratique.Principal) []policy.Principal {
	const ram = "RAM"
	return []policy.Principal{
		{Type: ram, ID: s.RAMName(access.PrincipalRef(who))},
		{Type: ram, ID: s.RAMName(pratique.Ref{Kind: pratique.KindUser, ID: pratique.RootID})},
	}
}

// lends keeps one principal, or one service account, from filling the directory with sessions.
func (a *API) lends(whom string) error {
	if _, ok := a.lent.Take(whom, a.Now()); ok {
		return nil
	}
	return &pratique.Error{
		Kind: web.ErrTooMany, Message: "you assume roles faster than anybody could use their sessions", Hint: "use the one that you have until it ends",
	}
}

// notTrusted records that a trust policy said no. What policies refuse has been recorded by the Gate.
func (a *API) notTrusted(ctx context.Context, c Call, role *pratique.Role) {
	missed, write := a.failures.Take(c.Who.Account, a.Now())
	if !write {
		return
	}
	r := access.NewRecord(audit.RoleRefused, c.Who, a.Now())
	r.Source, r.Request, r.Missed, r.Detail = c.Source, c.Request, missed, "the trust policy of role "+role.Name+" does not allow it"
	if err := a.Gate.Record(ctx, c.Who.Account, r); err != nil {
		a.Log.ErrorContext(ctx, "a refused role could not be recorded", "account", c.Who.Account, "error", err.Error())
	}
}

func roleToken(s *pratique.Snapshot, role *pratique.Role, session pratique.Session, secret string) apiv1.Token {
	return token(s, pratique.Principal{Type: pratique.PrincipalRole, ID: role.ID, Name: role.Name}, session, secret)
}
