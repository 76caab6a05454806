package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

func newAccount(e *env) *cobra.Command {
	return family("account", "Accounts of a server, for its operator", `Accounts are tenants: each has its own users, policies and root, and sees nothing of the others. These
commands are for the operator of the server. They run on its machine and speak to it through
admin.sock in its data directory; whoever may open that socket may use them.`,
		newAccountList(e), newAccountCreate(), newAccountReset())
}

func adminFlag(cmd *cobra.Command) func() *client.Admin {
	data := cmd.Flags().String("data", "pratique-data", "data directory `DIR` of the server")
	return func() *client.Admin { return client.NewAdmin(filepath.Join(*data, "admin.sock")) }
}

func newAccountList(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the accounts",
		Long:    `List the accounts of the server.`,
		Example: `  pratique account list --data /var/lib/pratique`,
		Args:    arguments(0, 0, ""),
	}
	admin := adminFlag(cmd)
	out := formatFlag(cmd, "table", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		accounts, err := admin().Accounts(cmd.Context())
		if err != nil {
			return operatorHint(err)
		}
		if out.value == "json" {
			return printJSON(cmd.OutOrStdout(), apiv1.List[apiv1.AccountInfo]{Items: accounts})
		}
		var rows [][]string
		for _, a := range accounts {
			rows = append(rows, []string{a.Name, fmt.Sprint(a.Users), fmt.Sprint(a.Revision), e.age(a.Created), a.ID})
		}
		return table(cmd.OutOrStdout(), []string{"NAME", "USERS", "REVISION", "AGE", "ID"}, rows)
	}
	return cmd
}

func newAccountCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Found an account",
		Long: `Found an account and print the one-time secret with which its root signs in the first time. The
secret is printed this once.`,
		Example: `  pratique account create staging --data /var/lib/pratique`,
		Args:    arguments(1, 1, "the NAME of the account"),
	}
	admin := adminFlag(cmd)
	out := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		b, err := admin().NewAccount(cmd.Context(), apiv1.NewAccount{Name: args[0]})
		if err != nil {
			return operatorHint(err)
		}
		return printBootstrap(cmd, b, out.value == "json")
	}
	return cmd
}

func newAccountReset() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reset-root NAME",
		Short: "Give an account's root a new one-time secret",
		Long: `Give the root of an account a new one-time secret, for an account whose root password or second factor
is lost. An older one-time secret ends; the password and the sessions of the root stay. Signing in with
the secret takes the second factor of the root away.`,
		Example: `  pratique account reset-root default --data /var/lib/pratique`,
		Args:    arguments(1, 1, "the NAME of the account"),
	}
	admin := adminFlag(cmd)
	out := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		b, err := admin().Bootstrap(cmd.Context(), args[0])
		if err != nil {
			return operatorHint(err)
		}
		return printBootstrap(cmd, b, out.value == "json")
	}
	return cmd
}

// printBootstrap puts the secret alone on the standard output, so that it can be put into a file.
func printBootstrap(cmd *cobra.Command, b apiv1.Bootstrap, asJSON bool) error {
	if asJSON {
		return printJSON(cmd.OutOrStdout(), b)
	}
	_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "one-time secret of the root of account %s, until %s; sign in with: pratique login --account %s --user root --secret-file FILE\n",
		line(b.Account), clock(b.Expires), line(b.Account))
	_, err := fmt.Fprintln(cmd.OutOrStdout(), line(b.Secret))
	return err
}
