package client

import (
	"context"
	"net/http"

	"github.com/pratique-iam/pratique/apiv1"
)

// Nodes lists the nodes of a cluster.
func (c *Client) Nodes(ctx context.Context, cluster string) ([]apiv1.Node, error) {
	var out apiv1.List[apiv1.Node]
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "clusters", cluster, "nodes"}, answer: &out})
	return out.Items, err
}

// Node reads one node.
func (c *Client) Node(ctx context.Context, cluster, node string) (apiv1.Node, error) {
	var out apiv1.Node
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "clusters", cluster, "nodes", node}, answer: &out})
	return out, err
}

// PatchNode changes a node.
func (c *Client) PatchNode(ctx context.Context, cluster, node string, p apiv1.NodePatch) (apiv1.Node, error) {
	var out apiv1.Node
	err := c.do(ctx, call{method: http.MethodPatch, path: []string{"v1", "clusters", cluster, "nodes", node}, body: p, answer: &out})
	return out, err
}

// DeleteNode deletes a node.
func (c *Client) DeleteNode(ctx context.Context, cluster, node string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: []string{"v1", "clusters", cluster, "nodes", node}})
}
