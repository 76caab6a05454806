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

func (c *Console) permissionRoutes() []route {
	const get, post = "GET " + Prefix, "POST " + Prefix
	return []route{
		{get + "permissions", c.clusterLevel, false},
		{get + "permissions/namespaces", c.namespaceLevel, false},
		{get + "permissions/namespaces/new", c.newNamespacePermission, false},
		{post + "permissions/namespaces/new", c.createNamespacePermission, false},
		{get + "permissions/namespaces/{name}/delete", c.confirmDeletePermission, false},
		{post + "permissions/namespaces/{name}/delete", c.deletePermission, false},
		{get + "clusters/{name}/permissions", c.clusterPermissions, false},
	}
}

func permissionTabs(current string) ui.Tabs {
	return ui.Tabs{
		{Title: "Cluster level", Href: at("permissions"), Current: current == "cluster"},
		{Title: "Namespace level", Href: at("permissions", "namespaces"), Current: current == "namespace"},
	}
}

// clusterLevelPage shows which groups may operate clusters, and where. Only whoever may see groups sees it (seed B: Security Administrators).
type clusterLevelPage struct {
	base
	Tabs  ui.Tabs
	New   ui.Button
	Table ui.Table
}

func (*clusterLevelPage) template() string { return "cluster-level" }

