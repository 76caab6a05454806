package api

import (
	"cmp"
	"context"
	"slices"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/web"
)

type precheckIn struct {
	Name  string            `path:"name" doc:"the cluster, by name or id"`
	Addon string            `path:"addon" doc:"name of the add-on"`
	Body  apiv1.NewPrecheck `body:""`
}

// precheck says what an add-on lacks in a cluster, and keeps that as a report.
func (a *API) precheck(ctx context.Context, c Call, in precheckIn) (created[apiv1.Report], error) {
	var none created[apiv1.Report]
	cl, err := a.mayInside(c, in.Name, "addonInstance.precheck", named(in.Addon))
	if err != nil {
		return none, err
	}
	t, err := addonTemplate(c.Snapshot, in.Addon)
	if err != nil {
		return none, err
	}
	l, err := newLook(access.PrincipalRef(c.Who), t, in.Body.Version, in.Body.Config, in.Body.Settings)
	if err != nil {
		return none, err
	}
	r := a.report(ctx, c, c.Snapshot, cl, l, true)
	if err := a.file(ctx, c, "precheck of add-on "+t.Name, []pratique.Report{r}); err != nil {
		return none, a.bluntInside(c, in.Name, "addonInstance.precheck", named(in.Addon), err)
	}
	return created[apiv1.Report]{reportView(c.Snapshot, &r)}, nil
}

type prechecksIn struct {
	Body apiv1.NewPrechecks `body:""`
}

// prechecks says what an add-on lacks in a cluster that somebody is about to create, or in every cluster that it can run in.
func (a *API) prechecks(ctx context.Context, c Call, in prechecksIn) (created[apiv1.List[apiv1.Report]], error) {
	var none created[apiv1.List[apiv1.Report]]
	b := in.Body
	if b.Fleet == (b.Type != "") {
		return none, web.Invalid("give the type of the cluster that shall be created, or fleet for all that are there")
	}
	if b.Fleet && (b.Name+b.Project+b.EnterpriseProject != "" || len(b.Settings) > 0) {
		return none, web.Invalid("name, project, enterpriseProject and settings are those of one cluster; leave them out for the fleet")
	}
	var planned *pratique.Cluster
	if !b.Fleet {
		var err error
		if planned, err = a.planned(c, &b); err != nil {
			return none, err
		}
	} else if err := a.nowhere(c, "", "addonInstance.precheck"); err != nil {
		return none, err
	}
	t, err := addonTemplate(c.Snapshot, b.Addon)
	if err != nil {
		return none, err
	}
	l, err := newLook(access.PrincipalRef(c.Who), t, b.Version, b.Config, b.Settings)
	if err != nil {
		return none, err
	}
	var all []pratique.Report
	if planned != nil {
		all = append(all, a.report(ctx, c, c.Snapshot, planned, l, false))
	} else {
		all = a.fleetReports(ctx, c, l)
	}
	for part := range slices.Chunk(all, reportsAtOnce) {
		if err := a.file(ctx, c, "precheck of add-on "+t.Name, part); err != nil {
			return none, err
		}
	}
	out := apiv1.List[apiv1.Report]{Items: []apiv1.Report{}, Revision: c.Snapshot.Generation}
	for i := range all {
		out.Items = append(out.Items, reportView(c.Snapshot, &all[i]))
	}
	return created[apiv1.List[apiv1.Report]]{out}, nil
}

// reportsAtOnce is how many reports are filed in one transaction, in which as many old ones may go.
const reportsAtOnce = 50

// fleetReports looks at every cluster of a type that the add-on supports, where the caller may.
func (a *API) fleetReports(ctx context.Context, c Call, l *look) []pratique.Report {
	var out []pratique.Report
	for cl := range c.Snapshot.Clusters.All() {
		need := cl.Need("addonInstance.precheck")
		need.Vars["name"] = l.template.Name
		if !l.template.Supports(cl.Type) || a.Gate.May(c.Snapshot, c.Who, need, c.Source) != nil {
			continue
		}
		out = append(out, a.report(ctx, c, c.Snapshot, cl, l, false))
	}
	return out
}

// planned is the cluster that a request describes, for somebody who may create it.
func (a *API) planned(c Call, b *apiv1.NewPrechecks) (*pratique.Cluster, error) {
	cl := &pratique.Cluster{
		Meta: pratique.Meta{Name: b.Name}, Type: b.Type, Provisioner: pratique.ProvisionerLocal,
		Project: cmp.Or(b.Project, c.Snapshot.Rules().Regions[0]), EnterpriseProject: cmp.Or(b.EnterpriseProject, pratique.DefaultEnterpriseProject),
	}
	project, known := c.Snapshot.Projects.Find(cl.Project)
	enterprise, there := c.Snapshot.EnterpriseProjects.Find(cl.EnterpriseProject)
	if known {
		cl.Project = project.ID
	}
	if there {
		cl.EnterpriseProject = enterprise.ID
	}
	if err := a.Gate.May(c.Snapshot, c.Who, cl.Need("cluster.create"), c.Source); err != nil {
		return nil, err
	}
	if _, ok := c.Snapshot.Rules().Catalog.ClusterType(b.Type); !ok {
		return nil, hinted(web.Invalid("cluster type %q is not known", short(b.Type)), "see the types with: pratique cluster create --help")
	}
	switch {
	case !known:
		return nil, unknown(pratique.KindProject, short(cl.Project))
	case !there:
		return nil, unknown(pratique.KindEnterpriseProject, short(cl.EnterpriseProject))
	case len(b.Name) > 64:
		return nil, web.Invalid("the name of a cluster has at most 64 characters")
	}
	return cl, nil
}

// file keeps reports, under the rights of whoever asked for them.
func (a *API) file(ctx context.Context, c Call, detail string, reports []pratique.Report) error {
	intent := a.intent(c, audit.AddonChecked, pratique.FileReports{Reports: reports})
	intent.Detail = detail
	_, err := a.Gate.Apply(ctx, intent)
	return err
}

// mayOnReport decides on an operation on a report. What somebody was told themselves they may read again; an explicit deny still holds.
func (a *API) mayOnReport(c Call, r *pratique.Report, operation string) bool {
	err := a.Gate.May(c.Snapshot, c.Who, r.Need(operation), c.Source)
	return err == nil || implicit(err) && r.By == access.PrincipalRef(c.Who)
}
