package webhook_test

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"sigs.k8s.io/yaml"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/authn"
	"github.com/pratique-iam/pratique/internal/strictjson"
	"github.com/pratique-iam/pratique/internal/webhook"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const accountID = "1000000000000001"

// world is a server with one account, seen from the kube-apiservers of its clusters.
type world struct {
	*webhook.Webhook
	tb    testing.TB
	authn *authn.Authenticator
	log   strings.Builder

	mu         sync.Mutex
	snapshot   *pratique.Snapshot
	clock      time.Time
	fresh      webhook.Freshness
	remembered []access.Query
	tokens     map[string]webhook.Claims
}

// newWorld founds an account with the user alice and the clusters prod (cce-standard, tag env=prod) and ack (ack-managed).
func newWorld(tb testing.TB, manifests ...string) *world {
	tb.Helper()
	c, err := catalog.Load()
	if err != nil {
		tb.Fatal(err)
	}
	rules := pratique.NewRules(c, "local-1")
	w := &world{tb: tb, clock: noon, fresh: webhook.Freshness{Usable: true}, tokens: map[string]webhook.Claims{}}
	w.snapshot, _, err = pratique.Found(rules, pratique.Account{Meta: pratique.Meta{ID: accountID, Name: "acme"}}, pratique.At(noon),
		pratique.Session{Hash: "h", Expires: noon.Add(time.Hour)})
	if err != nil {
		tb.Fatal(err)
	}
	w.authn = &authn.Authenticator{Accounts: w, Now: w.now}
	w.Webhook = &webhook.Webhook{
		Callers: w.authn, Decider: &access.Decider{Rules: rules}, Issuer: w, Fresh: w.freshness, Remember: w.remember,
		Log: slog.New(slog.NewJSONHandler(&w.log, nil)), Now: w.now,
	}
	w.change(
		pratique.CreateCluster{Cluster: pratique.Cluster{
			Meta: pratique.Meta{Name: "prod"}, Type: "cce-standard", Provisioner: pratique.ProvisionerLocal, Tags: map[string]string{"env": "prod"},
		}},
		pratique.CreateCluster{Cluster: pratique.Cluster{Meta: pratique.Meta{Name: "ack"}, Type: "ack-managed", Provisioner: pratique.ProvisionerLocal}},
	)
	w.apply("kind: User\nmetadata: {name: alice}\n---\nkind: Group\nmetadata: {name: team}\nspec: {members: [alice]}")
	for _, m := range manifests {
		w.apply(m)
	}
	return w
}

func (w *world) now() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.clock }

func (w *world) freshness() webhook.Freshness { w.mu.Lock(); defer w.mu.Unlock(); return w.fresh }

func (w *world) Account(id string) (*pratique.Snapshot, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.snapshot, id == accountID
}

func (w *world) AccountNamed(string) (*pratique.Snapshot, bool) { return nil, false }

func (w *world) Only() (*pratique.Snapshot, bool) { return nil, false }

func (w *world) remember(_ *pratique.Snapshot, q access.Query, _ access.Decision) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.remembered = append(w.remembered, q)
	return "dec_test"
}

func (w *world) Audience(c *pratique.Cluster) string { return "https://iam.test/clusters/" + c.ID }

func (w *world) VerifyClusterToken(token string, c *pratique.Cluster) (webhook.Claims, error) {
	claims, ok := w.tokens[c.ID+" "+token]
	if !ok {
		return claims, errors.New("the token is not one of ours for this cluster")
	}
	return claims, nil
}

