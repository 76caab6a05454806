package api

import (
	"context"
	"slices"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/access"
)

// me says who the caller is and what they hold.
func (a *API) me(_ context.Context, c Call, _ none) (apiv1.Me, error) {
	s := c.Snapshot
	out := apiv1.Me{
		Account: s.Account.Name, Type: string(c.Who.Type), ID: c.Who.ID, Name: c.Who.Name,
		Expires: c.Session.Expires, Revision: s.Generation, Unlimited: c.Who.Root(),
	}
	held := holdings(s, access.PrincipalRef(c.Who))
	out.Groups, out.Grants = held.Groups, held.Grants
	for cl := range s.Clusters.All() {
		if a.mayOn(c, cl, "cluster.get") {
			out.Clusters = append(out.Clusters, cl.Name)
		}
	}
	return out, nil
}

// holdings tells what reaches somebody, and by which way. Whoever may see grants and groups can put it together from them; here it stands in
// one place.
func (a *API) holdings(_ context.Context, c Call, in ofUser) (apiv1.Holdings, error) {
	s := c.Snapshot
	if in.User == "" || c.is(in.User) {
		return holdings(s, access.PrincipalRef(c.Who)), nil
	}
	for _, operation := range []string{"grant.list", "group.list"} {
		if err := a.Gate.May(s, c.Who, pratique.Need{Operation: operation}, c.Source); err != nil {
			return apiv1.Holdings{}, err
		}
	}
	if pratique.Fold(in.User) == pratique.RootID {
		return holdings(s, pratique.Ref{Kind: pratique.KindUser, ID: pratique.RootID}), nil
	}
	o, err := s.Object(pratique.KindUser, in.User)
	if err != nil {
		return apiv1.Holdings{}, err
	}
	return holdings(s, pratique.Ref{Kind: pratique.KindUser, ID: metaOf(o).ID}), nil
}

func holdings(s *pratique.Snapshot, who pratique.Ref) apiv1.Holdings {
	out := apiv1.Holdings{Unlimited: who.ID == pratique.RootID, Revision: s.Generation}
	for g := range s.GroupsOf(who.ID) {
		out.Groups = append(out.Groups, g.Name)
	}
	slices.SortFunc(out.Groups, func(x, y string) int { return strings.Compare(pratique.Fold(x), pratique.Fold(y)) })
	for _, h := range access.Holdings(s, who) {
		out.Grants = append(out.Grants, apiv1.EffectiveGrant{
			Grant: h.Grant.Name, Policy: h.Policy.Name, Scope: s.ScopeText(h.Grant.Scope), Via: h.Via, Missing: h.Missing, Void: h.Void,
		})
	}
	return out
}
