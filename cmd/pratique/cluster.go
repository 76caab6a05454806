package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

func newCluster(e *env) *cobra.Command {
	return family("cluster", "The clusters of the fleet", `Clusters are created here or attached, listed, changed and deleted, and made to ask Pratique who may do what.

Two kinds of permissions count: cluster permissions say who may see, create, change and delete
clusters; namespace permissions say who may do what inside them. What somebody may do inside a
cluster, and why, is answered by: pratique why WHO VERB RESOURCE -n NAMESPACE --cluster NAME`,
		newClusterCreate(e), newClusterManifest(e), newClusterAttach(e), newClusterList(e), newClusterGet(e), newClusterUpdate(e), newClusterStart(e), newClusterStop(e), newClusterUpgrade(e),
		newClusterDelete(e), newClusterConnect(e), newClusterRBAC(e), newClusterTag(e), newClusterResources(e))
}

func newClusterList(e *env) *cobra.Command {
	var options client.ClusterOptions
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the clusters that you may see",
		Long: `List the clusters that you may see. Each is decided by itself: whoever holds cluster permissions in one
project or enterprise project sees the clusters there.

The state is what was seen last, at most some seconds ago.`,
		Example: `  pratique cluster list
  pratique cluster list --type cce-standard -o wide`,
		Args: arguments(0, 0, ""),
	}
	cmd.Flags().StringVar(&options.Name, "name", "", "only clusters with this `TEXT` in their name")
	cmd.Flags().StringVar(&options.Type, "type", "", "only clusters of this `TYPE`")
	completeFlag(cmd, "type", clusterTypes)
	out := formatFlag(cmd, "table", "wide", "json", "yaml", "name")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		options.Limit = 500
		list, err := c.Clusters(cmd.Context(), options)
		if err != nil {
			return err
		}
		w := cmd.OutOrStdout()
		switch out.value {
		case "json":
			return printJSON(w, list)
		case "yaml":
			return printYAML(w, list)
		case "name":
			for _, cl := range list.Items {
				_, _ = fmt.Fprintln(w, "cluster/"+line(cl.Name))
			}
			return nil
		}
		if len(list.Items) == 0 {
			_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "no clusters found; %s\n", text(list.Hint))
			return nil
		}
		return e.clusterTable(w, list.Items, out.value == "wide")
	}
	return cmd
}

func (e *env) clusterTable(w io.Writer, items []apiv1.Cluster, wide bool) error {
	header := []string{"NAME", "TYPE", "STATE", "VERSION", "NODES", "PROJECT", "ENTERPRISE PROJECT", "AGE"}
	if wide {
		header = append(header, "ID", "PROVISIONER", "CREATOR", "TAGS", "SERVER")
	}
	var rows [][]string
	for _, c := range items {
		row := []string{c.Name, c.Type, stateText(c), c.Status.Version, nodesText(c.Status), c.Project, c.EnterpriseProject, e.age(c.Created)}
		if wide {
			row = append(row, c.ID, c.Provisioner, c.Creator, tagsText(c.Tags), c.Server)
		}
		rows = append(rows, row)
	}
	return table(w, header, rows)
}

func stateText(c apiv1.Cluster) string {
	if c.Shadow {
		return c.Status.Phase + " (shadow)"
	}
	return c.Status.Phase
}

func nodesText(s apiv1.ClusterStatus) string {
	if s.Phase != "running" { // nobody knows
		return ""
	}
	return fmt.Sprintf("%d/%d", s.NodesReady, s.Nodes)
}

func tagsText(tags map[string]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		parts = append(parts, k+"="+tags[k])
	}
	return strings.Join(parts, ",")
}

func newClusterGet(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:               "get NAME",
		Short:             "Show one cluster",
		Long:              `Show a cluster, by its name or id: its settings, and what was seen of it last.`,
		Example:           `  pratique cluster get prod`,
		Args:              arguments(1, 1, "the NAME of a cluster"),
		ValidArgsFunction: e.completeClusters,
	}
	out := formatFlag(cmd, "text", "json", "yaml")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		cl, err := c.Cluster(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		switch out.value {
		case "json":
			return printJSON(cmd.OutOrStdout(), cl)
		case "yaml":
			return printYAML(cmd.OutOrStdout(), cl)
		}
		e.printCluster(cmd.OutOrStdout(), cl)
		return nil
	}
	return cmd
}

