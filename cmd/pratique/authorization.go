package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
)

func newAuthorization(e *env) *cobra.Command {
	return family("authorization", "The service roles that add-ons need", `The controllers of some add-ons act by a service role of the account. These commands show which of the roles that the
add-ons of the catalogue want are there and complete, and create those that are not.`,
		newAuthorizationGet(e), newAuthorizationCreate(e))
}

func newAuthorizationGet(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "get",
		Short:   "Show which service roles are there",
		Long:    "Show the service roles that the add-ons of the catalogue want, and what each of them lacks. Exits with 1 when one does.",
		Example: "  pratique authorization get",
		Args:    arguments(0, 0, ""),
	}
	out := formatFlag(cmd, "table", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		a, err := c.Authorization(cmd.Context())
		if err != nil {
			return err
		}
		if out.value == "json" {
			err = printJSON(cmd.OutOrStdout(), a)
		} else {
			err = printAuthorization(cmd.OutOrStdout(), a)
		}
		if err == nil && !a.Complete {
			return errNo
		}
		return err
	}
	return cmd
}

func printAuthorization(w io.Writer, a apiv1.Authorization) error {
	var rows [][]string
	for _, r := range a.Roles {
		missing := strings.Join(r.Missing, ", ")
		if missing == "" {
			missing = "nothing"
		}
		rows = append(rows, []string{r.Name, r.Service, r.Policy, strings.Join(r.Addons, ", "), missing})
	}
	return table(w, []string{"ROLE", "TRUSTS", "POLICY", "ADD-ONS", "MISSING"}, rows)
}

func newAuthorizationCreate(e *env) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Create the service roles that are missing",
		Long: `Create the service roles that the add-ons of the catalogue want, and complete those that lack something: all at once, or
nothing. What would be done is shown first, and at a terminal you are asked. Beside the operation itself it needs
everything that making these roles and grants by hand would need.`,
		Example: `  pratique authorization create
  pratique authorization create --yes`,
		Args: arguments(0, 0, ""),
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		plan, err := c.Authorize(cmd.Context(), true)
		if err != nil {
			return fmt.Errorf("nothing was changed: %w", err)
		}
		e.printPlan(cmd.OutOrStdout(), apiv1.ChangeResult{Steps: plan.Steps, Warnings: plan.Warnings})
		if countSteps(plan.Steps).changed() == 0 {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "every service role is there and complete")
			return err
		}
		goOn, err := e.agreed(cmd, yes, "Create them?")
		if err != nil || !goOn {
			return err
		}
		done, err := c.Authorize(cmd.Context(), false)
		if err != nil {
			return fmt.Errorf("nothing was changed: %w", err)
		}
		printDone(cmd.OutOrStdout(), done.Steps)
		return nil
	}
	return cmd
}
