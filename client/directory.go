package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
)

// Change makes a list of changes, all or none.
func (c *Client) Change(ctx context.Context, changes apiv1.Changes) (apiv1.ChangeResult, error) {
	var out apiv1.ChangeResult
	err := c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "changes"}, body: changes, answer: &out})
	return out, err
}

// DryRun says what Change would do. Nothing is changed.
func (c *Client) DryRun(ctx context.Context, changes apiv1.Changes) (apiv1.ChangeResult, error) {
	var out apiv1.ChangeResult
	query := url.Values{"dryRun": {"true"}}
	err := c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "changes"}, query: query, body: changes, answer: &out, safe: true})
	return out, err
}

// ListOptions narrow a list. Members that do not concern the kind are refused by the server.
type ListOptions struct {
	Limit  int    // of one page; 0: the server's default
	Page   string // List.Next of the page before
	Name   string // part of the name, in any case
	Sort   string // name, -name, created or -created; empty: name
	Type   string // policies: system or custom
	User   string // grants: of this user
	Group  string
	Role   string
	Policy string // grants: of this policy

	Cluster string // namespace permissions: what reaches this cluster
}

func (o ListOptions) query() url.Values {
	q := url.Values{}
	if o.Limit > 0 {
		q.Set("limit", strconv.Itoa(o.Limit))
	}
	for key, value := range map[string]string{
		"page": o.Page, "name": o.Name, "sort": o.Sort, "type": o.Type, "user": o.User, "group": o.Group, "role": o.Role, "policy": o.Policy,
		"cluster": o.Cluster,
	} {
		if value != "" {
			q.Set(key, value)
		}
	}
	return q
}

// List gives one page of the objects of a kind.
func (c *Client) List(ctx context.Context, k pratique.Kind, o ListOptions) (apiv1.List[pratique.Manifest], error) {
	var out apiv1.List[pratique.Manifest]
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"v1", k.Plural()}, query: o.query(), answer: &out})
	return out, err
}

// All walks the objects of a kind over all pages. It stops at the first error, which comes with a zero manifest.
func (c *Client) All(ctx context.Context, k pratique.Kind, o ListOptions) iter.Seq2[pratique.Manifest, error] {
	return func(yield func(pratique.Manifest, error) bool) {
		for {
			page, err := c.List(ctx, k, o)
			if err != nil {
				yield(pratique.Manifest{}, err)
				return
			}
			for _, m := range page.Items {
				if !yield(m, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			o.Page = page.Next
		}
	}
}

// Get gives one object, by name or id.
func (c *Client) Get(ctx context.Context, k pratique.Kind, name string) (pratique.Manifest, error) {
	var out pratique.Manifest
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"v1", k.Plural(), name}, answer: &out})
	return out, err
}

// Export gives all manifests in the order in which they can be applied to an empty account.
func (c *Client) Export(ctx context.Context) ([]pratique.Manifest, error) {
	var out apiv1.List[pratique.Manifest]
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "export"}, answer: &out})
	return out.Items, err
}
