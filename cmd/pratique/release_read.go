package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
)

func newReleaseList(e *env) *cobra.Command {
	var cluster, namespace string
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List releases",
		Long:    `List the releases in a namespace of a cluster; without one, in all, which takes the right to read Secrets everywhere.`,
		Example: `  pratique release list --cluster dev -n shop`,
		Args:    arguments(0, 0, ""),
	}
	clusterFlag(cmd, &cluster)
	cmd.Flags().StringVarP(&namespace, "namespace", "n", "", "only releases in this `NAMESPACE`")
	out := formatFlag(cmd, "table", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		all, err := c.Releases(cmd.Context(), cluster, namespace)
		if err != nil {
			return err
		}
		if out.value == "json" {
			return printJSON(cmd.OutOrStdout(), apiv1.List[apiv1.Release]{Items: all})
		}
		var rows [][]string
		for _, r := range all {
			rows = append(rows, []string{r.Namespace, r.Name, strconv.Itoa(r.Revision), r.Status, r.Chart + "-" + r.Version, r.AppVersion, e.age(r.Updated)})
		}
		return table(cmd.OutOrStdout(), []string{"NAMESPACE", "NAME", "REVISION", "STATUS", "CHART", "APP", "AGE"}, rows)
	}
	return cmd
}

func newReleaseGet(e *env) *cobra.Command {
	var at inRelease
	var full bool
	cmd := &cobra.Command{
		Use:   "get NAME",
		Short: "Show a release",
		Long:  `Show a release as it is now. Its values and manifests may hold secrets, and are shown with --full only.`,
		Example: `  pratique release get shop --cluster dev -n shop
  pratique release get shop --cluster dev -n shop --full -o json`,
		Args: arguments(1, 1, "the NAME of a release"),
	}
	at.flags(cmd)
	cmd.Flags().BoolVar(&full, "full", false, "with notes, values and manifests")
	out := formatFlag(cmd, "text", "json", "yaml")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		r, err := c.Release(cmd.Context(), at.cluster, at.namespace, args[0], full)
		if err != nil {
			return err
		}
		w := cmd.OutOrStdout()
		switch out.value {
		case "json":
			return printJSON(w, r)
		case "yaml":
			return printYAML(w, r)
		}
		for _, fact := range [][2]string{
			{"release", r.Name},
			{"namespace", r.Namespace},
			{"revision", strconv.Itoa(r.Revision)},
			{"status", r.Status},
			{"chart", r.Chart + "-" + r.Version},
			{"app", r.AppVersion},
			{"description", r.Description},
		} {
			if fact[1] != "" {
				_, _ = fmt.Fprintf(w, "%-12s %s\n", fact[0], line(fact[1]))
			}
		}
		if !full {
			return nil
		}
		return printYAML(w, map[string]any{"values": r.Values, "manifest": r.Manifest, "notes": r.Notes})
	}
	return cmd
}

func newReleaseHistory(e *env) *cobra.Command {
	var at inRelease
	cmd := &cobra.Command{
		Use:     "history NAME",
		Short:   "List the revisions of a release",
		Long:    `List the revisions of a release, the newest first. The last ten are kept.`,
		Example: `  pratique release history shop --cluster dev -n shop`,
		Args:    arguments(1, 1, "the NAME of a release"),
	}
	at.flags(cmd)
	out := formatFlag(cmd, "table", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		r, err := c.Release(cmd.Context(), at.cluster, at.namespace, args[0], false)
		if err != nil {
			return err
		}
		if out.value == "json" {
			return printJSON(cmd.OutOrStdout(), r.History)
		}
		var rows [][]string
		for _, h := range r.History {
			rows = append(rows, []string{strconv.Itoa(h.Revision), h.Status, h.Chart + "-" + h.Version, e.age(h.Updated), h.Description})
		}
		return table(cmd.OutOrStdout(), []string{"REVISION", "STATUS", "CHART", "AGE", "DESCRIPTION"}, rows)
	}
	return cmd
}

// completeReleaseChart completes the second word, a chart. The first is the name of a release.
func (e *env) completeReleaseChart(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) != 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return e.chartNames(cmd), cobra.ShellCompDirectiveNoFileComp
}
