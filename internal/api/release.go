package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"time"

	kuberest "k8s.io/client-go/rest"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/job"
	"github.com/pratique-iam/pratique/internal/release"
	"github.com/pratique-iam/pratique/internal/web"
)

// Requester lets this server do in a cluster what somebody has asked for, as they would (internal/proxy). The operation has been decided on.
type Requester interface {
	As(s *pratique.Snapshot, who pratique.Principal, source string, cl *pratique.Cluster, operation string) (*kuberest.Config, error)
}

// releaseRoutes are those about what was installed from charts.
func (a *API) releaseRoutes() []Route {
	const (
		all = "/v1/clusters/{name}/releases"
		one = all + "/{namespace}/{release}"
	)
	return []Route{
		{http.MethodGet, all, "gate: release.list; the cluster's RBAC decides behind it", "List releases", signedIn(a.releases)},
		{http.MethodPost, all, "gate: release.create; the cluster's RBAC decides behind it", "Install a chart", signedIn(a.installRelease)},
		{http.MethodGet, one, "gate: release.get; the cluster's RBAC decides behind it", "Read a release and its history", signedIn(a.oneRelease)},
		{http.MethodPatch, one, "gate: release.update; the cluster's RBAC decides behind it", "Upgrade a release", signedIn(a.upgradeRelease)},
		{http.MethodDelete, one, "gate: release.delete; the cluster's RBAC decides behind it", "Delete a release", signedIn(a.deleteRelease)},
		{http.MethodPost, one + "/rollback", "gate: release.update; the cluster's RBAC decides behind it", "Roll a release back", signedIn(a.rollbackRelease)},
	}
}

type listReleasesIn struct {
	nameIn
	Namespace string `query:"namespace" doc:"only of this namespace; empty: of all, which takes the right to read Secrets in all"`
}

type newReleaseIn struct {
	nameIn
	Body apiv1.NewRelease `body:"changes"`
}

type releaseIn struct {
	nameIn
	Namespace string `path:"namespace" doc:"the namespace of the release"`
	Release   string `path:"release" doc:"name of the release"`
}

type oneReleaseIn struct {
	releaseIn
	Full bool `query:"full" doc:"with values and manifests, which may hold secrets"`
}

type patchReleaseIn struct {
	releaseIn
	Body apiv1.UpgradeRelease `body:"changes"`
}

type rollbackReleaseIn struct {
	releaseIn
	Body apiv1.RollbackRelease `body:""`
}

// target finds a namespace of a cluster for somebody who may do an operation on a release there, and reaches it as them.
func (a *API) target(c Call, cluster, namespace, name, operation string) (*pratique.Cluster, *release.Target, error) {
	cl, err := a.mayInside(c, cluster, operation, storedIn(namespace, name))
	if err != nil {
		return nil, nil, err
	}
	if a.Requester == nil || a.Clusters == nil || a.Blobs == nil || a.Render == nil {
		return nil, nil, without("access to clusters")
	}
	config, err := a.Requester.As(c.Snapshot, c.Who, c.Source, cl, operation)
	if err != nil {
		return nil, nil, err
	}
	t, err := release.Connect(config, cl.Name, namespace, a.Now)
	return cl, t, err
}

func (a *API) releases(ctx context.Context, c Call, in listReleasesIn) (apiv1.List[apiv1.Release], error) {
	out := apiv1.List[apiv1.Release]{Items: []apiv1.Release{}, Revision: c.Snapshot.Generation}
	_, t, err := a.target(c, in.Name, in.Namespace, "", "release.list")
	if err != nil {
		return out, err
	}
	all, err := t.List(ctx)
	if err != nil {
		return out, err
	}
	for _, r := range all {
		out.Items = append(out.Items, releaseView(r, false))
	}
	return out, nil
}

func (a *API) oneRelease(ctx context.Context, c Call, in oneReleaseIn) (apiv1.ReleaseDetail, error) {
	_, t, err := a.target(c, in.Name, in.Namespace, in.Release, "release.get")
	if err != nil {
		return apiv1.ReleaseDetail{}, err
	}
	all, err := t.History(ctx, in.Release)
	if err != nil {
		return apiv1.ReleaseDetail{}, err
	}
	out := apiv1.ReleaseDetail{Release: releaseView(all[0], in.Full)}
	for _, r := range all {
		out.History = append(out.History, releaseView(r, in.Full))
	}
	return out, nil
}

func (a *API) installRelease(ctx context.Context, c Call, in newReleaseIn) (accepted[apiv1.Job], error) {
	n := in.Body
	if n.Namespace == "" || n.Release == "" || n.Chart == "" {
		return accepted[apiv1.Job]{}, web.Invalid("a release needs a namespace, a name and a chart")
	}
	w := releaseWork{operation: "release.create", verb: "install", namespace: n.Namespace, name: n.Release, chart: n.Chart, timeout: n.Timeout}
	return a.work(ctx, c, in.Name, &w, func(ctx context.Context, t *release.Target, i *release.Install) (*release.Revision, error) {
		i.Values, i.Wait = n.Values, n.Wait
		return t.Install(ctx, i)
	})
}

