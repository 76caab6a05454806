package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/cluster"
	"github.com/pratique-iam/pratique/internal/release"
)

// addonInstanceRoutes are those about add-ons in clusters.
func (a *API) addonInstanceRoutes() []Route {
	const (
		get, post, patch, remove = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete
		all                      = "/v1/clusters/{name}/addons"
		one                      = all + "/{addon}"
		behind                   = "; the cluster's RBAC decides behind it"
	)
	return []Route{
		{get, all, "gate: addonInstance.list", "List the add-ons of a cluster", signedIn(a.clusterAddons)},
		{get, one, "gate: addonInstance.get", "Read one add-on of a cluster", signedIn(a.clusterAddon)},
		{post, one, "gate: addonInstance.create, and role.pass on the role as which the add-on acts" + behind, "Install an add-on", signedIn(a.installAddon)},
		{
			patch, one, "gate: addonInstance.upgrade and role.pass for another version, addonInstance.update for other values" + behind,
			"Upgrade an add-on, or change its values", signedIn(a.upgradeAddon),
		},
		{remove, one, "gate: addonInstance.delete" + behind, "Uninstall an add-on", signedIn(a.uninstallAddon)},
		{post, one + "/redeploy", "gate: addonInstance.redeploy" + behind, "Make the pods of an add-on anew", signedIn(a.redeployAddon)},
		{get, one + "/doctor", "gate: addonInstance.get", "Compare what an add-on needs, holds and has used", signedIn(a.addonDoctor)},
	}
}

type clusterAddonIn struct {
	Name  string `path:"name" doc:"the cluster, by name or id"`
	Addon string `path:"addon" doc:"name of the add-on"`
}

func (a *API) clusterAddons(ctx context.Context, c Call, in nameIn) (apiv1.List[apiv1.AddonInstance], error) {
	out := apiv1.List[apiv1.AddonInstance]{Items: []apiv1.AddonInstance{}, Revision: c.Snapshot.Generation}
	cl, err := a.mayInside(c, in.Name, "addonInstance.list", named(""))
	if err != nil {
		return out, err
	}
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	for i := range c.Snapshot.AddonsOf(cl.ID) {
		out.Items = append(out.Items, a.instanceView(ctx, c.Snapshot, cl, i))
	}
	return out, nil
}

