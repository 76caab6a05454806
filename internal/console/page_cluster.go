package console

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

func (c *Console) clusterRoutes() []route {
	const get, post = "GET " + Prefix, "POST " + Prefix
	return []route{
		{get + "clusters", c.clusters, false},
		{get + "clusters/{name}", c.cluster, false},
		{get + "clusters/{name}/nodes", c.nodes, false},
		{post + "clusters/{name}/nodes", c.createNodes, false},
		{post + "clusters/{name}/nodes/{node}/{do}", c.changeNode, false},
		{get + "clusters/{name}/pools", c.pools, false},
		{post + "clusters/{name}/pools", c.createPool, false},
		{post + "clusters/{name}/pools/{pool}/scale", c.scalePool, false},
		{post + "clusters/{name}/pools/{pool}/delete", c.deletePool, false},
		{get + "clusters/{name}/namespaces", c.namespaces, false},
		{get + "clusters/{name}/jobs", c.clusterJobs, false},
		{get + "clusters/{name}/connect", c.connect, false},
		{get + "clusters/{name}/kubeconfig", c.kubeconfig, false},
		{post + "clusters/{name}/stop", c.stopCluster, false},
		{post + "clusters/{name}/start", c.startCluster, false},
		{get + "clusters/{name}/delete", c.confirmDeleteCluster, false},
		{post + "clusters/{name}/delete", c.deleteCluster, false},
		{get + "jobs", c.jobs, false},
		{get + "jobs/{id}", c.job, false},
		{post + "jobs/{id}/delete", c.deleteJob, false},
	}
}

// clustersPage lists the clusters that whoever looks may see.
type clustersPage struct {
	base
	New   ui.Button
	Table ui.Table
}

func (*clustersPage) template() string { return "clusters" }

func (c *Console) clusters(ctx context.Context, v *visit) (answer, error) {
	list, err := v.api.ListClusters(ctx, client.ClusterOptions{Name: v.query("q"), Page: v.query("page"), Type: v.query("type"), Sort: v.query("sort")})
	if err != nil {
		return nil, err
	}
	p := &clustersPage{base: base{v.frame("clusters", "Clusters")}}
	permit, err := v.mayCreateCluster(ctx)
	if err != nil {
		return nil, err
	}
	p.New = ui.Button{Label: "Create cluster", Href: at("clusters", "new"), Kind: "primary", Permit: permit}
	p.Table = v.listing(list.Next, ui.Table{
		Caption: "Clusters", Columns: []ui.Column{v.sorted("Name", "name"), {Title: "Type"}, {Title: "State"}, {Title: "Version"}, {Title: "Nodes"}, {Title: "Project"}, {Title: "Tags"}},
		Empty: ui.Empty{Title: "No cluster that you may see", Text: list.Hint, Button: &p.New},
	})
	for i := range list.Items {
		cl := &list.Items[i]
		p.Table.Rows = append(p.Table.Rows, ui.Row{Cells: []ui.Cell{
			{Text: cl.Name, Href: at("clusters", cl.Name), Sub: cl.ID},
			{Text: cl.Type},
			{Badge: stateOf(cl), Sub: short(cl.Status.Error)},
			{Text: cl.Status.Version},
			{Text: count(cl.Status.NodesReady) + " of " + count(cl.Status.Nodes) + " ready"},
			{Text: cl.Project},
			{Text: tagsText(cl.Tags)},
		}})
		if transient(cl) {
			p.Refresh = 3
		}
	}
	return p, nil
}

// mayCreateCluster asks whether some project lets whoever looks create a cluster of some kind; the form decides on the one that is chosen.
func (v *visit) mayCreateCluster(ctx context.Context) (ui.Permit, error) {
	asks := []ask{on("cluster.create", "", "clusterType", "ack-managed")}
	list, err := v.api.List(ctx, pratique.KindProject, client.ListOptions{Limit: 50})
	if err == nil {
		for _, m := range list.Items {
			asks = append(asks, on("cluster.create", "", "clusterType", "cce-standard", "project", m.Metadata.Name))
		}
	}
	if len(asks) == 1 {
		asks = append(asks, on("cluster.create", "", "clusterType", "cce-standard", "project", v.region(ctx)))
	}
	permits, err := v.may(ctx, asks...)
	if err != nil {
		return ui.Permit{}, err
	}
	for _, p := range permits {
		if p.Allowed {
			return p, nil
		}
	}
	return permits[len(permits)-1], nil
}