func (w *world) change(changes ...pratique.Change) *pratique.Plan {
	w.tb.Helper()
	next, plan, err := w.snapshot.With(pratique.At(w.now()), changes...)
	if err != nil {
		w.tb.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.snapshot = next
	return plan
}

func (w *world) apply(text string) {
	w.tb.Helper()
	for doc := range strings.SplitSeq(text, "\n---\n") {
		data, err := yaml.YAMLToJSONStrict([]byte("apiVersion: pratique.dev/v1\n" + doc))
		if err != nil {
			w.tb.Fatal(err)
		}
		var m pratique.Manifest
		if err := strictjson.Unmarshal(data, &m); err != nil {
			w.tb.Fatal(err)
		}
		w.change(pratique.Put{Manifest: m})
	}
}

// group is the id of a group.
func (w *world) group(name string) string {
	w.tb.Helper()
	g, ok := w.snapshot.Groups.Name(name)
	if !ok {
		w.tb.Fatalf("no group is called %s", name)
	}
	return g.ID
}

// grant gives alice's group a policy on all projects.
func (w *world) grant(policyName string) {
	w.tb.Helper()
	w.apply("kind: Grant\nmetadata: {name: " + strings.ReplaceAll(policyName, " ", "-") + "}\nspec: {group: team, policy: " + policyName + ", scope: {allProjects: true}}")
}

func (w *world) cluster(name string) *pratique.Cluster {
	w.tb.Helper()
	c, ok := w.snapshot.Clusters.Name(name)
	if !ok {
		w.tb.Fatalf("no cluster %s", name)
	}
	return c
}

func (w *world) user(name string) string {
	w.tb.Helper()
	if name == "root" {
		return pratique.RootID
	}
	u, ok := w.snapshot.Users.Name(name)
	if !ok {
		w.tb.Fatalf("no user %s", name)
	}
	return u.ID
}

// open records a session and returns its id.
func (w *world) open(s pratique.Session) string {
	w.tb.Helper()
	plan := w.change(pratique.OpenSession{Session: s})
	return plan.Writes[len(plan.Writes)-1].ID
}

// login opens a session of a user.
func (w *world) login(name string) string {
	w.tb.Helper()
	return w.open(pratique.Session{
		Type: pratique.SessionLogin, Principal: pratique.Ref{Kind: pratique.KindUser, ID: w.user(name)},
		Hash: name, Expires: w.now().Add(time.Hour),
	})
}

// credential is what the kube-apiserver of a cluster shows.
func (w *world) credential(cluster string) string {
	w.tb.Helper()
	secret, s, err := w.authn.NewClusterSession(w.snapshot, w.cluster(cluster).ID, time.Hour)
	if err != nil {
		w.tb.Fatal(err)
	}
	w.open(s)
	return secret
}

// apiserver is a client with the credential of a cluster.
type apiserver struct {
	*http.Client
	tb      testing.TB
	url, id string
	secret  string
}

// serve starts a handler behind TLS and HTTP/1.1.
func serve(tb testing.TB, h http.Handler) *httptest.Server {
	tb.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.TLS = &tls.Config{NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS13}
	srv.StartTLS()
	tb.Cleanup(srv.Close)
	return srv
}

func (w *world) apiserver(cluster string) *apiserver {
	w.tb.Helper()
	srv := serve(w.tb, w)
	return &apiserver{Client: srv.Client(), tb: w.tb, url: srv.URL, id: w.cluster(cluster).ID, secret: w.credential(cluster)}
}

// post sends a body to a path and returns the status and the body of the answer.
func (a *apiserver) post(path, body string) (int, string) {
	a.tb.Helper()
	req, err := http.NewRequestWithContext(a.tb.Context(), http.MethodPost, a.url+path, strings.NewReader(body))
	if err != nil {
		a.tb.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if a.secret != "" {
		req.Header.Set("Authorization", "Bearer "+a.secret)
	}
	res, err := a.Do(req)
	if err != nil {
		a.tb.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		a.tb.Fatal(err)
	}
	return res.StatusCode, string(data)
}

type verdict struct {
	Allowed bool   `json:"allowed"`
	Denied  bool   `json:"denied"`
	Reason  string `json:"reason"`
}

// authorize posts a review and reads the verdict.
func (a *apiserver) authorize(body string) verdict {
	a.tb.Helper()
	code, answer := a.post(webhook.AuthorizePath+a.id, body)
	var out struct {
		APIVersion string  `json:"apiVersion"`
		Kind       string  `json:"kind"`
		Status     verdict `json:"status"`
	}
	if err := json.Unmarshal([]byte(answer), &out, json.RejectUnknownMembers(true)); err != nil || code != http.StatusOK || out.Kind != "SubjectAccessReview" {
		a.tb.Fatalf("answer %d %s (%v)", code, answer, err)
	}
	return out.Status
}
