package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newWhoCan(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "who-can ACTION [RESOURCE]",
		Short: "List who may do something",
		Long: `List the users and roles that may do something. The root of the account, who may everything, is not
listed. The exit code is 0 when there is anybody and 1 when there is nobody.

ACTION and RESOURCE are those of pratique can.`,
		Example: `  pratique who-can cce:cluster:delete --project local-1
  pratique who-can cs:DeleteCluster -o json`,
		Args: arguments(1, 2, "ACTION [RESOURCE]"),
		ValidArgsFunction: func(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return completeActions(begun), cobra.ShellCompDirectiveNoFileComp
		},
	}
	q := questionFlags(cmd, false)
	out := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		resource := ""
		if len(args) > 1 {
			resource = args[1]
		}
		question, err := q.ask(args[0], resource)
		if err != nil {
			return err
		}
		c, err := e.connect()
		if err != nil {
			return err
		}
		list, err := c.WhoCan(cmd.Context(), question)
		if err != nil {
			return err
		}
		w := cmd.OutOrStdout()
		if out.value == "json" {
			err = printJSON(w, list)
		} else {
			for _, s := range list.Items {
				_, _ = fmt.Fprintf(w, "%s %s\n", line(s.Type), line(s.ID))
			}
		}
		if err == nil && len(list.Items) == 0 {
			_, _ = fmt.Fprintln(cmd.ErrOrStderr(), "nobody but the root of the account")
			return errNo
		}
		return err
	}
	return cmd
}
