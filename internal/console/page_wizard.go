package console

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

func (c *Console) wizardRoutes() []route {
	return []route{{"GET " + Prefix + "clusters/new", c.newCluster, false}, {"POST " + Prefix + "clusters/new", c.orderCluster, false}}
}

// wizardPage is the way to a new cluster: configure, confirm the order with its dependency check, create.
type wizardPage struct {
	base
	Steps    ui.Steps
	Fields   []ui.Field
	Addons   []ui.Option
	Confirm  bool
	Order    ui.Facts
	Hidden   []ui.Hidden
	Checks   []dependency
	Ready    bool
	May      ui.Permit
	AddonOf  []string
	Back     string
	AddonAny bool
}

// dependency is the check of one add-on.
type dependency struct {
	Name   string
	State  ui.Badge
	Report string
	Items  ui.Table

	Authorize string // address of the quick authorization, which comes back to the order
}

func (*wizardPage) template() string { return "wizard" }

// order reads what is being ordered, from the form or from the address.
func (v *visit) order() apiv1.NewCluster {
	get := func(name string) string {
		if s := v.form(name); s != "" {
			return s
		}
		return v.query(name)
	}
	n := apiv1.NewCluster{
		Name: get("name"), Type: get("type"), Project: get("project"), EnterpriseProject: get("enterpriseProject"), Billing: get("billing"),
		Nodes: number(get("nodes")), Addons: v.r.PostForm["addon"],
	}
	if len(n.Addons) == 0 {
		n.Addons = v.r.URL.Query()["addon"]
	}
	for pair := range strings.SplitSeq(get("tags"), ",") {
		if k, value, ok := strings.Cut(strings.TrimSpace(pair), "="); ok {
			if n.Tags == nil {
				n.Tags = map[string]string{}
			}
			n.Tags[k] = value
		}
	}
	return n
}

func (c *Console) newCluster(ctx context.Context, v *visit) (answer, error) {
	n := v.order()
	if n.Name != "" && n.Type != "" {
		return c.confirmOrder(ctx, v, n, nil)
	}
	return c.configure(ctx, v, n, nil)
}

func (c *Console) configure(ctx context.Context, v *visit, n apiv1.NewCluster, failed error) (answer, error) {
	p := &wizardPage{base: base{v.frame("clusters", "Create cluster")}, Back: at("clusters")}
	p.Crumbs, p.Problem = clusterCrumbs(""), problem(failed)
	p.Steps = ui.Steps{{Title: "Configure", State: "current"}, {Title: "Confirm order"}, {Title: "Create"}}
	projects, err := c.names(ctx, v, pratique.KindProject)
	if err != nil {
		return nil, err
	}
	enterprise, err := c.names(ctx, v, pratique.KindEnterpriseProject)
	if err != nil {
		return nil, err
	}
	p.Fields = []ui.Field{
		{Name: "name", Label: "Name", Value: n.Name, Required: true, Focus: true, MaxLength: 64},
		{Name: "type", Label: "Type", Type: "select", Options: clusterTypes(n.Type)},
		placeField("project", "Project", n.Project, projects), placeField("enterpriseProject", "Enterprise project", n.EnterpriseProject, enterprise),
		{Name: "nodes", Label: "Nodes", Type: "number", Value: count(max(n.Nodes, 1))},
		{Name: "tags", Label: "Tags", Value: tagsText(n.Tags), Placeholder: "env=prod, team=web"},
		{Name: "billing", Label: "Billing", Type: "select", Options: options(n.Billing, "", "Pay per use", "prepaid", "Yearly or monthly (needs the right to pay)")},
	}
	list, err := v.api.Addons(ctx)
	if err == nil {
		for _, a := range list {
			p.Addons = append(p.Addons, ui.Option{Title: a.Title + " (" + strings.Join(a.ClusterTypes, ", ") + ")", Value: a.Name, Chosen: slices.Contains(n.Addons, a.Name)})
		}
	}
	p.May, err = v.mayCreateCluster(ctx)
	return p, err
}

func placeField(name, label, value string, names []string) ui.Field {
	if len(names) == 0 {
		return ui.Field{Name: name, Label: label, Value: value, Hint: "Empty: the default one"}
	}
	return ui.Field{Name: name, Label: label, Type: "select", Options: append([]ui.Option{{Title: "The default one"}}, choices(names, value)...)}
}

func clusterTypes(chosen string) []ui.Option {
	rows, err := catalog.Load()
	if err != nil {
		return nil
	}
	var out []ui.Option
	for _, t := range rows.ClusterTypes {
		out = append(out, ui.Option{Title: t.Title + ": " + t.Description, Value: t.Name, Chosen: t.Name == chosen})
	}
	return out
}

