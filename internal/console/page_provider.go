package console

import (
	"context"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/console/ui"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

const providersSection = "identity-providers"

func (c *Console) providerRoutes() []route {
	const get, post = "GET " + Prefix + providersSection, "POST " + Prefix + providersSection
	return []route{
		{get, c.providers, false},
		{get + "/new", c.newProvider, false},
		{post + "/new", c.createProvider, false},
		{get + "/{name}", c.provider, false},
		{get + "/{name}/edit", c.editProvider, false},
		{post + "/{name}/edit", c.updateProvider, false},
		{get + "/{name}/delete", c.confirmDeleteProvider, false},
		{post + "/{name}/delete", c.deleteProvider, false},
	}
}

// providersPage lists identity providers.
type providersPage struct {
	base
	New   ui.Button
	Table ui.Table
}

func (*providersPage) template() string { return "providers" }

func (c *Console) providers(ctx context.Context, v *visit) (answer, error) {
	list, err := v.api.List(ctx, pratique.KindIdentityProvider, client.ListOptions{Name: v.query("q"), Page: v.query("page")})
	if err != nil {
		return nil, err
	}
	permits, err := v.may(ctx, on("identityProvider.create", ""))
	if err != nil {
		return nil, err
	}
	p := &providersPage{base: base{v.frame(providersSection, "Identity providers")}}
	p.New = ui.Button{Label: "Add identity provider", Href: at(providersSection, "new"), Kind: "primary", Permit: permits[0]}
	p.Table = v.listing(list.Next, ui.Table{
		Caption: "Identity providers", Columns: []ui.Column{{Title: "Name"}, {Title: "Issuer"}, {Title: "Mapped groups", Number: true}, {Title: "Creates users"}, {Title: "Created"}},
		Empty: ui.Empty{
			Title: "No identity provider yet", Button: &p.New,
			Text: "Through an identity provider people sign in with the account that they have at work, and its groups decide in which user groups they are here.",
		},
	})
	for _, m := range list.Items {
		var spec pratique.IdentityProviderSpec
		if err := specOf(m, &spec); err != nil {
			return nil, err
		}
		creates := "no"
		if spec.Create {
			creates = "yes"
		}
		p.Table.Rows = append(p.Table.Rows, ui.Row{Cells: []ui.Cell{
			{Text: m.Metadata.Name, Href: at(providersSection, m.Metadata.Name), Sub: spec.DisplayName},
			{Text: spec.Issuer},
			{Text: count(len(spec.Groups))},
			{Text: creates},
			{Text: day(m.Metadata.Created)},
		}})
	}
	return p, nil
}

// providerPage shows one provider.
type providerPage struct {
	base
	Name     string
	Redirect string
	SignIn   string // address of the page for signing in that shows the button
	Facts    ui.Facts
	Groups   ui.Table
	Buttons  []ui.Button
}

func (*providerPage) template() string { return "provider" }

func (c *Console) provider(ctx context.Context, v *visit) (answer, error) {
	m, spec, err := providerOf(ctx, v)
	if err != nil {
		return nil, err
	}
	name := m.Metadata.Name
	permits, err := v.may(ctx, on("identityProvider.update", name), on("identityProvider.delete", name))
	if err != nil {
		return nil, err
	}
	login, err := c.client.LoginProviders(ctx, "", "")
	if err != nil {
		return nil, err
	}
	p := &providerPage{base: base{v.frame(providersSection, name)}, Name: name, Redirect: login.Redirect}
	p.SignIn = href([]string{"login"}, "account", v.me.Account, "provider", name)
	p.Crumbs = []ui.Link{{Title: "Identity providers", Href: at(providersSection)}}
	p.Buttons = []ui.Button{
		{Label: "Change…", Kind: "primary", Href: at(providersSection, name, "edit"), Permit: permits[0]},
		{Label: "Delete…", Kind: "danger", Href: at(providersSection, name, "delete"), Permit: permits[1]},
	}
	p.Facts = providerFacts(m, spec)
	p.Groups = ui.Table{
		Caption: "Groups", Columns: []ui.Column{{Title: "Value of the claim " + spec.MembershipClaim()}, {Title: "User group"}},
		Empty: ui.Empty{Title: "No group is mapped", Text: "Only users who are linked by an administrator can sign in. They keep the groups that they are in."},
	}
	for _, g := range spec.Groups {
		p.Groups.Rows = append(p.Groups.Rows, ui.Row{Cells: []ui.Cell{{Text: g.Claim}, {Text: g.Group, Href: at("groups", g.Group)}}})
	}
	return p, nil
}

func providerFacts(m pratique.Manifest, spec pratique.IdentityProviderSpec) ui.Facts {
	var status pratique.IdentityProviderStatus
	if len(m.Status) > 0 {
		_ = strictjson.Unmarshal(m.Status, &status) // a newer server may say more; then none is shown
	}
	kept, unknown, authorities := "none: a public client", "Nobody: an administrator links users first", "those of the server's machine"
	if status.HasSecret {
		kept = "kept, and shown to nobody"
	}
	if spec.Create {
		unknown = "Whoever is in a mapped group becomes a user"
	}
	if spec.CA != "" {
		authorities = "its own"
	}
	return ui.Facts{
		{Name: "Name on the button", Value: spec.DisplayName},
		{Name: "Issuer", Value: spec.Issuer, Code: true},
		{Name: "Client id", Value: spec.ClientID, Code: true},
		{Name: "Client secret", Value: kept},
		{Name: "Certificate authorities", Value: authorities},
		{Name: "Scopes", Value: strings.Join(spec.AskedScopes(), " "), Code: true},
		{Name: "Claim of the name", Value: spec.NameClaim(), Code: true},
		{Name: "Who is not known yet", Value: unknown},
		{Name: "Id", Value: m.Metadata.ID, Code: true},
		{Name: "Created", Value: day(m.Metadata.Created)},
	}
}

func providerOf(ctx context.Context, v *visit) (pratique.Manifest, pratique.IdentityProviderSpec, error) {
	var spec pratique.IdentityProviderSpec
	m, err := v.api.Get(ctx, pratique.KindIdentityProvider, v.path("name"))
	if err != nil {
		return m, spec, err
	}
	return m, spec, specOf(m, &spec)
}

func (c *Console) confirmDeleteProvider(ctx context.Context, v *visit) (answer, error) {
	return c.confirmDelete(ctx, v, pratique.KindIdentityProvider, providersSection, nil)
}

func (c *Console) deleteProvider(ctx context.Context, v *visit) (answer, error) {
	return c.remove(ctx, v, pratique.KindIdentityProvider, providersSection)
}

// signsInThrough tells of a user whom a provider vouches for.
func signsInThrough(s pratique.UserSpec) ui.Facts {
	if s.Identity == nil {
		return nil
	}
	return ui.Facts{
		{Name: "Signs in through", Value: s.Identity.Provider, Href: at(providersSection, s.Identity.Provider)},
		{Name: "Known there as", Value: s.Identity.Subject, Code: true},
	}
}
