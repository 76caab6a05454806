package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
)

func newAuditVerify(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "verify",
		Short:   "Check that no record was altered or taken out",
		Long:    `Have the server check the chain of records from the first to the newest. The exit code is 1 when it is broken.`,
		Example: `  pratique audit verify`,
		Args:    arguments(0, 0, ""),
	}
	out := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		v, err := c.VerifyAudit(cmd.Context())
		if err != nil {
			return err
		}
		if out.value == "json" {
			err = printJSON(cmd.OutOrStdout(), v)
		} else {
			err = e.printVerification(cmd.OutOrStdout(), v)
		}
		if err == nil && !v.Intact {
			return errNo
		}
		return err
	}
	return cmd
}

func (e *env) printVerification(w io.Writer, v apiv1.Verification) error {
	if v.Intact {
		_, err := fmt.Fprintf(w, "%s: %s, %d to %d\n", e.paint(green, "intact"), plural(v.Records, "record"), v.First, v.Last)
		return err
	}
	_, err := fmt.Fprintf(w, "%s after %s: %s\n", e.paint(red, "broken"), plural(v.Records, "record"), text(v.Problem))
	return err
}
