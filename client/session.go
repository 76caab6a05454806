package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/pratique-iam/pratique/apiv1"
)

// Login opens a session. The client itself stays as it is: pass the token of the answer to WithToken.
func (c *Client) Login(ctx context.Context, l apiv1.Login) (apiv1.Token, error) {
	var out apiv1.Token
	err := c.WithToken("").do(ctx, call{method: http.MethodPost, path: []string{"v1", "login"}, body: l, answer: &out})
	return out, err
}

// Logout ends the session whose token the client shows.
func (c *Client) Logout(ctx context.Context) error {
	return c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "logout"}})
}

// Me says who the client is and what it holds.
func (c *Client) Me(ctx context.Context) (apiv1.Me, error) {
	var out apiv1.Me
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "me"}, answer: &out})
	return out, err
}

// Holdings tells what reaches a user, and by which grant; oneself when user is empty.
func (c *Client) Holdings(ctx context.Context, user string) (apiv1.Holdings, error) {
	var out apiv1.Holdings
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "holdings"}, query: ofUser(user), answer: &out})
	return out, err
}

// SetPassword sets a password and ends what was opened with the old one, except the session that the client shows.
func (c *Client) SetPassword(ctx context.Context, p apiv1.NewPassword) error {
	return c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "password"}, body: p})
}

// Sessions lists one's own sessions.
func (c *Client) Sessions(ctx context.Context) ([]apiv1.SessionInfo, error) {
	return c.sessions(ctx, "sessions", "")
}

// SessionsOf lists the sessions of a user.
func (c *Client) SessionsOf(ctx context.Context, user string) ([]apiv1.SessionInfo, error) {
	return c.sessions(ctx, "sessions", user)
}

// TokensOf lists the API tokens of a user.
func (c *Client) TokensOf(ctx context.Context, user string) ([]apiv1.SessionInfo, error) {
	return c.sessions(ctx, "tokens", user)
}

// EndSession ends a session or token, by id.
func (c *Client) EndSession(ctx context.Context, id string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: []string{"v1", "sessions", id}})
}

// Tokens lists one's own API tokens.
func (c *Client) Tokens(ctx context.Context) ([]apiv1.SessionInfo, error) {
	return c.sessions(ctx, "tokens", "")
}

// NewToken makes an API token. Its secret is in this answer and nowhere else.
func (c *Client) NewToken(ctx context.Context, n apiv1.NewToken) (apiv1.Token, error) {
	var out apiv1.Token
	err := c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "tokens"}, body: n, answer: &out})
	return out, err
}

// DeleteToken ends an API token, by id.
func (c *Client) DeleteToken(ctx context.Context, id string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: []string{"v1", "tokens", id}})
}

func (c *Client) sessions(ctx context.Context, noun, user string) ([]apiv1.SessionInfo, error) {
	var out apiv1.List[apiv1.SessionInfo]
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"v1", noun}, query: ofUser(user), answer: &out})
	return out.Items, err
}

// ofUser is the query that names whose things are asked for; nobody's: one's own.
func ofUser(user string) url.Values {
	if user == "" {
		return nil
	}
	return url.Values{"user": {user}}
}
