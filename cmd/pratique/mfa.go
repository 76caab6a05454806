package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"rsc.io/qr"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

func newMFA(e *env) *cobra.Command {
	return family("mfa", "Second factors: codes from your telephone", `A second factor is a secret that an authenticator on your telephone shares with the server. Once it is
confirmed, signing in with a password needs a code of it as well, and policies can tell by
g:MFAPresent and acs:MFAPresent that it was shown.`,
		newMFAEnroll(e), newMFAConfirm(e), newMFARemove(e), newMFAList(e))
}

// ofUser is the flag that names whose factor is meant.
func ofUser(cmd *cobra.Command) *string {
	return cmd.Flags().String("user", "", "`NAME` of the user, or root (default: yourself)")
}

func newMFAEnroll(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "enroll",
		Short: "Set up a second factor",
		Long: `Set up a second factor: print its seed, as text and as the address that authenticators read, and on a
terminal as a QR code. Take it into an authenticator and confirm it with a code; it counts from then on.
On a terminal the code is asked for.`,
		Example: `  pratique mfa enroll`,
		Args:    arguments(0, 0, ""),
	}
	user := ofUser(cmd)
	out := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		made, err := c.EnrollMFA(cmd.Context(), apiv1.EnrollMFA{User: *user})
		if err != nil {
			return err
		}
		if out.value == "json" {
			return printJSON(cmd.OutOrStdout(), made)
		}
		if e.terminal {
			printQR(cmd.ErrOrStderr(), made.URI)
		}
		_, _ = fmt.Fprintln(cmd.ErrOrStderr(), "the seed is shown this once; take it into an authenticator:")
		_, _ = fmt.Fprintf(cmd.OutOrStdout(), "seed: %s\nuri:  %s\n", line(made.Seed), line(made.URI))
		if !e.terminal {
			_, err = fmt.Fprintln(cmd.ErrOrStderr(), "it counts when you confirm it: pratique mfa confirm CODE")
			return err
		}
		code, err := e.ask(cmd.Context(), cmd.ErrOrStderr(), "Code that the authenticator shows: ")
		if err != nil {
			return err
		}
		return confirmMFA(cmd, c, apiv1.ConfirmMFA{User: *user, Code: code}, false)
	}
	return cmd
}

// printQR draws a QR code with two rows of it in a line of text. A code that cannot be drawn is left out: the seed stands below.
func printQR(w io.Writer, content string) {
	code, err := qr.Encode(content, qr.M)
	if err != nil {
		return
	}
	const quiet = 2 // modules around it, without which cameras do not find it
	var b strings.Builder
	for y := -quiet; y < code.Size+quiet; y += 2 {
		for x := -quiet; x < code.Size+quiet; x++ {
			// Light on dark terminals and dark on light ones: the light modules are drawn.
			top, bottom := !code.Black(x, y), !code.Black(x, y+1)
			switch {
			case top && bottom:
				b.WriteRune('█')
			case top:
				b.WriteRune('▀')
			case bottom:
				b.WriteRune('▄')
			default:
				b.WriteRune(' ')
			}
		}
		b.WriteByte('\n')
	}
	_, _ = io.WriteString(w, b.String())
}

func newMFAConfirm(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "confirm CODE",
		Short: "Make a second factor count",
		Long: `Show a first code of a new second factor, which counts from then on, and print ten recovery codes.
Each of them stands in for a code once, for when the telephone is lost: put them away safely.`,
		Example: `  pratique mfa confirm 287082`,
		Args:    arguments(1, 1, "the CODE that your authenticator shows"),
	}
	user := ofUser(cmd)
	out := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		return confirmMFA(cmd, c, apiv1.ConfirmMFA{User: *user, Code: args[0]}, out.value == "json")
	}
	return cmd
}

func confirmMFA(cmd *cobra.Command, c *client.Client, m apiv1.ConfirmMFA, asJSON bool) error {
	recovery, err := c.ConfirmMFA(cmd.Context(), m)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(cmd.OutOrStdout(), recovery)
	}
	_, _ = fmt.Fprintln(cmd.ErrOrStderr(), "the second factor counts from the next sign-in; these recovery codes are shown this once, and each works once:")
	for _, code := range recovery.Codes {
		if _, err := fmt.Fprintln(cmd.OutOrStdout(), line(code)); err != nil {
			return err
		}
	}
	return nil
}

func newMFARemove(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "remove",
		Short: "Take a second factor away",
		Long: `Take a second factor away. Your own needs a code of it, or a recovery code. That of somebody who has
lost their telephone and their recovery codes needs the rights to mfa.unbind and mfa.delete.`,
		Example: `  pratique mfa remove --code 287082
  pratique mfa remove --user alice`,
		Args: arguments(0, 0, ""),
	}
	user := ofUser(cmd)
	code := cmd.Flags().String("code", "", "`CODE` of your second factor, or a recovery code")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		if err := c.RemoveMFA(cmd.Context(), apiv1.RemoveMFA{User: *user, Code: *code}); err != nil {
			return err
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), "second factor removed")
		return err
	}
	return cmd
}

func newMFAList(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Show your second factor, or who has one",
		Long: `Show your second factor or that of another user; or with --all everybody who has one, and the
administrators who have none.`,
		Example: `  pratique mfa list
  pratique mfa list --all`,
		Args: arguments(0, 0, ""),
	}
	user := ofUser(cmd)
	all := cmd.Flags().Bool("all", false, "everybody who has one, and the administrators who have none")
	out := formatFlag(cmd, "table", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *all && *user != "" {
			return usage("give --user or --all, not both")
		}
		c, err := e.connect()
		if err != nil {
			return err
		}
		items, err := factorsOf(cmd, c, *user, *all)
		if err != nil {
			return err
		}
		if out.value == "json" {
			return printJSON(cmd.OutOrStdout(), apiv1.List[apiv1.MFA]{Items: items})
		}
		var rows [][]string
		for _, m := range items {
			rows = append(rows, []string{m.User, stateOfMFA(m), strconv.Itoa(m.RecoveryCodes), mark(m.Administrator, "administrator")})
		}
		return table(cmd.OutOrStdout(), []string{"USER", "SECOND FACTOR", "RECOVERY CODES", ""}, rows)
	}
	return cmd
}

func factorsOf(cmd *cobra.Command, c *client.Client, user string, all bool) ([]apiv1.MFA, error) {
	if !all {
		one, err := c.MFA(cmd.Context(), user)
		return []apiv1.MFA{one}, err
	}
	var items []apiv1.MFA
	for page := ""; ; {
		list, err := c.MFAs(cmd.Context(), false, page)
		if err != nil {
			return nil, err
		}
		items = append(items, list.Items...)
		if page = list.Next; page == "" {
			return items, nil
		}
	}
}

func stateOfMFA(m apiv1.MFA) string {
	switch {
	case m.Confirmed:
		return "confirmed"
	case m.Enrolled:
		return "not confirmed"
	default:
		return "none"
	}
}

func mark(yes bool, text string) string {
	if yes {
		return text
	}
	return ""
}