// region is the default project of the first region, for people who may not list projects.
func (v *visit) region(ctx context.Context) string {
	list, err := v.api.ListClusters(ctx, client.ClusterOptions{Limit: 1})
	if err != nil || len(list.Items) == 0 {
		return ""
	}
	return list.Items[0].Project
}

func stateOf(cl *apiv1.Cluster) *ui.Badge {
	tone := map[string]string{"running": "ok", "stopped": "quiet", "unreachable": "bad", "unknown": "quiet"}[cl.Status.Phase]
	if tone == "" {
		tone = "warn"
	}
	return &ui.Badge{Text: cl.Status.Phase, Tone: tone}
}

func transient(cl *apiv1.Cluster) bool {
	return cl.Status.Phase == "starting" || cl.Status.Phase == "stopping"
}

func tagsText(tags map[string]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, k+"="+tags[k])
	}
	return strings.Join(out, ", ")
}

// clusterPage shows one cluster: what it is, what it is made of.
type clusterPage struct {
	base
	Tabs      ui.Tabs
	Cluster   apiv1.Cluster
	Facts     ui.Facts
	Resources ui.Facts
	Note      string
	Buttons   []ui.Button
}

func (*clusterPage) template() string { return "cluster" }

// clusterAsk is a question about an operation on a cluster.
func clusterAsk(operation string, cl *apiv1.Cluster) ask {
	a := on(operation, cl.Name, "cluster", cl.ID, "project", cl.Project, "enterpriseProject", cl.EnterpriseProject, "clusterType", cl.Type)
	if len(cl.Tags) > 0 {
		a.Properties["tags"] = cl.Tags
	}
	return a
}

func clusterTabs(name, current string) ui.Tabs {
	tabs := ui.Tabs{
		{Title: "Basic information", Href: at("clusters", name)},
		{Title: "Nodes", Href: at("clusters", name, "nodes")},
		{Title: "Node pools", Href: at("clusters", name, "pools")},
		{Title: "Namespaces", Href: at("clusters", name, "namespaces")},
		{Title: "Add-ons", Href: at("clusters", name, "addons")},
		{Title: "Namespace permissions", Href: at("clusters", name, "permissions")},
		{Title: "Jobs", Href: at("clusters", name, "jobs")},
		{Title: "Connect", Href: at("clusters", name, "connect")},
	}
	for i := range tabs {
		tabs[i].Current = tabs[i].Title == current
	}
	return tabs
}

func clusterCrumbs(name string) []ui.Link {
	out := []ui.Link{{Title: "Clusters", Href: at("clusters")}}
	if name != "" {
		out = append(out, ui.Link{Title: name, Href: at("clusters", name)})
	}
	return out
}

func (c *Console) cluster(ctx context.Context, v *visit) (answer, error) {
	cl, err := v.api.Cluster(ctx, v.path("name"))
	if err != nil {
		return nil, err
	}
	p := &clusterPage{base: base{v.frame("clusters", "Cluster "+cl.Name)}, Tabs: clusterTabs(cl.Name, "Basic information"), Cluster: cl, Note: cl.Note}
	p.Crumbs = clusterCrumbs("")
	if transient(&cl) {
		p.Refresh = 3
	}
	permits, err := v.may(ctx, clusterAsk("cluster.stop", &cl), clusterAsk("cluster.start", &cl), clusterAsk("cluster.delete", &cl))
	if err != nil {
		return nil, err
	}
	p.Buttons = append(p.Buttons, ui.Button{Label: "Connect", Kind: "primary", Href: at("clusters", cl.Name, "connect"), Permit: ui.Permit{Allowed: true}})
	if cl.Stopped {
		p.Buttons = append(p.Buttons, ui.Button{Label: "Wake", Action: at("clusters", cl.Name, "start"), Permit: permits[1], Form: ui.FormNumber()})
	} else {
		p.Buttons = append(p.Buttons, ui.Button{Label: "Hibernate", Action: at("clusters", cl.Name, "stop"), Permit: permits[0], Form: ui.FormNumber()})
	}
	p.Buttons = append(p.Buttons, ui.Button{Label: "Delete…", Kind: "danger", Href: at("clusters", cl.Name, "delete"), Permit: permits[2]})
	p.Facts = clusterFacts(&cl)
	if p.Resources, err = c.resourceFacts(ctx, v, cl.Name); err != nil {
		return nil, err
	}
	return p, nil
}

