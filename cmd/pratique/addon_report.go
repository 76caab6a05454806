package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

func newAddonReport(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "report REPORT",
		Short:   "Show the report of a precheck",
		Long:    "Show the report of a precheck again. It says what held when it was made. The exit code is 1 when something was missing.",
		Example: "  pratique addon report rep-f3k7c2",
		Args:    arguments(1, 1, "the id of a REPORT"),
	}
	out := formatFlag(cmd, "table", "json", "yaml")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		r, err := c.Report(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		done, err := printAs(cmd.OutOrStdout(), out, r)
		if !done {
			err = e.printReport(cmd.OutOrStdout(), r)
		}
		if err == nil && !r.Passed {
			err = errNo
		}
		return err
	}
	return cmd
}

func newAddonReports(e *env) *cobra.Command {
	var options client.ReportOptions
	cmd := &cobra.Command{
		Use:     "reports",
		Short:   "List the reports of prechecks",
		Long:    "List the reports of prechecks that you may see, newest first.",
		Example: "  pratique addon reports --cluster prod",
		Args:    arguments(0, 0, ""),
	}
	cmd.Flags().StringVar(&options.Cluster, "cluster", "", "only about the cluster with this `NAME`")
	cmd.Flags().StringVar(&options.Addon, "addon", "", "only about the add-on with this `NAME`")
	cmd.Flags().IntVar(&options.Limit, "limit", 0, "at most this `NUMBER` (default: 100)")
	out := formatFlag(cmd, "table", "json", "yaml")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		reports, err := c.Reports(cmd.Context(), options)
		if err != nil {
			return err
		}
		if done, err := printAs(cmd.OutOrStdout(), out, apiv1.List[apiv1.Report]{Items: reports}); done {
			return err
		}
		return reportTable(cmd.OutOrStdout(), reports)
	}
	return cmd
}

type addonAuthorize struct {
	*env
	body        apiv1.Authorize
	yes, dryRun bool
}

func newAddonAuthorize(e *env) *cobra.Command {
	a := addonAuthorize{env: e}
	cmd := &cobra.Command{
		Use:   "authorize REPORT",
		Short: "Give an add-on what a report says that it lacks",
		Long: `Show what would give an add-on what it lacks, as a diff of the directory; ask; do it all at once, under your
own rights; and check again. What is proposed is worked out when it is done: what somebody else has granted
meanwhile is not granted twice.

By default the add-on is given exactly what is missing. With --system-policy it is given the policy of the
vendor, and beside it only what that does not cover.

At a terminal you are asked whether to go on; elsewhere --yes is needed. The exit code is 1 when something is
still missing.`,
		Example: `  pratique addon authorize rep-f3k7c2
  pratique addon authorize rep-f3k7c2 --system-policy --yes
  pratique addon authorize rep-f3k7c2 --dry-run`,
		Args: arguments(1, 1, "the id of a REPORT"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.run(cmd, args[0]) },
	}
	f := cmd.Flags()
	f.BoolVar(&a.body.SystemPolicy, "system-policy", false, "give it the policy of the vendor")
	f.StringVar(&a.body.Method, "method", "", "refuse unless this `METHOD` is the one that fits the cluster, such as install-precheck")
	f.StringVar(&a.body.Reason, "reason", "", "`TEXT` for the audit record")
	f.BoolVar(&a.dryRun, "dry-run", false, "show the diff and change nothing")
	f.BoolVarP(&a.yes, "yes", "y", false, "do not ask")
	return cmd
}

func (a *addonAuthorize) run(cmd *cobra.Command, report string) error {
	if !a.yes && !a.dryRun && !a.terminal {
		return usage("nobody can be asked here; add --yes to authorize, or --dry-run to see what would be done")
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	plan, err := c.AuthorizeReport(cmd.Context(), report, a.body, true)
	if err != nil {
		return fmt.Errorf("nothing was granted: %w", err)
	}
	w := cmd.OutOrStdout()
	for _, s := range plan.Steps {
		if s.Cascaded {
			continue // it comes with what stands above
		}
		if err := a.printDiffTo(w, s, "proposed"); err != nil {
			return err
		}
	}
	a.printWarnings(cmd.ErrOrStderr(), plan.Warnings)
	n := countSteps(plan.Steps).changed()
	switch {
	case a.dryRun:
		_, err := fmt.Fprintf(w, "dry run: nothing was changed, %s would be\n", plural(n, "object"))
		return err
	case n == 0:
		_, _ = fmt.Fprintln(w, "there is nothing to grant: it holds everything already")
	default:
		if goOn, err := a.agreed(cmd, a.yes, fmt.Sprintf("Make %s?", plural(n, "change"))); err != nil || !goOn {
			return err
		}
	}
	done, err := c.AuthorizeReport(cmd.Context(), report, a.body, false)
	if err != nil {
		return fmt.Errorf("nothing was granted: %w", err)
	}
	printDone(w, done.Steps)
	_, _ = fmt.Fprintln(w)
	if err := a.printReport(w, done.Report); err != nil {
		return err
	}
	if !done.Report.Passed {
		return errNo
	}
	return nil
}
