package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

func newProvider(e *env) *cobra.Command {
	return family("provider", "Identity providers through which people sign in", `People sign in at the console through an OpenID Connect provider, and the provider's groups decide in which groups they
are here. A provider is a manifest as well: pratique apply, pratique get identityproviders.`,
		newProviderList(e), newProviderGet(e), newProviderCreate(e), newProviderUpdate(e), newProviderDelete(e))
}

func newProviderList(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the identity providers",
		Long:    "List the identity providers of the account.",
		Example: "  pratique provider list",
		Args:    arguments(0, 0, ""),
	}
	out := formatFlag(cmd, "table", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		var items []pratique.Manifest
		for m, err := range c.All(cmd.Context(), pratique.KindIdentityProvider, client.ListOptions{}) {
			if err != nil {
				return err
			}
			items = append(items, m)
		}
		if out.value == "json" {
			return printJSON(cmd.OutOrStdout(), apiv1.List[pratique.Manifest]{Items: items})
		}
		var rows [][]string
		for _, m := range items {
			s := specOf[pratique.IdentityProviderSpec](m)
			rows = append(rows, []string{m.Metadata.Name, s.Issuer, s.ClientID, strconv.Itoa(len(s.Groups)), yesNo(s.Create), e.age(m.Metadata.Created)})
		}
		return table(cmd.OutOrStdout(), []string{"NAME", "ISSUER", "CLIENT", "GROUPS", "CREATES", "AGE"}, rows)
	}
	return cmd
}

func newProviderGet(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "get NAME",
		Short: "Show an identity provider",
		Long: `Show an identity provider, and the redirect address to register there. Its client secret is shown to nobody.
With -o yaml it is printed as pratique apply reads it; applying it keeps the secret.`,
		Example: `  pratique provider get corp
  pratique provider get corp -o yaml > corp.yaml`,
		Args: arguments(1, 1, "the NAME of an identity provider"),
	}
	out := formatFlag(cmd, "text", "yaml", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		m, err := c.Get(cmd.Context(), pratique.KindIdentityProvider, args[0])
		if err != nil {
			return err
		}
		switch out.value {
		case "json":
			return printJSON(cmd.OutOrStdout(), m)
		case "yaml":
			m.Status = nil
			return printYAML(cmd.OutOrStdout(), m)
		}
		login, err := c.LoginProviders(cmd.Context(), "", "")
		if err != nil {
			return err
		}
		return printProvider(cmd, m, login.Redirect)
	}
	return cmd
}

func printProvider(cmd *cobra.Command, m pratique.Manifest, redirect string) error {
	s := specOf[pratique.IdentityProviderSpec](m)
	var status pratique.IdentityProviderStatus
	if len(m.Status) > 0 {
		if err := strictjson.Unmarshal(m.Status, &status); err != nil {
			return fmt.Errorf("read the status of %s: %w", line(m.Metadata.Name), err)
		}
	}
	var b strings.Builder
	for _, f := range [][2]string{
		{"name", m.Metadata.Name},
		{"button", s.DisplayName},
		{"issuer", s.Issuer},
		{"client", s.ClientID},
		{"secret kept", yesNo(status.HasSecret)},
		{"redirect", redirect},
		{"scopes", strings.Join(s.AskedScopes(), " ")},
		{"name claim", s.NameClaim()},
		{"groups claim", s.MembershipClaim()},
		{"creates users", yesNo(s.Create)},
	} {
		_, _ = fmt.Fprintf(&b, "%-14s %s\n", f[0]+":", line(f[1]))
	}
	for _, g := range s.Groups {
		_, _ = fmt.Fprintf(&b, "%-14s %s → %s\n", "group:", line(g.Claim), line(g.Group))
	}
	_, err := fmt.Fprint(cmd.OutOrStdout(), b.String())
	return err
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func newProviderDelete(e *env) *cobra.Command {
	var cascade bool
	cmd := &cobra.Command{
		Use:   "delete NAME",
		Short: "Delete an identity provider",
		Long: `Delete an identity provider. While users are linked to it, it is refused; with --cascade it goes all the same: those
users stay, but cannot sign in, and what they have open ends.`,
		Example: "  pratique provider delete corp",
		Args:    arguments(1, 1, "the NAME of an identity provider"),
	}
	cmd.Flags().BoolVar(&cascade, "cascade", false, "delete it although users sign in through it")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		done, err := c.Change(cmd.Context(), apiv1.Changes{Changes: []apiv1.Change{
			{Delete: &pratique.Delete{Kind: pratique.KindIdentityProvider, Name: args[0], Cascade: cascade}},
		}})
		if err != nil {
			return err
		}
		printDone(cmd.OutOrStdout(), done.Steps)
		return nil
	}
	return cmd
}

// mustNotExist keeps create from changing something that is there.
func mustNotExist(cmd *cobra.Command, c *client.Client, name string) error {
	_, err := c.Get(cmd.Context(), pratique.KindIdentityProvider, name)
	switch {
	case err == nil:
		return fmt.Errorf("identity provider %q exists already; change it with: pratique provider update", line(name))
	case errors.Is(err, pratique.ErrNotFound), errors.Is(err, pratique.ErrDenied):
		return nil // whoever may not see it learns from the change itself
	default:
		return err
	}
}
