package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/strictjson"
	"github.com/pratique-iam/pratique/internal/web"
)

type nodeIn struct {
	Name string `path:"name" doc:"the cluster, by name or id"`
	Node string `path:"node" doc:"name of the node"`
}

type patchNodeIn struct {
	nodeIn
	Body apiv1.NodePatch `body:""`
}

// onNode finds a cluster for somebody who may do an operation on one of its nodes, and the way to its nodes. Node "" means all of them.
func (a *API) onNode(c Call, clusterName, node, operation string) (*pratique.Cluster, typedcorev1.NodeInterface, error) {
	cl, err := a.mayInside(c, clusterName, operation, named(node))
	if err != nil {
		return nil, nil, err
	}
	conn, err := a.reach(c, cl)
	if err != nil {
		return nil, nil, err
	}
	return cl, conn.Client.CoreV1().Nodes(), nil
}

func (a *API) nodes(ctx context.Context, c Call, in nameIn) (apiv1.List[apiv1.Node], error) {
	out := apiv1.List[apiv1.Node]{Items: []apiv1.Node{}, Revision: c.Snapshot.Generation}
	cl, nodes, err := a.onNode(c, in.Name, "", "node.list")
	if err != nil {
		return out, err
	}
	list, err := nodes.List(ctx, metav1.ListOptions{})
	if err != nil {
		return out, inside(cl, err)
	}
	for i := range list.Items {
		out.Items = append(out.Items, nodeView(&list.Items[i]))
	}
	return out, nil
}

func (a *API) node(ctx context.Context, c Call, in nodeIn) (apiv1.Node, error) {
	cl, nodes, err := a.onNode(c, in.Name, in.Node, "node.get")
	if err != nil {
		return apiv1.Node{}, err
	}
	n, err := nodes.Get(ctx, in.Node, metav1.GetOptions{})
	if err != nil {
		return apiv1.Node{}, inside(cl, err)
	}
	return nodeView(n), nil
}

// patchNode cordons, uncordons and labels. The record is kept before the cluster is touched.
func (a *API) patchNode(ctx context.Context, c Call, in patchNodeIn) (apiv1.Node, error) {
	cl, nodes, err := a.onNode(c, in.Name, in.Node, "node.update")
	if err != nil {
		return apiv1.Node{}, err
	}
	patch, err := nodePatch(in.Body)
	if err != nil {
		return apiv1.Node{}, err
	}
	if err := a.recordNode(ctx, c, "change node "+in.Node+" of cluster "+cl.Name); err != nil {
		return apiv1.Node{}, err
	}
	n, err := nodes.Patch(ctx, in.Node, types.StrategicMergePatchType, patch, metav1.PatchOptions{FieldManager: "pratique"})
	if err != nil {
		return apiv1.Node{}, inside(cl, err)
	}
	return nodeView(n), nil
}

func (a *API) deleteNode(ctx context.Context, c Call, in nodeIn) (done, error) {
	cl, nodes, err := a.onNode(c, in.Name, in.Node, "node.delete")
	if err != nil {
		return done{}, err
	}
	if _, err := nodes.Get(ctx, in.Node, metav1.GetOptions{}); err != nil {
		return done{}, inside(cl, err)
	}
	if err := a.recordNode(ctx, c, "delete node "+in.Node+" of cluster "+cl.Name); err != nil {
		return done{}, err
	}
	if err := nodes.Delete(ctx, in.Node, metav1.DeleteOptions{}); err != nil {
		return done{}, inside(cl, err)
	}
	return done{}, nil
}

func (a *API) recordNode(ctx context.Context, c Call, detail string) error {
	r := access.NewRecord(audit.ClusterChanged, c.Who, a.Now())
	r.Source, r.Request, r.Detail = c.Source, c.Request, detail
	return a.Gate.Record(ctx, c.Who.Account, r)
}

// Protected labels belong to Kubernetes; changing them could move workloads onto nodes that they were kept from. Our own tell which nodes are
// those of a pool.
const (
	protectedLabels = "node-restriction.kubernetes.io/"
	ownLabels       = "pratique.dev/"
)

func nodePatch(p apiv1.NodePatch) ([]byte, error) {
	if p.Schedulable == nil && len(p.Labels) == 0 {
		return nil, web.Invalid("the change says nothing: set schedulable or labels")
	}
	labels := map[string]any{}
	for k, v := range p.Labels {
		if err := checkNodeLabel(k, v); err != nil {
			return nil, err
		}
		labels[k] = v
		if v == "" {
			labels[k] = nil
		}
	}
	body := map[string]any{"metadata": map[string]any{"labels": labels}}
	if p.Schedulable != nil {
		body["spec"] = map[string]any{"unschedulable": !*p.Schedulable}
	}
	return strictjson.Marshal(body)
}

// checkNodeLabel refuses labels that belong to somebody else, and what is no label.
func checkNodeLabel(key, value string) error {
	switch {
	case strings.HasPrefix(key, protectedLabels):
		return web.Invalid("the label %q is kept for the administrators of the cluster", short(key))
	case strings.HasPrefix(key, ownLabels):
		return web.Invalid("the label %q is Pratique's own", short(key))
	}
	if wrong := append(validation.IsQualifiedName(key), validation.IsValidLabelValue(value)...); len(wrong) > 0 {
		return web.Invalid("%q is no label of Kubernetes: %s", short(key+"="+value), wrong[0])
	}
	return nil
}

func nodeView(n *corev1.Node) apiv1.Node {
	ready := slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	})
	return apiv1.Node{
		Name: n.Name, Ready: ready, Schedulable: !n.Spec.Unschedulable, Version: n.Status.NodeInfo.KubeletVersion,
		Labels: n.Labels, Created: n.CreationTimestamp.Time,
	}
}

// inside makes a sentence of what a cluster answered.
func inside(cl *pratique.Cluster, err error) error {
	status, ok := errors.AsType[*apierrors.StatusError](err)
	switch {
	case ok && apierrors.IsNotFound(status):
		return &pratique.Error{Kind: pratique.ErrNotFound, Message: fmt.Sprintf("cluster %q: %s", cl.Name, status.ErrStatus.Message)}
	case ok && apierrors.IsInvalid(status), ok && apierrors.IsBadRequest(status):
		return &pratique.Error{Kind: pratique.ErrInvalid, Message: fmt.Sprintf("cluster %q: %s", cl.Name, status.ErrStatus.Message)}
	case ok && (apierrors.IsAlreadyExists(status) || apierrors.IsConflict(status)):
		return &pratique.Error{Kind: pratique.ErrConflict, Message: fmt.Sprintf("cluster %q: %s", cl.Name, status.ErrStatus.Message)}
	case ok && apierrors.IsForbidden(status):
		return &pratique.Error{
			Kind: pratique.ErrUnavailable, Message: fmt.Sprintf("Pratique's credential may not do this in cluster %q: %s", cl.Name, status.ErrStatus.Message),
			Hint: "an administrator of the cluster can give it the right",
		}
	default:
		return &pratique.Error{
			Kind: pratique.ErrUnavailable, Message: fmt.Sprintf("cluster %q: %v", cl.Name, err),
			Hint: "see how it is with: pratique cluster get " + cl.Name,
		}
	}
}
