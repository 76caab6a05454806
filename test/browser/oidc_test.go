package browser

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	gosundheit "github.com/AppsFlyer/go-sundheit"
	"github.com/dexidp/dex/pkg/featureflags"
	dex "github.com/dexidp/dex/server"
	"github.com/dexidp/dex/server/connectors"
	"github.com/dexidp/dex/server/signer"
	"github.com/dexidp/dex/server/tokens"
	"github.com/dexidp/dex/storage"
	"github.com/dexidp/dex/storage/memory"
	"github.com/dexidp/dex/web"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/crypto/bcrypt"
)

// identities is dex, an OpenID Connect provider that others run, with people of its own.
type identities struct {
	t     *testing.T
	url   string
	store storage.Storage
}

// provide starts dex. It ends with the test.
func provide(t *testing.T) *identities {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	t.Cleanup(stop)
	var handler http.Handler
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(front.Close)
	quiet := slog.New(slog.DiscardHandler)
	i := &identities{t: t, url: front.URL + "/dex", store: memory.New(quiet)}
	keys, err := (&signer.LocalConfig{KeysRotationPeriod: "6h"}).Open(ctx, i.store, time.Hour, time.Now, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if err := i.store.CreateConnector(ctx, storage.Connector{ID: connectors.LocalConnector, Type: connectors.LocalConnector, Name: "Email", ResourceVersion: "1"}); err != nil {
		t.Fatal(err)
	}
	if featureflags.SessionsEnabled.Enabled() {
		t.Fatal("this test signs in anew each time: run it without sessions of dex")
	}
	handler, err = dex.NewServer(ctx, dex.Config{
		Issuer: i.url, Storage: i.store, Web: dex.WebConfig{WebFS: web.FS()}, Logger: quiet, PrometheusRegistry: prometheus.NewRegistry(),
		HealthChecker: gosundheit.New(), SkipApprovalScreen: true, Signer: keys, RefreshTokenPolicy: tokens.NewRefreshStrategy(true, 0, 0, 0, time.Now),
	})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// knows adds a client.
func (i *identities) knows(id, secret, redirect string) {
	i.t.Helper()
	err := i.store.CreateClient(i.t.Context(), storage.Client{ID: id, Secret: secret, Name: "Pratique", RedirectURIs: []string{redirect}})
	if err != nil {
		i.t.Fatal(err)
	}
}

// employs adds somebody.
func (i *identities) employs(name string, groups ...string) {
	i.t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
	if err != nil {
		i.t.Fatal(err)
	}
	err = i.store.CreatePassword(i.t.Context(), storage.Password{
		Email: name + "@example.com", Username: name, PreferredUsername: name, Hash: hash, UserID: "0-" + name, Groups: groups,
	})
	if err != nil {
		i.t.Fatal(err)
	}
}

// puts somebody into these groups and no others.
func (i *identities) puts(name string, groups ...string) {
	i.t.Helper()
	err := i.store.UpdatePassword(i.t.Context(), name+"@example.com", func(p storage.Password) (storage.Password, error) {
		p.Groups = groups
		return p, nil
	})
	if err != nil {
		i.t.Fatal(err)
	}
}

// addProvider goes the way of an administrator who has registered Pratique at dex.
func (p *person) addProvider(i *identities) {
	p.t.Helper()
	p.follow("Identity providers")
	p.sees("No identity provider yet")
	p.follow("Add identity provider")
	p.sees(p.s.url + "/console/oidc/callback")
	p.fill("Name", "corp", "Issuer", i.url, "Name on the button", "Example Corp", "Client id", "pratique", "Client secret", "grey-heron-secret",
		"Groups", "platform = operators\nsupport = viewers")
	p.tick("Whoever is in a mapped group and not known becomes a user")
	p.follow("Add")
	p.sees("People can sign in through corp now", "kept, and shown to nobody", "platform", "operators")
	p.doesNotSee("grey-heron-secret")
}

// signInThrough is signing in at the provider.
func (p *person) signInThrough(name string) {
	p.t.Helper()
	p.open("/console/login")
	p.follow("Sign in with Example Corp")
	p.sees("Log in to Your Account")
	p.fill("Email Address", name+"@example.com", "Password", password)
	p.follow("Login")
}

func TestPeopleSignInThroughAProviderAndSeeWhatItsGroupsGive(t *testing.T) {
	provider := provide(t)
	s := serve(t, "--cluster-network", "127.0.0.0/8") // the provider is on this machine
	provider.knows("pratique", "grey-heron-secret", s.url+"/console/oidc/callback")
	provider.employs("noor", "platform", "support")
	provider.employs("otto", "choir")
	browser := chromium(t, s)
	root := sit(t, s, browser)
	root.foundAccount()
	root.createGroup("operators", "CCE FullAccess")
	root.createGroup("viewers", "CCE ReadOnlyAccess")
	root.addProvider(provider)

	noor := sit(t, s, browser)
	noor.signInThrough("noor")
	noor.sees("Overview")
	noor.follow("My access")
	noor.sees("noor", "operators", "viewers", "CCE FullAccess")

	provider.puts("noor", "support")
	noor.press("Sign out")
	noor.sees("You are signed out")
	noor.signInThrough("noor")
	noor.sees("Overview")
	noor.follow("My access")
	noor.sees("viewers", "CCE ReadOnlyAccess")
	noor.doesNotSee("operators", "CCE FullAccess")

	otto := sit(t, s, browser)
	otto.signInThrough("otto")
	otto.sees("you are in no group at Example Corp that has access here")
	root.follow("Audit")
	root.sees("through the identity provider corp")
}
