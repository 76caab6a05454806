package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/catalog"
)

// Decide answers whether the subject may. A refusal is an answer, not an error.
func (c *Client) Decide(ctx context.Context, q apiv1.Question) (apiv1.Answer, error) {
	var out apiv1.Answer
	err := c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "decide"}, body: q, answer: &out, safe: true})
	return out, err
}

// Explain decides as Decide does and says why.
func (c *Client) Explain(ctx context.Context, q apiv1.Question) (apiv1.Answer, error) {
	var out apiv1.Answer
	err := c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "explain"}, body: q, answer: &out, safe: true})
	return out, err
}

// Decision gives a decision that was made before, explained, by its id.
func (c *Client) Decision(ctx context.Context, id string) (apiv1.Answer, error) {
	var out apiv1.Answer
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "decisions", id}, answer: &out})
	return out, err
}

// WhoCan lists who may do what the question asks, over all pages; its subject is ignored. The root, who always may, is not in the list.
func (c *Client) WhoCan(ctx context.Context, q apiv1.Question) (apiv1.List[apiv1.Subject], error) {
	all := apiv1.List[apiv1.Subject]{Items: []apiv1.Subject{}}
	query := url.Values{"limit": {"500"}}
	for {
		var page apiv1.List[apiv1.Subject]
		k := call{method: http.MethodPost, path: []string{"v1", "whocan"}, query: query, body: q, answer: &page, safe: true}
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

// Operations lists what there is to be done.
func (c *Client) Operations(ctx context.Context) ([]catalog.Operation, error) {
	var out apiv1.List[catalog.Operation]
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "operations"}, answer: &out})
	return out.Items, err
}
