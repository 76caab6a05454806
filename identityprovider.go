package pratique

import (
	"slices"
	"strings"

	"github.com/pratique-iam/pratique/internal/strictjson"
)

// IdentityProvider is an OpenID Connect provider through which people sign in. Its issuer and its name never change: who is linked to it is
// linked to what that issuer says.
type IdentityProvider struct {
	Meta
	IdentityProviderConfig
	Groups []GroupMapping `json:"groups,omitempty"`
	Sealed []byte         `json:"sealed,omitempty"` // the client secret, to the issuer and the client; empty: a public client
}

func (*IdentityProvider) kind() Kind { return KindIdentityProvider }

// IdentityProviderConfig is what a manifest says of a provider and what is stored of it alike.
type IdentityProviderConfig struct {
	DisplayName   string   `json:"displayName,omitempty"` // on the button; empty: the name
	Issuer        string   `json:"issuer"`
	ClientID      string   `json:"clientID"`
	CA            string   `json:"ca,omitempty"`            // PEM; empty: the authorities that the server's machine trusts
	Scopes        []string `json:"scopes,omitempty"`        // empty: openid, profile, email and groups
	UsernameClaim string   `json:"usernameClaim,omitempty"` // empty: preferred_username
	GroupsClaim   string   `json:"groupsClaim,omitempty"`   // empty: groups
	Create        bool     `json:"create,omitzero"`         // who is in a mapped group and not known becomes a user
}

// GroupMapping puts whoever has a value in the claim of groups into a group.
type GroupMapping struct {
	Claim string `json:"claim"`
	Group string `json:"group"` // name in a manifest, id in the store
}

// IdentityProviderSpec is what a manifest says of a provider. Groups are names; the secret is only ever written.
type IdentityProviderSpec struct {
	IdentityProviderConfig
	ClientSecret string         `json:"clientSecret,omitempty"`
	Groups       []GroupMapping `json:"groups,omitempty"`
}

// Title is what people know the provider by.
func (p *IdentityProvider) Title() string { return firstOf(p.DisplayName, p.Name) }

// AskedScopes are the scopes that the provider is asked for.
func (c *IdentityProviderConfig) AskedScopes() []string {
	if len(c.Scopes) == 0 {
		return []string{"openid", "profile", "email", "groups"}
	}
	return slices.Clone(c.Scopes)
}

// NameClaim is the claim that holds the name of a new user.
func (c *IdentityProviderConfig) NameClaim() string {
	return firstOf(c.UsernameClaim, "preferred_username")
}

// MembershipClaim is the claim that holds the groups.
func (c *IdentityProviderConfig) MembershipClaim() string { return firstOf(c.GroupsClaim, "groups") }

