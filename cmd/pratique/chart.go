package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/chart"
)

func newChart(e *env) *cobra.Command {
	return family("chart", "Helm charts that are kept in the account", `Helm charts that are kept in the account, to be installed with pratique release install.

A chart is an archive of at most 10 MiB, as helm package makes it, with everything in it that it depends on.`,
		newChartUpload(e), newChartUpdate(e), newChartList(e), newChartGet(e), newChartPull(e), newChartDelete(e))
}

// readChart reads an archive and checks it as the server will, so that what is wrong is said before 10 MiB have travelled.
func readChart(file string) (*chart.Chart, []byte, error) {
	f, err := os.Open(file) //nolint:gosec // the file that the user names
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = f.Close() }() // opened for reading
	data, err := io.ReadAll(io.LimitReader(f, chart.MaxArchive+1))
	if err != nil {
		return nil, nil, err
	}
	opened, err := chart.Open(data)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", file, err)
	}
	return opened, data, nil
}

func newChartUpload(e *env) *cobra.Command {
	return &cobra.Command{
		Use:     "upload FILE",
		Short:   "Upload the archive of a chart",
		Long:    `Upload the archive of a chart. A version that is there already is left alone when it is the same, and refused when it is not.`,
		Example: `  pratique chart upload web-1.2.3.tgz`,
		Args:    arguments(1, 1, "the FILE with the archive"),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, data, err := readChart(args[0])
			if err != nil {
				return err
			}
			c, err := e.connect()
			if err != nil {
				return err
			}
			kept, err := c.UploadChart(cmd.Context(), data)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "chart/%s uploaded\n", line(kept.Name))
			return err
		},
	}
}

func newChartUpdate(e *env) *cobra.Command {
	return &cobra.Command{
		Use:     "update FILE",
		Short:   "Replace a chart by another archive of the same version",
		Long:    `Replace a chart by another archive of the same name and version. What was installed from it stays as it is.`,
		Example: `  pratique chart update web-1.2.3.tgz`,
		Args:    arguments(1, 1, "the FILE with the archive"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opened, data, err := readChart(args[0])
			if err != nil {
				return err
			}
			c, err := e.connect()
			if err != nil {
				return err
			}
			kept, err := c.UpdateChart(cmd.Context(), pratique.ChartName(opened.Name, opened.Version), data)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "chart/%s updated\n", line(kept.Name))
			return err
		},
	}
}

func newChartList(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List charts",
		Long:    `List the charts of the account.`,
		Example: `  pratique chart list`,
		Args:    arguments(0, 0, ""),
	}
	out := formatFlag(cmd, "table", "json", "name")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		all, err := c.Charts(cmd.Context())
		if err != nil {
			return err
		}
		switch out.value {
		case "json":
			return printJSON(cmd.OutOrStdout(), apiv1.List[apiv1.Chart]{Items: all})
		case "name":
			for _, ch := range all {
				_, _ = fmt.Fprintln(cmd.OutOrStdout(), "chart/"+line(ch.Name))
			}
			return nil
		}
		var rows [][]string
		for _, ch := range all {
			rows = append(rows, []string{ch.Name, ch.AppVersion, fmt.Sprint(ch.Size), e.age(ch.Updated), ch.Description})
		}
		return table(cmd.OutOrStdout(), []string{"NAME", "APP", "BYTES", "AGE", "DESCRIPTION"}, rows)
	}
	return cmd
}

func newChartGet(e *env) *cobra.Command {
	return &cobra.Command{
		Use:     "get NAME",
		Short:   "Show one chart",
		Long:    `Show what is known of a chart, as JSON.`,
		Example: `  pratique chart get web-1.2.3`,
		Args:    arguments(1, 1, "the NAME of a chart, with its version"), ValidArgsFunction: e.completeCharts,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := e.connect()
			if err != nil {
				return err
			}
			ch, err := c.Chart(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return printJSON(cmd.OutOrStdout(), ch)
		},
	}
}

func newChartPull(e *env) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "pull NAME",
		Short: "Download the archive of a chart",
		Long:  `Download the archive of a chart. A file that is there is not overwritten.`,
		Example: `  pratique chart pull web-1.2.3
  pratique chart pull web-1.2.3 --file /tmp/web.tgz`,
		Args: arguments(1, 1, "the NAME of a chart, with its version"), ValidArgsFunction: e.completeCharts,
	}
	cmd.Flags().StringVar(&file, "file", "", "`FILE` to write (default: NAME.tgz in this directory)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		data, err := c.ChartArchive(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		opened, err := chart.Open(data)
		if err != nil {
			return fmt.Errorf("the server gave something else than a chart: %w", err)
		}
		if file == "" {
			file = filepath.Base(pratique.ChartName(opened.Name, opened.Version)) + ".tgz"
		}
		out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // a chart is for everybody; the user names the file
		if err != nil {
			return err
		}
		_, err = io.Copy(out, bytes.NewReader(data))
		if err := errors.Join(err, out.Close()); err != nil {
			return err
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), file)
		return err
	}
	return cmd
}

func newChartDelete(e *env) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:     "delete NAME",
		Short:   "Delete a chart",
		Long:    `Delete a chart. What was installed from it stays. At a terminal you are asked.`,
		Example: `  pratique chart delete web-1.2.3 --yes`,
		Args:    arguments(1, 1, "the NAME of a chart, with its version"), ValidArgsFunction: e.completeCharts,
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		goOn, err := e.agreed(cmd, yes, fmt.Sprintf("Delete chart %s?", line(args[0])))
		if err != nil || !goOn {
			return err
		}
		if err := c.DeleteChart(cmd.Context(), args[0]); err != nil {
			return fmt.Errorf("nothing was deleted: %w", err)
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "chart/%s deleted\n", line(args[0]))
		return err
	}
	return cmd
}

func (e *env) completeCharts(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return e.chartNames(cmd), cobra.ShellCompDirectiveNoFileComp
}

func (e *env) chartNames(cmd *cobra.Command) []string {
	c, err := e.connect()
	if err != nil {
		return nil
	}
	all, err := c.Charts(cmd.Context())
	if err != nil {
		return nil
	}
	var names []string
	for _, ch := range all {
		names = append(names, ch.Name)
	}
	return names
}
