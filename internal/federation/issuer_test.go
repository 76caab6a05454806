package federation

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/seal"
)

// issuer is a provider that answers as a test wants.
type issuer struct {
	*httptest.Server
	t      *testing.T
	key    *ecdsa.PrivateKey
	claims map[string]any                                // over the usual ones
	doc    map[string]any                                // over the usual discovery document
	sign   func(any) string                              // in place of signing with the key
	token  func(http.ResponseWriter, *http.Request) bool // true: it has answered
	found  http.HandlerFunc                              // in place of discovery
	asked  atomic.Int32                                  // discoveries

	nonce, challenge, secret string // of the last sign-in
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{t: t, key: key, claims: map[string]any{}, doc: map[string]any{}}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", i.discovery)
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("/token", i.answer)
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) discovery(w http.ResponseWriter, r *http.Request) {
	i.asked.Add(1)
	if i.found != nil {
		i.found(w, r)
		return
	}
	doc := map[string]any{
		"issuer": i.URL, "authorization_endpoint": i.URL + "/auth", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
		"id_token_signing_alg_values_supported": []string{"ES256", "none", "HS256"},
	}
	maps.Copy(doc, i.doc)
	_ = json.NewEncoder(w).Encode(doc)
}

func (i *issuer) answer(w http.ResponseWriter, r *http.Request) {
	if i.token != nil && i.token(w, r) {
		return
	}
	_, i.secret, _ = r.BasicAuth()
	sum := sha(r.PostFormValue("code_verifier"))
	if r.PostFormValue("code") != "good" || sum != i.challenge {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": "invalid_grant"})
		return
	}
	claims := map[string]any{
		"iss": i.URL, "aud": "pratique", "sub": "s-1", "exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix(), "nonce": i.nonce,
		"preferred_username": "carol", "groups": []string{"ops"}, "email": "carol@example.com", "email_verified": true,
	}
	maps.Copy(claims, i.claims)
	sign := i.signed
	if i.sign != nil {
		sign = i.sign
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"access_token": "x", "token_type": "Bearer", "id_token": sign(claims)})
}

func (i *issuer) signed(claims any) string { return sign(i.t, i.key, claims) }

func sign(t *testing.T, key *ecdsa.PrivateKey, claims any) string {
	t.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	data, _ := json.Marshal(claims)
	jws, err := s.Sign(data)
	if err != nil {
		t.Fatal(err)
	}
	out, _ := jws.CompactSerialize()
	return out
}

// world is a party with one provider.
type world struct {
	*Party
	t     *testing.T
	idp   *pratique.IdentityProvider
	clock time.Time
}

func newWorld(t *testing.T, i *issuer) *world {
	t.Helper()
	sealer, err := seal.Create(filepath.Join(t.TempDir(), "kek"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, clock: time.Now()}
	w.Party = &Party{Dial: new(net.Dialer).DialContext, Sealer: sealer, Now: func() time.Time { return w.clock }}
	w.idp = &pratique.IdentityProvider{
		Meta:                   pratique.Meta{ID: "idp-1", Name: "corp", Generation: 1},
		IdentityProviderConfig: pratique.IdentityProviderConfig{Issuer: i.URL, ClientID: "pratique"},
	}
	if w.idp.Sealed, err = sealer.Seal([]byte("hush"), SecretPath("acc", i.URL, "pratique")); err != nil {
		t.Fatal(err)
	}
	return w
}

const redirect = "https://iam.example.com/console/oidc/callback"

// begin goes to the provider, which notes what it is asked.
func (w *world) begin(i *issuer) (ticket, state string) {
	w.t.Helper()
	address, ticket, err := w.Begin(w.t.Context(), "acc", w.idp, redirect)
	if err != nil {
		w.t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		w.t.Fatal(err)
	}
	q := u.Query()
	i.nonce, i.challenge = q.Get("nonce"), q.Get("code_challenge")
	if q.Get("code_challenge_method") != "S256" || q.Get("redirect_uri") != redirect || q.Get("response_type") != "code" || q.Get("scope") != "openid profile email groups" {
		w.t.Fatalf("the provider is asked %v", q)
	}
	return ticket, q.Get("state")
}

func (w *world) finish(ticket string, a Answer) (Assertion, error) {
	return w.Finish(w.t.Context(), ticket, a, func(account, id string) (*pratique.IdentityProvider, bool) {
		return w.idp, account == "acc" && id == w.idp.ID
	})
}

// refused asks for a sentence to the person, and a reason for the operator.
func refused(t *testing.T, err error, kind error, sentence, reason string) {
	t.Helper()
	f, ok := errors.AsType[*Failure](err)
	if !ok || !errors.Is(err, kind) || !strings.Contains(err.Error(), sentence) || !strings.Contains(f.Reason, reason) {
		t.Errorf("got %v (%+v), want %v saying %q because of %q", err, f, kind, sentence, reason)
	}
}

func sha(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
