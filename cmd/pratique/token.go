package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

func newToken(e *env) *cobra.Command {
	return family("token", "API tokens for scripts", `API tokens let a script act as you. A token may do what you may, and ends when you do.

Give it to the script in PRATIQUE_TOKEN, with PRATIQUE_SERVER and PRATIQUE_CA beside it.`,
		newTokenCreate(e), newTokenList(e), newTokenDelete(e))
}

func newTokenCreate(e *env) *cobra.Command {
	var label string
	var expires time.Duration
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make an API token",
		Long: `Make an API token and print it. It is printed this once and kept nowhere: put it away at once.

The token alone goes to the standard output, so that it can be put into a file or a variable.`,
		Example: `  pratique token create --label nightly-apply --expires 720h > token
  PRATIQUE_TOKEN=$(pratique token create --label ci) make deploy`,
		Args: arguments(0, 0, ""),
	}
	cmd.Flags().StringVar(&label, "label", "", "`TEXT` that says what the token is for")
	cmd.Flags().DurationVar(&expires, "expires", 0, "`TIME` until it ends, such as 24h (default: 90 days; at most 365 days)")
	out := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		switch {
		case label == "":
			return usage("say what the token is for: --label TEXT")
		case expires < 0:
			return usage("--expires %s lies in the past", expires)
		}
		c, err := e.connect()
		if err != nil {
			return err
		}
		t, err := c.NewToken(cmd.Context(), apiv1.NewToken{Label: label, Expires: pratique.Duration(expires)})
		if err != nil {
			return err
		}
		if out.value == "json" {
			return printJSON(cmd.OutOrStdout(), t)
		}
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "token %s, until %s; it is shown this once:\n", line(t.ID), clock(t.Expires))
		_, err = fmt.Fprintln(cmd.OutOrStdout(), line(t.Token))
		return err
	}
	return cmd
}

func newTokenList(e *env) *cobra.Command {
	return e.listSessions("list", "List your API tokens", `List your API tokens, without the tokens themselves.`, `  pratique token list`, (*client.Client).Tokens)
}

func newTokenDelete(e *env) *cobra.Command {
	return &cobra.Command{
		Use:     "delete ID...",
		Short:   "End API tokens",
		Long:    `End API tokens at once, by their ids, which pratique token list shows.`,
		Example: `  pratique token delete ses-f3k7q2m4b6x7c5za`,
		Args:    arguments(1, -1, "the ID of a token"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.each(cmd, args, "token", "deleted", (*client.Client).DeleteToken)
		},
	}
}