func (c *Console) orderCluster(ctx context.Context, v *visit) (answer, error) {
	n := v.order()
	switch v.form("do") {
	case "back":
		return c.configure(ctx, v, n, nil)
	case "create":
		cl, err := v.api.NewCluster(ctx, n)
		if err != nil {
			return c.confirmOrder(ctx, v, n, err)
		}
		return afterJob(cl.Job, cl.Name, "The cluster is being created.", nil)
	default: // confirm, and re-check
		if n.Name == "" {
			return c.configure(ctx, v, n, wrong("the cluster needs a name"))
		}
		return c.confirmOrder(ctx, v, n, nil)
	}
}

// confirmOrder shows the order and whether all that it depends on is there.
func (c *Console) confirmOrder(ctx context.Context, v *visit, n apiv1.NewCluster, failed error) (answer, error) {
	p := &wizardPage{base: base{v.frame("clusters", "Create cluster")}, Confirm: true, Ready: true, AddonOf: n.Addons}
	p.Crumbs, p.Problem = clusterCrumbs(""), problem(failed)
	p.Steps = ui.Steps{{Title: "Configure", State: "done"}, {Title: "Confirm order", State: "current"}, {Title: "Create"}}
	p.Hidden = []ui.Hidden{
		{Name: "name", Value: n.Name},
		{Name: "type", Value: n.Type},
		{Name: "project", Value: n.Project},
		{Name: "enterpriseProject", Value: n.EnterpriseProject},
		{Name: "nodes", Value: count(n.Nodes)},
		{Name: "tags", Value: tagsText(n.Tags)},
		{Name: "billing", Value: n.Billing},
	}
	p.Order = ui.Facts{{Name: "Name", Value: n.Name}, {Name: "Type", Value: n.Type}, {Name: "Project", Value: orDefault(n.Project)}, {Name: "Nodes", Value: count(n.Nodes)}, {Name: "Tags", Value: tagsText(n.Tags)}, {Name: "Add-ons", Value: strings.Join(n.Addons, ", ")}}
	var err error
	if p.May, err = v.mayCreate(ctx, n); err != nil {
		return nil, err
	}
	for _, name := range n.Addons {
		p.Hidden = append(p.Hidden, ui.Hidden{Name: "addon", Value: name})
		d, err := c.dependency(ctx, v, n, name)
		if err != nil {
			p.Problem, p.Ready = problem(err), false
			continue
		}
		p.Checks = append(p.Checks, d)
		p.Ready = p.Ready && d.Report == ""
	}
	return p, nil
}

// orderAddress is the page of an order, with everything that was chosen.
func orderAddress(n apiv1.NewCluster) string {
	q := url.Values{"addon": n.Addons, "nodes": {count(n.Nodes)}}
	for name, value := range map[string]string{
		"name": n.Name, "type": n.Type, "project": n.Project, "enterpriseProject": n.EnterpriseProject, "tags": tagsText(n.Tags), "billing": n.Billing,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return at("clusters", "new") + "?" + q.Encode()
}

func (v *visit) mayCreate(ctx context.Context, n apiv1.NewCluster) (ui.Permit, error) {
	if n.Project == "" {
		return v.mayCreateCluster(ctx)
	}
	permits, err := v.may(ctx, on("cluster.create", n.Name, "clusterType", n.Type, "project", n.Project, "enterpriseProject", n.EnterpriseProject, "billing", n.Billing))
	if err != nil {
		return ui.Permit{}, err
	}
	return permits[0], nil
}

func (c *Console) dependency(ctx context.Context, v *visit, n apiv1.NewCluster, addon string) (dependency, error) {
	reports, err := v.api.Prechecks(ctx, apiv1.NewPrechecks{Addon: addon, Name: n.Name, Type: n.Type, Project: n.Project, EnterpriseProject: n.EnterpriseProject})
	if err != nil {
		return dependency{}, err
	}
	if len(reports) != 1 {
		return dependency{}, errors.New("the check gave no single report")
	}
	r := reports[0]
	d := dependency{Name: r.Check, State: passed(r.Passed), Authorize: href([]string{"reports", r.ID, "authorize"}, "back", orderAddress(n))}
	d.Items = itemTable(r, d.Authorize)
	if !r.Passed {
		d.Report = r.ID
	}
	return d, nil
}

func orDefault(s string) string {
	if s == "" {
		return "the default one"
	}
	return s
}