func (a *API) upgradeRelease(ctx context.Context, c Call, in patchReleaseIn) (accepted[apiv1.Job], error) {
	n := in.Body
	if n.Chart == "" {
		return accepted[apiv1.Job]{}, web.Invalid("the upgrade names no chart")
	}
	w := releaseWork{operation: "release.update", verb: "upgrade", namespace: in.Namespace, name: in.Release, chart: n.Chart, timeout: n.Timeout}
	return a.work(ctx, c, in.Name, &w, func(ctx context.Context, t *release.Target, i *release.Install) (*release.Revision, error) {
		i.Values, i.Wait, i.Reuse = n.Values, n.Wait, n.ReuseValues
		return t.Upgrade(ctx, i)
	})
}

func (a *API) rollbackRelease(ctx context.Context, c Call, in rollbackReleaseIn) (accepted[apiv1.Job], error) {
	n := in.Body
	w := releaseWork{operation: "release.update", verb: "roll back", namespace: in.Namespace, name: in.Release, timeout: n.Timeout}
	return a.work(ctx, c, in.Name, &w, func(ctx context.Context, t *release.Target, i *release.Install) (*release.Revision, error) {
		return t.Rollback(ctx, i.Release, n.Revision, n.Wait)
	})
}

func (a *API) deleteRelease(ctx context.Context, c Call, in releaseIn) (accepted[apiv1.Job], error) {
	w := releaseWork{operation: "release.delete", verb: "delete", namespace: in.Namespace, name: in.Release}
	return a.work(ctx, c, in.Name, &w, func(ctx context.Context, t *release.Target, i *release.Install) (*release.Revision, error) {
		return t.Uninstall(ctx, i.Release)
	})
}

// releaseWork is what a job does to a release.
type releaseWork struct {
	operation string
	verb      string
	namespace string
	name      string
	chart     string // empty: none is needed
	timeout   int    // seconds
}

const (
	releaseTimeout = 5 * time.Minute
	maxTimeout     = 30 * time.Minute
	takeBack       = 5 * time.Minute // what a release that fails may take beside its own time
)

// work starts the job. What can be found out before it begins, is: who may not, and that there is no such chart.
func (a *API) work(
	ctx context.Context, c Call, cluster string, w *releaseWork, do func(context.Context, *release.Target, *release.Install) (*release.Revision, error),
) (accepted[apiv1.Job], error) {
	var none accepted[apiv1.Job]
	cl, t, err := a.target(c, cluster, w.namespace, w.name, w.operation)
	if err != nil {
		return none, err
	}
	within := time.Duration(w.timeout) * time.Second
	switch {
	case within == 0:
		within = releaseTimeout
	case within < 0 || within > maxTimeout:
		return none, web.Invalid("timeout is %d and must be 1 to %d seconds", w.timeout, int(maxTimeout.Seconds()))
	}
	install := &release.Install{Release: w.name, Render: a.Render, Kubernetes: a.Clusters.Status(cl.ID).Version}
	title := fmt.Sprintf("%s release %s in namespace %s of cluster %s", w.verb, w.name, w.namespace, cl.Name)
	if w.chart != "" {
		ch, err := findChart(c.Snapshot, w.chart)
		if err != nil {
			return none, err
		}
		if install.Archive, err = a.archiveOf(ctx, c, ch); err != nil {
			return none, err
		}
		title += " with chart " + ch.Name
	}
	spec := job.Spec{Operation: w.operation, Title: title, Cluster: cl, Timeout: within + takeBack}
	j, err := a.begin(ctx, c, spec, func(ctx context.Context, p *job.Progress) (map[string]string, error) {
		ctx, cancel := context.WithTimeoutCause(ctx, within, fmt.Errorf("it was not done within %s", within))
		defer cancel()
		t.Say = p.Say
		r, err := do(ctx, t, install)
		if err != nil {
			return nil, err
		}
		return map[string]string{"release": r.Release, "namespace": r.Namespace, "revision": strconv.Itoa(r.Revision), "status": r.Status}, nil
	})
	if err != nil {
		return none, err
	}
	return accepted[apiv1.Job]{jobView(j)}, nil
}

// releaseView is a revision as people may see it. full shows what may hold secrets: whoever gets here can read the Secret that it stands in.
func releaseView(r *release.Revision, full bool) apiv1.Release {
	out := apiv1.Release{
		Name: r.Release, Namespace: r.Namespace, Revision: r.Revision, Status: r.Status, Chart: r.Chart, Version: r.Version, AppVersion: r.AppVersion,
		Description: r.Description, Updated: r.Updated,
	}
	if full {
		out.Notes, out.Values, out.Manifest = r.Notes, maps.Clone(r.Values), r.Manifest
	}
	return out
}
