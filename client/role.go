package client

import (
	"context"
	"net/http"

	"github.com/pratique-iam/pratique/apiv1"
)

// AssumeRole opens the session of a role. The client itself stays as it is: pass the token of the answer to WithToken.
func (c *Client) AssumeRole(ctx context.Context, r apiv1.AssumeRole) (apiv1.Token, error) {
	var out apiv1.Token
	err := c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "assume-role"}, body: r, answer: &out})
	return out, err
}

// ExchangeToken opens the session of a role with the token of a service account; the client's own token is not shown.
func (c *Client) ExchangeToken(ctx context.Context, r apiv1.ExchangeToken) (apiv1.Token, error) {
	var out apiv1.Token
	err := c.WithToken("").do(ctx, call{method: http.MethodPost, path: []string{"v1", "assume-role-with-token"}, body: r, answer: &out})
	return out, err
}