func (c *Console) clusterLevel(ctx context.Context, v *visit) (answer, error) {
	p := &clusterLevelPage{base: base{v.frame("permissions", "Permissions")}, Tabs: permissionTabs("cluster")}
	permits, err := v.may(ctx, on("group.create", ""))
	if err != nil {
		return nil, err
	}
	p.New = ui.Button{Label: "Create user group", Kind: "primary", Href: at("groups", "new"), Permit: permits[0]}
	o := v.listOptions()
	o.Limit = 50
	groups, err := v.api.List(ctx, pratique.KindGroup, o)
	if errors.Is(err, pratique.ErrDenied) {
		p.Table.Empty = ui.Empty{
			Title: "Only Security Administrators see user groups and what they hold",
			Text:  problem(err).Detail + ". What you hold yourself stands on the page My access.",
		}
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	p.Table = v.listing(groups.Next, ui.Table{
		Caption: "User groups and their permissions", Columns: []ui.Column{v.sorted("User group", "name"), {Title: "Permissions"}, {Title: "Users", Number: true}},
		Empty: ui.Empty{Title: "No user group yet", Text: "Create a user group, give it permissions such as CCE ReadOnlyAccess in a project, then put users into it.", Button: &p.New},
	})
	for _, m := range groups.Items {
		var spec pratique.GroupSpec
		if err := specOf(m, &spec); err != nil {
			return nil, err
		}
		held, err := c.heldText(ctx, v, m.Metadata.Name)
		if err != nil {
			return nil, err
		}
		p.Table.Rows = append(p.Table.Rows, ui.Row{Cells: []ui.Cell{{Text: m.Metadata.Name, Href: at("groups", m.Metadata.Name)}, {Text: held}, {Text: count(len(spec.Members))}}})
	}
	return p, nil
}

// heldText lists what a group holds, in a line.
func (c *Console) heldText(ctx context.Context, v *visit, group string) (string, error) {
	list, err := v.api.List(ctx, pratique.KindGrant, client.ListOptions{Group: group, Limit: 10})
	if errors.Is(err, pratique.ErrDenied) {
		return "not shown to you", nil
	}
	if err != nil {
		return "", err
	}
	var out []string
	for _, m := range list.Items {
		var spec pratique.GrantSpec
		if err := specOf(m, &spec); err != nil {
			return "", err
		}
		out = append(out, spec.Policy+" ("+scopeText(spec.Scope)+")")
	}
	if list.Next != "" {
		out = append(out, "…")
	}
	if len(out) == 0 {
		return "nothing", nil
	}
	return strings.Join(out, "; "), nil
}

// namespaceLevelPage shows who may do what inside clusters.
type namespaceLevelPage struct {
	base
	Tabs  ui.Tabs
	Name  string // of the cluster, when it is about one
	New   ui.Button
	Table ui.Table
	Plan  ui.Table // what the permissions make in the cluster
	Note  string
}

func (*namespaceLevelPage) template() string { return "namespace-level" }

func (c *Console) namespaceLevel(ctx context.Context, v *visit) (answer, error) {
	p := &namespaceLevelPage{base: base{v.frame("permissions", "Permissions")}, Tabs: permissionTabs("namespace")}
	return p, c.fillPermissions(ctx, v, p, "")
}

func (c *Console) clusterPermissions(ctx context.Context, v *visit) (answer, error) {
	cl, err := v.api.Cluster(ctx, v.path("name"))
	if err != nil {
		return nil, err
	}
	p := &namespaceLevelPage{base: base{v.frame("clusters", "Namespace permissions of "+cl.Name)}, Tabs: clusterTabs(cl.Name, "Namespace permissions"), Name: cl.Name, Note: cl.Note}
	p.Crumbs = clusterCrumbs(cl.Name)
	if err := c.fillPermissions(ctx, v, p, cl.Name); err != nil {
		return nil, err
	}
	plan, err := v.api.ClusterRBAC(ctx, cl.Name)
	if err != nil {
		return p, nil //nolint:nilerr // whoever may not see the plan sees the list alone
	}
	p.Plan = ui.Table{Caption: "What is in the cluster", Columns: []ui.Column{{Title: "Object"}, {Title: "Namespace"}, {Title: "ClusterRole"}, {Title: "State"}}}
	const shown = 200
	for _, s := range plan.Steps[:min(len(plan.Steps), shown)] {
		tone := map[string]string{"unchanged": "ok", "conflict": "bad"}[s.Action]
		if tone == "" {
			tone = "warn"
		}
		p.Plan.Rows = append(p.Plan.Rows, ui.Row{Cells: []ui.Cell{{Text: s.Kind + " " + s.Name}, {Text: s.Namespace}, {Text: s.ClusterRole}, {Badge: &ui.Badge{Text: s.Action, Tone: tone}, Sub: s.Because}}})
	}
	return p, nil
}

func (c *Console) fillPermissions(ctx context.Context, v *visit, p *namespaceLevelPage, cluster string) error {
	// The form itself decides: what may be given depends on the cluster that is chosen there.
	p.New = ui.Button{Label: "Add permission", Kind: "primary", Href: href([]string{"permissions", "namespaces", "new"}, "cluster", cluster), Permit: ui.Permit{Allowed: true}}
	o := v.listOptions()
	o.Cluster = cluster
	list, err := v.api.List(ctx, pratique.KindNamespacePermission, o)
	if errors.Is(err, pratique.ErrDenied) {
		p.Table.Empty = ui.Empty{Title: "You may not see namespace permissions", Text: problem(err).Detail}
		return nil
	}
	if err != nil {
		return err
	}
	p.Table = v.listing(list.Next, ui.Table{
		Caption: "Namespace permissions", Columns: []ui.Column{{Title: "Who"}, {Title: "May"}, {Title: "Clusters"}, {Title: "Namespaces"}, v.sorted("Given", "created"), {Title: ""}},
		Empty: ui.Empty{
			Title: "No namespace permission yet", Button: &p.New,
			Text: "A cluster permission opens a cluster; what is inside stays closed. A namespace permission gives somebody a role in namespaces: view, edit, admin, or any ClusterRole.",
		},
	})
	for _, m := range list.Items {
		var spec pratique.NamespacePermissionSpec
		if err := specOf(m, &spec); err != nil {
			return err
		}
		kind, name := principalIn(spec)
		p.Table.Rows = append(p.Table.Rows, ui.Row{Cells: []ui.Cell{
			{Text: name, Href: at(kind+"s", name), Sub: kind},
			{Text: spec.ClusterRole},
			{Text: strings.Join(spec.Clusters, ", ")},
			{Text: strings.Join(spec.Namespaces, ", ")},
			{Text: day(m.Metadata.Created)},
			{Text: "Take away…", Href: at("permissions", "namespaces", m.Metadata.Name, "delete")},
		}})
	}
	return nil
}

func principalIn(s pratique.NamespacePermissionSpec) (kind, name string) {
	switch {
	case s.User != "":
		return "user", s.User
	case s.Group != "":
		return "group", s.Group
	default:
		return "role", s.Role
	}
}

// newPermissionPage is the form for a namespace permission.
type newPermissionPage struct {
	base
	Fields []ui.Field
	Back   string
}

func (*newPermissionPage) template() string { return "new-permission" }

func (c *Console) newNamespacePermission(ctx context.Context, v *visit) (answer, error) {
	return c.permissionForm(ctx, v, nil)
}

func (c *Console) permissionForm(ctx context.Context, v *visit, failed error) (answer, error) {
	p := &newPermissionPage{base: base{v.frame("permissions", "Add namespace permission")}, Back: at("permissions", "namespaces")}
	p.Crumbs, p.Problem = []ui.Link{{Title: "Permissions", Href: p.Back}}, problem(failed)
	clusters, err := v.api.ListClusters(ctx, client.ClusterOptions{Limit: 200})
	if err != nil {
		return nil, err
	}
	cluster := v.form("cluster")
	if cluster == "" {
		cluster = v.query("cluster")
	}
	options := []ui.Option{{Title: "All clusters, those to come as well", Value: pratique.AllClusters, Chosen: cluster == pratique.AllClusters}}
	for _, cl := range clusters.Items {
		options = append(options, ui.Option{Title: cl.Name, Value: cl.Name, Chosen: cl.Name == cluster})
	}
	p.Fields = []ui.Field{
		{Name: "kind", Label: "For a", Type: "select", Options: optionsOf(v.form("kind"), "group", "user", "role")},
		{Name: "who", Label: "Name", Value: v.form("who"), Required: true, MaxLength: 64, Focus: true},
		{Name: "cluster", Label: "Cluster", Type: "select", Options: options},
		{Name: "namespaces", Label: "Namespaces", Value: v.form("namespaces"), Required: true, Placeholder: "dev, test", Hint: "Names with commas between, or * for all"},
		{Name: "preset", Label: "Permission", Type: "select", Options: presets(v.form("preset"))},
		{Name: "clusterRole", Label: "Custom ClusterRole", Value: v.form("clusterRole"), MaxLength: 253, Hint: "Only for custom: the name of a ClusterRole in the cluster"},
	}
	return p, nil
}

func optionsOf(chosen string, values ...string) []ui.Option {
	var out []ui.Option
	for _, v := range values {
		out = append(out, ui.Option{Title: v, Value: v, Chosen: v == chosen})
	}
	return out
}

// custom stands for a ClusterRole by its name; no ClusterRole is called so.
const custom = "=custom"

func presets(chosen string) []ui.Option {
	return []ui.Option{
		{Title: "view: read everything but secrets", Value: "view", Chosen: chosen == "view"},
		{Title: "edit: change workloads, read secrets", Value: "edit", Chosen: chosen == "edit"},
		{Title: "admin: edit, and give roles in the namespace", Value: "admin", Chosen: chosen == "admin"},
		{Title: "cluster-admin: everything", Value: "cluster-admin", Chosen: chosen == "cluster-admin"},
		{Title: "custom", Value: custom, Chosen: chosen == custom},
	}
}

func (c *Console) createNamespacePermission(ctx context.Context, v *visit) (answer, error) {
	spec := pratique.NamespacePermissionSpec{ClusterRole: v.form("preset"), Clusters: []string{v.form("cluster")}}
	if spec.ClusterRole == custom {
		spec.ClusterRole = v.form("clusterRole")
	}
	for n := range strings.SplitSeq(v.form("namespaces"), ",") {
		if n = strings.TrimSpace(n); n != "" {
			spec.Namespaces = append(spec.Namespaces, n)
		}
	}
	who := v.form("who")
	switch v.form("kind") {
	case "user":
		spec.User = who
	case "role":
		spec.Role = who
	default:
		spec.Group = who
	}
	where := spec.Clusters[0]
	if where == pratique.AllClusters {
		where = "all"
	}
	name := strings.ReplaceAll(who, "@", "_") + "-" + strings.ReplaceAll(spec.ClusterRole, ":", ".") + "-" + where + "-" + ui.FormNumber()[:6]
	m, err := manifest(pratique.KindNamespacePermission, name, spec)
	if err != nil {
		return nil, err
	}
	result, err := v.api.Change(ctx, apiv1.Changes{Changes: []apiv1.Change{{Put: &m}}})
	if err != nil {
		return c.permissionForm(ctx, v, err)
	}
	return goTo{at("permissions", "namespaces"), noted(who+" has "+spec.ClusterRole+" in "+strings.Join(spec.Namespaces, ", ")+"; it is in force in the cluster within seconds.", result.Warnings)}, nil
}

func (c *Console) confirmDeletePermission(ctx context.Context, v *visit) (answer, error) {
	return c.deletePermissionForm(ctx, v, nil)
}

func (c *Console) deletePermissionForm(ctx context.Context, v *visit, failed error) (answer, error) {
	out, err := c.confirmDelete(ctx, v, pratique.KindNamespacePermission, "permissions", failed)
	p, ok := out.(*deletePage)
	if err != nil || !ok {
		return out, err
	}
	list := at("permissions", "namespaces")
	p.Crumbs = []ui.Link{{Title: "Permissions", Href: list}}
	p.Danger.Action, p.Danger.Back = at("permissions", "namespaces", v.path("name"), "delete"), list
	p.Danger.Text = "The permission " + v.path("name") + " is taken away; in the cluster within seconds, and running streams end."
	return p, nil
}

func (c *Console) deletePermission(ctx context.Context, v *visit) (answer, error) {
	name := v.path("name")
	if v.form("confirm") != name {
		return c.deletePermissionForm(ctx, v, wrong("the name that you typed is another one; nothing was taken away"))
	}
	if _, err := v.api.Change(ctx, deletion(pratique.KindNamespacePermission, name)); err != nil {
		return c.deletePermissionForm(ctx, v, err)
	}
	return goTo{at("permissions", "namespaces"), "The permission is taken away."}, nil
}
