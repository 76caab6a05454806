package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/pratique-iam/pratique/apiv1"
)

// ServiceLinkedRoles lists the roles that services bring along, those that the account has and those that it could have.
func (c *Client) ServiceLinkedRoles(ctx context.Context) ([]apiv1.ServiceLinkedRole, error) {
	var out apiv1.List[apiv1.ServiceLinkedRole]
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "servicelinkedroles"}, answer: &out})
	return out.Items, err
}

// NewServiceLinkedRole lets a service have its role. When it has it already, nothing happens.
func (c *Client) NewServiceLinkedRole(ctx context.Context, service string) (apiv1.ServiceLinkedRole, error) {
	var out apiv1.ServiceLinkedRole
	err := c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "servicelinkedroles"}, body: apiv1.NewServiceLinkedRole{Service: service}, answer: &out})
	return out, err
}

// DeleteServiceLinkedRole takes the role of a service away.
func (c *Client) DeleteServiceLinkedRole(ctx context.Context, service string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: []string{"v1", "servicelinkedroles", service}})
}

// Authorization tells which service roles the account needs, and which are there.
func (c *Client) Authorization(ctx context.Context) (apiv1.Authorization, error) {
	return c.authorization(ctx, call{method: http.MethodGet})
}

// Authorize creates the service roles that are missing; in a dry run it only tells what would be done.
func (c *Client) Authorize(ctx context.Context, dryRun bool) (apiv1.Authorization, error) {
	k := call{method: http.MethodPost}
	if dryRun {
		k.query, k.safe = url.Values{"dryRun": {"true"}}, true
	}
	return c.authorization(ctx, k)
}

func (c *Client) authorization(ctx context.Context, k call) (apiv1.Authorization, error) {
	var out apiv1.Authorization
	k.path, k.answer = []string{"v1", "authorization"}, &out
	err := c.do(ctx, k)
	return out, err
}
