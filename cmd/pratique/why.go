package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
)

// decisionPrefix begins the id of every decision; no action has an underscore there.
const decisionPrefix = "dec_"

func newWhy(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "why DECISION | why [WHO] ACTION [RESOURCE]",
		Short: "Explain a decision",
		Long: `Explain a decision: every tier that was asked in its order, the statement that settled it with its
policy, version and position, the grant that brought it in and where it counts; for a no that
nothing settled, the statement that came closest and what it lacks.

DECISION is the id that a refusal and pratique can print; it is explained on the directory as it was
then. The server remembers the newest few thousand. Or ask anew:

` + questionHelp + `

The exit code is 0 for an explained yes and 1 for a no.`,
		Example: `  pratique why dec_f3k7q2m4b6x7c5za
  pratique why alice cce:node:delete --project local-1
  pratique why cs:DeleteCluster -o json`,
		Args:              arguments(1, 3, "a DECISION, or [WHO] ACTION [RESOURCE]"),
		ValidArgsFunction: e.completeQuestion,
	}
	q := questionFlags(cmd, true)
	out := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		answer, err := e.explained(cmd, q, args)
		if err != nil {
			return err
		}
		if out.value == "json" {
			err = printJSON(cmd.OutOrStdout(), answer)
		} else {
			err = e.printExplanation(cmd.OutOrStdout(), answer)
		}
		if err == nil && !answer.Allowed {
			return errNo
		}
		return err
	}
	return cmd
}

func (e *env) explained(cmd *cobra.Command, q *question, args []string) (apiv1.Answer, error) {
	if len(args) == 1 && strings.HasPrefix(args[0], decisionPrefix) {
		if q.project+q.enterprise+q.clusterType != "" || len(q.context) > 0 || q.asRole {
			return apiv1.Answer{}, usage("%s has been decided already; flags cannot change what was asked", args[0])
		}
		c, err := e.connect()
		if err != nil {
			return apiv1.Answer{}, err
		}
		return c.Decision(cmd.Context(), args[0])
	}
	question, err := q.of(args)
	if err != nil {
		return apiv1.Answer{}, err
	}
	c, err := e.connect()
	if err != nil {
		return apiv1.Answer{}, err
	}
	return c.Explain(cmd.Context(), question)
}
