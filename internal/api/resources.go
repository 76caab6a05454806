package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
)

func (a *API) resourceRoutes() []Route {
	return []Route{
		{http.MethodGet, "/v1/clusters/{name}/resources", "gate: cluster.resources", "What a cluster is made of, its worker role included", signedIn(a.resources)},
	}
}

// resources shows what belongs to a cluster (Alibaba ACK: DescribeClusterResources): the roles that what runs in it acts by, its node pools and
// its add-ons.
func (a *API) resources(ctx context.Context, c Call, in nameIn) (apiv1.ClusterResources, error) {
	cl, err := a.mayInside(c, in.Name, "cluster.resources", nil)
	if err != nil {
		return apiv1.ClusterResources{}, err
	}
	s := c.Snapshot
	out := apiv1.ClusterResources{
		Cluster: cl.Name, ID: cl.ID, Type: cl.Type, Provisioner: string(cl.Provisioner), Billing: "postpaid", Revision: s.Generation,
	}
	if cl.Billing != "" {
		out.Billing = cl.Billing
	}
	if a.mayOn(c, cl, "cluster.kubeconfig") {
		out.Server, _ = a.address(s, cl)
	}
	if a.Clusters != nil {
		seen := a.Clusters.Status(cl.ID)
		out.Nodes, out.NodesReady = seen.Nodes, seen.NodesReady
	}
	if r, ok := s.WorkerRole(cl.ID); ok {
		out.WorkerRole = &apiv1.RoleResource{Name: r.Name, ID: r.ID, Service: pratique.WorkerService, Policies: s.PoliciesOf(r.ID)}
	}
	addonResources(s, cl, &out)
	out.NodePools = a.poolViews(ctx, c, cl)
	return out, nil
}

// addonResources fills in the add-ons of a cluster, and the roles that they act by.
func addonResources(s *pratique.Snapshot, cl *pratique.Cluster, out *apiv1.ClusterResources) {
	kind, ok := s.Rules().Catalog.ClusterType(cl.Type)
	for installed := range s.AddonsOf(cl.ID) {
		row := apiv1.AddonResource{Name: installed.Template, Version: installed.Version, State: string(installed.State)}
		if t, known := s.AddonTemplate(installed.Template); known && ok {
			if p, acts := t.Principal(kind); acts {
				row.Role = p.Role
				if p.Role == "" && out.WorkerRole != nil {
					row.Role = out.WorkerRole.Name
					out.WorkerRole.Addons = append(out.WorkerRole.Addons, installed.Template)
				} else if p.Role != "" {
					useRole(s, p.Role, p.Service, installed.Template, out)
				}
			}
		}
		out.Addons = append(out.Addons, row)
	}
}

func useRole(s *pratique.Snapshot, name, service, addon string, out *apiv1.ClusterResources) {
	at := slices.IndexFunc(out.ServiceRoles, func(r apiv1.RoleResource) bool { return r.Name == name })
	if at < 0 {
		r := apiv1.RoleResource{Name: name, Service: service}
		if role, ok := s.Roles.Name(name); ok {
			r.ID, r.Policies = role.ID, s.PoliciesOf(role.ID)
		}
		out.ServiceRoles = append(out.ServiceRoles, r)
		at = len(out.ServiceRoles) - 1
	}
	out.ServiceRoles[at].Addons = append(out.ServiceRoles[at].Addons, addon)
}
