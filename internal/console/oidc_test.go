package console_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/server"
)

// issuer is a provider at which one person is signed in.
type issuer struct {
	*httptest.Server
	t   *testing.T
	key *ecdsa.PrivateKey

	mu      sync.Mutex
	subject string
	name    string
	groups  []string
	nonces  map[string]string // by code
	secret  string            // that it was shown
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{t: t, key: key, subject: "s-1", name: "carol", nonces: map[string]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": i.URL, "authorization_endpoint": i.URL + "/auth", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"ES256"},
		})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("/token", i.token)
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) token(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	nonce, ok := i.nonces[r.PostFormValue("code")]
	delete(i.nonces, r.PostFormValue("code"))
	w.Header().Set("Content-Type", "application/json")
	if !ok {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_grant"}`))
		return
	}
	_, i.secret, _ = r.BasicAuth()
	claims, _ := json.Marshal(map[string]any{
		"iss": i.URL, "aud": "pratique", "sub": i.subject, "exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix(), "nonce": nonce,
		"preferred_username": i.name, "groups": i.groups,
	})
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: i.key, KeyID: "k"}}, nil)
	if err != nil {
		i.t.Error(err)
		return
	}
	jws, err := s.Sign(claims)
	if err != nil {
		i.t.Error(err)
		return
	}
	id, _ := jws.CompactSerialize()
	_ = json.NewEncoder(w).Encode(map[string]string{"access_token": "x", "token_type": "Bearer", "id_token": id})
}

// is says who sits at the provider from now on.
func (i *issuer) is(subject, name string, groups ...string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.subject, i.name, i.groups = subject, name, groups
}

// visit is what the provider does with somebody who is sent there: it sends them back.
func (i *issuer) visit(address string) (back string) {
	i.t.Helper()
	u, err := url.Parse(address)
	if err != nil || !strings.HasPrefix(address, i.URL+"/auth?") {
		i.t.Fatalf("the browser was sent to %s", address)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	code := rand.Text()
	i.nonces[code] = u.Query().Get("nonce")
	return "/console/oidc/callback?" + url.Values{"code": {code}, "state": {u.Query().Get("state")}}.Encode()
}

func onLoopback(c *server.Config) { c.Networks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }

// federated is a world in which root has added a provider by the form.
func federated(t *testing.T) (*world, *browser, *issuer) {
	t.Helper()
	i := newIssuer(t)
	w := newWorld(t, onLoopback)
	root := w.root()
	for _, group := range []string{"viewers", "operators"} {
		root.post("/console/groups/new", "name", group).goes("/console/groups/" + group)
	}
	root.get("/console/identity-providers").want(200, "No identity provider yet")
	root.get("/console/identity-providers/new").want(200, w.url+"/console/oidc/callback")
	root.post("/console/identity-providers/new", "name", "corp", "issuer", i.URL, "displayName", "Corp <b>", "clientID", "pratique", "clientSecret", "hush-hush",
		"groups", "readers = viewers\r\nops = operators", "create", "on").goes("/console/identity-providers/corp")
	return w, root, i
}

func (b *browser) through(i *issuer) shown {
	b.Helper()
	return b.get(i.visit(b.get("/console/oidc/start?provider=corp").want(303).to))
}

func TestSigningInThroughAProviderBringsItsGroups(t *testing.T) {
	t.Parallel()
	w, root, i := federated(t)
	b := w.browser()
	b.get("/console/users").want(200, "Sign in with Corp &lt;b&gt;", `/console/oidc/start?next=%2Fconsole%2Fusers&amp;provider=corp`)
	i.is("s-1", "carol", "readers", "ops")
	to := b.get("/console/oidc/start?provider=corp&next=/console/my-access").want(303).to
	b.get(i.visit(to)).goes("/console/my-access")
	b.get("/console/my-access").want(200, "carol")
	root.get("/console/users/carol").want(200, "Signs in through", "corp", "s-1")
	root.get("/console/groups/operators").want(200, "carol")
	if i.secret != "hush-hush" {
		t.Errorf("the provider was shown the secret %q", i.secret)
	}
	i.is("s-1", "carol", "readers")
	b.through(i).goes("/console/")
	if page := root.get("/console/groups/operators").want(200); strings.Contains(page.html, "carol") {
		t.Error("carol is still among the operators")
	}
	root.get("/console/audit").want(200, "through the identity provider corp")
	root.post("/console/users/carol", "displayName", "Carol").goes("/console/users/carol")
	b.through(i).goes("/console/") // changing the user by the form has kept the link
}

func TestWhatDoesNotFitEndsAtThePageForSigningIn(t *testing.T) {
	t.Parallel()
	w, _, i := federated(t)
	i.is("s-1", "carol", "ops")
	b, other := w.browser(), w.browser()
	back := i.visit(b.get("/console/oidc/start?provider=corp").want(303).to)
	other.get(back).want(401, "begun in another browser", "<h1>Sign in</h1>")
	b.get(back).goes("/console/")
	b.get(back).want(401, "begin again") // the cookie is gone with its first use
	b.post("/console/logout")
	i.visit(b.get("/console/oidc/start?provider=corp").want(303).to)
	b.get("/console/oidc/callback?code=x&state=y").want(401, "begin again")
	i.visit(b.get("/console/oidc/start?provider=corp").want(303).to)
	page := b.get("/console/oidc/callback?error=%3Cscript%3Ealert(1)%3C/script%3E&state=y").want(401)
	if strings.Contains(page.html, "<script>alert") {
		t.Error("the word of the provider runs")
	}
	b.get("/console/oidc/start?provider=nobody").want(404, "no such account")
	b.get("/console/oidc/start?provider=corp&account=nobody").want(404, "no such account")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+"/console/oidc/start?provider=corp", nil)
	if err == nil {
		req.Header.Set("Sec-Fetch-Site", "cross-site")
	}
	b.send(req, err).goes("/console/login?provider=corp")
	to := b.get("/console/oidc/start?provider=corp&next=https://evil.example.com/").want(303).to
	b.get(i.visit(to)).goes("/console/")
}

