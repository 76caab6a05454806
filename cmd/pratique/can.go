package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
)

const questionHelp = `WHO is the name of a user, role/NAME, root, or me. ACTION is a name in either language, such as
cce:cluster:create or cs:DeleteCluster, or the id of an operation, such as cluster.create (pratique
get operations lists them). RESOURCE is a full name in the language of the action; without one, the
question is about all resources of the kind.`

func newCan(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "can [WHO] ACTION [RESOURCE]",
		Short: "Ask whether somebody may do something",
		Long: `Ask whether somebody may do something. The answer is yes or no, then the reason and, for a no, what
would have helped. The exit code is 0 for yes and 1 for no.

` + questionHelp + `

Without WHO the question is about yourself.`,
		Example: `  pratique can alice cce:cluster:create --project local-1
  pratique can cce:node:delete --project local-1
  pratique can role/worker log:OpenProductDataCollection 'acs:mse:*:*:instance/*'
  pratique can bob cs:DeleteCluster --cluster-type ack-managed --context acs:SourceIp=10.0.0.7`,
		Args:              arguments(1, 3, "[WHO] ACTION [RESOURCE]"),
		ValidArgsFunction: e.completeQuestion,
	}
	q := questionFlags(cmd, true)
	out := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		question, err := q.of(args)
		if err != nil {
			return err
		}
		c, err := e.connect()
		if err != nil {
			return err
		}
		answer, err := c.Explain(cmd.Context(), question)
		if err != nil {
			return err
		}
		if out.value == "json" {
			err = printJSON(cmd.OutOrStdout(), answer)
		} else {
			err = e.printAnswer(cmd.OutOrStdout(), answer)
		}
		if err == nil && !answer.Allowed {
			return errNo
		}
		return err
	}
	return cmd
}

// yesNo is the first line of every answer.
func (e *env) yesNo(allowed bool) string {
	if allowed {
		return e.paint(green, "yes")
	}
	return e.paint(red, "no")
}

func (e *env) printAnswer(w io.Writer, a apiv1.Answer) error {
	_, _ = fmt.Fprintf(w, "%s\n%s\n", e.yesNo(a.Allowed), text(a.Reason))
	if a.Explanation != nil && !a.Allowed {
		printHints(w, a.Explanation.Hints)
	}
	if a.Decision != "" {
		_, _ = fmt.Fprintf(w, "decision %s at revision %d; more: pratique why %s\n", line(a.Decision), a.Revision, line(a.Decision))
	}
	return e.printAge(w, a)
}

// printAge warns that the directory was not fresh: the answer may not know of the newest changes.
func (e *env) printAge(w io.Writer, a apiv1.Answer) error {
	if a.Age <= 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "%sthe server has not heard from its store for %.0f seconds; newer changes are not in this answer\n", e.paint(yellow, "warning: "), a.Age)
	return err
}

func printHints(w io.Writer, hints []string) {
	for _, h := range hints {
		_, _ = fmt.Fprintf(w, "hint: %s\n", text(h))
	}
}
