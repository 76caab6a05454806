package api

import (
	"context"
	"net/http"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/audit"
)

func (a *API) serviceLinkedRoleRoutes() []Route {
	const all = "/v1/servicelinkedroles"
	return []Route{
		{http.MethodGet, all, "role.list", "List the roles that services bring along", signedIn(a.serviceLinkedRoles)},
		{http.MethodPost, all, "gate: serviceLinkedRole.create, with the service as ram:ServiceName", "Let a service have its role", signedIn(a.newServiceLinkedRole)},
		{http.MethodDelete, all + "/{service}", "gate: serviceLinkedRole.delete, with the service as ram:ServiceName", "Delete the role of a service", signedIn(a.deleteServiceLinkedRole)},
	}
}

type newServiceLinkedRoleIn struct {
	Body apiv1.NewServiceLinkedRole `body:""`
}

type serviceIn struct {
	Service string `path:"service" doc:"as in audit.log.aliyuncs.com"`
}

func (a *API) serviceLinkedRoles(_ context.Context, c Call, _ none) (apiv1.List[apiv1.ServiceLinkedRole], error) {
	out := apiv1.List[apiv1.ServiceLinkedRole]{Items: []apiv1.ServiceLinkedRole{}, Revision: c.Snapshot.Generation}
	for _, row := range c.Snapshot.Rules().Catalog.ServiceLinkedRoles {
		out.Items = append(out.Items, linkedView(c.Snapshot, row))
	}
	return out, nil
}

func linkedView(s *pratique.Snapshot, row catalog.ServiceLinkedRole) apiv1.ServiceLinkedRole {
	out := apiv1.ServiceLinkedRole{Service: row.Service, Role: row.Role, Description: row.Description}
	if r, ok := s.Roles.Name(row.Role); ok && r.Service == row.Service {
		out.ID, out.Policies = r.ID, s.PoliciesOf(r.ID)
	}
	return out
}

// newServiceLinkedRole creates the role; when it is there already, nothing happens, and the answer says so.
func (a *API) newServiceLinkedRole(ctx context.Context, c Call, in newServiceLinkedRoleIn) (apiv1.ServiceLinkedRole, error) {
	result, err := a.Gate.Apply(ctx, a.intent(c, audit.Changed, pratique.CreateServiceLinkedRole{Service: in.Body.Service}))
	if err != nil {
		return apiv1.ServiceLinkedRole{}, err
	}
	row, _ := c.Snapshot.Rules().Catalog.ServiceLinkedRole(in.Body.Service) // known: the change went through
	out := linkedView(result.Snapshot, row)
	out.Created = len(result.Plan.Writes) > 0
	return out, nil
}

func (a *API) deleteServiceLinkedRole(ctx context.Context, c Call, in serviceIn) (done, error) {
	_, err := a.Gate.Apply(ctx, a.intent(c, audit.Changed, pratique.DeleteServiceLinkedRole{Service: in.Service}))
	return done{}, err
}
