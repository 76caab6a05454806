package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

func newKey(e *env) *cobra.Command {
	return family("key", "Access keys for programs that sign requests", `Access keys are pairs of an id and a secret with which programs sign requests. A user has at most two, so
that one can be replaced by the other without a gap.`,
		newKeyCreate(e), newKeyList(e),
		e.keyState("disable", "Switch access keys off", "disabled", func(c *client.Client, ctx context.Context, id string) error {
			return c.SetAccessKey(ctx, id, apiv1.AccessKeyState{Disabled: true})
		}),
		e.keyState("enable", "Switch access keys on again", "enabled", func(c *client.Client, ctx context.Context, id string) error {
			return c.SetAccessKey(ctx, id, apiv1.AccessKeyState{})
		}),
		e.keyState("delete", "Delete access keys", "deleted", (*client.Client).DeleteAccessKey))
}

func (e *env) keyState(verb, short, done string, do func(*client.Client, context.Context, string) error) *cobra.Command {
	return &cobra.Command{
		Use:     verb + " ID...",
		Short:   short,
		Long:    short + ", by their ids. It counts at once.",
		Example: "  pratique key " + verb + " AK3X7Q2M4B6X7C5ZAF3K",
		Args:    arguments(1, -1, "the ID of an access key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.each(cmd, args, "accesskey", done, do)
		},
	}
}

func newKeyCreate(e *env) *cobra.Command {
	var user string
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make an access key",
		Long: `Make an access key and print its id and its secret. The secret is printed this once: put it away at
once.`,
		Example: `  pratique key create
  pratique key create --user deployer -o json > key.json`,
		Args: arguments(0, 0, ""),
	}
	cmd.Flags().StringVar(&user, "user", "", "`NAME` of the user (default: yourself)")
	out := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		k, err := c.NewAccessKey(cmd.Context(), apiv1.NewAccessKey{User: user})
		if err != nil {
			return err
		}
		if out.value == "json" {
			return printJSON(cmd.OutOrStdout(), k)
		}
		_, _ = fmt.Fprintln(cmd.ErrOrStderr(), "the secret is shown this once:")
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "id:     %s\nsecret: %s\n", line(k.ID), line(k.Secret))
		return err
	}
	return cmd
}

func newKeyList(e *env) *cobra.Command {
	var user string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List access keys",
		Long:    `List your access keys, or those of another user, without their secrets.`,
		Example: `  pratique key list --user deployer`,
		Args:    arguments(0, 0, ""),
	}
	cmd.Flags().StringVar(&user, "user", "", "`NAME` of the user (default: yourself)")
	out := formatFlag(cmd, "table", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		keys, err := c.AccessKeys(cmd.Context(), user)
		if err != nil {
			return err
		}
		if out.value == "json" {
			return printJSON(cmd.OutOrStdout(), apiv1.List[apiv1.AccessKey]{Items: keys})
		}
		var rows [][]string
		for _, k := range keys {
			state := "enabled"
			if k.Disabled {
				state = "disabled"
			}
			rows = append(rows, []string{k.ID, k.User, state, e.age(k.Created)})
		}
		return table(cmd.OutOrStdout(), []string{"ID", "USER", "STATE", "AGE"}, rows)
	}
	return cmd
}
