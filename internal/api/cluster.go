package api

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/cluster"
	"github.com/pratique-iam/pratique/policy"
)

// Clusters is what is known of clusters beside the directory (internal/cluster). Connect does not reach out; its error wraps
// pratique.ErrUnavailable for a cluster that does not run. Changed gives a channel that is closed when a status changes.
type Clusters interface {
	Status(clusterID string) cluster.Status
	Changed() <-chan struct{}
	Connect(s *pratique.Snapshot, c *pratique.Cluster) (*cluster.Conn, error)
}

// without is what a route answers when the server lacks the part that it needs.
func without(what string) error {
	return &pratique.Error{
		Kind: pratique.ErrUnavailable, Message: "this server runs without " + what,
		Hint: "its operator can change that; see: pratique serve --help",
	}
}

// cluster finds a cluster by name or id for somebody who may do an operation on it.
//
// Whoever may not even see the cluster gets the same answer as when there were none: a refusal when they may do the operation nowhere,
// and otherwise that they may see no such cluster. So nobody learns names by trying.
func (a *API) cluster(c Call, name, operation string) (*pratique.Cluster, error) {
	if cl, ok := c.Snapshot.Clusters.Find(name); ok {
		err := a.Gate.May(c.Snapshot, c.Who, cl.Need(operation), c.Source)
		if err == nil {
			return cl, nil
		}
		if operation != "cluster.get" && a.mayOn(c, cl, "cluster.get") {
			return nil, unsupported(err, cl)
		}
	}
	if err := a.nowhere(c, name, operation); err != nil {
		return nil, err
	}
	return nil, invisible(name)
}

// invisible is the answer about a cluster that there is not, or that must not be spoken of.
func invisible(name string) error {
	return &pratique.Error{
		Kind: pratique.ErrNotFound, Message: fmt.Sprintf("there is no cluster %q that you may see", short(name)),
		Hint: "list those that you may see with: pratique cluster list",
	}
}

// mayOn decides on an operation on a cluster, for what is not worth an error.
func (a *API) mayOn(c Call, cl *pratique.Cluster, operation string) bool {
	return a.Gate.May(c.Snapshot, c.Who, cl.Need(operation), c.Source) == nil
}

// nowhere is the refusal of somebody who may do an operation on clusters nowhere; nil when there is some place.
func (a *API) nowhere(c Call, name, operation string) error {
	need := pratique.Need{Operation: operation, Vars: map[string]string{"cluster": name, "name": name, "id": name}}
	refusal := a.Gate.May(c.Snapshot, c.Who, need, c.Source)
	if refusal == nil {
		return nil
	}
	for p := range c.Snapshot.Projects.All() {
		need.Project = p.ID
		if a.Gate.May(c.Snapshot, c.Who, need, c.Source) == nil {
			return nil
		}
	}
	need.Project = ""
	for _, h := range access.Holdings(c.Snapshot, access.PrincipalRef(c.Who)) {
		if h.Grant.Scope.Kind != pratique.ScopeEnterpriseProject {
			continue
		}
		need.EnterpriseProject = h.Grant.Scope.ID
		if a.Gate.May(c.Snapshot, c.Who, need, c.Source) == nil {
			return nil
		}
	}
	return refusal
}

// unsupported makes a conflict of the refusal of what the type of the cluster does not have: no right would help.
func unsupported(err error, cl *pratique.Cluster) error {
	denied, ok := errors.AsType[*access.DeniedError](err)
	if !ok || denied.Decision.Cause != access.Unsupported && denied.Decision.Cause != access.UnknownThing {
		return err
	}
	return &pratique.Error{
		Kind:    pratique.ErrConflict,
		Message: fmt.Sprintf("clusters of type %s do not support %s, whoever asks", cl.Type, denied.Check.Operation),
	}
}

type listClustersIn struct {
	pageIn
	Name string `query:"name" doc:"part of the name, in any case"`
	Type string `query:"type" doc:"only clusters of this type"`
	Sort string `query:"sort" doc:"name, -name, created or -created; name unless given"`
}

