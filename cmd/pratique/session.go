package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

func newSession(e *env) *cobra.Command {
	return family("session", "Your sessions", `Your sessions: where you are signed in.`,
		e.listSessions("list", "List your sessions", `List where you are signed in. The session that asks is marked.`, `  pratique session list`, (*client.Client).Sessions),
		&cobra.Command{
			Use:     "end ID...",
			Short:   "End sessions",
			Long:    `End sessions at once, by their ids, which pratique session list shows.`,
			Example: `  pratique session end ses-f3k7q2m4b6x7c5za`,
			Args:    arguments(1, -1, "the ID of a session"),
			RunE: func(cmd *cobra.Command, args []string) error {
				return e.each(cmd, args, "session", "ended", (*client.Client).EndSession)
			},
		})
}

// listSessions is a command that lists sessions or tokens.
func (e *env) listSessions(use, short, long, example string, list func(*client.Client, context.Context) ([]apiv1.SessionInfo, error)) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Long: long, Example: example, Args: arguments(0, 0, "")}
	out := formatFlag(cmd, "table", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		items, err := list(c, cmd.Context())
		if err != nil {
			return err
		}
		if out.value == "json" {
			return printJSON(cmd.OutOrStdout(), apiv1.List[apiv1.SessionInfo]{Items: items})
		}
		var rows [][]string
		for _, s := range items {
			mark := ""
			if s.Current {
				mark = "this one"
			}
			rows = append(rows, []string{s.ID, s.Label, s.Source, e.age(s.Created), clock(s.Expires), mark})
		}
		return table(cmd.OutOrStdout(), []string{"ID", "LABEL", "FROM", "AGE", "UNTIL", ""}, rows)
	}
	return cmd
}

// each does one thing to every id, and says so, up to the first that fails.
func (e *env) each(cmd *cobra.Command, ids []string, noun, done string, do func(*client.Client, context.Context, string) error) error {
	c, err := e.connect()
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := do(c, cmd.Context(), id); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%s/%s %s\n", noun, line(id), done)
	}
	return nil
}
