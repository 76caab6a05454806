package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

// providerFlags are what can be said of a provider on the command line.
type providerFlags struct {
	*env
	spec       pratique.IdentityProviderSpec
	secretFile string
	caFile     string
	groups     []string
}

func (p *providerFlags) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&p.spec.ClientID, "client-id", "", "`ID` that the provider gave to Pratique")
	f.StringVar(&p.secretFile, "client-secret-file", "", "`FILE` with the secret that the provider gave; - reads it from the input")
	f.StringVar(&p.caFile, "ca-file", "", "`FILE` with the authorities of the provider in PEM (default: those of the server's machine)")
	f.StringVar(&p.spec.DisplayName, "display-name", "", "`TEXT` on the button (default: the name)")
	f.StringSliceVar(&p.spec.Scopes, "scope", nil, "`SCOPE` to ask for; may be repeated (default: openid, profile, email, groups)")
	f.StringVar(&p.spec.UsernameClaim, "username-claim", "", "`CLAIM` that names new users (default: preferred_username)")
	f.StringVar(&p.spec.GroupsClaim, "groups-claim", "", "`CLAIM` that lists the groups (default: groups)")
	f.StringArrayVar(&p.groups, "map", nil, "`CLAIM=GROUP`: who has the value in the claim of groups is in the group; may be repeated")
	f.BoolVar(&p.spec.Create, "create-users", false, "make a user of whoever is in a mapped group and not known")
}

func newProviderCreate(e *env) *cobra.Command {
	p := providerFlags{env: e}
	cmd := &cobra.Command{
		Use:   "create NAME --issuer URL --client-id ID",
		Short: "Let people sign in through an identity provider",
		Long: `Let people sign in through an OpenID Connect provider. Register Pratique there first, with the redirect address
https://SERVER/console/oidc/callback, as a client that uses the authorization code flow.

It needs the right to change the members of every group that is mapped.`,
		Example: `  pratique provider create corp --issuer https://login.example.com --client-id pratique \
    --client-secret-file secret.txt --map platform-team=operators --create-users`,
		Args: arguments(1, 1, "the NAME of the provider"),
	}
	p.flags(cmd)
	cmd.Flags().StringVar(&p.spec.Issuer, "issuer", "", "`URL` of the provider, as it writes it itself")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if p.spec.Issuer == "" || p.spec.ClientID == "" {
			return usage("give --issuer and --client-id")
		}
		spec := p.spec
		if err := p.complete(cmd, &spec); err != nil {
			return err
		}
		c, err := e.connect()
		if err != nil {
			return err
		}
		if err := mustNotExist(cmd, c, args[0]); err != nil {
			return err
		}
		if err := p.put(cmd, c, pratique.Manifest{Metadata: pratique.Metadata{Name: args[0]}}, spec); err != nil {
			return err
		}
		login, err := c.LoginProviders(cmd.Context(), "", "")
		if err == nil {
			_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "redirect address to register there: %s\n", line(login.Redirect))
		}
		return nil
	}
	return cmd
}

func newProviderUpdate(e *env) *cobra.Command {
	p := providerFlags{env: e}
	cmd := &cobra.Command{
		Use:   "update NAME",
		Short: "Change an identity provider",
		Long: `Change what the flags say and leave the rest as it is. --map replaces the whole mapping. The issuer and the name
never change: users are linked to them.`,
		Example: `  pratique provider update corp --client-secret-file new-secret.txt
  pratique provider update corp --map platform-team=operators --map support=viewers`,
		Args: arguments(1, 1, "the NAME of an identity provider"),
	}
	p.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		m, err := c.Get(cmd.Context(), pratique.KindIdentityProvider, args[0])
		if err != nil {
			return err
		}
		spec := specOf[pratique.IdentityProviderSpec](m)
		p.overlay(cmd, &spec)
		if err := p.complete(cmd, &spec); err != nil {
			return err
		}
		return p.put(cmd, c, m, spec)
	}
	return cmd
}

// overlay copies what was given over what is there.
func (p *providerFlags) overlay(cmd *cobra.Command, spec *pratique.IdentityProviderSpec) {
	given := cmd.Flags().Changed
	for _, f := range []struct {
		flag       string
		from, into *string
	}{
		{"client-id", &p.spec.ClientID, &spec.ClientID},
		{"display-name", &p.spec.DisplayName, &spec.DisplayName},
		{"username-claim", &p.spec.UsernameClaim, &spec.UsernameClaim},
		{"groups-claim", &p.spec.GroupsClaim, &spec.GroupsClaim},
	} {
		if given(f.flag) {
			*f.into = *f.from
		}
	}
	if given("scope") {
		spec.Scopes = p.spec.Scopes
	}
	if given("create-users") {
		spec.Create = p.spec.Create
	}
}

// complete reads the files and the mapping.
func (p *providerFlags) complete(cmd *cobra.Command, spec *pratique.IdentityProviderSpec) error {
	if p.caFile != "" {
		data, err := os.ReadFile(p.caFile)
		if err != nil {
			return err
		}
		spec.CA = string(data)
	}
	if p.secretFile != "" {
		secret, err := p.readNamed(p.secretFile, 4096)
		if err != nil {
			return fmt.Errorf("--client-secret-file: %w", err)
		}
		spec.ClientSecret = strings.TrimSpace(string(secret))
	}
	if !cmd.Flags().Changed("map") {
		return nil
	}
	spec.Groups = nil
	for _, text := range p.groups {
		i := strings.LastIndex(text, "=") // names of groups hold none, claims may
		if i < 1 || i == len(text)-1 {
			return usage("--map %s is not CLAIM=GROUP", line(text))
		}
		spec.Groups = append(spec.Groups, pratique.GroupMapping{Claim: text[:i], Group: text[i+1:]})
	}
	return nil
}

func (p *providerFlags) put(cmd *cobra.Command, c *client.Client, m pratique.Manifest, spec pratique.IdentityProviderSpec) error {
	data, err := strictjson.Marshal(spec)
	if err != nil {
		return err
	}
	m.APIVersion, m.Kind, m.Spec, m.Status = pratique.APIVersion, pratique.KindIdentityProvider, data, nil
	done, err := c.Change(cmd.Context(), apiv1.Changes{Changes: []apiv1.Change{{Put: &m}}})
	if err != nil {
		return err
	}
	for _, w := range done.Warnings {
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "%s%s\n", p.paint(yellow, "warning: "), line(w))
	}
	printDone(cmd.OutOrStdout(), done.Steps)
	return nil
}
