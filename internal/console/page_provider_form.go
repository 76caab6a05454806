package console

import (
	"context"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

// providerForm is the form for a provider, new or old.
type providerForm struct {
	base
	Intro    string
	Redirect string
	Fields   []ui.Field
	Label    string
	Back     string
}

func (*providerForm) template() string { return "provider-form" }

func (c *Console) newProvider(ctx context.Context, v *visit) (answer, error) {
	return c.providerForm(ctx, v, "", pratique.IdentityProviderSpec{}, nil)
}

func (c *Console) editProvider(ctx context.Context, v *visit) (answer, error) {
	m, spec, err := providerOf(ctx, v)
	if err != nil {
		return nil, err
	}
	return c.providerForm(ctx, v, m.Metadata.Name, spec, nil)
}

// providerForm shows the form. Name is empty for a new provider. A secret that was typed is not shown again.
func (c *Console) providerForm(ctx context.Context, v *visit, name string, s pratique.IdentityProviderSpec, failed error) (answer, error) {
	login, err := c.client.LoginProviders(ctx, "", "")
	if err != nil {
		return nil, err
	}
	p := &providerForm{Redirect: login.Redirect, Label: "Add", Back: at(providersSection)}
	p.base = base{v.frame(providersSection, "Add identity provider")}
	p.Crumbs = []ui.Link{{Title: "Identity providers", Href: at(providersSection)}}
	p.Intro = "Register Pratique at the provider first, as a client of the authorization code flow with this redirect address:"
	secretHint := "What the provider gave to you with the client id. Stays empty for a public client."
	if name != "" {
		p.base = base{v.frame(providersSection, "Change identity provider "+name)}
		p.Crumbs = []ui.Link{{Title: "Identity providers", Href: at(providersSection)}, {Title: name, Href: at(providersSection, name)}}
		p.Label, p.Back, p.Intro = "Save", at(providersSection, name), "The provider must know this redirect address:"
		secretHint = "Leave it empty to keep the one that there is. Another client id needs its own."
	} else {
		p.Fields = []ui.Field{
			{Name: "name", Label: "Name", Value: v.form("name"), Required: true, Focus: true, MaxLength: 64, Hint: "ASCII letters, digits, . _ -. It never changes: users are linked to it."},
			{Name: "issuer", Label: "Issuer", Value: s.Issuer, Required: true, MaxLength: 512, Mono: true, Placeholder: "https://login.example.com", Hint: "Exactly as the provider writes it. It never changes."},
		}
	}
	p.Problem = problem(failed)
	var groups strings.Builder
	for _, g := range s.Groups {
		groups.WriteString(g.Claim + " = " + g.Group + "\n")
	}
	p.Fields = append(p.Fields,
		ui.Field{Name: "displayName", Label: "Name on the button", Value: s.DisplayName, MaxLength: 64, Hint: "People see “Sign in with …”"},
		ui.Field{Name: "clientID", Label: "Client id", Value: s.ClientID, Required: true, MaxLength: 256, Mono: true},
		ui.Field{Name: "clientSecret", Label: "Client secret", Type: "password", Autocomplete: "new-password", MaxLength: 1024, Hint: secretHint},
		ui.Field{Name: "groups", Label: "Groups", Type: "textarea", Rows: 5, Mono: true, Value: groups.String(), Hint: "One line for each: value of the claim = user group here. Who has the value is in the group, who has not leaves it. Who is in none is refused."},
		ui.Field{Name: "create", Label: "Whoever is in a mapped group and not known becomes a user", Type: "checkbox", Checked: s.Create},
		ui.Field{Name: "usernameClaim", Label: "Claim of the name", Value: s.UsernameClaim, Placeholder: "preferred_username", MaxLength: 128, Mono: true, Hint: "Names new users"},
		ui.Field{Name: "groupsClaim", Label: "Claim of groups", Value: s.GroupsClaim, Placeholder: "groups", MaxLength: 128, Mono: true},
		ui.Field{Name: "scopes", Label: "Scopes", Value: strings.Join(s.Scopes, " "), Placeholder: "openid profile email groups", Mono: true, Hint: "With spaces between them. Some providers refuse the scope groups: leave it out there."},
		ui.Field{Name: "ca", Label: "Certificate authorities", Type: "textarea", Rows: 4, Mono: true, Value: s.CA, Hint: "PEM, for a provider whose certificate no public authority signed"},
	)
	return p, nil
}

// providerSpecOf reads the form over what is there.
func providerSpecOf(v *visit, s pratique.IdentityProviderSpec) (pratique.IdentityProviderSpec, error) {
	s.DisplayName, s.ClientID, s.ClientSecret = v.form("displayName"), v.form("clientID"), v.form("clientSecret")
	s.UsernameClaim, s.GroupsClaim, s.Create = v.form("usernameClaim"), v.form("groupsClaim"), v.form("create") != ""
	s.Scopes, s.CA = strings.Fields(v.form("scopes")), strings.ReplaceAll(v.form("ca"), "\r\n", "\n")
	s.Groups = nil
	for text := range strings.Lines(v.form("groups")) {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		i := strings.LastIndex(text, "=") // names of groups hold none, claims may
		if i < 0 {
			return s, wrong("the line “" + text + "” of the groups is not: value = user group")
		}
		s.Groups = append(s.Groups, pratique.GroupMapping{Claim: strings.TrimSpace(text[:i]), Group: strings.TrimSpace(text[i+1:])})
	}
	return s, nil
}

func (c *Console) createProvider(ctx context.Context, v *visit) (answer, error) {
	name := v.form("name")
	spec, err := providerSpecOf(v, pratique.IdentityProviderSpec{IdentityProviderConfig: pratique.IdentityProviderConfig{Issuer: v.form("issuer")}})
	if err == nil {
		err = v.mustBeNew(ctx, pratique.KindIdentityProvider, name)
	}
	if err != nil {
		return c.providerForm(ctx, v, "", spec, err)
	}
	m, err := manifest(pratique.KindIdentityProvider, name, spec)
	if err != nil {
		return nil, err
	}
	done, err := v.api.Change(ctx, apiv1.Changes{Changes: []apiv1.Change{{Put: &m}}})
	if err != nil {
		return c.providerForm(ctx, v, "", spec, err)
	}
	return goTo{at(providersSection, name), noted("People can sign in through "+name+" now.", done.Warnings)}, nil
}

func (c *Console) updateProvider(ctx context.Context, v *visit) (answer, error) {
	m, old, err := providerOf(ctx, v)
	if err != nil {
		return nil, err
	}
	name := m.Metadata.Name
	spec, err := providerSpecOf(v, old)
	if err != nil {
		return c.providerForm(ctx, v, name, spec, err)
	}
	next, err := changed(m, spec)
	if err != nil {
		return nil, err
	}
	done, err := v.api.Change(ctx, apiv1.Changes{Changes: []apiv1.Change{{Put: &next}}})
	if err != nil {
		return c.providerForm(ctx, v, name, spec, err)
	}
	return goTo{at(providersSection, name), noted("Saved. It counts from the next sign-in on.", done.Warnings)}, nil
}
