package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/pratique-iam/pratique/apiv1"
)

// archive is a body that is sent, or read, as it is.
type archive []byte

const (
	gzipType       = "application/gzip"
	largestArchive = 16 << 20
)

func (a *archive) read(resp *http.Response) error {
	data, err := io.ReadAll(io.LimitReader(resp.Body, largestArchive))
	*a = data
	return err
}

// Charts lists all charts of the account, over all pages.
func (c *Client) Charts(ctx context.Context) ([]apiv1.Chart, error) {
	all, page := []apiv1.Chart{}, ""
	for {
		var out apiv1.List[apiv1.Chart]
		query := url.Values{}
		if page != "" {
			query.Set("page", page)
		}
		if err := c.do(ctx, call{method: http.MethodGet, path: charts(), query: query, answer: &out}); err != nil {
			return all, err
		}
		all = append(all, out.Items...)
		if page = out.Next; page == "" {
			return all, nil
		}
	}
}

// Chart reads one chart.
func (c *Client) Chart(ctx context.Context, name string) (apiv1.Chart, error) {
	return c.chart(ctx, call{method: http.MethodGet, path: charts(name)})
}

// ChartArchive downloads the archive of a chart.
func (c *Client) ChartArchive(ctx context.Context, name string) ([]byte, error) {
	var out archive
	err := c.do(ctx, call{method: http.MethodGet, path: charts(name, "archive"), answer: &out})
	return out, err
}

// UploadChart keeps the archive of a chart in the account.
func (c *Client) UploadChart(ctx context.Context, data []byte) (apiv1.Chart, error) {
	return c.chart(ctx, call{method: http.MethodPost, path: charts(), body: archive(data)})
}

// UpdateChart replaces the archive of a chart by another of the same name and version.
func (c *Client) UpdateChart(ctx context.Context, name string, data []byte) (apiv1.Chart, error) {
	return c.chart(ctx, call{method: http.MethodPut, path: charts(name), body: archive(data)})
}

// DeleteChart deletes a chart. What was installed from it stays.
func (c *Client) DeleteChart(ctx context.Context, name string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: charts(name)})
}

// Releases lists the releases of a namespace of a cluster; with none, of all.
func (c *Client) Releases(ctx context.Context, cluster, namespace string) ([]apiv1.Release, error) {
	var out apiv1.List[apiv1.Release]
	err := c.do(ctx, call{method: http.MethodGet, path: clusters(cluster, "releases"), query: inNamespace(namespace), answer: &out})
	return out.Items, err
}

// Release reads a release with its history; full includes values and manifests, which may hold secrets.
func (c *Client) Release(ctx context.Context, cluster, namespace, name string, full bool) (apiv1.ReleaseDetail, error) {
	var out apiv1.ReleaseDetail
	query := url.Values{"full": {strconv.FormatBool(full)}}
	err := c.do(ctx, call{method: http.MethodGet, path: clusters(cluster, "releases", namespace, name), query: query, answer: &out})
	return out, err
}

// InstallRelease begins to install a chart, and gives the job that does.
func (c *Client) InstallRelease(ctx context.Context, cluster string, n apiv1.NewRelease) (apiv1.Job, error) {
	return c.job(ctx, call{method: http.MethodPost, path: clusters(cluster, "releases"), body: n})
}

// UpgradeRelease begins to upgrade a release, and gives the job that does.
func (c *Client) UpgradeRelease(ctx context.Context, cluster, namespace, name string, u apiv1.UpgradeRelease) (apiv1.Job, error) {
	return c.job(ctx, call{method: http.MethodPatch, path: clusters(cluster, "releases", namespace, name), body: u})
}

// RollbackRelease begins to roll a release back, and gives the job that does.
func (c *Client) RollbackRelease(ctx context.Context, cluster, namespace, name string, r apiv1.RollbackRelease) (apiv1.Job, error) {
	return c.job(ctx, call{method: http.MethodPost, path: clusters(cluster, "releases", namespace, name, "rollback"), body: r})
}

// DeleteRelease begins to delete a release, and gives the job that does.
func (c *Client) DeleteRelease(ctx context.Context, cluster, namespace, name string) (apiv1.Job, error) {
	return c.job(ctx, call{method: http.MethodDelete, path: clusters(cluster, "releases", namespace, name)})
}

func charts(segments ...string) []string { return append([]string{"v1", "charts"}, segments...) }

func (c *Client) chart(ctx context.Context, k call) (apiv1.Chart, error) {
	var out apiv1.Chart
	k.answer = &out
	err := c.do(ctx, k)
	return out, err
}
