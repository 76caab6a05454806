package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/pratique-iam/pratique/apiv1"
)

// AccessKeys lists the access keys of a user; of oneself when user is empty.
func (c *Client) AccessKeys(ctx context.Context, user string) ([]apiv1.AccessKey, error) {
	var out apiv1.List[apiv1.AccessKey]
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "accesskeys"}, query: ofUser(user), answer: &out})
	return out.Items, err
}

// OldAccessKeys gives a page of the enabled access keys of everybody that were made at least so many days ago. Page is the Next of the page
// before, empty for the first.
func (c *Client) OldAccessKeys(ctx context.Context, days int, page string) (apiv1.List[apiv1.AccessKey], error) {
	query := url.Values{"all": {"true"}, "olderThan": {strconv.Itoa(days)}}
	if page != "" {
		query.Set("page", page)
	}
	var out apiv1.List[apiv1.AccessKey]
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "accesskeys"}, query: query, answer: &out})
	return out, err
}

// NewAccessKey makes a key. Its secret is in this answer and nowhere else.
func (c *Client) NewAccessKey(ctx context.Context, n apiv1.NewAccessKey) (apiv1.AccessKey, error) {
	var out apiv1.AccessKey
	err := c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "accesskeys"}, body: n, answer: &out})
	return out, err
}

// SetAccessKey disables or enables a key.
func (c *Client) SetAccessKey(ctx context.Context, id string, state apiv1.AccessKeyState) error {
	return c.do(ctx, call{method: http.MethodPatch, path: []string{"v1", "accesskeys", id}, body: state})
}

// DeleteAccessKey removes a key.
func (c *Client) DeleteAccessKey(ctx context.Context, id string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: []string{"v1", "accesskeys", id}})
}
