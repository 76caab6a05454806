package oidc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/pratique-iam/pratique/internal/strictjson"
)

// Life is how long a token of a cluster is good for. It cannot be shortened once it is out: the authorization webhook is what ends it early.
const Life = 10 * time.Minute

// Issuer signs and verifies. Set the exported fields; it is safe for concurrent use.
type Issuer struct {
	URL     string // of the server; the issuer that clusters are told to trust
	Secrets Secrets
	Sealer  Sealer
	Now     func() time.Time

	keys keys
}

// Claims say who a token speaks for, in which cluster.
type Claims struct {
	Subject string // id of the user or role, or RootID
	Name    string // of the user, for people
	Groups  []string
	Cluster string // id: the audience
	Account string
	Session string // id of the session that the token was made in
	Expires time.Time
}

// private is what a token holds beside the registered claims.
type private struct {
	Name    string   `json:"name,omitempty"`
	Groups  []string `json:"groups,omitempty"`
	Account string   `json:"account"`
	Session string   `json:"session"`
}

// tokenType tells these tokens from any other that the same key might ever sign.
const tokenType = "pratique-cluster+jwt" //nolint:gosec // the name of a kind of token, no token

// Sign issues a token for a cluster. It lives for Life, and not beyond c.Expires when that is set: a token never outlives the session
// that it was made in.
func (i *Issuer) Sign(ctx context.Context, c Claims) (string, time.Time, error) {
	if c.Subject == "" || c.Cluster == "" || c.Session == "" {
		return "", time.Time{}, errors.New("sign token: subject, cluster and session must be set")
	}
	now := i.Now()
	expires := now.Add(Life)
	if !c.Expires.IsZero() && c.Expires.Before(expires) {
		expires = c.Expires
	}
	key, err := i.key(ctx, periodOf(now), true)
	if err != nil {
		return "", time.Time{}, err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithType(tokenType))
	if err != nil {
		return "", time.Time{}, fmt.Errorf("sign token: %w", err)
	}
	token, err := jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: i.URL, Subject: c.Subject, Audience: jwt.Audience{c.Cluster},
		IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now.Add(-time.Minute)), Expiry: jwt.NewNumericDate(expires),
	}).Claims(private{Name: c.Name, Groups: c.Groups, Account: c.Account, Session: c.Session}).Serialize()
	if err != nil {
		return "", time.Time{}, fmt.Errorf("sign token: %w", err)
	}
	return token, expires, nil
}

// maxToken bounds what is parsed at all.
const maxToken = 8 << 10

// Verify reads a token that is shown for a cluster. Every claim must be there and right; whether the session still lives is the caller's
// question.
func (i *Issuer) Verify(ctx context.Context, token, cluster string) (Claims, error) {
	if len(token) > maxToken || strings.Count(token, ".") != 2 {
		return Claims{}, errors.New("not a token of ours")
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return Claims{}, errors.New("not a token of ours")
	}
	if typ, _ := parsed.Headers[0].ExtraHeaders[jose.HeaderType].(string); typ != tokenType {
		return Claims{}, errors.New("a token of another type")
	}
	published, err := i.published(ctx)
	if err != nil {
		return Claims{}, err
	}
	at := slices.IndexFunc(published, func(k jose.JSONWebKey) bool { return k.KeyID == parsed.Headers[0].KeyID })
	if at < 0 {
		return Claims{}, errors.New("signed with a key that is not, or no longer, ours")
	}
	var std jwt.Claims
	var own private
	if err := parsed.Claims(published[at].Key, &std, &own); err != nil {
		return Claims{}, errors.New("the signature does not fit")
	}
	if std.Expiry == nil || std.NotBefore == nil || std.Subject == "" || own.Session == "" || own.Account == "" {
		return Claims{}, errors.New("a claim is missing")
	}
	expected := jwt.Expected{Issuer: i.URL, AnyAudience: jwt.Audience{cluster}, Time: i.Now()}
	if err := std.ValidateWithLeeway(expected, 0); err != nil {
		return Claims{}, fmt.Errorf("the token is not for this cluster, or not for this time: %w", err)
	}
	return Claims{
		Subject: std.Subject, Name: own.Name, Groups: own.Groups, Cluster: cluster, Account: own.Account, Session: own.Session,
		Expires: std.Expiry.Time(),
	}, nil
}

// Discovery is the body of /.well-known/openid-configuration.
func (i *Issuer) Discovery() ([]byte, error) {
	return strictjson.Marshal(map[string]any{
		"issuer": i.URL, "jwks_uri": i.URL + "/oidc/jwks", "response_types_supported": []string{"id_token"},
		"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{string(jose.ES256)},
	})
}

// JWKS is the body of /oidc/jwks.
func (i *Issuer) JWKS(ctx context.Context) ([]byte, error) {
	published, err := i.published(ctx)
	if err != nil {
		return nil, err
	}
	return strictjson.Marshal(jose.JSONWebKeySet{Keys: published})
}
