package api

import (
	"context"

	"github.com/pratique-iam/pratique/apiv1"
)

// Operator founds accounts and lets their roots in. Both return the one-time secret of the root. Errors wrap pratique.ErrConflict when a
// name is taken, pratique.ErrInvalid when it cannot be one, pratique.ErrNotFound for an unknown account.
type Operator interface {
	Found(ctx context.Context, name string) (apiv1.Bootstrap, error)
	Offer(ctx context.Context, name string) (apiv1.Bootstrap, error)
}

type newAccountIn struct {
	Body apiv1.NewAccount `body:""`
}

func (a *API) found(ctx context.Context, _ Visit, in newAccountIn) (created[apiv1.Bootstrap], error) {
	secret, err := a.Operator.Found(ctx, in.Body.Name)
	return created[apiv1.Bootstrap]{secret}, err
}

// bootstrap gives the root of an account a new one-time secret; an older one ends.
func (a *API) bootstrap(ctx context.Context, _ Visit, in nameIn) (created[apiv1.Bootstrap], error) {
	secret, err := a.Operator.Offer(ctx, in.Name)
	return created[apiv1.Bootstrap]{secret}, err
}

// accounts lists the accounts of the server.
func (a *API) accounts(context.Context, Visit, none) (apiv1.List[apiv1.AccountInfo], error) {
	var out apiv1.List[apiv1.AccountInfo]
	for _, s := range a.Accounts.Accounts() {
		out.Items = append(out.Items, apiv1.AccountInfo{
			ID: s.Account.ID, Name: s.Account.Name, Created: s.Account.Created.Time(), Revision: s.Generation, Users: s.Users.Len(),
		})
	}
	return out, nil
}
