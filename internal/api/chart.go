package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/chart"
	"github.com/pratique-iam/pratique/internal/web"
)

// Blobs keeps archives beside the directory, by their digests (internal/directory). Blob fails with pratique.ErrNotFound for one that is not
// there.
type Blobs interface {
	PutBlob(ctx context.Context, account, digest string, data []byte) error
	Blob(ctx context.Context, account, digest string) ([]byte, error)
}

// chartRoutes are those about Helm charts of the account.
func (a *API) chartRoutes() []Route {
	const one = "/v1/charts/{name}"
	return []Route{
		{http.MethodGet, "/v1/charts", "gate: chart.list in some project", "List charts", signedIn(a.charts)},
		{http.MethodPost, "/v1/charts", "gate: chart.upload", "Upload the archive of a chart", signedIn(a.uploadChart)},
		{http.MethodGet, one, "gate: chart.get in some project", "Read one chart", signedIn(a.oneChart)},
		{http.MethodPut, one, "gate: chart.update", "Replace the archive of a chart by another of the same version", signedIn(a.updateChart)},
		{http.MethodDelete, one, "gate: chart.delete", "Delete a chart", signedIn(a.deleteChart)},
		{http.MethodGet, one + "/archive", "gate: chart.get in some project", "Download the archive of a chart", signedIn(a.chartArchive)},
	}
}

type uploadChartIn struct {
	Archive archive `body:""`
}

type updateChartIn struct {
	nameIn
	Archive archive `body:""`
}

func (a *API) charts(_ context.Context, c Call, in pageIn) (apiv1.List[apiv1.Chart], error) {
	out := apiv1.List[apiv1.Chart]{Items: []apiv1.Chart{}, Revision: c.Snapshot.Generation}
	if err := a.nowhere(c, "", "chart.list"); err != nil {
		return out, err
	}
	from, limit, err := in.bounds()
	if err != nil {
		return out, err
	}
	for ch := range c.Snapshot.Charts.From(from) {
		if len(out.Items) == limit {
			out.Next = nextPage(ch.Name)
			break
		}
		out.Items = append(out.Items, chartView(ch))
	}
	return out, nil
}

func (a *API) oneChart(_ context.Context, c Call, in nameIn) (apiv1.Chart, error) {
	ch, err := a.readableChart(c, in.Name)
	if err != nil {
		return apiv1.Chart{}, err
	}
	return chartView(ch), nil
}

func (a *API) chartArchive(ctx context.Context, c Call, in nameIn) (archive, error) {
	ch, err := a.readableChart(c, in.Name)
	if err != nil {
		return nil, err
	}
	return a.archiveOf(ctx, c, ch)
}

func (a *API) readableChart(c Call, name string) (*pratique.Chart, error) {
	if err := a.nowhere(c, name, "chart.get"); err != nil {
		return nil, err
	}
	return findChart(c.Snapshot, name)
}

func findChart(s *pratique.Snapshot, name string) (*pratique.Chart, error) {
	ch, ok := s.Charts.Find(name)
	if !ok {
		return nil, hinted(unknown(pratique.KindChart, short(name)), "list those that there are with: pratique chart list")
	}
	return ch, nil
}

// archiveOf reads the archive of a chart, which is verified on the way.
func (a *API) archiveOf(ctx context.Context, c Call, ch *pratique.Chart) ([]byte, error) {
	if a.Blobs == nil {
		return nil, without("a place for charts")
	}
	data, err := a.Blobs.Blob(ctx, c.Who.Account, ch.Digest)
	if err != nil {
		return nil, fmt.Errorf("chart %s: %w", ch.Name, err)
	}
	return data, nil
}

func (a *API) uploadChart(ctx context.Context, c Call, in uploadChartIn) (created[apiv1.Chart], error) {
	out, err := a.keepChart(ctx, c, in.Archive, "")
	return created[apiv1.Chart]{out}, err
}

func (a *API) updateChart(ctx context.Context, c Call, in updateChartIn) (apiv1.Chart, error) {
	name := in.Name
	if ch, ok := c.Snapshot.Charts.Find(name); ok {
		name = ch.Name // it may be the id
	}
	return a.keepChart(ctx, c, in.Archive, name)
}

// keepChart keeps an archive, and then the chart that names it. Who may not is refused before anything is stored; replaces is the chart that is
// replaced, if one is.
func (a *API) keepChart(ctx context.Context, c Call, data archive, replaces string) (apiv1.Chart, error) {
	if a.Blobs == nil {
		return apiv1.Chart{}, without("a place for charts")
	}
	opened, err := chart.Open(data)
	if err != nil {
		if denied := a.nowhere(c, replaces, chartOperation(replaces)); denied != nil {
			return apiv1.Chart{}, denied // what is wrong with it is for those who may upload
		}
		return apiv1.Chart{}, err
	}
	name := pratique.ChartName(opened.Name, opened.Version)
	if replaces != "" && pratique.Fold(replaces) != pratique.Fold(name) {
		if err := a.nowhere(c, replaces, "chart.update"); err != nil {
			return apiv1.Chart{}, err
		}
		return apiv1.Chart{}, web.Invalid("the archive is that of chart %s, and not of %s", name, short(replaces))
	}
	change := pratique.UploadChart{Replace: replaces != "", Chart: pratique.Chart{
		Chart: opened.Name, Version: opened.Version, AppVersion: opened.AppVersion, Description: opened.Description, Digest: opened.Digest, Size: opened.Size,
	}}
	intent := a.intent(c, audit.Changed, change)
	intent.DryRun = true
	if _, err := a.Gate.Apply(ctx, intent); err != nil {
		return apiv1.Chart{}, err
	}
	if err := a.Blobs.PutBlob(ctx, c.Who.Account, opened.Digest, data); err != nil {
		return apiv1.Chart{}, err
	}
	intent.DryRun = false
	result, err := a.Gate.Apply(ctx, intent)
	if err != nil {
		return apiv1.Chart{}, err
	}
	kept, err := findChart(result.Snapshot, name)
	if err != nil {
		return apiv1.Chart{}, err
	}
	return chartView(kept), nil
}

func chartOperation(replaces string) string {
	if replaces == "" {
		return "chart.upload"
	}
	return "chart.update"
}

func (a *API) deleteChart(ctx context.Context, c Call, in nameIn) (done, error) {
	_, err := a.Gate.Apply(ctx, a.intent(c, audit.Changed, pratique.DeleteChart{Name: in.Name}))
	return done{}, err
}

func chartView(ch *pratique.Chart) apiv1.Chart {
	return apiv1.Chart{
		Name: ch.Name, Chart: ch.Chart, Version: ch.Version, AppVersion: ch.AppVersion, Description: ch.Description, Digest: ch.Digest, Size: ch.Size,
		Created: ch.Created.Time(), Updated: ch.Updated.Time(),
	}
}
