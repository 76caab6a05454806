package proxy_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/kube"
)

// bob may install charts, and nothing else inside clusters is said about him.
const bobInstalls = `
kind: User
metadata: {name: bob}
---
kind: Group
metadata: {name: bobs}
spec: {members: [bob]}
---
kind: Policy
metadata: {name: installs}
spec: {document: {Version: "1.1", Statement: [{Effect: Allow, Action: ["cce:release:*"]}]}}
---
kind: Grant
metadata: {name: bobs-install}
spec: {group: bobs, policy: installs, scope: {allProjects: true}}`

// requester is a client of Kubernetes with which the server works for somebody who has signed in.
func (w *world) requester(name, operation string) (*http.Client, pratique.Principal) {
	w.tb.Helper()
	who := w.principal(name)
	_, who.Session = w.token(name)
	s, _ := w.Account(accountID)
	config, err := w.As(s, who, "192.0.2.7", w.cluster("prod"), operation)
	if err != nil {
		w.tb.Fatal(err)
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		w.tb.Fatal(err)
	}
	return client, who
}

func (w *world) ask(client *http.Client, method, path string) answer {
	w.tb.Helper()
	req, err := http.NewRequestWithContext(w.tb.Context(), method, "https://x.invalid"+path, strings.NewReader("{}"))
	if err != nil {
		w.tb.Fatal(err)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Cookie", "a=b")
	res, err := client.Do(req) //nolint:bodyclose // read closes it
	if err != nil {
		w.tb.Fatal(err)
	}
	return read(w.tb, res)
}

const maps = "/api/v1/namespaces/dev/configmaps"

func TestTheServerWorksForTheOneWhoAsked(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	w.apply(bobInstalls)
	client, who := w.requester("bob", "release.create")
	if got := w.ask(client, "POST", maps+"?dryRun=All"); got.code != http.StatusOK {
		t.Fatalf("%d %s", got.code, got.body)
	}
	seen := b.last(t)
	if seen.RequestURI != maps+"?dryRun=All" || seen.Method != "POST" {
		t.Errorf("the cluster was asked %s %s", seen.Method, seen.RequestURI)
	}
	for name, want := range map[string]string{
		"Authorization": "Bearer proxy-credential", "Impersonate-User": w.user("bob"), "Impersonate-Extra-Pratique.dev%2foperation": "release.create",
		"Impersonate-Extra-Pratique.dev%2fsession": who.Session, "X-Forwarded-For": "192.0.2.7", "Cookie": "",
	} {
		if got := seen.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if groups := seen.Header["Impersonate-Group"]; !slices.Equal(groups, []string{"system:authenticated"}) {
		t.Errorf("groups %v", groups)
	}
}

func TestWithoutAnOperationNothingIsCovered(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	w.apply(bobInstalls)
	plain := func(name string) *http.Client {
		who := w.principal(name)
		_, who.Session = w.token(name)
		s, _ := w.Account(accountID)
		config, err := w.AsKubectl(s, who, "192.0.2.7", w.cluster("prod"))
		if err != nil {
			t.Fatal(err)
		}
		client, err := rest.HTTPClientFor(config)
		if err != nil {
			t.Fatal(err)
		}
		return client
	}
	if got := w.ask(plain("bob"), "GET", maps); got.code != http.StatusForbidden {
		t.Errorf("bob, about whom nothing is said inside clusters, is answered %d %s", got.code, got.body)
	}
	if got := w.ask(plain("alice"), "GET", maps); got.code != http.StatusOK {
		t.Fatalf("alice is answered %d %s", got.code, got.body)
	}
	if extra := b.last(t).Header["Impersonate-Extra-Pratique.dev%2foperation"]; extra != nil {
		t.Errorf("the cluster is told of the operation %v", extra)
	}
	s, _ := w.Account(accountID)
	if _, err := w.AsKubectl(s, pratique.Principal{}, "", w.cluster("prod")); !errors.Is(err, pratique.ErrDenied) {
		t.Errorf("nobody gets %v", err)
	}
}

func TestTheRootAndAdministratorsStayThatWhenTheServerWorksForThem(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	w.apply(bobInstalls + "\n---\nkind: Grant\nmetadata: {name: bobs-admin}\nspec: {group: bobs, policy: Tenant Administrator, scope: {allProjects: true}}")
	for _, name := range []string{"bob", pratique.RootID} {
		client, _ := w.requester(name, "release.create")
		w.ask(client, "GET", maps)
		if groups := b.last(t).Header["Impersonate-Group"]; !slices.Contains(groups, kube.AdministratorsGroup) {
			t.Errorf("%s comes in %v", name, groups)
		}
	}
}

func TestADenyHoldsForWhatTheServerDoesForSomebody(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	w.apply(bobInstalls + "\n---" + strings.ReplaceAll(denyExec, "group: team", "group: bobs"))
	client, _ := w.requester("bob", "release.create")
	got := w.ask(client, "GET", "/api/v1/namespaces/dev/secrets/key")
	got.refused(t, http.StatusForbidden, "Forbidden", `denied by statement 1 of policy "no-secrets"`)
	reading, _ := w.requester("bob", "release.list")
	w.ask(reading, "POST", maps).refused(t, http.StatusForbidden, "Forbidden", "no statement in force allows cce:kubernetes:create")
	if len(b.requests()) > 0 {
		t.Error("the cluster was asked")
	}
	if got := w.ask(client, "GET", "/api/v1/namespaces/dev/pods/by-rbac"); got.code != http.StatusForbidden ||
		!strings.Contains(got.status.Message, "hold no namespace permission") {
		t.Errorf("a refusal of RBAC is %d %s", got.code, got.body)
	}
}

func TestWhatTheServerDoesForSomebodyEndsWithTheirSession(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	w.apply(bobInstalls)
	client, who := w.requester("bob", "release.create")
	w.change(pratique.EndSession{ID: who.Session})
	w.ask(client, "GET", maps).refused(t, http.StatusUnauthorized, "Unauthorized", "the session has ended")
	if len(b.requests()) > 0 {
		t.Error("the cluster was asked")
	}
}

func TestOnlyOperationsInsideClustersAreCarriedOutForSomebody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newBackend(t).access())
	s, _ := w.Account(accountID)
	for _, operation := range []string{"", "cluster.get", "kubernetes.create", "release.nothing"} {
		if _, err := w.As(s, w.principal("alice"), "", w.cluster("prod"), operation); !errors.Is(err, pratique.ErrInvalid) {
			t.Errorf("%q gives %v", operation, err)
		}
	}
	if _, err := w.As(s, pratique.Principal{}, "", w.cluster("prod"), "release.create"); !errors.Is(err, pratique.ErrDenied) {
		t.Errorf("for nobody it gives %v", err)
	}
}

