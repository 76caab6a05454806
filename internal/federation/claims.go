package federation

import (
	"context"
	"crypto/subtle"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

// maxGroups bounds the values of a claim. Providers cut theirs at some two hundred.
const maxGroups = 2000

// verify checks an ID token (OpenID Connect Core, section 3.1.3.7): signature, issuer, audience and expiry by the library, the rest here. An
// algorithm counts only when it is one with public keys.
func (f *found) verify(ctx context.Context, raw string, t ticket, idp *pratique.IdentityProvider, now func() time.Time) (Assertion, error) {
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, f.http), patience)
	defer cancel()
	token, err := f.provider.VerifierContext(ctx, &oidc.Config{ClientID: idp.ClientID, Now: now}).Verify(ctx, raw)
	if err != nil {
		return Assertion{}, unproven(idp, "the ID token: "+err.Error())
	}
	if subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(t.Nonce)) != 1 {
		return Assertion{}, unproven(idp, "the ID token was made for another sign-in")
	}
	claims := map[string]jsontext.Value{}
	if err := token.Claims(&strict{&claims}); err != nil {
		return Assertion{}, unproven(idp, "the claims of the ID token cannot be read")
	}
	if party := text(claims["azp"]); len(token.Audience) > 1 && party != idp.ClientID || party != "" && party != idp.ClientID {
		return Assertion{}, unproven(idp, "the ID token was made for another client")
	}
	if token.Subject == "" {
		return Assertion{}, unproven(idp, "the ID token has no subject")
	}
	groups, ok := texts(claims[idp.MembershipClaim()])
	if !ok {
		return Assertion{}, unproven(idp, "the claim of groups is neither a text nor a list of texts, or too long")
	}
	out := Assertion{
		Account: t.Account, Provider: idp, Subject: token.Subject, Name: text(claims[idp.NameClaim()]), Groups: groups,
	}
	if verified(claims["email_verified"]) {
		out.Email = text(claims["email"])
	}
	return out, nil
}

// strict reads claims with the reader for bytes from outside: no duplicate names.
type strict struct{ into *map[string]jsontext.Value }

// UnmarshalJSON is called by the library.
func (s *strict) UnmarshalJSON(data []byte) error { return strictjson.Unmarshal(data, s.into) }

// text is a claim that is a text; empty for all others.
func text(v jsontext.Value) string {
	var s string
	if len(v) == 0 || strictjson.Unmarshal(v, &s) != nil {
		return ""
	}
	return s
}

// texts is a claim that is one text or several; none when it is missing.
func texts(v jsontext.Value) ([]string, bool) {
	if len(v) == 0 || string(v) == "null" {
		return nil, true
	}
	if one := text(v); one != "" {
		return []string{one}, true
	}
	var out []string
	if strictjson.Unmarshal(v, &out) != nil || len(out) > maxGroups {
		return nil, false
	}
	slices.Sort(out)
	return slices.Compact(out), true
}

func verified(v jsontext.Value) bool { return string(v) == "true" }
