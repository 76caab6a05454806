package api

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
)

type ofUser struct {
	User string `query:"user" doc:"name or id; empty: oneself"`
}

type withID struct {
	ID string `path:"id" doc:"id of the object"`
}

// sessions lists where somebody is signed in.
func (a *API) sessions(_ context.Context, c Call, in ofUser) (apiv1.List[apiv1.SessionInfo], error) {
	return a.listSessions(c, in.User, "session.list", pratique.SessionLogin)
}

// tokens lists somebody's API tokens.
func (a *API) tokens(_ context.Context, c Call, in ofUser) (apiv1.List[apiv1.SessionInfo], error) {
	return a.listSessions(c, in.User, "token.list", pratique.SessionToken)
}

func (a *API) listSessions(c Call, user, operation string, kind pratique.SessionType) (apiv1.List[apiv1.SessionInfo], error) {
	list := apiv1.List[apiv1.SessionInfo]{Revision: c.Snapshot.Generation}
	id, err := a.owner(c, user, operation)
	if err != nil {
		return list, err
	}
	for s := range c.Snapshot.SessionsOf(id) {
		mine := s.Type == kind
		if id == c.Who.ID && c.Who.Type == pratique.PrincipalRole { // of a role's sessions everybody sees the one they have
			mine = s.ID == c.Session.ID && kind == pratique.SessionLogin
		}
		if mine && a.Now().Before(s.Expires) {
			list.Items = append(list.Items, sessionInfo(c, s))
		}
	}
	slices.SortFunc(list.Items, func(x, y apiv1.SessionInfo) int {
		return cmp.Or(y.Created.Compare(x.Created), cmp.Compare(x.ID, y.ID))
	})
	return list, nil
}

func sessionInfo(c Call, s *pratique.Session) apiv1.SessionInfo {
	return apiv1.SessionInfo{
		ID: s.ID, Type: s.Type, Principal: c.Snapshot.PrincipalName(s.Principal), Label: s.Label, Source: s.Source,
		Created: s.Created.Time(), Expires: s.Expires, Current: s.ID == c.Session.ID,
	}
}

// owner finds whose things are asked about. One's own are free; those of others need the operation, which is decided on the name as it
// was given, before anybody looks whether it exists.
func (a *API) owner(c Call, user, operation string) (id string, err error) {
	if user == "" || c.is(user) {
		return c.Who.ID, nil
	}
	need := pratique.Need{Operation: operation, Vars: map[string]string{"name": user}}
	if err := a.Gate.May(c.Snapshot, c.Who, need, c.Source); err != nil {
		return "", err
	}
	if pratique.Fold(user) == pratique.RootID {
		return pratique.RootID, nil
	}
	u, err := c.Snapshot.Object(pratique.KindUser, user)
	if err != nil {
		return "", err
	}
	return u.(*pratique.User).ID, nil //nolint:errcheck // a user by its kind
}

// is reports whether the name or id of a user is the caller's own. A role may have the name of a user and is not that user.
func (c Call) is(user string) bool {
	return user == c.Who.ID || c.Who.Type != pratique.PrincipalRole && pratique.Fold(user) == pratique.Fold(c.Who.Name)
}

// endSession ends a session or a token. Whatever a token has made ends with it: internal/authn looks at the whole line of descent.
func (a *API) endSession(ctx context.Context, c Call, in withID) (done, error) {
	return done{}, a.apply(ctx, c, audit.SignedOut, "", pratique.EndSession{ID: in.ID})
}

func (a *API) logout(ctx context.Context, c Call, _ none) (done, error) {
	return a.endSession(ctx, c, withID{c.Session.ID})
}

// apply puts changes through the Gate.
func (a *API) apply(ctx context.Context, c Call, event audit.Event, detail string, changes ...pratique.Change) error {
	_, err := a.Gate.Apply(ctx, access.Intent{
		Who: c.Who, Event: event, Detail: detail, Source: c.Source, Request: c.Request, Changes: changes,
	})
	return err
}

// How long an API token lives.
const (
	tokenLife    = 90 * 24 * time.Hour
	maxTokenLife = 365 * 24 * time.Hour
)
