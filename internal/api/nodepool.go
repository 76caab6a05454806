package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/nodepool"
	"github.com/pratique-iam/pratique/internal/web"
)

func (a *API) nodePoolRoutes() []Route {
	const all, one = "/v1/clusters/{name}/nodepools", "/v1/clusters/{name}/nodepools/{pool}"
	return []Route{
		{http.MethodGet, all, "gate: nodepool.list", "List the node pools of a cluster", signedIn(a.nodePools)},
		{http.MethodPost, all, "gate: nodepool.create", "Create a node pool", signedIn(a.newNodePool)},
		{http.MethodGet, one, "gate: nodepool.get", "Read one node pool", signedIn(a.nodePool)},
		{http.MethodPatch, one, "gate: nodepool.scale for the count alone; nodepool.update", "Scale or change a node pool", signedIn(a.patchNodePool)},
		{http.MethodDelete, one, "gate: nodepool.delete", "Delete a node pool and its nodes", signedIn(a.deleteNodePool)},
	}
}

type newNodePoolIn struct {
	nameIn
	Body apiv1.NewNodePool `body:""`
}

type nodePoolIn struct {
	Name string `path:"name" doc:"the cluster, by name or id"`
	Pool string `path:"pool" doc:"name of the node pool"`
}

type patchNodePoolIn struct {
	nodePoolIn
	Body apiv1.NodePoolPatch `body:""`
}

func (a *API) nodePools(ctx context.Context, c Call, in nameIn) (apiv1.List[apiv1.NodePool], error) {
	out := apiv1.List[apiv1.NodePool]{Items: []apiv1.NodePool{}, Revision: c.Snapshot.Generation}
	cl, err := a.mayInside(c, in.Name, "nodepool.list", named(""))
	if err != nil {
		return out, err
	}
	out.Items = a.poolViews(ctx, c, cl)
	return out, nil
}

func (a *API) nodePool(ctx context.Context, c Call, in nodePoolIn) (apiv1.NodePool, error) {
	cl, err := a.mayInside(c, in.Name, "nodepool.get", named(in.Pool))
	if err != nil {
		return apiv1.NodePool{}, err
	}
	return a.onePool(ctx, c, cl, in.Pool)
}

func (a *API) onePool(ctx context.Context, c Call, cl *pratique.Cluster, name string) (apiv1.NodePool, error) {
	if p, ok := c.Snapshot.NodePool(cl.ID, name); ok {
		for _, view := range a.poolViews(ctx, c, cl) {
			if view.ID == p.ID {
				return view, nil
			}
		}
	}
	return apiv1.NodePool{}, &pratique.Error{Kind: pratique.ErrNotFound, Message: fmt.Sprintf("cluster %q has no node pool %q", cl.Name, short(name))}
}

// poolViews are the pools of a cluster with their nodes counted in the cluster as it is now.
func (a *API) poolViews(ctx context.Context, c Call, cl *pratique.Cluster) []apiv1.NodePool {
	out := []apiv1.NodePool{}
	there, ready, problem := a.countPools(ctx, c, cl)
	for p := range c.Snapshot.NodePoolsOf(cl.ID) {
		out = append(out, apiv1.NodePool{
			ID: p.ID, Name: p.Pool, Cluster: cl.Name, Count: p.Count, Labels: p.Labels, Created: p.Created.Time(),
			ResourceVersion: strconv.FormatUint(p.Generation, 10), Nodes: there[p.Pool], Ready: ready[p.Pool], Error: problem,
		})
	}
	return out
}