func (e *env) printCluster(w io.Writer, c apiv1.Cluster) {
	fact := func(name, value string) {
		if value != "" {
			_, _ = fmt.Fprintf(w, "%-20s%s\n", name, line(value))
		}
	}
	fact("name", c.Name)
	fact("id", c.ID)
	fact("type", c.Type)
	fact("provisioner", c.Provisioner)
	fact("project", c.Project)
	fact("enterprise project", c.EnterpriseProject)
	fact("tags", tagsText(c.Tags))
	fact("billing", c.Billing)
	fact("creator", c.Creator)
	fact("created", clock(c.Created))
	fact("server", c.Server)
	fact("state", stateText(c))
	fact("version", c.Status.Version)
	if nodes := nodesText(c.Status); nodes != "" {
		fact("nodes ready", nodes)
	}
	fact("error", c.Status.Error)
	for _, warning := range c.Status.Warnings {
		fact("warning", warning)
	}
	if !c.Status.Seen.IsZero() {
		fact("seen", e.age(c.Status.Seen)+" ago")
	}
	if !c.Status.Asked.IsZero() {
		fact("last asked us", e.age(c.Status.Asked)+" ago")
	}
	if c.Note != "" {
		_, _ = fmt.Fprintf(w, "\nnote: %s\n", text(c.Note))
	}
}

func newClusterRBAC(e *env) *cobra.Command {
	var plan bool
	cmd := &cobra.Command{
		Use:   "rbac NAME --plan",
		Short: "Show what namespace permissions make inside a cluster",
		Long: `Show the plan that makes the RBAC objects of a cluster what the namespace permissions say. The server
carries it out by itself, and repairs what others change; nothing is changed by showing it.

  + create   ~ update or replace   - delete   ? waits for a namespace or ClusterRole   ! not ours`,
		Example:           `  pratique cluster rbac prod --plan`,
		Args:              arguments(1, 1, "the NAME of a cluster"),
		ValidArgsFunction: e.completeClusters,
	}
	cmd.Flags().BoolVar(&plan, "plan", true, "show the plan")
	out := formatFlag(cmd, "text", "json", "yaml")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !plan {
			return usage("rbac shows the plan and does nothing else; the server carries it out by itself")
		}
		c, err := e.connect()
		if err != nil {
			return err
		}
		p, err := c.ClusterRBAC(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		switch out.value {
		case "json":
			return printJSON(cmd.OutOrStdout(), p)
		case "yaml":
			return printYAML(cmd.OutOrStdout(), p)
		}
		e.printRBAC(cmd.OutOrStdout(), p)
		return nil
	}
	return cmd
}

func (e *env) printRBAC(w io.Writer, p apiv1.RBACPlan) {
	unchanged := 0
	for _, s := range p.Steps {
		mark, colour := rbacMark(s.Action)
		if mark == "" {
			unchanged++
			continue
		}
		at := s.Kind + " " + s.Name
		if s.Namespace != "" {
			at = s.Kind + " " + s.Namespace + "/" + s.Name
		}
		_, _ = fmt.Fprintln(w, e.paint(colour, mark+" "+line(at))+line(fmt.Sprintf(": %s to %s (%s)", s.ClusterRole, s.Subject, s.Because)))
	}
	_, _ = fmt.Fprintf(w, "= unchanged %d\n", unchanged)
	if !p.Synced.IsZero() {
		_, _ = fmt.Fprintf(w, "last carried out %s ago\n", e.age(p.Synced))
	}
	if p.Error != "" {
		_, _ = fmt.Fprintf(w, "%sthe last attempt did not succeed: %s\n", e.paint(yellow, "warning: "), text(p.Error))
	}
}

func rbacMark(action string) (mark, colour string) {
	switch action {
	case "create":
		return "+", green
	case "update", "replace":
		return "~", yellow
	case "delete":
		return "-", red
	case "waiting":
		return "?", yellow
	case "conflict":
		return "!", red
	case "unchanged":
		return "", ""
	default: // a newer server may do more
		return action, yellow
	}
}
