package api

import (
	"context"
	"fmt"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/authn"
	"github.com/pratique-iam/pratique/internal/web"
)

// Sealer encrypts a secret so that it opens at the given path only. internal/seal has one.
type Sealer interface {
	Seal(plain []byte, path string) ([]byte, error)
	Unseal(sealed []byte, path string) ([]byte, error)
}

type newAccessKeyIn struct {
	Body apiv1.NewAccessKey `body:""`
}

// newAccessKey makes a key for a user and shows its secret, this once.
func (a *API) newAccessKey(ctx context.Context, c Call, in newAccessKeyIn) (created[apiv1.AccessKey], error) {
	var none created[apiv1.AccessKey]
	user := in.Body.User
	if user == "" {
		if c.Who.Type == pratique.PrincipalRole {
			return none, web.Invalid("roles have no access keys; name a user")
		}
		user = c.Who.Name
	}
	// Decided on the name as it was given, so that the Gate's refusal cannot tell how the user spells it.
	need := pratique.Need{Operation: "accessKey.create", Vars: map[string]string{"name": user}}
	if err := a.Gate.May(c.Snapshot, c.Who, need, c.Source); err != nil {
		return none, err
	}
	id, secret := authn.NewAccessKey()
	sealed, err := a.Sealer.Seal([]byte(secret), authn.AccessKeyPath(c.Who.Account, id))
	if err != nil {
		return none, fmt.Errorf("seal the secret of access key %s: %w", id, err)
	}
	result, err := a.Gate.Apply(ctx, access.Intent{
		Who: c.Who, Event: audit.KeyChanged, Source: c.Source, Request: c.Request,
		Changes: []pratique.Change{pratique.AddAccessKey{ID: id, User: user, Sealed: sealed}},
	})
	if err != nil {
		return none, err
	}
	out := apiv1.AccessKey{ID: id, User: user, Secret: secret}
	if k, ok := result.Snapshot.AccessKeys.ID(id); ok {
		out = accessKeyOf(result.Snapshot, k)
		out.Secret = secret
	}
	return created[apiv1.AccessKey]{out}, nil
}

type accessKeysIn struct {
	ofUser
	pageIn
	All       bool `query:"all" doc:"those of everybody"`
	OlderThan int  `query:"olderThan" doc:"with all: only enabled keys that were made at least so many days ago"`
}

// accessKeys lists the keys of a user, or of everybody, without their secrets.
func (a *API) accessKeys(_ context.Context, c Call, in accessKeysIn) (apiv1.List[apiv1.AccessKey], error) {
	out := apiv1.List[apiv1.AccessKey]{Revision: c.Snapshot.Generation}
	if in.All {
		return a.allAccessKeys(c, in)
	}
	if in.OlderThan != 0 || in.pageIn != (pageIn{}) {
		return out, web.Invalid("olderThan, page and limit go with all: a user has few keys")
	}
	id, err := a.owner(c, in.User, "accessKey.list")
	if err != nil {
		return out, err
	}
	for k := range c.Snapshot.KeysOf(id) {
		out.Items = append(out.Items, accessKeyOf(c.Snapshot, k))
	}
	return out, nil
}

// allAccessKeys walks all keys in the order of their ids, which is random: who looks for old ones wants to see some, and go on.
func (a *API) allAccessKeys(c Call, in accessKeysIn) (apiv1.List[apiv1.AccessKey], error) {
	s := c.Snapshot
	out := apiv1.List[apiv1.AccessKey]{Items: []apiv1.AccessKey{}, Revision: s.Generation}
	if in.User != "" || in.OlderThan < 0 {
		return out, web.Invalid("all goes without user, and olderThan is a number of days")
	}
	if err := a.Gate.May(s, c.Who, pratique.Need{Operation: "accessKey.list"}, c.Source); err != nil {
		return out, err
	}
	from, limit, err := in.bounds()
	if err != nil {
		return out, err
	}
	before := a.Now().AddDate(0, 0, -in.OlderThan)
	for k := range s.AccessKeys.From(from) {
		if in.OlderThan > 0 && (k.Disabled || k.Created.Time().After(before)) {
			continue
		}
		if len(out.Items) == limit {
			out.Next = nextPage(k.Name)
			break
		}
		out.Items = append(out.Items, accessKeyOf(s, k))
	}
	return out, nil
}

func accessKeyOf(s *pratique.Snapshot, k *pratique.AccessKey) apiv1.AccessKey {
	return apiv1.AccessKey{
		ID: k.ID, User: s.PrincipalName(pratique.Ref{Kind: pratique.KindUser, ID: k.User}), Disabled: k.Disabled, Created: k.Created.Time(),
	}
}

type accessKeyIn struct {
	withID
	Body apiv1.AccessKeyState `body:""`
}

func (a *API) setAccessKey(ctx context.Context, c Call, in accessKeyIn) (done, error) {
	return done{}, a.apply(ctx, c, audit.KeyChanged, "", pratique.SetAccessKey{ID: in.ID, Disabled: in.Body.Disabled})
}

func (a *API) deleteAccessKey(ctx context.Context, c Call, in withID) (done, error) {
	return done{}, a.apply(ctx, c, audit.KeyChanged, "", pratique.SetAccessKey{ID: in.ID, Delete: true})
}
