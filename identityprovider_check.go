package pratique

import (
	"crypto/x509"
	"encoding/pem"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// The limits of a provider. The numbers keep a provider small and one sign-in within one transaction of the store.
const (
	maxProviderURL    = 512
	maxClientID       = 256
	maxCA             = 32 << 10
	maxScopes         = 16
	maxScope          = 128
	maxClaim          = 128
	maxMappings       = 50
	maxSubject        = 255 // OpenID Connect Core, section 2
	maxProviderSecret = 1024
)

func (s *IdentityProviderSpec) check(name string) error {
	if err := checkText("displayName", s.DisplayName, 64); err != nil {
		return err
	}
	if strings.Contains(s.DisplayName, "\n") {
		return invalid("displayName of identity provider %q has several lines", name)
	}
	if err := checkIssuer(s.Issuer); err != nil {
		return err
	}
	if !printable(s.ClientID, 1, maxClientID) {
		return invalid("clientID of identity provider %q must be 1 to %d visible ASCII characters", name, maxClientID).
			hint("the provider gives it to you when you register Pratique there")
	}
	if err := checkCA(s.CA); err != nil {
		return err
	}
	if err := s.checkScopes(); err != nil {
		return err
	}
	for _, claim := range []struct{ field, text string }{{"usernameClaim", s.UsernameClaim}, {"groupsClaim", s.GroupsClaim}} {
		if !printable(claim.text, 0, maxClaim) {
			return invalid("%s must be at most %d visible ASCII characters", claim.field, maxClaim)
		}
	}
	return s.checkMapping(name)
}

// CheckClientSecret refuses a secret that no provider gives out.
func CheckClientSecret(secret string) error {
	if !printable(secret, 1, maxProviderSecret) {
		return invalid("clientSecret must be at most %d visible ASCII characters", maxProviderSecret)
	}
	return nil
}

func (s *IdentityProviderSpec) checkScopes() error {
	if len(s.Scopes) > maxScopes {
		return invalid("there are %d scopes, and at most %d are allowed", len(s.Scopes), maxScopes)
	}
	for _, scope := range s.Scopes {
		if !printable(scope, 1, maxScope) || strings.ContainsAny(scope, `"\`) {
			return invalid("the scope %q is not one", scope).hint("a scope is 1 to %d visible ASCII characters without quotes and backslashes", maxScope)
		}
	}
	if len(s.Scopes) > 0 && !slices.Contains(s.Scopes, "openid") {
		return invalid("the scopes lack openid").hint("without it a provider does not say who somebody is")
	}
	return nil
}

// checkMapping also refuses a provider that would make a user of everybody it knows: that is rarely meant, and nobody would notice.
func (s *IdentityProviderSpec) checkMapping(name string) error {
	switch {
	case len(s.Groups) > maxMappings:
		return invalid("identity provider %q maps %d values, and at most %d are allowed", name, len(s.Groups), maxMappings)
	case s.Create && len(s.Groups) == 0:
		return invalid("identity provider %q creates users and maps no group: everybody who is known there would become a user", name).
			hint("map at least one group; who is in none of them is refused")
	}
	seen := map[GroupMapping]bool{}
	for _, m := range s.Groups {
		if m.Claim == "" || m.Group == "" {
			return invalid("a mapping of identity provider %q needs a claim and a group", name)
		}
		if err := checkText("claim", m.Claim, 256); err != nil {
			return err
		}
		key := GroupMapping{m.Claim, Fold(m.Group)}
		if seen[key] {
			return invalid("identity provider %q maps %q to %q twice", name, m.Claim, m.Group)
		}
		seen[key] = true
	}
	return nil
}

// checkIssuer follows OpenID Connect Discovery, section 2: https, and nothing after the path. Without TLS whoever is on the way could say
// who people are; on the machine itself there is nobody on the way.
func checkIssuer(issuer string) error {
	bad := func(why string) error {
		return invalid("the issuer %q %s", issuer, why).hint("write it exactly as the provider does in its .well-known/openid-configuration, such as https://login.example.com")
	}
	if !printable(issuer, 1, maxProviderURL) {
		return bad("is not an address")
	}
	u, err := url.Parse(issuer)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return bad("is not an address")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(issuer, "#"):
		return bad("holds more than a host and a path")
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	default:
		return bad("must begin with https://")
	}
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func checkCA(text string) error {
	if text == "" {
		return nil
	}
	if len(text) > maxCA {
		return invalid("ca has %d bytes, and may have at most %d", len(text), maxCA)
	}
	rest, found := []byte(text), 0
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return invalid("ca holds a %s", line(block.Type)).hint("give certificates of authorities and nothing else")
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return invalid("a certificate in ca cannot be read: %v", err)
		}
		found++
	}
	if found == 0 || strings.TrimSpace(string(rest)) != "" {
		return invalid("ca is not a list of certificates in PEM")
	}
	return nil
}

// line is text that somebody else wrote, fit for a sentence.
func line(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s[:min(len(s), 40)])
}

// printable reports whether a text is visible ASCII without spaces, of a length.
func printable(s string, least, most int) bool {
	return len(s) >= least && len(s) <= most && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}
