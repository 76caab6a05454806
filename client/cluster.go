package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/pratique-iam/pratique/apiv1"
)

// ClusterOptions narrow a list of clusters.
type ClusterOptions struct {
	Limit int    // of one page; 0: the server's default
	Page  string // ClusterList.Next of the page before
	Name  string // part of the name, in any case
	Type  string
	Sort  string // name, -name, created or -created; empty: name
}

func (o ClusterOptions) query() url.Values {
	q := url.Values{}
	if o.Limit > 0 {
		q.Set("limit", strconv.Itoa(o.Limit))
	}
	for key, value := range map[string]string{"page": o.Page, "name": o.Name, "type": o.Type, "sort": o.Sort} {
		if value != "" {
			q.Set(key, value)
		}
	}
	return q
}

// ListClusters gives one page of the clusters that the client may see.
func (c *Client) ListClusters(ctx context.Context, o ClusterOptions) (apiv1.ClusterList, error) {
	var out apiv1.ClusterList
	err := c.do(ctx, call{method: http.MethodGet, path: clusters(), query: o.query(), answer: &out})
	return out, err
}

// Clusters gives all clusters that the client may see, over all pages.
func (c *Client) Clusters(ctx context.Context, o ClusterOptions) (apiv1.ClusterList, error) {
	all := apiv1.ClusterList{Items: []apiv1.Cluster{}}
	for {
		page, err := c.ListClusters(ctx, o)
		if err != nil {
			return all, err
		}
		all.Items, all.Revision, all.Hint = append(all.Items, page.Items...), page.Revision, page.Hint
		if page.Next == "" {
			return all, nil
		}
		o.Page = page.Next
	}
}

// Cluster gives one cluster, by name or id.
func (c *Client) Cluster(ctx context.Context, name string) (apiv1.Cluster, error) {
	return c.cluster(ctx, call{method: http.MethodGet, path: clusters(name)})
}

// NewCluster creates a cluster, or attaches one when it has a kubeconfig. It does not wait until the cluster runs; Cluster.Job does, as in
// all answers of this kind.
func (c *Client) NewCluster(ctx context.Context, n apiv1.NewCluster) (apiv1.Cluster, error) {
	return c.cluster(ctx, call{method: http.MethodPost, path: clusters(), body: n})
}

// PatchCluster changes what is set of a cluster.
func (c *Client) PatchCluster(ctx context.Context, name string, p apiv1.ClusterPatch) (apiv1.Cluster, error) {
	return c.cluster(ctx, call{method: http.MethodPatch, path: clusters(name), body: p})
}

// StartCluster wakes a cluster. It does not wait until the cluster runs.
func (c *Client) StartCluster(ctx context.Context, name string) (apiv1.Cluster, error) {
	return c.cluster(ctx, call{method: http.MethodPost, path: clusters(name, "start")})
}

// StopCluster hibernates a cluster. It does not wait until the cluster has stopped.
func (c *Client) StopCluster(ctx context.Context, name string) (apiv1.Cluster, error) {
	return c.cluster(ctx, call{method: http.MethodPost, path: clusters(name, "stop")})
}

// DeleteCluster deletes a cluster. It is out of the directory at once; the job ends when nothing is left of it.
func (c *Client) DeleteCluster(ctx context.Context, name string) (apiv1.Job, error) {
	return c.job(ctx, call{method: http.MethodDelete, path: clusters(name)})
}

// UpgradeCluster asks for another version of Kubernetes.
func (c *Client) UpgradeCluster(ctx context.Context, name, version string) (apiv1.Cluster, error) {
	return c.cluster(ctx, call{method: http.MethodPost, path: clusters(name, "upgrade"), body: apiv1.UpgradeCluster{Version: version}})
}

// ClusterToken asks for a token with which kubectl reaches a cluster; it lives for minutes.
func (c *Client) ClusterToken(ctx context.Context, name string) (apiv1.ClusterToken, error) {
	var out apiv1.ClusterToken
	err := c.do(ctx, call{method: http.MethodPost, path: clusters(name, "token"), answer: &out})
	return out, err
}

// ClusterAccess tells what a kubeconfig needs to reach a cluster.
func (c *Client) ClusterAccess(ctx context.Context, name string) (apiv1.ClusterAccess, error) {
	var out apiv1.ClusterAccess
	err := c.do(ctx, call{method: http.MethodGet, path: clusters(name, "access"), answer: &out})
	return out, err
}

// ClusterRBAC gives the plan that makes a cluster's bindings what the namespace permissions say.
func (c *Client) ClusterRBAC(ctx context.Context, name string) (apiv1.RBACPlan, error) {
	var out apiv1.RBACPlan
	err := c.do(ctx, call{method: http.MethodGet, path: clusters(name, "rbac"), answer: &out})
	return out, err
}

// Namespaces looks into a cluster with the rights of the client: the namespaces that it may look into, and how much is in them. Page is the
// Next of the page before, empty for the first.
func (c *Client) Namespaces(ctx context.Context, name, page string) (apiv1.Namespaces, error) {
	query := url.Values{}
	if page != "" {
		query.Set("page", page)
	}
	var out apiv1.Namespaces
	err := c.do(ctx, call{method: http.MethodGet, path: clusters(name, "namespaces"), query: query, answer: &out})
	return out, err
}

// RBACStates tells how far clusters are with their namespace permissions, without asking the clusters.
func (c *Client) RBACStates(ctx context.Context) ([]apiv1.RBACState, error) {
	var out apiv1.List[apiv1.RBACState]
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "rbac"}, answer: &out})
	return out.Items, err
}

// ConnectCluster makes the files with which a kube-apiserver asks the server, and a credential in one of them, which is in this answer and
// nowhere else.
func (c *Client) ConnectCluster(ctx context.Context, name string, k apiv1.ConnectCluster) (apiv1.ClusterFiles, error) {
	var out apiv1.ClusterFiles
	err := c.do(ctx, call{method: http.MethodPost, path: clusters(name, "connect"), body: k, answer: &out})
	return out, err
}

// KubeWhy answers whether somebody may do something inside a cluster, over both layers. A refusal is an answer, not an error.
func (c *Client) KubeWhy(ctx context.Context, q apiv1.KubeQuestion) (apiv1.KubeAnswer, error) {
	var out apiv1.KubeAnswer
	err := c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "kube", "why"}, body: q, answer: &out, safe: true})
	return out, err
}

// KubeWhoCan lists who may do something inside a cluster, over all pages; the subject of the question is ignored.
func (c *Client) KubeWhoCan(ctx context.Context, q apiv1.KubeQuestion) (apiv1.List[apiv1.Subject], error) {
	all := apiv1.List[apiv1.Subject]{Items: []apiv1.Subject{}}
	query := url.Values{"limit": {"500"}}
	for {
		var page apiv1.List[apiv1.Subject]
		k := call{method: http.MethodPost, path: []string{"v1", "kube", "whocan"}, query: query, body: q, answer: &page, safe: true}
		if err := c.do(ctx, k); err != nil {
			return all, err
		}
		all.Items, all.Revision = append(all.Items, page.Items...), page.Revision
		if page.Next == "" {
			return all, nil
		}
		query.Set("page", page.Next)
	}
}

// clusters is a path below /v1/clusters.
func clusters(segments ...string) []string { return append([]string{"v1", "clusters"}, segments...) }

func (c *Client) cluster(ctx context.Context, k call) (apiv1.Cluster, error) {
	var out apiv1.Cluster
	k.answer = &out
	err := c.do(ctx, k)
	return out, err
}
