package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
)

func newClusterTag(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tag NAME [KEY=VALUE... KEY-...]",
		Short: "Show or change the tags of a cluster",
		Long: `Show the tags of a cluster, or put some on it and, with KEY-, take others off: all at once, or none.

Policies can name tags: whoever may change them may change what those policies allow.`,
		Example: `  pratique cluster tag prod
  pratique cluster tag prod env=prod trial-`,
		Args: arguments(1, -1, "the NAME of a cluster"), ValidArgsFunction: e.completeClusters,
	}
	out := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		set, remove, err := settings(args[1:])
		if err != nil {
			return err
		}
		c, err := e.connect()
		if err != nil {
			return err
		}
		var tags map[string]string
		if len(args) == 1 {
			tags, err = c.ClusterTags(cmd.Context(), args[0])
		} else {
			tags, err = c.TagCluster(cmd.Context(), args[0], apiv1.TagChange{Set: set, Remove: remove})
		}
		if err != nil {
			return err
		}
		if out.value == "json" {
			return printJSON(cmd.OutOrStdout(), apiv1.Tags{Tags: tags})
		}
		for _, key := range slices.Sorted(maps.Keys(tags)) {
			_, _ = fmt.Fprintln(cmd.OutOrStdout(), line(key+"="+tags[key]))
		}
		return nil
	}
	return cmd
}

func newClusterResources(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "resources NAME",
		Short: "Show what a cluster is made of",
		Long: `Show what a cluster is made of: the roles by which what runs in it acts, with the policies that are attached to them,
its node pools and its add-ons.`,
		Example: "  pratique cluster resources prod",
		Args:    arguments(1, 1, "the NAME of a cluster"), ValidArgsFunction: e.completeClusters,
	}
	out := formatFlag(cmd, "text", "json", "yaml")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		r, err := c.ClusterResources(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		switch out.value {
		case "json":
			return printJSON(cmd.OutOrStdout(), r)
		case "yaml":
			return printYAML(cmd.OutOrStdout(), r)
		}
		return e.printResources(cmd.OutOrStdout(), r)
	}
	return cmd
}

func (e *env) printResources(w io.Writer, r apiv1.ClusterResources) error {
	fact := func(name, value string) {
		if value != "" {
			_, _ = fmt.Fprintf(w, "%-16s%s\n", name, line(value))
		}
	}
	fact("cluster", r.Cluster)
	fact("id", r.ID)
	fact("type", r.Type)
	fact("provisioner", r.Provisioner)
	fact("billing", r.Billing)
	fact("server", r.Server)
	fact("nodes ready", fmt.Sprintf("%d/%d", r.NodesReady, r.Nodes))
	var roles [][]string
	role := func(what string, r apiv1.RoleResource) {
		name := r.Name
		if r.ID == "" {
			name += " (missing)"
		}
		roles = append(roles, []string{what, name, r.Service, strings.Join(r.Policies, ", "), strings.Join(r.Addons, ", ")})
	}
	if r.WorkerRole != nil {
		role("worker role", *r.WorkerRole)
	}
	for _, s := range r.ServiceRoles {
		role("service role", s)
	}
	if len(roles) > 0 {
		_, _ = fmt.Fprintln(w)
		if err := table(w, []string{"ROLE", "NAME", "TRUSTS", "POLICIES", "ADD-ONS"}, roles); err != nil {
			return err
		}
	}
	if len(r.NodePools) > 0 {
		_, _ = fmt.Fprintln(w, "\nnode pools")
		if err := e.poolTable(w, r.NodePools); err != nil {
			return err
		}
	}
	if len(r.Addons) == 0 {
		return nil
	}
	_, _ = fmt.Fprintln(w)
	var rows [][]string
	for _, a := range r.Addons {
		rows = append(rows, []string{a.Name, a.Version, a.State, a.Role})
	}
	return table(w, []string{"ADD-ON", "VERSION", "STATE", "ACTS AS"}, rows)
}

func newQuota(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "quota",
		Short: "What the account has, and may have",
		Long: `Show how much the account has of everything that is counted, and how much it may have. Where a limit holds for each of
several owners, the one that has most is shown. No limit is "-".`,
		Example: "  pratique quota",
		Args:    arguments(0, 0, ""),
	}
	out := formatFlag(cmd, "table", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		q, err := c.Quotas(cmd.Context())
		if err != nil {
			return err
		}
		if out.value == "json" {
			return printJSON(cmd.OutOrStdout(), q)
		}
		var rows [][]string
		for _, item := range q.Items {
			name, limit := item.Name, ""
			if item.Per != "" {
				name += " per " + item.Per
			}
			if item.Limit > 0 {
				limit = strconv.Itoa(item.Limit)
			}
			rows = append(rows, []string{name, strconv.Itoa(item.Used), limit, item.Most})
		}
		return table(cmd.OutOrStdout(), []string{"QUOTA", "USED", "LIMIT", "MOST"}, rows)
	}
	return cmd
}
