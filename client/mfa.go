package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/pratique-iam/pratique/apiv1"
)

// NeedsCode reports whether a Login failed only because a code of a second factor is missing. The ticket then stands for the password of the
// next Login, for a few minutes.
func NeedsCode(err error) (ticket string, ok bool) {
	p, is := errors.AsType[*ProblemError](err)
	if !is || !strings.HasSuffix(p.Type, "/second-factor") {
		return "", false
	}
	return p.Ticket, true
}

// MFA tells of the second factor of a user; of one's own when user is empty.
func (c *Client) MFA(ctx context.Context, user string) (apiv1.MFA, error) {
	var out apiv1.List[apiv1.MFA]
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "mfa"}, query: ofUser(user), answer: &out})
	if err != nil || len(out.Items) == 0 {
		return apiv1.MFA{}, err
	}
	return out.Items[0], nil
}

// MFAs lists everybody who has a second factor, and the administrators who have none; or administrators only. Page is the Next of the page
// before, empty for the first.
func (c *Client) MFAs(ctx context.Context, administrators bool, page string) (apiv1.List[apiv1.MFA], error) {
	query := url.Values{"all": {"true"}, "limit": {"500"}}
	if administrators {
		query.Set("administrators", "true")
	}
	if page != "" {
		query.Set("page", page)
	}
	var out apiv1.List[apiv1.MFA]
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "mfa"}, query: query, answer: &out})
	return out, err
}

// EnrollMFA makes a second factor. Its seed is in this answer and nowhere else.
func (c *Client) EnrollMFA(ctx context.Context, e apiv1.EnrollMFA) (apiv1.MFASeed, error) {
	var out apiv1.MFASeed
	err := c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "mfa"}, body: e, answer: &out})
	return out, err
}

// ConfirmMFA makes a second factor count. The recovery codes are in this answer and nowhere else.
func (c *Client) ConfirmMFA(ctx context.Context, m apiv1.ConfirmMFA) (apiv1.RecoveryCodes, error) {
	var out apiv1.RecoveryCodes
	err := c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "mfa", "confirm"}, body: m, answer: &out})
	return out, err
}

// RemoveMFA takes a second factor away.
func (c *Client) RemoveMFA(ctx context.Context, m apiv1.RemoveMFA) error {
	return c.do(ctx, call{method: http.MethodDelete, path: []string{"v1", "mfa"}, body: m})
}
