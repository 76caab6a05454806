package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/pratique-iam/pratique/apiv1"
)

// NewNodes adds nodes to a cluster that the server runs itself, and gives those that were made.
func (c *Client) NewNodes(ctx context.Context, cluster string, n apiv1.NewNodes) ([]apiv1.Node, error) {
	var out apiv1.List[apiv1.Node]
	err := c.do(ctx, call{method: http.MethodPost, path: clusters(cluster, "nodes"), body: n, answer: &out})
	return out.Items, err
}

// NodePools lists the node pools of a cluster.
func (c *Client) NodePools(ctx context.Context, cluster string) ([]apiv1.NodePool, error) {
	var out apiv1.List[apiv1.NodePool]
	err := c.do(ctx, call{method: http.MethodGet, path: clusters(cluster, "nodepools"), answer: &out})
	return out.Items, err
}

// NodePool reads one node pool.
func (c *Client) NodePool(ctx context.Context, cluster, pool string) (apiv1.NodePool, error) {
	return c.pool(ctx, call{method: http.MethodGet, path: clusters(cluster, "nodepools", pool)})
}

// NewNodePool adds a node pool to a cluster. It does not wait for the nodes.
func (c *Client) NewNodePool(ctx context.Context, cluster string, n apiv1.NewNodePool) (apiv1.NodePool, error) {
	return c.pool(ctx, call{method: http.MethodPost, path: clusters(cluster, "nodepools"), body: n})
}

// PatchNodePool changes a node pool. It does not wait for the nodes.
func (c *Client) PatchNodePool(ctx context.Context, cluster, pool string, p apiv1.NodePoolPatch) (apiv1.NodePool, error) {
	return c.pool(ctx, call{method: http.MethodPatch, path: clusters(cluster, "nodepools", pool), body: p})
}

// DeleteNodePool deletes a node pool; its nodes follow.
func (c *Client) DeleteNodePool(ctx context.Context, cluster, pool string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: clusters(cluster, "nodepools", pool)})
}

func (c *Client) pool(ctx context.Context, k call) (apiv1.NodePool, error) {
	var out apiv1.NodePool
	k.answer = &out
	err := c.do(ctx, k)
	return out, err
}

// Storage lists the claims in a namespace of a cluster; with no namespace, all claims and volumes.
func (c *Client) Storage(ctx context.Context, cluster, namespace string) ([]apiv1.Storage, error) {
	var out apiv1.List[apiv1.Storage]
	err := c.do(ctx, call{method: http.MethodGet, path: clusters(cluster, "storage"), query: inNamespace(namespace), answer: &out})
	return out.Items, err
}

// NewStorage creates a persistent volume or a claim.
func (c *Client) NewStorage(ctx context.Context, cluster string, n apiv1.NewStorage) (apiv1.Storage, error) {
	var out apiv1.Storage
	err := c.do(ctx, call{method: http.MethodPost, path: clusters(cluster, "storage"), body: n, answer: &out})
	return out, err
}

// DeleteStorage deletes a persistent volume, or a claim in a namespace.
func (c *Client) DeleteStorage(ctx context.Context, cluster, kind, namespace, name string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: clusters(cluster, "storage", kind, name), query: inNamespace(namespace)})
}

func inNamespace(namespace string) url.Values {
	if namespace == "" {
		return nil
	}
	return url.Values{"namespace": {namespace}}
}

// ClusterTags are the tags of a cluster.
func (c *Client) ClusterTags(ctx context.Context, cluster string) (map[string]string, error) {
	return c.tags(ctx, call{method: http.MethodGet, path: clusters(cluster, "tags")})
}

// TagCluster puts tags on a cluster and takes others off, and gives those that it has then.
func (c *Client) TagCluster(ctx context.Context, cluster string, t apiv1.TagChange) (map[string]string, error) {
	return c.tags(ctx, call{method: http.MethodPut, path: clusters(cluster, "tags"), body: t})
}

func (c *Client) tags(ctx context.Context, k call) (map[string]string, error) {
	var out apiv1.Tags
	k.answer = &out
	err := c.do(ctx, k)
	return out.Tags, err
}

// ClusterResources gives what a cluster is made of.
func (c *Client) ClusterResources(ctx context.Context, cluster string) (apiv1.ClusterResources, error) {
	var out apiv1.ClusterResources
	err := c.do(ctx, call{method: http.MethodGet, path: clusters(cluster, "resources"), answer: &out})
	return out, err
}

// Quotas gives what the account has, and may have.
func (c *Client) Quotas(ctx context.Context) (apiv1.Quotas, error) {
	var out apiv1.Quotas
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "quotas"}, answer: &out})
	return out, err
}
