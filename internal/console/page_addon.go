package console

import (
	"context"
	"errors"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

func (c *Console) addonRoutes() []route {
	const get, post = "GET " + Prefix, "POST " + Prefix
	return []route{
		{get + "addons", c.addons, false},
		{get + "addons/{addon}", c.addon, false},
		{get + "clusters/{name}/addons", c.clusterAddons, false},
		{get + "clusters/{name}/addons/{addon}", c.clusterAddon, false},
		{post + "clusters/{name}/addons/{addon}/install", c.installAddon, false},
		{post + "clusters/{name}/addons/{addon}/redeploy", c.redeployAddon, false},
		{post + "clusters/{name}/addons/{addon}/precheck", c.precheckAddon, false},
		{get + "clusters/{name}/addons/{addon}/delete", c.confirmUninstall, false},
		{post + "clusters/{name}/addons/{addon}/delete", c.uninstallAddon, false},
		{get + "reports/{id}", c.report, false},
		{get + "reports/{id}/authorize", c.quickAuthorization, false},
		{post + "reports/{id}/authorize", c.authorize, false},
	}
}

// addonsPage lists what can be installed.
type addonsPage struct {
	base
	Tabs  ui.Tabs
	Table ui.Table
}

func (*addonsPage) template() string { return "addons" }

func (c *Console) addons(ctx context.Context, v *visit) (answer, error) {
	list, err := v.api.Addons(ctx)
	if err != nil {
		return nil, err
	}
	p := &addonsPage{base: base{v.frame("addons", "Add-ons")}}
	p.Table = ui.Table{
		Caption: "Add-ons", Columns: []ui.Column{{Title: "Add-on"}, {Title: "Newest version"}, {Title: "Runs in"}, {Title: "Installed in"}},
		Empty: ui.Empty{Title: "No add-on", Text: "Register one with: pratique addon register -f FILE"},
	}
	for i := range list {
		a := &list[i]
		p.Table.Rows = append(p.Table.Rows, ui.Row{Cells: []ui.Cell{
			{Text: a.Title, Href: at("addons", a.Name), Sub: a.Description}, {Text: first(a.Versions)}, {Text: strings.Join(a.ClusterTypes, ", ")}, {Text: strings.Join(a.InstalledIn, ", ")},
		}})
	}
	return p, nil
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// addonPage shows one add-on: what it is, and which permissions its controller needs.
type addonPage struct {
	base
	Addon apiv1.Addon
	Facts ui.Facts
	Needs ui.Table
	Where ui.Table
}

func (*addonPage) template() string { return "addon" }

func (c *Console) addon(ctx context.Context, v *visit) (answer, error) {
	a, err := v.api.Addon(ctx, v.path("addon"))
	if err != nil {
		return nil, err
	}
	p := &addonPage{base: base{v.frame("addons", a.Title)}, Addon: a}
	p.Crumbs = []ui.Link{{Title: "Add-ons", Href: at("addons")}}
	p.Facts = ui.Facts{
		{Name: "Name", Value: a.Name, Code: true},
		{Name: "Namespace", Value: a.Namespace, Code: true},
		{Name: "Workload", Value: a.Workload.Kind + " " + a.Workload.Name},
		{Name: "Versions", Value: strings.Join(a.Versions, ", ")},
		{Name: "Runs in", Value: strings.Join(a.ClusterTypes, ", ")},
		{Name: "Service-linked roles", Value: strings.Join(a.ServiceLinkedRoles, ", ")},
	}
	for _, pr := range a.Principals {
		facts := ui.Fact{Name: "With a " + pr.Controllers, Value: pr.Role}
		if pr.Role == "" {
			facts.Value = "that of the cluster"
		}
		if pr.Policy != "" {
			facts.Links = []ui.Link{{Title: "vendor's policy " + pr.Policy, Href: at("policies", pr.Policy)}}
		}
		p.Facts = append(p.Facts, facts)
	}
	p.Needs = ui.Table{
		Caption: "Permissions that its controller needs", Columns: []ui.Column{{Title: "Permission"}, {Title: "Actions"}, {Title: "On"}, {Title: "When"}},
		Empty: ui.Empty{Title: "None beyond the cluster", Text: "This add-on needs RBAC inside the cluster only."},
	}
	for _, need := range a.Permissions {
		when := "always"
		if need.When != "" {
			when = "when " + need.When + " is set"
		}
		p.Needs.Rows = append(p.Needs.Rows, ui.Row{Cells: []ui.Cell{{Text: need.Title, Sub: need.Rationale}, {Text: strings.Join(need.Actions, ", "), Code: true}, {Text: strings.Join(need.Resources, ", "), Code: true}, {Text: when}}})
	}
	return p, c.whereAddon(ctx, v, p, a)
}

// whereAddon lists the clusters that the add-on can go into.
func (c *Console) whereAddon(ctx context.Context, v *visit, p *addonPage, a apiv1.Addon) error {
	list, err := v.api.ListClusters(ctx, client.ClusterOptions{Limit: 100})
	if err != nil {
		return err
	}
	p.Where = ui.Table{
		Caption: "Clusters", Columns: []ui.Column{{Title: "Cluster"}, {Title: "Type"}, {Title: ""}},
		Empty: ui.Empty{Title: "No cluster for it", Text: "None of the clusters that you may see is of a type that this add-on runs in."},
	}
	for _, cl := range list.Items {
		for _, t := range a.ClusterTypes {
			if t == cl.Type {
				p.Where.Rows = append(p.Where.Rows, ui.Row{Cells: []ui.Cell{{Text: cl.Name, Href: at("clusters", cl.Name)}, {Text: cl.Type}, {Text: "Open", Href: at("clusters", cl.Name, "addons", a.Name)}}})
			}
		}
	}
	return nil
}

// clusterAddons lists what is installed in a cluster and what can be.
func (c *Console) clusterAddons(ctx context.Context, v *visit) (answer, error) {
	cl, err := v.api.Cluster(ctx, v.path("name"))
	if err != nil {
		return nil, err
	}
	p := &addonsPage{base: base{v.frame("clusters", "Add-ons of "+cl.Name)}, Tabs: clusterTabs(cl.Name, "Add-ons")}
	p.Crumbs = clusterCrumbs(cl.Name)
	p.Table = ui.Table{
		Caption: "Add-ons", Columns: []ui.Column{{Title: "Add-on"}, {Title: "State"}, {Title: "Version"}},
		Empty: ui.Empty{Title: "No add-on for this cluster", Text: "No add-on of the catalogue runs in clusters of type " + cl.Type + "."},
	}
	there, err := v.api.ClusterAddons(ctx, cl.Name)
	if err != nil {
		p.Problem = problem(err)
		return p, nil
	}
	seen := map[string]bool{}
	for i := range there {
		in := &there[i]
		seen[in.Name] = true
		if in.State == "installing" || in.State == "removing" {
			p.Refresh = 2
		}
		p.Table.Rows = append(p.Table.Rows, ui.Row{Cells: []ui.Cell{{Text: in.Title, Href: at("clusters", cl.Name, "addons", in.Name)}, {Badge: addonState(in)}, {Text: in.Version}}})
	}
	all, err := v.api.Addons(ctx)
	if err != nil {
		return p, nil //nolint:nilerr // whoever may not see the catalogue sees what is installed
	}
	for i := range all {
		for _, t := range all[i].ClusterTypes {
			if t == cl.Type && !seen[all[i].Name] {
				p.Table.Rows = append(p.Table.Rows, ui.Row{Cells: []ui.Cell{{Text: all[i].Title, Href: at("clusters", cl.Name, "addons", all[i].Name)}, {Badge: &ui.Badge{Text: "not installed", Tone: "quiet"}}, {Text: first(all[i].Versions)}}})
			}
		}
	}
	return p, nil
}

func addonState(in *apiv1.AddonInstance) *ui.Badge {
	switch {
	case in.State == "installed" && in.Ready >= in.Wanted && in.Wanted > 0:
		return &ui.Badge{Text: "Running", Tone: "ok"}
	case in.State == "installed":
		return &ui.Badge{Text: "installed, " + count(in.Ready) + " of " + count(in.Wanted) + " pods ready", Tone: "warn"}
	case in.State == "failed":
		return &ui.Badge{Text: "failed", Tone: "bad"}
	default:
		return &ui.Badge{Text: in.State, Tone: "warn"}
	}
}

// clusterAddonPage is one add-on in one cluster.
type clusterAddonPage struct {
	base
	Cluster   apiv1.Cluster
	Addon     apiv1.Addon
	Installed *apiv1.AddonInstance
	State     *ui.Badge
	Facts     ui.Facts
	Report    string // id, when the precheck has failed
	Buttons   []ui.Button
}

func (*clusterAddonPage) template() string { return "cluster-addon" }

func (c *Console) clusterAddon(ctx context.Context, v *visit) (answer, error) {
	return c.showClusterAddon(ctx, v, nil)
}

func (c *Console) showClusterAddon(ctx context.Context, v *visit, failed error) (answer, error) {
	cl, err := v.api.Cluster(ctx, v.path("name"))
	if err != nil {
		return nil, err
	}
	a, err := v.api.Addon(ctx, v.path("addon"))
	if err != nil {
		return nil, err
	}
	p := &clusterAddonPage{base: base{v.frame("clusters", a.Title+" in "+cl.Name)}, Cluster: cl, Addon: a, State: &ui.Badge{Text: "not installed", Tone: "quiet"}}
	p.Crumbs = append(clusterCrumbs(cl.Name), ui.Link{Title: "Add-ons", Href: at("clusters", cl.Name, "addons")})
	p.Problem = problem(failed)
	if refused, ok := errors.AsType[*client.ProblemError](failed); ok {
		p.Report = refused.Report
	}
	in, err := v.api.ClusterAddon(ctx, cl.Name, a.Name)
	switch {
	case err == nil:
		p.Installed, p.State = &in, addonState(&in)
	case !errors.Is(err, pratique.ErrNotFound):
		return nil, err
	}
	return p, c.addonButtons(ctx, v, p)
}

func (c *Console) addonButtons(ctx context.Context, v *visit, p *clusterAddonPage) error {
	asks := []ask{clusterAsk("addonInstance.create", &p.Cluster), clusterAsk("addonInstance.redeploy", &p.Cluster), clusterAsk("addonInstance.delete", &p.Cluster), clusterAsk("addonInstance.precheck", &p.Cluster)}
	for i := range asks {
		asks[i].ResourceID = p.Addon.Name
	}
	permits, err := v.may(ctx, asks...)
	if err != nil {
		return err
	}
	to := func(do string) string { return at("clusters", p.Cluster.Name, "addons", p.Addon.Name, do) }
	check := ui.Button{Label: "Check permissions", Action: to("precheck"), Permit: permits[3], Form: ui.FormNumber()}
	if p.Installed == nil {
		p.Buttons = []ui.Button{{Label: "Install", Kind: "primary", Action: to("install"), Permit: permits[0], Form: ui.FormNumber()}, check}
		return nil
	}
	in := p.Installed
	if in.State != "installed" || in.Ready < in.Wanted {
		p.Refresh = 2
	}
	p.Facts = ui.Facts{
		{Name: "Version", Value: in.Version},
		{Name: "Acts by", Value: in.Role, Href: at("roles", in.Role)},
		{Name: "Installed by", Value: in.By},
		{Name: "Workload", Value: p.Addon.Workload.Kind + " " + p.Addon.Workload.Name + " in " + p.Addon.Namespace},
		{Name: "Pods", Value: count(in.Ready) + " of " + count(in.Wanted) + " ready"},
	}
	if in.Role == "" {
		p.Facts[1] = ui.Fact{Name: "Acts by", Value: "nobody outside of the cluster"}
	}
	if in.Message != "" {
		p.Facts = append(p.Facts, ui.Fact{Name: "Message", Value: in.Message})
	}
	p.Buttons = []ui.Button{
		{Label: "Redeploy", Action: to("redeploy"), Permit: permits[1], Form: ui.FormNumber()},
		check,
		{Label: "Uninstall…", Kind: "danger", Href: to("delete"), Permit: permits[2]},
	}
	if in.State == "failed" {
		p.Buttons = append([]ui.Button{{Label: "Install again", Kind: "primary", Action: to("install"), Permit: permits[0], Form: ui.FormNumber()}}, p.Buttons...)
	}
	return nil
}

func (c *Console) installAddon(ctx context.Context, v *visit) (answer, error) {
	job, err := v.api.InstallAddon(ctx, v.path("name"), v.path("addon"), apiv1.InstallAddon{})
	if err != nil {
		return c.showClusterAddon(ctx, v, err)
	}
	return goTo{at("jobs", job.ID), "The add-on is being installed."}, nil
}

func (c *Console) redeployAddon(ctx context.Context, v *visit) (answer, error) {
	if _, err := v.api.RedeployAddon(ctx, v.path("name"), v.path("addon")); err != nil {
		return c.showClusterAddon(ctx, v, err)
	}
	return goTo{at("clusters", v.path("name"), "addons", v.path("addon")), "The pods are restarted one after the other."}, nil
}

func (c *Console) precheckAddon(ctx context.Context, v *visit) (answer, error) {
	r, err := v.api.Precheck(ctx, v.path("name"), v.path("addon"), apiv1.NewPrecheck{})
	if err != nil {
		return c.showClusterAddon(ctx, v, err)
	}
	return goTo{at("reports", r.ID), ""}, nil
}

func (c *Console) confirmUninstall(_ context.Context, v *visit) (answer, error) {
	return c.uninstallForm(v, nil), nil
}

func (c *Console) uninstallForm(v *visit, failed error) answer {
	cluster, name := v.path("name"), v.path("addon")
	p := &deletePage{base: base{v.frame("clusters", "Uninstall "+name)}}
	p.Crumbs, p.Problem = clusterCrumbs(cluster), problem(failed)
	p.Danger = ui.Danger{
		Title: "Uninstall " + name + " from " + cluster, Name: name, Action: at("clusters", cluster, "addons", name, "delete"), Label: "Uninstall",
		Back: at("clusters", cluster, "addons", name), Permit: ui.Permit{Allowed: true},
		Text: "Its objects leave the cluster, and the roles and policies that were made for it go when no other cluster needs them. Nothing else is touched.",
	}
	return p
}

func (c *Console) uninstallAddon(ctx context.Context, v *visit) (answer, error) {
	if v.form("confirm") != v.path("addon") {
		return c.uninstallForm(v, wrong("the name that you typed is another one; nothing was uninstalled")), nil
	}
	job, err := v.api.UninstallAddon(ctx, v.path("name"), v.path("addon"))
	if err != nil {
		return c.uninstallForm(v, err), nil
	}
	return goTo{at("jobs", job.ID), "The add-on is being uninstalled."}, nil
}
