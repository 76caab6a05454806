package api

import (
	"context"
	"errors"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/kube"
	"github.com/pratique-iam/pratique/internal/rbacsync"
	"github.com/pratique-iam/pratique/internal/web"
)

// RBAC reads the rules of clusters themselves, as they are now (rbacsync.Fleet). The error of a cluster that cannot be read wraps
// pratique.ErrUnavailable.
type RBAC interface {
	View(ctx context.Context, s *pratique.Snapshot, c *pratique.Cluster) (*rbacsync.View, error)
	Plan(ctx context.Context, s *pratique.Snapshot, c *pratique.Cluster) (rbacsync.Plan, error)
	Status(clusterID string) rbacsync.Status
}

// rbacPlan is what it takes to make the cluster's bindings what the namespace permissions say. Showing it changes nothing.
func (a *API) rbacPlan(ctx context.Context, c Call, _ nameIn) (apiv1.RBACPlan, error) {
	out := apiv1.RBACPlan{Cluster: c.Cluster.Name, Steps: []apiv1.RBACStep{}}
	if a.RBAC == nil {
		return out, without("access to clusters")
	}
	plan, err := a.RBAC.Plan(ctx, c.Snapshot, c.Cluster)
	if err != nil {
		return out, err
	}
	for i := range plan.Steps {
		s := &plan.Steps[i]
		because := s.About
		if s.Reason != "" {
			because = strings.TrimPrefix(because+"; "+s.Reason, "; ")
		}
		out.Steps = append(out.Steps, apiv1.RBACStep{
			Action: string(s.Verb), Kind: s.Kind(), Namespace: s.Namespace, Name: s.Name, ClusterRole: s.ClusterRole,
			Subject: s.Subject.Kind + " " + s.Subject.Name, Because: because,
		})
	}
	status := a.RBAC.Status(c.Cluster.ID)
	out.Error = status.Error
	if status.Synced {
		out.Synced = status.Last
	}
	return out, nil
}

// rbacStates tells how far clusters are, of those whose namespace permissions the caller may list. It asks no cluster, so that many cost little.
func (a *API) rbacStates(_ context.Context, c Call, _ none) (apiv1.List[apiv1.RBACState], error) {
	out := apiv1.List[apiv1.RBACState]{Items: []apiv1.RBACState{}, Revision: c.Snapshot.Generation}
	if a.RBAC == nil {
		return out, nil
	}
	for cl := range c.Snapshot.Clusters.All() {
		if !a.mayOn(c, cl, "namespacePermission.list") {
			continue
		}
		st := a.RBAC.Status(cl.ID)
		out.Items = append(out.Items, apiv1.RBACState{
			Cluster: cl.Name, Synced: st.Synced, Bindings: st.Bindings, Waiting: st.Waiting, Conflicts: st.Conflicts, Error: st.Error,
			Failing: st.Failing, Last: st.Last,
		})
	}
	return out, nil
}

// evaluate asks the cluster's own rules. That it cannot be asked is part of the answer, and no error.
func (a *API) evaluateRBAC(ctx context.Context, s *pratique.Snapshot, cl *pratique.Cluster, who pratique.Ref, r *kube.Review) (apiv1.RBAC, *rbacsync.Answer) {
	if a.RBAC == nil {
		return apiv1.RBAC{Reason: "this server cannot read the rules of clusters"}, nil
	}
	view, err := a.RBAC.View(ctx, s, cl)
	if err != nil {
		return apiv1.RBAC{Reason: "the cluster's own rules cannot be read: " + sentence(err)}, nil
	}
	var groups []string
	for _, id := range groupsFor(s, cl, who) {
		groups = append(groups, kube.GroupName(id))
	}
	answer := view.Evaluate(kube.UserName(who.ID), groups, requestOf(r))
	return apiv1.RBAC{Consulted: true, Allowed: answer.Allowed, Reason: rbacReason(s, &answer)}, &answer
}

// sentence is what an error says to people; nothing of one that was not written for them.
func sentence(err error) string {
	if told, ok := errors.AsType[*pratique.Error](err); ok {
		return told.Error()
	}
	return web.ProblemOf(err).Detail
}

func requestOf(r *kube.Review) rbacsync.Request {
	return rbacsync.Request{
		Verb: r.Verb, Group: r.Group, Resource: r.Resource, Subresource: r.Subresource, Namespace: r.Namespace, Name: r.Name, Path: r.Path,
	}
}

// rbacReason names the binding that allows, or those that come nearest.
func rbacReason(s *pratique.Snapshot, answer *rbacsync.Answer) string {
	switch {
	case answer.Allowed && answer.By != nil:
		return "allowed: " + heldText(s, answer.By)
	case answer.Allowed:
		return "allowed: nothing stops system:masters"
	case len(answer.Near) == 0:
		return "no binding gives anything for this"
	}
	var parts []string
	for i := range answer.Near {
		parts = append(parts, heldText(s, &answer.Near[i].Held)+", but "+answer.Near[i].Lacks)
	}
	return "no binding allows this; nearest: " + strings.Join(parts, "; ")
}

// heldText is a binding in a sentence, with the names that people know for ours.
func heldText(s *pratique.Snapshot, h *rbacsync.Held) string {
	subject := h.Subject.Kind + " " + h.Subject.Name
	if id, ours := strings.CutPrefix(h.Subject.Name, kube.Prefix); ours {
		if name := ourName(s, id); name != "" {
			subject = name
		}
	}
	text := h.Key.String() + " gives " + h.RoleKind + " " + h.Role + " to " + subject
	if p, ok := s.NamespacePermissions.ID(h.Permission); ok {
		text += " (namespace permission " + p.Name + ")"
	}
	return text
}

// ourName is "user alice" or "group viewers", for an id of either.
func ourName(s *pratique.Snapshot, id string) string {
	if id == pratique.RootID {
		return "root"
	}
	if u, ok := s.Users.ID(id); ok {
		return "user " + u.Name
	}
	if g, ok := s.Groups.ID(id); ok {
		return "group " + g.Name
	}
	if r, ok := s.Roles.ID(id); ok {
		return "role " + r.Name
	}
	return ""
}
