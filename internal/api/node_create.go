package api

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/validation"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/cluster/local"
	"github.com/pratique-iam/pratique/internal/web"
	"github.com/pratique-iam/pratique/policy"
)

func (a *API) nodeRoutes() []Route {
	const all, one = "/v1/clusters/{name}/nodes", "/v1/clusters/{name}/nodes/{node}"
	return []Route{
		{http.MethodGet, all, "gate: node.list", "List the nodes of a cluster", signedIn(a.nodes)},
		{http.MethodPost, all, "gate: node.create", "Add nodes to a cluster", signedIn(a.newNodes)},
		{http.MethodGet, one, "gate: node.get", "Read one node", signedIn(a.node)},
		{http.MethodPatch, one, "gate: node.update", "Cordon, uncordon or label a node", signedIn(a.patchNode)},
		{http.MethodDelete, one, "gate: node.delete", "Delete a node", signedIn(a.deleteNode)},
	}
}

type newNodesIn struct {
	nameIn
	Body apiv1.NewNodes `body:""`
}

// maxNewNodes is how many nodes one request makes: it is answered when they are there.
const maxNewNodes = 100

// newNodes makes nodes in a local cluster. Whether they are ready shows later. In an attached cluster nothing is done: Pratique has no machines.
func (a *API) newNodes(ctx context.Context, c Call, in newNodesIn) (created[apiv1.List[apiv1.Node]], error) {
	var none created[apiv1.List[apiv1.Node]]
	n := in.Body
	n.Count = max(n.Count, 1)
	cl, err := a.mayInside(c, in.Name, "node.create", func(need *pratique.Need) {
		need.Vars["name"], need.Billing = n.Name, n.Billing
	})
	if err != nil {
		return none, err
	}
	if err := checkNewNodes(n, in.Body.Count); err != nil {
		return none, err
	}
	if cl.Provisioner == pratique.ProvisionerAttached {
		return none, howToAddNodes(c.Snapshot, cl)
	}
	conn, err := a.reach(c, cl)
	if err != nil {
		return none, err
	}
	detail := fmt.Sprintf("create %d nodes in cluster %s", n.Count, cl.Name)
	if n.Billing == pratique.Prepaid {
		detail += ", ordered prepaid"
	}
	if err := a.recordNode(ctx, c, detail); err != nil {
		return none, err
	}
	made, err := makeNodes(ctx, conn.Client.CoreV1().Nodes(), n, cl)
	if err != nil {
		return none, err
	}
	return created[apiv1.List[apiv1.Node]]{apiv1.List[apiv1.Node]{Items: made, Revision: c.Snapshot.Generation}}, nil
}

func checkNewNodes(n apiv1.NewNodes, count int) error {
	if n.Billing != "" && n.Billing != "postpaid" && n.Billing != pratique.Prepaid {
		return web.Invalid("billing is %q and must be postpaid or prepaid", short(n.Billing))
	}
	if count < 0 || count > maxNewNodes {
		return web.Invalid("count is %d and must be 1 to %d", count, maxNewNodes)
	}
	if n.Name != "" && (len(n.Name) > 50 || len(validation.IsDNS1123Subdomain(n.Name)) > 0) {
		return web.Invalid("%q is no name of a node: use lower-case letters, digits, '-' and '.', at most 50", short(n.Name))
	}
	return checkNodeLabels(n.Labels)
}

func checkNodeLabels(labels map[string]string) error {
	const most = 64
	if len(labels) > most {
		return web.Invalid("%d labels are too many; give at most %d", len(labels), most)
	}
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		if err := checkNodeLabel(k, labels[k]); err != nil {
			return err
		}
	}
	return nil
}

// makeNodes makes one after the other. What is there when one fails stays; the error says how many.
func makeNodes(ctx context.Context, nodes typedcorev1.NodeInterface, n apiv1.NewNodes, cl *pratique.Cluster) ([]apiv1.Node, error) {
	made := []apiv1.Node{}
	for range n.Count {
		name := n.Name
		if name == "" || n.Count > 1 {
			name = nodePrefix(n.Name, cl) + rand.String(5)
		}
		node, err := nodes.Create(ctx, local.Node(name, n.Labels), metav1.CreateOptions{FieldManager: "pratique"})
		if err != nil {
			err = inside(cl, err)
			if told, ok := errors.AsType[*pratique.Error](err); ok && len(made) > 0 {
				told.Message += fmt.Sprintf("; %d of %d nodes were made before", len(made), n.Count)
			}
			return nil, err
		}
		made = append(made, nodeView(node))
	}
	return made, nil
}

// nodePrefix begins the names of several nodes, and of those without a name.
func nodePrefix(name string, cl *pratique.Cluster) string {
	if name != "" {
		return name + "-"
	}
	clean := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
			return r
		}
		return '-'
	}, pratique.Fold(cl.Name))
	return strings.Trim(clean[:min(len(clean), 40)], "-") + "-node-"
}

// howToAddNodes says what to run instead, where the machines are somebody else's.
func howToAddNodes(s *pratique.Snapshot, cl *pratique.Cluster) error {
	const join = "on a control-plane server run: kubeadm token create --print-join-command, and run what it prints on the new server"
	way := "add a node to a node pool of the cluster in the console or API of CCE; where you run the control plane yourself, " + join
	if s.Dialect(cl) == policy.RAM {
		way = "scale out a node pool of the cluster in the console or API of ACK, or add an existing instance; where you run the control plane yourself, " + join
	}
	return &pratique.Error{
		Kind:    pratique.ErrConflict,
		Message: fmt.Sprintf("nothing was changed: cluster %q is attached, and Pratique has no servers to make its nodes of", cl.Name), Hint: way,
	}
}