func TestSecretsThatTheServerReadsForSomebodyAreRecorded(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	w.apply(bobInstalls)
	client, who := w.requester("bob", "release.list")
	w.ask(client, "GET", "/api/v1/namespaces/dev/secrets")
	all := w.recorded()
	if len(all) != 1 || all[0].Event != audit.Event("kubernetes.secret-read") || all[0].Actor.ID != who.ID {
		t.Fatalf("recorded %v", all)
	}
	w.mu.Lock()
	w.trailErr = errNotKept
	w.mu.Unlock()
	before := len(b.requests())
	w.ask(client, "GET", "/api/v1/namespaces/dev/secrets").refused(t, http.StatusServiceUnavailable, "ServiceUnavailable", "not done without a record")
	if len(b.requests()) != before {
		t.Error("it was done without a record")
	}
}

func TestAWatchOfTheServerEndsWithTheRightToIt(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	w.apply(bobInstalls)
	client, who := w.requester("bob", "release.create")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://x.invalid"+maps+"?watch=1", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	ended := make(chan struct{})
	go func() { _, _ = io.Copy(io.Discard, res.Body); close(ended) }()
	b.say(t, "one")
	w.change(pratique.EndSession{ID: who.Session})
	within(t, "the end of the watch", ended)
}

func TestTheServersWorkEndsWithItsContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newBackend(t).access())
	w.apply(bobInstalls)
	client, _ := w.requester("bob", "release.create")
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://x.invalid/api/v1/namespaces/dev/pods/slow", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	res, err := client.Do(req)
	if err == nil {
		_ = res.Body.Close()
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("it ends with %v", err)
	}
}

func TestARefusalIsAnErrorThatClientsKnow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newBackend(t).access())
	w.apply(bobInstalls)
	who := w.principal("bob")
	_, who.Session = w.token("bob")
	s, _ := w.Account(accountID)
	config, err := w.As(s, who, "", w.cluster("prod"), "release.list")
	if err != nil {
		t.Fatal(err)
	}
	config.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	client, err := rest.UnversionedRESTClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	err = client.Post().AbsPath(maps).Body([]byte("{}")).Do(t.Context()).Error()
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), `User "bob" cannot create resource "configmaps"`) {
		t.Errorf("client-go makes of it %v", err)
	}
}

// Neither a header nor a token says that an operation covers a request: what comes through the door is decided on by itself.
func TestATokenCarriesNoOperation(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	w.apply(bobInstalls)
	token, _ := w.clusterToken("bob", "prod")
	as{w, token}.get("/clusters/prod"+maps).refused(t, http.StatusForbidden, "Forbidden", "no statement in force allows cce:kubernetes:list")
	w.as("alice").get("/clusters/prod" + maps)
	if got := b.last(t).Header.Values("Impersonate-Extra-Pratique.dev%2foperation"); len(got) > 0 {
		t.Errorf("a request through the door carries %v", got)
	}
}
