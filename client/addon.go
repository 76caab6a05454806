package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/pratique-iam/pratique/apiv1"
)

// Addons lists the add-ons that can be installed.
func (c *Client) Addons(ctx context.Context) ([]apiv1.Addon, error) {
	var out apiv1.List[apiv1.Addon]
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "addons"}, answer: &out})
	return out.Items, err
}

// Addon shows one add-on and what it needs.
func (c *Client) Addon(ctx context.Context, name string) (apiv1.Addon, error) {
	var out apiv1.Addon
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "addons", name}, answer: &out})
	return out, err
}

// RegisterAddon adds an add-on, or replaces the account's own of the same name.
func (c *Client) RegisterAddon(ctx context.Context, f apiv1.AddonFile) (apiv1.Addon, error) {
	var out apiv1.Addon
	err := c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "addons"}, body: f, answer: &out})
	return out, err
}

// UnregisterAddon takes a registered add-on away.
func (c *Client) UnregisterAddon(ctx context.Context, name string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: []string{"v1", "addons", name}})
}

// Precheck says what an add-on lacks in a cluster.
func (c *Client) Precheck(ctx context.Context, cluster, addon string, p apiv1.NewPrecheck) (apiv1.Report, error) {
	var out apiv1.Report
	err := c.do(ctx, call{method: http.MethodPost, path: clusters(cluster, "addons", addon, "precheck"), body: p, answer: &out})
	return out, err
}

// Prechecks says what an add-on lacks in a cluster that is not there yet, or in the fleet.
func (c *Client) Prechecks(ctx context.Context, p apiv1.NewPrechecks) ([]apiv1.Report, error) {
	var out apiv1.List[apiv1.Report]
	err := c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "prechecks"}, body: p, answer: &out})
	return out.Items, err
}

// ReportOptions narrow a list of reports.
type ReportOptions struct {
	Cluster string // name or id
	Addon   string
	Limit   int // 0: the server's default
}

// Reports gives the newest reports that the client may see.
func (c *Client) Reports(ctx context.Context, o ReportOptions) ([]apiv1.Report, error) {
	q := url.Values{}
	for key, value := range map[string]string{"cluster": o.Cluster, "addon": o.Addon} {
		if value != "" {
			q.Set(key, value)
		}
	}
	if o.Limit > 0 {
		q.Set("limit", strconv.Itoa(o.Limit))
	}
	var out apiv1.List[apiv1.Report]
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "reports"}, query: q, answer: &out})
	return out.Items, err
}

// Report reads one report.
func (c *Client) Report(ctx context.Context, id string) (apiv1.Report, error) {
	var out apiv1.Report
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "reports", id}, answer: &out})
	return out, err
}

// AuthorizeReport gives an add-on what a report says that it lacks. A dry run says what that is.
func (c *Client) AuthorizeReport(ctx context.Context, id string, r apiv1.Authorize, dryRun bool) (apiv1.AddonAuthorization, error) {
	var out apiv1.AddonAuthorization
	k := call{method: http.MethodPost, path: []string{"v1", "reports", id, "authorize"}, body: r, answer: &out, safe: dryRun}
	if dryRun {
		k.query = url.Values{"dryRun": {"true"}}
	}
	err := c.do(ctx, k)
	return out, err
}