func TestWhoIsNotMappedTakenOrDisabledIsRefusedInASentence(t *testing.T) {
	t.Parallel()
	w, root, i := federated(t)
	b := w.browser()
	i.is("s-1", "carol")
	b.through(i).want(401, "you are in no group at Corp")
	root.post("/console/users/new", "name", "alice").goes("/console/users/alice")
	i.is("s-2", "alice", "ops")
	b.through(i).want(401, "set spec.identity of alice to provider corp, subject s-2")
	i.is("s-1", "carol", "ops")
	b.through(i).goes("/console/")
	root.post("/console/users/carol", "disabled", "on").goes("/console/users/carol")
	b.get("/console/my-access").want(401, "<h1>Sign in</h1>")
	b.through(i).want(401, "disabled")
	i.Close()
	b.get("/console/login").want(200, "Sign in with Corp") // a provider that is down is not asked
}

func TestSessionsEndWithTheirProvider(t *testing.T) {
	t.Parallel()
	w, root, i := federated(t)
	b := w.browser()
	i.is("s-1", "carol", "ops")
	b.through(i).goes("/console/")
	b.get("/console/my-access").want(200, "carol")
	root.get("/console/identity-providers/corp/delete").want(200, "This cannot be undone")
	root.post("/console/identity-providers/corp/delete", "confirm", "corp").goes("/console/identity-providers")
	b.get("/console/my-access").want(401, "<h1>Sign in</h1>")
	root.post("/console/identity-providers/new", "name", "corp", "issuer", i.URL, "clientID", "pratique").goes("/console/identity-providers/corp")
	b.get("/console/my-access").want(401, "<h1>Sign in</h1>")
}

func TestTheSecretOfAProviderIsShownToNobody(t *testing.T) {
	t.Parallel()
	w, root, i := federated(t)
	api := root.api()
	before, err := api.Get(t.Context(), pratique.KindIdentityProvider, "corp")
	if err != nil {
		t.Fatal(err)
	}
	root.post("/console/identity-providers/corp/edit", "clientID", "pratique", "clientSecret", "hush-hush", "displayName", "Corp <b>", "groups", "readers = viewers\nops = operators", "create", "on").
		goes("/console/identity-providers/corp")
	after, err := api.Get(t.Context(), pratique.KindIdentityProvider, "corp")
	if err != nil || after.Metadata.ResourceVersion != before.Metadata.ResourceVersion {
		t.Errorf("the same secret changed something: %v, %v", after.Metadata, err)
	}
	root.post("/console/identity-providers/corp/edit", "clientID", "pratique", "displayName", "Corp", "groups", "ops = operators").goes("/console/identity-providers/corp")
	i.is("s-1", "carol", "ops")
	w.browser().through(i).want(401, "nobody here is linked")
	if i.secret != "hush-hush" {
		t.Errorf("saving without a secret lost it: the provider was shown %q", i.secret)
	}
	bad := root.post("/console/identity-providers/corp/edit", "clientID", "a b", "clientSecret", "other-secret").want(400, "clientID")
	pages := bad.html
	for _, path := range []string{"/console/identity-providers", "/console/identity-providers/corp", "/console/identity-providers/corp/edit", "/console/audit"} {
		pages += root.get(path).want(200).html
	}
	export, err := api.Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all, _ := json.Marshal(export)
	if text := pages + string(all); strings.Contains(text, "hush-hush") || strings.Contains(text, "other-secret") || strings.Contains(string(all), "ealed") {
		t.Error("a secret is shown")
	}
}

func TestProvidersNeedTheirOwnRightsAndThoseOfTheirGroups(t *testing.T) {
	t.Parallel()
	w, root, i := federated(t)
	doc := `{"Version":"1.1","Statement":[{"Effect":"Allow","Action":["iam:identityProviders:*","iam:groups:*","iam:users:listUsers"]}]}`
	root.post("/console/users/new", "name", "dave", "password", "four brown bears resting").goes("/console/users/dave")
	api := root.api()
	putting(t, api, pratique.KindPolicy, "providers", `{"document":`+doc+`}`)
	putting(t, api, pratique.KindGrant, "dave", `{"user":"dave","policy":"providers","scope":{"account":true}}`)
	dave := w.browser()
	dave.post("/console/login", "user", "dave", "password", "four brown bears resting").goes("/console/")
	dave.get("/console/identity-providers/corp").want(200, "readers")
	dave.post("/console/identity-providers/corp/edit", "clientID", "pratique", "groups", "everybody = operators").want(403, "iam:permissions:addUserToGroup")
	dave.post("/console/identity-providers/new", "name", "mine", "issuer", i.URL, "clientID", "x", "groups", "a = viewers").want(403, "iam:permissions:addUserToGroup")
	dave.post("/console/identity-providers/new", "name", "mine", "issuer", i.URL, "clientID", "x").goes("/console/identity-providers/mine")
}

// putting writes an object by the API.
func putting(t *testing.T, c *client.Client, kind pratique.Kind, name, spec string) {
	t.Helper()
	m := pratique.Manifest{APIVersion: pratique.APIVersion, Kind: kind, Metadata: pratique.Metadata{Name: name}, Spec: []byte(spec)}
	if _, err := c.Change(t.Context(), changesOf(m)); err != nil {
		t.Fatal(err)
	}
}

func changesOf(m pratique.Manifest) apiv1.Changes {
	return apiv1.Changes{Changes: []apiv1.Change{{Put: &m}}}
}