// clusters lists those that the caller may see: cluster.list is decided for each, in its project and enterprise project, as the vendors do
// for people who hold rights in enterprise projects only.
func (a *API) clusters(_ context.Context, c Call, in listClustersIn) (apiv1.ClusterList, error) {
	out := apiv1.ClusterList{Items: []apiv1.Cluster{}, Revision: c.Snapshot.Generation}
	from, limit, err := in.bounds()
	if err != nil {
		return out, err
	}
	by, err := orderOf(in.Sort)
	if err != nil {
		return out, err
	}
	found, next, err := cut(by, from, limit, c.Snapshot.Clusters.From, func(cl *pratique.Cluster) *pratique.Meta { return &cl.Meta }, func(cl *pratique.Cluster) bool {
		return strings.Contains(pratique.Fold(cl.Name), pratique.Fold(in.Name)) && (in.Type == "" || in.Type == cl.Type) && a.mayOn(c, cl, "cluster.list")
	})
	if err != nil {
		return out, err
	}
	for _, cl := range found {
		out.Items = append(out.Items, a.view(c, cl))
	}
	if next != "" {
		out.Next = nextPage(next)
	}
	if len(out.Items) == 0 {
		out.Hint = "there is no such cluster that you may see"
		if err := a.nowhere(c, "", "cluster.list"); err != nil {
			out.Hint = "you may list clusters nowhere; a cluster permission such as CCE ReadOnlyAccess, granted on a project, opens this"
		}
	}
	return out, nil
}

func (a *API) oneCluster(_ context.Context, c Call, _ nameIn) (apiv1.Cluster, error) {
	out := a.view(c, c.Cluster)
	if !a.reachesInside(c) {
		out.Note = noPermission
	}
	return out, nil
}

// noPermission is the sentence for somebody whom only cluster permissions let in.
const noPermission = "you may see the cluster, but hold no namespace permission in it"

// reachesInside reports whether the caller has something that opens the inside of the cluster: a namespace permission, the binding that
// creators get, or a role that nothing stops.
func (a *API) reachesInside(c Call) bool {
	ref := access.PrincipalRef(c.Who)
	return c.Who.Root() || c.Cluster.Creator == ref || len(c.Snapshot.PermissionsOn(c.Cluster.ID, ref)) > 0 ||
		c.Snapshot.Dialect(c.Cluster) == policy.Huawei && a.Decider.HoldsRole(c.Snapshot, ref, c.Cluster.Project, administrators()...)
}

// administrators are the roles that no gate stops: Tenant Administrator and CCE Administrator.
func administrators() []string { return []string{"te_admin", "cce_adm"} }

// view is a cluster as the caller may see it.
func (a *API) view(c Call, cl *pratique.Cluster) apiv1.Cluster {
	s := c.Snapshot
	out := apiv1.Cluster{
		ID: cl.ID, Name: cl.Name, Type: cl.Type, Provisioner: string(cl.Provisioner), Project: cl.Project, EnterpriseProject: cl.EnterpriseProject,
		Tags: cl.Tags, Billing: cl.Billing, Creator: s.PrincipalName(cl.Creator), Stopped: cl.Stopped, Shadow: cl.Shadow, Created: cl.Created.Time(),
		ResourceVersion: strconv.FormatUint(cl.Generation, 10), Status: a.status(cl),
	}
	if p, ok := s.Projects.ID(cl.Project); ok {
		out.Project = p.Name
	}
	if p, ok := s.EnterpriseProjects.ID(cl.EnterpriseProject); ok {
		out.EnterpriseProject = p.Name
	}
	if a.mayOn(c, cl, "cluster.kubeconfig") {
		out.Server, _ = a.address(s, cl)
	}
	return out
}

// address is where the kube-apiserver of a cluster is, and the authority of its certificate; empty for a local one that does not run.
func (a *API) address(s *pratique.Snapshot, cl *pratique.Cluster) (server string, ca []byte) {
	if cl.Provisioner == pratique.ProvisionerAttached || a.Clusters == nil {
		return cl.Server, cl.CA
	}
	conn, err := a.Clusters.Connect(s, cl)
	if err != nil {
		return "", nil
	}
	return conn.Access.Server, conn.Access.CA
}

// status is what was observed.
func (a *API) status(cl *pratique.Cluster) apiv1.ClusterStatus {
	if a.Clusters == nil {
		return apiv1.ClusterStatus{Phase: "unknown", Error: "this server looks after no clusters"}
	}
	seen := a.Clusters.Status(cl.ID)
	out := apiv1.ClusterStatus{
		Phase: string(seen.Phase), Version: seen.Version, Nodes: seen.Nodes, NodesReady: seen.NodesReady,
		Error: seen.Error, Warnings: seen.Warnings, Seen: seen.Observed,
	}
	if seen.Phase == cluster.PhaseUnknown {
		out.Phase = "unknown"
	}
	if a.Asked != nil {
		out.Asked = a.Asked(cl.ID)
	}
	return out
}
