package console

import (
	"context"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

// nodesPage lists the nodes of a cluster, or its pools.
type nodesPage struct {
	base
	Tabs   ui.Tabs
	Name   string
	Table  ui.Table
	Create []ui.Field
	Action string
	Label  string
	May    ui.Permit
}

func (*nodesPage) template() string { return "nodes" }

func (c *Console) nodes(ctx context.Context, v *visit) (answer, error) {
	return c.nodesPage(ctx, v, nil)
}

func (c *Console) nodesPage(ctx context.Context, v *visit, failed error) (answer, error) {
	cl, err := v.api.Cluster(ctx, v.path("name"))
	if err != nil {
		return nil, err
	}
	permits, err := v.may(ctx, clusterAsk("node.create", &cl), clusterAsk("node.update", &cl), clusterAsk("node.delete", &cl))
	if err != nil {
		return nil, err
	}
	p := &nodesPage{base: base{v.frame("clusters", "Nodes of "+cl.Name)}, Tabs: clusterTabs(cl.Name, "Nodes"), Name: cl.Name, May: permits[0], Action: at("clusters", cl.Name, "nodes"), Label: "Add nodes"}
	p.Crumbs, p.Problem = clusterCrumbs(cl.Name), problem(failed)
	p.Create = []ui.Field{{Name: "count", Label: "How many", Type: "number", Value: "1", Required: true}}
	p.Table = ui.Table{
		Caption: "Nodes", Columns: []ui.Column{{Title: "Name"}, {Title: "State"}, {Title: "Version"}, {Title: "Created"}, {Title: ""}},
		Empty: ui.Empty{Title: "No node", Text: "Without nodes nothing runs. Add some, or a node pool that keeps their number."},
	}
	nodes, err := v.api.Nodes(ctx, cl.Name)
	if err != nil {
		p.Table.Empty = ui.Empty{Title: "Nodes cannot be shown", Text: problem(err).Detail + ". " + problem(err).Hint}
	}
	const shown = 200
	for _, n := range nodes[:min(len(nodes), shown)] {
		p.Table.Rows = append(p.Table.Rows, nodeRow(cl.Name, n, permits[1], permits[2]))
	}
	if len(nodes) > shown {
		p.Table.Note = "The first 200 of " + count(len(nodes)) + " are shown; see all with: pratique node list"
	}
	return p, nil
}

func nodeRow(cluster string, n apiv1.Node, update, remove ui.Permit) ui.Row {
	state, label, do := &ui.Badge{Text: "ready", Tone: "ok"}, "Cordon", "cordon"
	if !n.Ready {
		state = &ui.Badge{Text: "not ready", Tone: "bad"}
	}
	if !n.Schedulable {
		state, label, do = &ui.Badge{Text: "cordoned", Tone: "warn"}, "Uncordon", "uncordon"
	}
	return ui.Row{Cells: []ui.Cell{{Text: n.Name}, {Badge: state}, {Text: n.Version}, {Text: day(n.Created)}, {Buttons: []ui.Button{
		{Label: label, Action: at("clusters", cluster, "nodes", n.Name, do), Permit: update, Form: ui.FormNumber()},
		{Label: "Delete", Kind: "danger", Action: at("clusters", cluster, "nodes", n.Name, "delete"), Permit: remove, Form: ui.FormNumber()},
	}}}}
}

func (c *Console) createNodes(ctx context.Context, v *visit) (answer, error) {
	made, err := v.api.NewNodes(ctx, v.path("name"), apiv1.NewNodes{Count: number(v.form("count"))})
	if err != nil {
		return c.nodesPage(ctx, v, err)
	}
	return goTo{at("clusters", v.path("name"), "nodes"), count(len(made)) + " nodes are added."}, nil
}

func (c *Console) changeNode(ctx context.Context, v *visit) (answer, error) {
	cluster, node := v.path("name"), v.path("node")
	schedulable := v.path("do") == "uncordon"
	var err error
	switch v.path("do") {
	case "cordon", "uncordon":
		_, err = v.api.PatchNode(ctx, cluster, node, apiv1.NodePatch{Schedulable: &schedulable})
	case "delete":
		err = v.api.DeleteNode(ctx, cluster, node)
	default:
		return c.nothingHere(ctx, v)
	}
	if err != nil {
		return c.nodesPage(ctx, v, err)
	}
	return goTo{at("clusters", cluster, "nodes"), "Done: " + v.path("do") + " " + node + "."}, nil
}

func (c *Console) pools(ctx context.Context, v *visit) (answer, error) {
	return c.poolsPage(ctx, v, nil)
}

func (c *Console) poolsPage(ctx context.Context, v *visit, failed error) (answer, error) {
	cl, err := v.api.Cluster(ctx, v.path("name"))
	if err != nil {
		return nil, err
	}
	permits, err := v.may(ctx, clusterAsk("nodepool.create", &cl), clusterAsk("nodepool.scale", &cl), clusterAsk("nodepool.delete", &cl))
	if err != nil {
		return nil, err
	}
	p := &nodesPage{base: base{v.frame("clusters", "Node pools of "+cl.Name)}, Tabs: clusterTabs(cl.Name, "Node pools"), Name: cl.Name, May: permits[0], Action: at("clusters", cl.Name, "pools"), Label: "Create node pool"}
	p.Crumbs, p.Problem = clusterCrumbs(cl.Name), problem(failed)
	p.Create = []ui.Field{
		{Name: "pool", Label: "Name", Value: v.form("pool"), Required: true, MaxLength: 64}, {Name: "count", Label: "Nodes to keep", Type: "number", Value: "1", Required: true},
	}
	p.Table = ui.Table{
		Caption: "Node pools", Columns: []ui.Column{{Title: "Name"}, {Title: "Nodes"}, {Title: "Wanted"}, {Title: ""}},
		Empty: ui.Empty{Title: "No node pool", Text: "A node pool keeps a number of equal nodes: it replaces what goes away."},
	}
	list, err := v.api.NodePools(ctx, cl.Name)
	if err != nil {
		p.Table.Empty = ui.Empty{Title: "Node pools cannot be shown", Text: problem(err).Detail}
	}
	for _, n := range list {
		if n.Ready != n.Count {
			p.Refresh = 3
		}
		p.Table.Rows = append(p.Table.Rows, ui.Row{Cells: []ui.Cell{{Text: n.Name, Sub: n.Error}, {Text: count(n.Ready) + " ready of " + count(n.Nodes)}, {Text: count(n.Count)}, {Buttons: []ui.Button{
			{Label: "One more", Action: at("clusters", cl.Name, "pools", n.Name, "scale"), Fields: []ui.Hidden{{Name: "count", Value: count(n.Count + 1)}}, Permit: permits[1], Form: ui.FormNumber()},
			{Label: "One less", Action: at("clusters", cl.Name, "pools", n.Name, "scale"), Fields: []ui.Hidden{{Name: "count", Value: count(max(n.Count-1, 0))}}, Permit: permits[1], Form: ui.FormNumber()},
			{Label: "Delete", Kind: "danger", Action: at("clusters", cl.Name, "pools", n.Name, "delete"), Permit: permits[2], Form: ui.FormNumber()},
		}}}})
	}
	return p, nil
}

func (c *Console) createPool(ctx context.Context, v *visit) (answer, error) {
	if _, err := v.api.NewNodePool(ctx, v.path("name"), apiv1.NewNodePool{Name: v.form("pool"), Count: number(v.form("count"))}); err != nil {
		return c.poolsPage(ctx, v, err)
	}
	return goTo{at("clusters", v.path("name"), "pools"), "Node pool " + v.form("pool") + " is created; its nodes follow."}, nil
}

func (c *Console) scalePool(ctx context.Context, v *visit) (answer, error) {
	n := number(v.form("count"))
	if _, err := v.api.PatchNodePool(ctx, v.path("name"), v.path("pool"), apiv1.NodePoolPatch{Count: &n}); err != nil {
		return c.poolsPage(ctx, v, err)
	}
	return goTo{at("clusters", v.path("name"), "pools"), "The pool keeps " + count(n) + " nodes from now on."}, nil
}

func (c *Console) deletePool(ctx context.Context, v *visit) (answer, error) {
	if err := v.api.DeleteNodePool(ctx, v.path("name"), v.path("pool")); err != nil {
		return c.poolsPage(ctx, v, err)
	}
	return goTo{at("clusters", v.path("name"), "pools"), "The pool is deleted; its nodes follow."}, nil
}
