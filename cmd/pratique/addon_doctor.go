package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
)

func newAddonDoctor(e *env) *cobra.Command {
	var cluster string
	cmd := &cobra.Command{
		Use:   "doctor NAME --cluster CLUSTER",
		Short: "Compare what an add-on needs, holds and has used",
		Long: `Compare what the controller of an installed add-on needs, with the settings that are in the cluster now; what the
role holds as which it acts; and what it has asked the server about since that started. Says what is missing, what
is more than it needs, and writes the smallest policy that is enough.

The exit code is 1 when something is missing.`,
		Example: `  pratique addon doctor mse-ingress-controller --cluster prod
  pratique addon doctor mse-ingress-controller --cluster prod -o policy > minimal.json`,
		Args:              arguments(1, 1, "the NAME of an add-on"),
		ValidArgsFunction: e.completeAddons,
	}
	clusterFlag(cmd, &cluster)
	completeFlag(cmd, "cluster", func(begun string) []string { return e.clusterNames(cmd, begun) })
	out := formatFlag(cmd, "text", "json", "yaml", "policy")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		d, err := c.AddonDoctor(cmd.Context(), cluster, args[0])
		if err != nil {
			return err
		}
		w := cmd.OutOrStdout()
		switch done, err := printAs(w, out, d); {
		case done:
			return err
		case out.value == "policy":
			if len(d.Policy) == 0 {
				return fmt.Errorf("%s needs no policy", line(d.Addon))
			}
			return printJSON(w, d.Policy)
		}
		if err := e.printDoctor(w, d); err != nil {
			return err
		}
		if len(d.Missing) > 0 {
			return errNo
		}
		return nil
	}
	return cmd
}

func (e *env) printDoctor(w io.Writer, d apiv1.AddonDoctor) error {
	_, _ = fmt.Fprintf(w, "%s in cluster %s acts as %s\n\n", line(d.Addon), line(d.Cluster), line(orNone(d.Principal)))
	yes := func(b bool) string {
		if b {
			return "yes"
		}
		return "no"
	}
	var rows [][]string
	for _, r := range d.Rows {
		used := "-"
		if r.Used {
			used = clock(r.LastUsed)
		}
		rows = append(rows, []string{r.Action, r.Resource, r.NeededBy, yes(r.Needed), yes(r.Held), used})
	}
	if err := table(w, []string{"ACTION", "RESOURCE", "NEEDED BY", "NEEDED", "HELD", "LAST USED"}, rows); err != nil {
		return err
	}
	for _, part := range []struct {
		title string
		lines []string
	}{{"missing", d.Missing}, {"more than it needs", d.Surplus}, {"what to do", d.Advice}} {
		if len(part.lines) == 0 {
			continue
		}
		_, _ = fmt.Fprintf(w, "\n%s:\n", part.title)
		for _, l := range part.lines {
			_, _ = fmt.Fprintf(w, "  %s\n", line(l))
		}
	}
	if len(d.Policy) == 0 {
		return nil
	}
	_, _ = fmt.Fprintln(w, "\nthe smallest policy that is enough:")
	return printJSON(w, d.Policy)
}
