package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
)

func (a *API) quotaRoutes() []Route {
	return []Route{{http.MethodGet, "/v1/quotas", "gate: quota.get in some project", "What the account has, and may have", signedIn(a.quotas)}}
}

// quotas counts. The numbers are the account's: whoever may ask in one project sees them all, as with the vendors.
func (a *API) quotas(_ context.Context, c Call, _ none) (apiv1.Quotas, error) {
	out := apiv1.Quotas{Revision: c.Snapshot.Generation}
	if err := a.nowhere(c, "", "quota.get"); err != nil {
		return out, err
	}
	out.Items = quotasOf(c.Snapshot)
	return out, nil
}

// quotasOf lists every limit that some rule of ours enforces, and the counts of what has none, so that nobody has to guess.
func quotasOf(s *pratique.Snapshot) []apiv1.Quota {
	limits := s.Rules().Limits
	var versions, keys, nodes most
	for p := range s.Policies.All() {
		versions.see(len(p.Versions), p.Name)
	}
	for u := range s.Users.All() {
		keys.see(len(slices.Collect(s.KeysOf(u.ID))), u.Name)
	}
	for p := range s.NodePools.All() {
		nodes.see(p.Count, p.Pool)
	}
	return []apiv1.Quota{
		{Name: "clusters", Used: s.Clusters.Len(), Limit: limits.Clusters},
		{Name: "node pools", Used: s.NodePools.Len()},
		nodes.quota("nodes", pratique.MaxPoolNodes, "node pool"),
		{Name: "charts", Used: s.Charts.Len(), Limit: pratique.MaxCharts},
		{Name: "add-on reports", Used: s.Reports.Len(), Limit: pratique.MaxReports},
		{Name: "jobs", Used: s.Jobs.Len(), Limit: pratique.MaxJobs},
		{Name: "users", Used: s.Users.Len()},
		{Name: "groups", Used: s.Groups.Len()},
		{Name: "roles", Used: s.Roles.Len()},
		{Name: "policies", Used: s.Policies.Len()},
		versions.quota("versions", limits.PolicyVersions, "policy"),
		{Name: "grants", Used: s.Grants.Len()},
		keys.quota("access keys", limits.AccessKeysPerUser, "user"),
		{Name: "projects", Used: s.Projects.Len()},
		{Name: "enterprise projects", Used: s.EnterpriseProjects.Len()},
		{Name: "namespace permissions", Used: s.NamespacePermissions.Len()},
	}
}

// most remembers the owner that has most of something.
type most struct {
	n    int
	name string
}

func (m *most) see(n int, name string) {
	if n > m.n {
		*m = most{n, name}
	}
}

func (m *most) quota(what string, limit int, per string) apiv1.Quota {
	return apiv1.Quota{Name: what, Used: m.n, Limit: limit, Per: per, Most: m.name}
}
