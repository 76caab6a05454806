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
	for g := range s.GroupsOf(c.Who.ID) {
		out.Groups = append(out.Groups, g.Name)
	}
	slices.SortFunc(out.Groups, func(x, y string) int { return strings.Compare(pratique.Fold(x), pratique.Fold(y)) })
	for _, h := range access.Holdings(s, access.PrincipalRef(c.Who)) {
		out.Grants = append(out.Grants, apiv1.EffectiveGrant{
			Grant: h.Grant.Name, Policy: h.Policy.Name, Scope: s.ScopeText(h.Grant.Scope), Via: h.Via, Missing: h.Missing,
		})
	}
	for cl := range s.Clusters.All() {
		if a.mayOn(c, cl, "cluster.get") {
			out.Clusters = append(out.Clusters, cl.Name)
		}
	}
	return out, nil
}