// countPools counts the nodes of each pool. A cluster that does not answer is no error: what the directory says of its pools still holds.
func (a *API) countPools(ctx context.Context, c Call, cl *pratique.Cluster) (there, ready map[string]int, problem string) {
	conn, err := a.reach(c, cl)
	if err != nil {
		return nil, nil, err.Error()
	}
	list, err := conn.Client.CoreV1().Nodes().List(ctx, metav1.ListOptions{LabelSelector: nodepool.LabelPool})
	if err != nil {
		return nil, nil, inside(cl, err).Error()
	}
	there, ready = map[string]int{}, map[string]int{}
	for i := range list.Items {
		n := &list.Items[i]
		if !nodepool.Owned(n) {
			continue
		}
		there[n.Labels[nodepool.LabelPool]]++
		if nodepool.Ready(n) {
			ready[n.Labels[nodepool.LabelPool]]++
		}
	}
	return there, ready, ""
}

// newNodePool writes a pool into the directory; its nodes follow. Only clusters whose nodes this server makes can have one.
func (a *API) newNodePool(ctx context.Context, c Call, in newNodePoolIn) (created[apiv1.NodePool], error) {
	var none created[apiv1.NodePool]
	n := in.Body
	id, cl := in.identify(c)
	if cl != nil && cl.Provisioner != pratique.ProvisionerLocal {
		if _, err := a.mayInside(c, in.Name, "nodepool.create", named(n.Name)); err != nil {
			return none, err
		}
		return none, &pratique.Error{
			Kind:    pratique.ErrConflict,
			Message: fmt.Sprintf("cluster %q is attached; only clusters of the local provisioner have pools that Pratique can fill", cl.Name),
			Hint:    "make the pool where the cluster was made",
		}
	}
	change := pratique.CreateNodePool{Cluster: id, Pool: n.Name, Count: n.Count, Labels: n.Labels}
	view, err := a.changePool(ctx, c, nodePoolIn{in.Name, n.Name}, "nodepool.create", change, checkNodeLabels(n.Labels))
	return created[apiv1.NodePool]{view}, err
}

func (a *API) patchNodePool(ctx context.Context, c Call, in patchNodePoolIn) (apiv1.NodePool, error) {
	id, _ := nameIn{in.Name}.identify(c)
	p := in.Body
	operation, wrong := "nodepool.update", error(nil)
	switch {
	case p.Labels != nil:
		wrong = checkNodeLabels(*p.Labels)
	case p.Count != nil:
		operation = "nodepool.scale"
	default:
		wrong = web.Invalid("nothing is set that should change")
	}
	return a.changePool(ctx, c, in.nodePoolIn, operation, pratique.UpdateNodePool{Cluster: id, Pool: in.Pool, Count: p.Count, Labels: p.Labels}, wrong)
}

// changePool puts a change through the Gate, unless something is wrong with it that the directory does not know of. Who may not make it hears
// that first.
func (a *API) changePool(ctx context.Context, c Call, in nodePoolIn, operation string, change pratique.Change, wrong error) (apiv1.NodePool, error) {
	if wrong != nil {
		if _, err := a.mayInside(c, in.Name, operation, named(in.Pool)); err != nil {
			return apiv1.NodePool{}, err
		}
		return apiv1.NodePool{}, wrong
	}
	result, err := a.Gate.Apply(ctx, a.intent(c, audit.ClusterChanged, change))
	if err != nil {
		return apiv1.NodePool{}, a.bluntInside(c, in.Name, operation, named(in.Pool), err)
	}
	c.Snapshot = result.Snapshot
	_, cl := nameIn{in.Name}.identify(c)
	if cl == nil {
		return apiv1.NodePool{}, invisible(in.Name)
	}
	return a.onePool(ctx, c, cl, in.Pool)
}

func (a *API) deleteNodePool(ctx context.Context, c Call, in nodePoolIn) (done, error) {
	id, _ := nameIn{in.Name}.identify(c)
	if _, err := a.Gate.Apply(ctx, a.intent(c, audit.ClusterChanged, pratique.DeleteNodePool{Cluster: id, Pool: in.Pool})); err != nil {
		return done{}, a.bluntInside(c, in.Name, "nodepool.delete", named(in.Pool), err)
	}
	return done{}, nil
}
