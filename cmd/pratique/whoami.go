package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

func newLogout(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "logout",
		Short: "End the session of this machine",
		Long: `End the session on the server and forget it here. The address of the server and its certificate
authority stay, so that the next login needs only a name.`,
		Example: `  pratique logout`,
		Args:    arguments(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := e.stored()
			if err != nil {
				return err
			}
			if s.Token == "" {
				return errSignedOut
			}
			ended := s.end(cmd)
			if err := e.keep(session{Server: s.Server, Account: s.Account, User: s.User, CA: s.CA}); err != nil {
				return err
			}
			if ended != nil {
				return fmt.Errorf("the session is forgotten here, but was not ended on the server: %w", ended)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "signed out of %s\n", line(s.Server))
			return err
		},
	}
}

// end tells the server. A session that it does not know any more has ended already.
func (s session) end(cmd *cobra.Command) error {
	c, err := s.client()
	if err != nil {
		return err
	}
	if err := c.Logout(cmd.Context()); err != nil && !errors.Is(err, client.ErrSignedOut) {
		return err
	}
	return nil
}

func newWhoami(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "whoami",
		Short:   "Say who is signed in, and where",
		Long:    `Say which identity the server sees when you ask it something. What it may do says: pratique me.`,
		Example: `  pratique whoami`,
		Args:    arguments(0, 0, ""),
	}
	out := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		me, err := c.Me(cmd.Context())
		if err != nil {
			return err
		}
		if out.value == "json" {
			return printJSON(cmd.OutOrStdout(), map[string]any{
				"server": c.Server(), "account": me.Account, "type": me.Type, "id": me.ID, "name": me.Name, "expires": me.Expires,
			})
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s of account %s on %s, until %s\n", line(identity(me)), line(me.Account), line(c.Server()), clock(me.Expires))
		return err
	}
	return cmd
}

// identity is "root" or "user alice".
func identity(me apiv1.Me) string {
	if me.Type == me.Name {
		return me.Name
	}
	return me.Type + " " + me.Name
}

func newMe(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "me",
		Short: "Show what I hold: groups, policies, where they count",
		Long: `Show your groups and every policy that reaches you, through which group, and where it counts.

A role that needs others beside it and does not have them does nothing; the roles that are missing
stand in the last column. Whether you may do one thing says: pratique can ACTION.`,
		Example: `  pratique me`,
		Args:    arguments(0, 0, ""),
	}
	out := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		me, err := c.Me(cmd.Context())
		if err != nil {
			return err
		}
		if out.value == "json" {
			return printJSON(cmd.OutOrStdout(), me)
		}
		return printMe(cmd, me)
	}
	return cmd
}

func printMe(cmd *cobra.Command, me apiv1.Me) error {
	w := cmd.OutOrStdout()
	_, _ = fmt.Fprintf(w, "%s of account %s, session until %s\n", line(identity(me)), line(me.Account), clock(me.Expires))
	groups := "none"
	if len(me.Groups) > 0 {
		groups = strings.Join(me.Groups, ", ")
	}
	_, _ = fmt.Fprintf(w, "groups: %s\n", line(groups))
	if me.Unlimited {
		_, err := fmt.Fprintln(w, "\nYou are the root of the account: no policy restricts you.")
		return err
	}
	if len(me.Grants) == 0 {
		_, err := fmt.Fprintln(w, "\nNothing is granted to you. Somebody who may grant can add you to a group, or grant you a policy.")
		return err
	}
	_, _ = fmt.Fprintln(w)
	var rows [][]string
	for _, g := range me.Grants {
		missing := ""
		if len(g.Missing) > 0 {
			missing = "does not work without: " + strings.Join(g.Missing, ", ")
		}
		if g.Void != "" {
			missing = g.Void
		}
		rows = append(rows, []string{g.Policy, g.Scope, g.Via, g.Grant, missing})
	}
	return table(w, []string{"POLICY", "WHERE", "VIA", "GRANT", ""}, rows)
}

func newPasswd(e *env) *cobra.Command {
	var user, oldFile, newFile string
	cmd := &cobra.Command{
		Use:   "passwd",
		Short: "Set a password",
		Long: `Set your own password, or that of another user. Everything that was opened with the old one ends,
except the session that sets it.

Passwords are asked for at the terminal, or read from files; never given as arguments, where
everybody on the machine can read them.`,
		Example: `  pratique passwd
  pratique passwd --user alice --password-file alice.pw`,
		Args: arguments(0, 0, ""),
	}
	cmd.Flags().StringVar(&user, "user", "", "`NAME` of the user (default: yourself)")
	cmd.Flags().StringVar(&newFile, "password-file", "", "`FILE` with the new password, - for the standard input")
	cmd.Flags().StringVar(&oldFile, "old-password-file", "", "`FILE` with your present password")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		p := apiv1.NewPassword{User: user}
		if p.Old, p.New, err = e.passwords(cmd, user == "", oldFile, newFile); err != nil {
			return err
		}
		if err := c.SetPassword(cmd.Context(), p); err != nil {
			return err
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), "password set")
		return err
	}
	return cmd
}

// passwords gets the old password, where one sets one's own, and the new one. An empty old one says that there is none yet.
func (e *env) passwords(cmd *cobra.Command, own bool, oldFile, newFile string) (before, fresh string, err error) {
	if newFile == "" && !e.terminal {
		return "", "", usage("there is no terminal to ask for the password; give --password-file FILE")
	}
	switch {
	case oldFile != "":
		before, err = e.secretFrom(oldFile)
	case own && newFile == "":
		before, err = e.secret(cmd.Context(), "Present password (empty if there is none): ", cmd.ErrOrStderr())
	}
	if err != nil {
		return "", "", err
	}
	if newFile != "" {
		fresh, err = e.secretFrom(newFile)
	} else {
		fresh, err = e.newPassword(cmd.Context(), cmd.ErrOrStderr())
	}
	if errors.Is(err, os.ErrNotExist) {
		return "", "", fmt.Errorf("%w; nothing was changed", err)
	}
	return before, fresh, err
}
