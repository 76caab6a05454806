package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

func newJob(e *env) *cobra.Command {
	return family("job", "Long operations and what came of them", `What takes longer than a moment is a job: it goes on when nobody waits for it, and leaves a record.

You see the jobs that you have started, and those on clusters for which you may list jobs (cce:job:list).`,
		newJobList(e), newJobGet(e), newJobWatch(e), newJobDelete(e))
}

func newJobList(e *env) *cobra.Command {
	var options client.JobOptions
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the jobs that you may see",
		Long:    `List the jobs that you may see, newest first. Of those that have ended, an account keeps the newest 500.`,
		Example: `  pratique job list --state running
  pratique job list --cluster prod -o json`,
		Args: arguments(0, 0, ""),
	}
	cmd.Flags().StringVar(&options.Cluster, "cluster", "", "only jobs on the cluster of this `NAME`, which may be gone")
	cmd.Flags().StringVar(&options.State, "state", "", "only jobs in this `STATE`: running, succeeded, failed, cancelled or interrupted")
	completeFlag(cmd, "cluster", func(begun string) []string { return e.clusterNames(cmd, begun) })
	completeFlag(cmd, "state", func(string) []string { return []string{"running", "succeeded", "failed", "cancelled", "interrupted"} })
	out := formatFlag(cmd, "table", "json", "yaml", "name")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		options.Limit = 500
		jobs, err := c.Jobs(cmd.Context(), options)
		if err != nil {
			return err
		}
		w := cmd.OutOrStdout()
		switch out.value {
		case "json":
			return printJSON(w, apiv1.List[apiv1.Job]{Items: jobs})
		case "yaml":
			return printYAML(w, apiv1.List[apiv1.Job]{Items: jobs})
		case "name":
			for _, j := range jobs {
				_, _ = fmt.Fprintln(w, "job/"+line(j.ID))
			}
			return nil
		}
		if len(jobs) == 0 {
			_, _ = fmt.Fprintln(cmd.ErrOrStderr(), "no jobs found")
			return nil
		}
		var rows [][]string
		for _, j := range jobs {
			rows = append(rows, []string{j.ID, jobState(j), j.Title, j.By, e.age(j.Created), took(j)})
		}
		return table(w, []string{"ID", "STATE", "JOB", "BY", "AGE", "TOOK"}, rows)
	}
	return cmd
}

func jobState(j apiv1.Job) string {
	if !j.Ended() && j.Cancel != "" {
		return "cancelling"
	}
	return j.State
}

func took(j apiv1.Job) string {
	if j.Finished.IsZero() {
		return ""
	}
	return j.Finished.Sub(j.Created).Round(100 * time.Millisecond).String()
}

func newJobGet(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "get ID",
		Short:   "Show one job",
		Long:    `Show a job: how it stands, what it said on the way, and what came of it.`,
		Example: `  pratique job get job-f3k7q2m4b6x7c5za`,
		Args:    arguments(1, 1, "the ID of a job"), ValidArgsFunction: e.completeJobs,
	}
	out := formatFlag(cmd, "text", "json", "yaml")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		j, err := c.Job(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		switch out.value {
		case "json":
			return printJSON(cmd.OutOrStdout(), j)
		case "yaml":
			return printYAML(cmd.OutOrStdout(), j)
		}
		printJob(cmd.OutOrStdout(), j)
		return nil
	}
	return cmd
}

func printJob(w io.Writer, j apiv1.Job) {
	fact := func(name, value string) {
		if value != "" {
			_, _ = fmt.Fprintf(w, "%-14s%s\n", name, line(value))
		}
	}
	fact("id", j.ID)
	fact("job", j.Title)
	fact("operation", j.Operation)
	fact("cluster", j.Cluster)
	fact("by", j.By)
	fact("state", jobState(j))
	fact("cancelled by", j.Cancel)
	if j.Total > 0 {
		fact("done", fmt.Sprintf("%d of %d", j.Done, j.Total))
	}
	fact("began", clock(j.Created))
	if !j.Finished.IsZero() {
		fact("ended", clock(j.Finished))
		fact("took", took(j))
	}
	fact("error", j.Error)
	fact("hint", j.Hint)
	for _, key := range slices.Sorted(maps.Keys(j.Result)) {
		fact("result", key+"="+j.Result[key])
	}
	if len(j.Progress) > 0 {
		_, _ = io.WriteString(w, "\n")
	}
	for _, l := range j.Progress {
		_, _ = fmt.Fprintf(w, "%s  %s\n", l.At.UTC().Format("15:04:05"), line(l.Text))
	}
}

func newJobWatch(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "watch ID",
		Short: "Follow a job to its end",
		Long: `Follow a job to its end, and say how it goes. The exit code is 0 when it succeeds and 1 when it does not.
Ctrl-C ends the watching, and not the job; that is done by: pratique job delete`,
		Example: `  pratique job watch job-f3k7q2m4b6x7c5za`,
		Args:    arguments(1, 1, "the ID of a job"), ValidArgsFunction: e.completeJobs,
	}
	w := &waiting{wait: true}
	cmd.Flags().DurationVar(&w.timeout, "timeout", time.Hour, "give up waiting after this `TIME`; the job goes on")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		j, err := e.followJob(cmd, c, args[0], w)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "job/%s %s\n", line(j.ID), line(j.State))
		return err
	}
	return cmd
}

func newJobDelete(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "delete ID...",
		Short: "Cancel jobs, or drop their records",
		Long: `Cancel a job that runs: it stops as soon as it can and writes down how far it came; what it has done stays.
Of a job that has ended, drop the record.`,
		Example: `  pratique job delete job-f3k7q2m4b6x7c5za`,
		Args:    arguments(1, -1, "the ID of a job"), ValidArgsFunction: e.completeJobs,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := e.connect()
			if err != nil {
				return err
			}
			for _, id := range args {
				j, err := c.DeleteJob(cmd.Context(), id)
				if err != nil {
					return err
				}
				done := "deleted"
				if !j.Ended() {
					done = "will be cancelled"
				}
				_, _ = fmt.Fprintf(cmd.OutOrStdout(), "job/%s %s\n", line(j.ID), done)
			}
			return nil
		},
	}
}

// completeJobs completes the ids of jobs. A completion that cannot be had is none.
func (e *env) completeJobs(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	c, err := e.connect()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	jobs, err := c.Jobs(ctx, client.JobOptions{Limit: 100})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	for _, j := range jobs {
		out = append(out, line(j.ID)+"\t"+line(j.Title))
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
