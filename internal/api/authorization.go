package api

import (
	"context"
	"net/http"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
)

func (a *API) authorizationRoutes() []Route {
	const path = "/v1/authorization"
	return []Route{
		{http.MethodGet, path, "gate: userAuthorization.get in some project", "Which service roles the account needs, and which are there", signedIn(a.authorization)},
		{http.MethodPost, path, "gate: userAuthorization.create in some project, and what making roles and grants needs", "Create the service roles that are missing", signedIn(a.authorize)},
	}
}

type authorizeIn struct {
	DryRun bool `query:"dryRun" doc:"true: say what would be done, and do nothing"`
}

func (a *API) authorization(_ context.Context, c Call, _ none) (apiv1.Authorization, error) {
	if err := a.nowhere(c, "", "userAuthorization.get"); err != nil {
		return apiv1.Authorization{}, err
	}
	return authorizationView(c.Snapshot), nil
}

func authorizationView(s *pratique.Snapshot) apiv1.Authorization {
	out := apiv1.Authorization{Complete: true, Roles: []apiv1.ServiceRole{}, Revision: s.Generation}
	for _, r := range s.ServiceRoles() {
		out.Complete = out.Complete && len(r.Missing) == 0
		out.Roles = append(out.Roles, apiv1.ServiceRole{Name: r.Name, Service: r.Service, Policy: r.Policy, Addons: r.Addons, Missing: r.Missing})
	}
	return out
}

// authorize creates what is missing as one change, under the caller's own rights.
func (a *API) authorize(ctx context.Context, c Call, in authorizeIn) (apiv1.Authorization, error) {
	intent := a.intent(c, audit.Changed, pratique.AuthorizeServices{Project: a.where(c, "userAuthorization.create")})
	intent.DryRun, intent.Detail = in.DryRun, "service authorization of the account"
	result, err := a.Gate.Apply(ctx, intent)
	if err != nil {
		return apiv1.Authorization{}, a.hushed(c, err)
	}
	out := authorizationView(result.Snapshot)
	out.Revision, out.DryRun, out.Steps, out.Warnings = a.revision(c, result), in.DryRun, result.Plan.Steps, result.Plan.Warnings
	return out, nil
}

// where finds a project in which the caller may do an operation that is about no project; empty when it is everywhere, or nowhere.
func (a *API) where(c Call, operation string) string {
	need := pratique.Need{Operation: operation, Vars: map[string]string{}}
	if a.Gate.May(c.Snapshot, c.Who, need, c.Source) == nil {
		return ""
	}
	for _, h := range access.Holdings(c.Snapshot, access.PrincipalRef(c.Who)) {
		if h.Grant.Scope.Kind != pratique.ScopeProject {
			continue
		}
		need.Project = h.Grant.Scope.ID
		if a.Gate.May(c.Snapshot, c.Who, need, c.Source) == nil {
			return need.Project
		}
	}
	return ""
}
