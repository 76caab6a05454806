package api

import (
	"context"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/web"
)

type newTokenIn struct {
	Body apiv1.NewToken `body:""`
}

// newToken makes an API token of the caller. Made with a token, it ends no later than that one.
func (a *API) newToken(ctx context.Context, c Call, in newTokenIn) (created[apiv1.Token], error) {
	life := time.Duration(in.Body.Expires)
	switch {
	case life == 0:
		life = tokenLife
	case life < 0 || life > maxTokenLife:
		err := web.Invalid("a token cannot live for %s", life)
		err.Hint = "use at most 8760h, which is 365 days"
		return created[apiv1.Token]{}, err
	}
	secret, session, err := a.Authn.NewSession(pratique.SessionToken, c.Who, life, in.Body.Label, c.Source, c.Who.MFA)
	if err != nil {
		return created[apiv1.Token]{}, err
	}
	result, err := a.Gate.Apply(ctx, access.Intent{
		Who: c.Who, Event: audit.TokenMade, Source: c.Source, Request: c.Request,
		Changes: []pratique.Change{pratique.OpenSession{Session: session}},
	})
	if err != nil {
		return created[apiv1.Token]{}, err
	}
	return created[apiv1.Token]{token(result.Snapshot, c.Who, session, secret)}, nil
}
