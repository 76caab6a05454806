package console

import (
	"context"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

// namespacesPage shows what is inside a cluster, as far as whoever looks may see.
type namespacesPage struct {
	base
	Tabs  ui.Tabs
	Name  string
	Note  string
	Table ui.Table
}

func (*namespacesPage) template() string { return "namespaces" }

func (c *Console) namespaces(ctx context.Context, v *visit) (answer, error) {
	cl, err := v.api.Cluster(ctx, v.path("name"))
	if err != nil {
		return nil, err
	}
	p := &namespacesPage{base: base{v.frame("clusters", "Namespaces of "+cl.Name)}, Tabs: clusterTabs(cl.Name, "Namespaces"), Name: cl.Name, Note: cl.Note}
	p.Crumbs = clusterCrumbs(cl.Name)
	list, err := v.api.Namespaces(ctx, cl.Name, v.query("page"))
	if err != nil {
		p.Problem = problem(err)
		p.Table.Empty = ui.Empty{Title: "The cluster does not answer", Text: "What is inside is read from the cluster itself, when this page is opened. Its state stands under Basic information."}
		return p, nil
	}
	p.Table = ui.Table{
		Caption: "Namespaces", Columns: []ui.Column{{Title: "Namespace"}, {Title: "Pods"}, {Title: "Deployments"}, {Title: "Services"}},
		Empty: ui.Empty{
			Title: "No namespace that you may look into",
			Text:  "A namespace permission, such as view in namespace dev, opens a namespace. Whoever looks after permissions in your account can give you one; My access has a text to send them.",
		},
		Note: "Read from the cluster just now, with your rights.",
	}
	for _, n := range list.Items {
		row := ui.Row{Cells: []ui.Cell{{Text: n.Name}}}
		for _, r := range n.Resources {
			row.Cells = append(row.Cells, seenCell(cl.Name, n.Name, r))
		}
		p.Table.Rows = append(p.Table.Rows, row)
	}
	if list.Next != "" {
		p.Table.Next = href([]string{"clusters", cl.Name, "namespaces"}, "page", list.Next)
	}
	if v.query("page") != "" {
		p.Table.First = at("clusters", cl.Name, "namespaces")
	}
	return p, nil
}

// seenCell is a number, or the way to why it is not told.
func seenCell(cluster, namespace string, r apiv1.ResourceSeen) ui.Cell {
	switch {
	case r.Refused != "":
		why := href([]string{"simulator"}, "cluster", cluster, "verb", "list", "kubeResource", r.Resource, "namespace", namespace)
		return ui.Cell{Text: "not shown to you: why?", Href: why}
	case r.More:
		return ui.Cell{Text: "more than " + count(r.Count)}
	default:
		return ui.Cell{Text: count(r.Count)}
	}
}