func (a *API) clusterAddon(ctx context.Context, c Call, in clusterAddonIn) (apiv1.AddonInstance, error) {
	cl, i, err := a.instance(c, in, "addonInstance.get")
	if err != nil {
		return apiv1.AddonInstance{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	return a.instanceView(ctx, c.Snapshot, cl, i), nil
}

// instance finds an add-on of a cluster for somebody who may do an operation on it.
func (a *API) instance(c Call, in clusterAddonIn, operation string) (*pratique.Cluster, *pratique.Addon, error) {
	cl, err := a.mayInside(c, in.Name, operation, named(in.Addon))
	if err != nil {
		return nil, nil, err
	}
	i, ok := c.Snapshot.Addon(cl.ID, in.Addon)
	if !ok {
		return nil, nil, &pratique.Error{
			Kind: pratique.ErrNotFound, Message: fmt.Sprintf("add-on %q is not installed in cluster %q", short(in.Addon), cl.Name),
			Hint: "see which are with: pratique addon status --cluster " + cl.Name,
		}
	}
	return cl, i, nil
}

// instanceView is an add-on with what is seen of its pods, by the server's own credential: who may ask about add-ons need not be allowed to look
// into their namespaces.
func (a *API) instanceView(ctx context.Context, s *pratique.Snapshot, cl *pratique.Cluster, i *pratique.Addon) apiv1.AddonInstance {
	state, reason := a.standing(s, i)
	out := apiv1.AddonInstance{
		Name: i.Template, Title: i.Template, Cluster: cl.Name, Version: i.Version, State: string(state), By: s.PrincipalName(i.By), Installed: i.Created.Time(),
		Message: reason, Job: i.Job,
	}
	t, ok := s.AddonTemplate(i.Template)
	if !ok {
		return out
	}
	out.Title, out.Role = t.Title, actsAs(s, t, cl)
	if newest, _ := t.Version(""); newest.Version != i.Version {
		out.Newer = newest.Version
	}
	w := workloadOf(t)
	out.Workload = apiv1.WorkloadName{Kind: w.Kind, Namespace: w.Namespace, Name: w.Name}
	seen, err := a.pods(ctx, s, cl, w)
	out.Wanted, out.Ready = seen.Wanted, seen.Ready
	switch {
	case out.Message != "":
	case err != nil:
		out.Message = "its pods were not looked at: " + sentence(err)
	default:
		out.Message = seen.Message
	}
	return out
}

func (a *API) pods(ctx context.Context, s *pratique.Snapshot, cl *pratique.Cluster, w *release.Workload) (release.Pods, error) {
	if a.Clusters == nil {
		return release.Pods{}, without("access to clusters")
	}
	if a.Clusters.Status(cl.ID).Phase != cluster.PhaseRunning {
		return release.Pods{}, &pratique.Error{Kind: pratique.ErrUnavailable, Message: fmt.Sprintf("cluster %q does not run", cl.Name)}
	}
	conn, err := a.Clusters.Connect(s, cl)
	if err != nil {
		return release.Pods{}, err
	}
	seen, err := release.Observe(ctx, conn.Client, w)
	if err != nil {
		return seen, inside(cl, err)
	}
	return seen, nil
}

func workloadOf(t *catalog.Addon) *release.Workload {
	return &release.Workload{Kind: t.Workload.Kind, Namespace: t.Namespace, Name: t.Workload.Name}
}

// actsAs is the name of the role as which an add-on acts in a cluster; "" where it needs none.
func actsAs(s *pratique.Snapshot, t *catalog.Addon, cl *pratique.Cluster) string {
	kind, ok := s.Rules().Catalog.ClusterType(cl.Type)
	if !ok {
		return ""
	}
	p, ok := t.Principal(kind)
	if ok && p.Role == "" {
		return pratique.WorkerRoleName(cl.ID)
	}
	return p.Role
}

// settling is how long an add-on may name a job that is not on record yet: the one is written before the other.
const settling = 30 * time.Second

// standing is the state of an add-on, and why it is no better. What says that it is being worked on is believed only as long as a job does: one
// that was interrupted had nobody left to write down how far it came.
func (a *API) standing(s *pratique.Snapshot, i *pratique.Addon) (state pratique.AddonState, reason string) {
	j, known := s.Jobs.ID(i.Job)
	moving := i.State == pratique.AddonInstalling || i.State == pratique.AddonRemoving
	switch {
	case !moving && i.State != pratique.AddonFailed:
		return i.State, ""
	case moving && (known && !j.State.Ended() || !known && i.Updated.Time().Add(settling).After(a.Now())):
		return i.State, ""
	case !known || j.Error == "":
		return pratique.AddonFailed, "it was not finished; install it again, or uninstall it"
	}
	reason = j.Error
	if j.Hint != "" {
		reason += "; " + j.Hint
	}
	return pratique.AddonFailed, reason
}

// vacant refuses to work on an add-on while a job does.
func (a *API) vacant(s *pratique.Snapshot, i *pratique.Addon) error {
	j, known := s.Jobs.ID(i.Job)
	state, _ := a.standing(s, i)
	busy := state == pratique.AddonInstalling || state == pratique.AddonRemoving || known && !j.State.Ended()
	if !busy {
		return nil
	}
	return &pratique.Error{
		Kind: pratique.ErrConflict, Message: fmt.Sprintf("somebody is working on add-on %q there", i.Template),
		Hint: "wait for it with: pratique job watch " + i.Job,
	}
}
