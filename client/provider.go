package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/pratique-iam/pratique/apiv1"
)

// LoginProviders lists the identity providers that somebody who is not signed in may see: those of the server's own account, or the one that is
// named together with its account. It also tells the redirect address of this server.
func (c *Client) LoginProviders(ctx context.Context, account, provider string) (apiv1.LoginProviders, error) {
	var out apiv1.LoginProviders
	query := url.Values{}
	if account != "" {
		query.Set("account", account)
	}
	if provider != "" {
		query.Set("provider", provider)
	}
	err := c.WithToken("").do(ctx, call{method: http.MethodGet, path: []string{"v1", "login", "providers"}, query: query, answer: &out})
	return out, err
}

// BeginLogin starts a sign-in at an identity provider.
func (c *Client) BeginLogin(ctx context.Context, b apiv1.BeginLogin) (apiv1.ProviderLogin, error) {
	var out apiv1.ProviderLogin
	err := c.WithToken("").do(ctx, call{method: http.MethodPost, path: []string{"v1", "login", "begin"}, body: b, answer: &out})
	return out, err
}

// FinishLogin opens a session with what an identity provider answered.
func (c *Client) FinishLogin(ctx context.Context, f apiv1.FinishLogin) (apiv1.Token, error) {
	var out apiv1.Token
	err := c.WithToken("").do(ctx, call{method: http.MethodPost, path: []string{"v1", "login", "finish"}, body: f, answer: &out})
	return out, err
}