// wanted are the ids of the groups that values of the claim put somebody into, sorted.
func (p *IdentityProvider) wanted(values []string) []string {
	var out []string
	for _, m := range p.Groups {
		if slices.Contains(values, m.Claim) {
			out = append(out, m.Group)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Admits reports whether somebody with these values in the claim of groups gets in: all, where nothing is mapped.
func (p *IdentityProvider) Admits(values []string) bool {
	return len(p.Groups) == 0 || len(p.wanted(values)) > 0
}

// mapped are the ids of all groups that the provider decides about, sorted.
func (p *IdentityProvider) mapped() []string {
	var out []string
	for _, m := range p.Groups {
		out = append(out, m.Group)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (s *Snapshot) identityProviderSpec(p *IdentityProvider) IdentityProviderSpec {
	spec := IdentityProviderSpec{IdentityProviderConfig: p.IdentityProviderConfig}
	for _, m := range p.Groups {
		if g, ok := s.Groups.ID(m.Group); ok {
			spec.Groups = append(spec.Groups, GroupMapping{m.Claim, g.Name})
		}
	}
	return spec
}

// identityProviderStatus is what the server says of a provider beside its spec.
func identityProviderStatus(p *IdentityProvider) ([]byte, error) {
	return strictjson.Marshal(IdentityProviderStatus{HasSecret: len(p.Sealed) > 0})
}

// IdentityProviderStatus is the status in a manifest of a provider.
type IdentityProviderStatus struct {
	HasSecret bool `json:"hasSecret"` // a client secret is kept; nobody is shown it
}

func (e *editor) putIdentityProvider(m Manifest) error {
	own := len(e.plan.Needs)
	old, exists, err := find(e, e.IdentityProviders, m, "identityProvider")
	if err != nil {
		return err
	}
	var spec IdentityProviderSpec
	if err := decodeSpec(m, &spec); err != nil {
		return err
	}
	p := &IdentityProvider{Meta: Meta{Name: m.Metadata.Name}, IdentityProviderConfig: spec.IdentityProviderConfig, Sealed: m.Sealed}
	if spec.ClientSecret != "" {
		return invalid("the client secret of identity provider %q is not sealed", p.Name).hint("send the manifest to a server, which seals it")
	}
	if err := spec.check(p.Name); err != nil {
		return err
	}
	if p.Groups, err = e.mappedGroups(p.Name, spec.Groups); err != nil {
		return err
	}
	if !exists {
		e.needMapping(nil, p)
		e.needLinked(p.Name)
		e.stamp(&p.Meta, nil, KindIdentityProvider)
		e.IdentityProviders.set(p)
		e.write(Create, p, secretly(diff(nil, spec), m.Sealed))
		return nil
	}
	return e.changeIdentityProvider(own, old, p, m.Sealed)
}

func (e *editor) changeIdentityProvider(own int, old, p *IdentityProvider, sealed []byte) error {
	switch {
	case old.Name != p.Name:
		return conflict("the identity provider %q cannot be renamed: users are linked to its name", old.Name).hint("create another one")
	case old.Issuer != p.Issuer:
		return conflict("the issuer of identity provider %q cannot change: users are linked to what %s says", old.Name, old.Issuer).
			hint("create another provider for %s", p.Issuer)
	}
	fields := secretly(diff(e.identityProviderSpec(old), e.identityProviderSpec(p)), sealed)
	if len(sealed) == 0 && old.ClientID == p.ClientID {
		p.Sealed = old.Sealed
	}
	if len(fields) == 0 {
		e.unchanged(old, "identityProvider", own)
		return nil
	}
	if len(old.Sealed) > 0 && len(p.Sealed) == 0 {
		e.warn("the client secret was that of client " + old.ClientID + " and is gone; set the one of " + p.ClientID)
	}
	e.needMapping(old, p)
	if old.CA != p.CA || old.ClientID != p.ClientID {
		e.needLinked(p.Name)
	}
	e.stamp(&p.Meta, &old.Meta, KindIdentityProvider)
	e.IdentityProviders.set(p)
	e.write(Update, p, fields)
	return nil
}

// secretly adds to what differs that a secret was given, and not which.
func secretly(fields []FieldDiff, sealed []byte) []FieldDiff {
	if len(sealed) == 0 {
		return fields
	}
	return append(fields, FieldDiff{Field: "clientSecret"})
}

// mappedGroups resolves the names in a mapping.
func (e *editor) mappedGroups(provider string, mapping []GroupMapping) ([]GroupMapping, error) {
	var out []GroupMapping
	for _, m := range mapping {
		g, ok := e.Groups.Name(m.Group)
		if !ok {
			e.needMembers(m.Group)
			return nil, notFound(KindGroup, m.Group).hint("identity provider %q maps %q to it", provider, m.Claim)
		}
		out = append(out, GroupMapping{m.Claim, g.ID})
	}
	return out, nil
}

// anybody stands for every user in a need: only a policy that covers all users covers it.
const anybody = "*"

// needMapping is what it takes to let a provider decide who is in which group, and who is a user: to be allowed to do that oneself, for
// everybody. What a provider may no longer decide about counts as well: whose membership it kept in line stays as it is from then on.
func (e *editor) needMapping(old, p *IdentityProvider) {
	ids := p.mapped()
	if old != nil {
		ids = append(ids, old.mapped()...)
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if g, ok := e.Groups.ID(id); ok {
			e.needMembers(g.Name)
		}
	}
	if p.Create {
		e.need("user.create", "name", anybody)
	}
}

func (e *editor) needMembers(group string) {
	e.need("group.addUser", "name", group, "user", anybody)
	e.need("group.removeUser", "name", group, "user", anybody)
}

// needLinked is what it takes to say who vouches for users that are linked to a name: to be allowed to set their passwords. Without it,
// whoever may write providers could put one of their own in the place of one that is gone, and sign in as anybody who was linked to it.
func (e *editor) needLinked(provider string) {
	for u := range e.linkedTo(provider) {
		e.need("password.set", "name", u.Name)
	}
}

// deleteIdentityProvider removes a provider. Users keep their links: they cannot sign in, and nothing that they have open works, until there
// is a provider of that name again or somebody takes the link away.
func (e *editor) deleteIdentityProvider(c Delete) error {
	e.need("identityProvider.delete", "name", c.Name)
	p, ok := e.IdentityProviders.Find(c.Name)
	if !ok {
		return notFound(KindIdentityProvider, c.Name)
	}
	if n := len(slices.Collect(e.linkedTo(p.Name))); n > 0 && !c.Cascade {
		return conflict("%d users sign in through identity provider %q", n, p.Name).
			hint("cascade to delete it all the same: those users stay, and cannot sign in any more")
	}
	e.IdentityProviders.remove(p)
	e.write(Remove, p, nil)
	return nil
}

// unmap takes a group that goes out of the mappings of all providers.
func (e *editor) unmap(g *Group) {
	for _, p := range e.mapping(g.ID) {
		e.need("identityProvider.update", "name", p.Name)
		next := *p
		next.Groups = slices.DeleteFunc(slices.Clone(p.Groups), func(m GroupMapping) bool { return m.Group == g.ID })
		next.Create = next.Create && len(next.Groups) > 0
		before, after := e.identityProviderSpec(p), e.identityProviderSpec(&next)
		e.stamp(&next.Meta, &p.Meta, KindIdentityProvider)
		e.IdentityProviders.set(&next)
		e.write(Update, &next, diff(before, after))
		e.cascaded()
	}
}

// mapping lists the providers that put people into a group.
func (s *Snapshot) mapping(groupID string) []*IdentityProvider {
	var out []*IdentityProvider
	for p := range s.IdentityProviders.All() {
		if slices.Contains(p.mapped(), groupID) {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b *IdentityProvider) int { return strings.Compare(a.ID, b.ID) })
	return out
}