func clusterFacts(cl *apiv1.Cluster) ui.Facts {
	facts := ui.Facts{
		{Name: "Id", Value: cl.ID, Code: true},
		{Name: "Type", Value: cl.Type},
		{Name: "State", Badge: stateOf(cl)},
		{Name: "Kubernetes", Value: cl.Status.Version},
		{Name: "Nodes", Value: count(cl.Status.NodesReady) + " of " + count(cl.Status.Nodes) + " ready"},
		{Name: "Project", Value: cl.Project},
		{Name: "Enterprise project", Value: cl.EnterpriseProject},
		{Name: "Tags", Value: tagsText(cl.Tags)},
		{Name: "Created by", Value: cl.Creator},
		{Name: "Created", Value: day(cl.Created)},
		{Name: "Run by", Value: cl.Provisioner},
		{Name: "Address", Value: cl.Server, Code: true},
	}
	if cl.Status.Error != "" {
		facts = append(facts, ui.Fact{Name: "Last error", Value: cl.Status.Error})
	}
	return facts
}

// resourceFacts is what the cluster is made of; nothing for whoever may not see it.
func (c *Console) resourceFacts(ctx context.Context, v *visit, name string) (ui.Facts, error) {
	res, err := v.api.ClusterResources(ctx, name)
	if errors.Is(err, pratique.ErrDenied) {
		return ui.Facts{{Name: "Cluster resources", Value: problem(err).Detail}}, nil
	}
	if err != nil {
		return nil, err
	}
	var facts ui.Facts
	if r := res.WorkerRole; r != nil {
		facts = append(facts, ui.Fact{Name: "Worker RAM role", Value: r.Name, Href: at("roles", r.Name)}, ui.Fact{Name: "Policies of the worker role", Value: strings.Join(r.Policies, ", ")})
	}
	for _, r := range res.ServiceRoles {
		facts = append(facts, ui.Fact{Name: "Service role of " + strings.Join(r.Addons, ", "), Value: r.Name, Href: at("roles", r.Name)})
	}
	return append(facts, ui.Fact{Name: "Billing", Value: res.Billing}), nil
}

func (c *Console) stopCluster(ctx context.Context, v *visit) (answer, error) {
	cl, err := v.api.StopCluster(ctx, v.path("name"))
	return afterJob(cl.Job, cl.Name, "The cluster is going to sleep.", err)
}

func (c *Console) startCluster(ctx context.Context, v *visit) (answer, error) {
	cl, err := v.api.StartCluster(ctx, v.path("name"))
	return afterJob(cl.Job, cl.Name, "The cluster is waking up.", err)
}

// afterJob shows the job that a form has started, or the cluster where there is none.
func afterJob(job, cluster, done string, err error) (answer, error) {
	switch {
	case err != nil:
		return nil, err
	case job != "":
		return goTo{at("jobs", job), done}, nil
	default:
		return goTo{at("clusters", cluster), done}, nil
	}
}

func (c *Console) confirmDeleteCluster(ctx context.Context, v *visit) (answer, error) {
	return c.deleteClusterForm(ctx, v, nil)
}

func (c *Console) deleteClusterForm(ctx context.Context, v *visit, failed error) (answer, error) {
	cl, err := v.api.Cluster(ctx, v.path("name"))
	if err != nil {
		return nil, err
	}
	permits, err := v.may(ctx, clusterAsk("cluster.delete", &cl))
	if err != nil {
		return nil, err
	}
	p := &deletePage{base: base{v.frame("clusters", "Delete cluster "+cl.Name)}}
	p.Crumbs, p.Problem = clusterCrumbs(cl.Name), problem(failed)
	p.Danger = ui.Danger{
		Title: "This cannot be undone", Name: cl.Name, Action: at("clusters", cl.Name, "delete"), Label: "Delete cluster", Back: at("clusters", cl.Name), Permit: permits[0],
		Text: "The cluster leaves the directory, and its namespace permissions, node pools, add-ons and worker role with it.",
	}
	if cl.Provisioner == "local" {
		p.Danger.Goes = []string{"its control plane and everything that runs in it", count(cl.Status.Nodes) + " nodes"}
	} else {
		p.Danger.Goes = []string{"the sealed credential; the cluster itself goes on where it runs"}
	}
	return p, nil
}

func (c *Console) deleteCluster(ctx context.Context, v *visit) (answer, error) {
	if v.form("confirm") != v.path("name") {
		return c.deleteClusterForm(ctx, v, wrong("the name that you typed is another one; nothing was deleted"))
	}
	job, err := v.api.DeleteCluster(ctx, v.path("name"))
	if err != nil {
		return c.deleteClusterForm(ctx, v, err)
	}
	return goTo{at("jobs", job.ID), "The cluster is being deleted."}, nil
}
