package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/web"
)

// addonRoutes are those about add-ons that can be installed, and about what they lack.
func (a *API) addonRoutes() []Route {
	const (
		get, post, remove = http.MethodGet, http.MethodPost, http.MethodDelete
		one               = "/v1/addons/{name}"
		own               = "self: one's own; others need addonInstance.report, each where its cluster is"
	)
	return []Route{
		{get, "/v1/addons", "gate: addonTemplate.list in some project", "List the add-ons that can be installed", signedIn(a.addons)},
		{post, "/v1/addons", "gate: addonTemplate.create", "Register an add-on", signedIn(a.registerAddon)},
		{get, one, "gate: addonTemplate.get in some project", "Show one add-on and what it needs", signedIn(a.oneAddon)},
		{remove, one, "gate: addonTemplate.delete", "Take a registered add-on away", signedIn(a.unregisterAddon)},
		{post, "/v1/clusters/{name}/addons/{addon}/precheck", "gate: addonInstance.precheck", "Check what an add-on lacks in a cluster", signedIn(a.precheck)},
		{
			post, "/v1/prechecks", "gate: cluster.create; of the fleet those that addonInstance.precheck allows, each by itself",
			"Check what an add-on lacks in a cluster that is not there yet, or in all", signedIn(a.prechecks),
		},
		{get, "/v1/reports", "self: one's own; others need addonInstance.reports, each where its cluster is", "List reports of prechecks, newest first", signedIn(a.reports)},
		{get, "/v1/reports/{id}", own, "Read the report of a precheck", signedIn(a.oneReport)},
		{
			post, "/v1/reports/{id}/authorize", "gate: what giving the add-on what it lacks needs",
			"Give an add-on what a report says that it lacks, and check again", signedIn(a.authorizeReport),
		},
	}
}

func (a *API) addons(_ context.Context, c Call, _ none) (apiv1.List[apiv1.Addon], error) {
	out := apiv1.List[apiv1.Addon]{Items: []apiv1.Addon{}, Revision: c.Snapshot.Generation}
	if err := a.nowhere(c, "", "addonTemplate.list"); err != nil {
		return out, err
	}
	rows := c.Snapshot.Rules().Catalog
	for i := range rows.Addons {
		out.Items = append(out.Items, a.addonView(c, &rows.Addons[i], false))
	}
	for t := range c.Snapshot.AddonTemplates.All() {
		out.Items = append(out.Items, a.addonView(c, &t.Spec, true))
	}
	return out, nil
}

func (a *API) oneAddon(_ context.Context, c Call, in nameIn) (apiv1.Addon, error) {
	if err := a.nowhere(c, in.Name, "addonTemplate.get"); err != nil {
		return apiv1.Addon{}, err
	}
	t, err := addonTemplate(c.Snapshot, in.Name)
	if err != nil {
		return apiv1.Addon{}, err
	}
	_, fixed := c.Snapshot.Rules().Catalog.Addon(t.Name)
	out := a.addonView(c, t, !fixed)
	for i := range c.Snapshot.Addons.All() {
		cl, ok := c.Snapshot.Clusters.ID(i.Cluster)
		if ok && pratique.Fold(i.Template) == pratique.Fold(t.Name) && a.mayOn(c, cl, "cluster.get") {
			out.InstalledIn = append(out.InstalledIn, cl.Name)
		}
	}
	slices.Sort(out.InstalledIn)
	return out, nil
}

// addonTemplate finds an add-on. Which there are is no secret to those who may ask about any.
func addonTemplate(s *pratique.Snapshot, name string) (*catalog.Addon, error) {
	t, ok := s.AddonTemplate(name)
	if !ok {
		return nil, hinted(unknown(pratique.KindAddonTemplate, short(name)), "list add-ons with: pratique addon list")
	}
	return t, nil
}

func (a *API) addonView(c Call, t *catalog.Addon, registered bool) apiv1.Addon {
	out := apiv1.Addon{
		Name: t.Name, Title: t.Title, Description: t.Description, Registered: registered, Namespace: t.Namespace, Workload: t.Workload,
		ServiceAccount: t.ServiceAccount, ClusterTypes: t.ClusterTypes, Check: t.CheckName(), Settings: t.Settings, Principals: t.Principals,
		ServiceLinkedRoles: t.ServiceLinkedRoles, Permissions: t.Permissions,
	}
	for _, v := range t.Versions {
		out.Versions = append(out.Versions, v.Version)
	}
	if out.ClusterTypes == nil {
		for _, ct := range c.Snapshot.Rules().Catalog.ClusterTypes {
			out.ClusterTypes = append(out.ClusterTypes, ct.Name)
		}
	}
	return out
}

type addonFileIn struct {
	Body apiv1.AddonFile `body:"changes"` // manifests may be long
}

// registerAddon adds the account's own add-on, or replaces it. Who may not is told so before the file is read.
func (a *API) registerAddon(ctx context.Context, c Call, in addonFileIn) (apiv1.Addon, error) {
	if len(in.Body.File) > catalog.MaxAddonFile {
		return apiv1.Addon{}, web.Invalid("the add-on file is larger than the %d KiB that are kept", catalog.MaxAddonFile>>10)
	}
	t, broken := catalog.ParseAddon([]byte(in.Body.File))
	if broken != nil {
		need := pratique.Need{Operation: "addonTemplate.create", Vars: map[string]string{"name": ""}}
		if err := a.Gate.May(c.Snapshot, c.Who, need, c.Source); err != nil {
			return apiv1.Addon{}, err
		}
		return apiv1.Addon{}, web.Invalid("%v", broken)
	}
	result, err := a.Gate.Apply(ctx, a.intent(c, audit.Changed, pratique.RegisterAddon{Addon: t}))
	if err != nil {
		return apiv1.Addon{}, err
	}
	c.Snapshot = result.Snapshot
	made, err := addonTemplate(result.Snapshot, t.Name)
	if err != nil {
		return apiv1.Addon{}, err
	}
	return a.addonView(c, made, true), nil
}

func (a *API) unregisterAddon(ctx context.Context, c Call, in nameIn) (done, error) {
	_, err := a.Gate.Apply(ctx, a.intent(c, audit.Changed, pratique.UnregisterAddon{Name: in.Name}))
	return done{}, err
}
