package client

import (
	"context"
	"net/http"

	"github.com/pratique-iam/pratique/apiv1"
)

// Preview says who would gain and lose which operations by a list of changes. Nothing is changed.
func (c *Client) Preview(ctx context.Context, changes apiv1.Changes) (apiv1.Preview, error) {
	var out apiv1.Preview
	err := c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "changes", "preview"}, body: changes, answer: &out, safe: true})
	return out, err
}
