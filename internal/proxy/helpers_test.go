package proxy_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/authn"
	"github.com/pratique-iam/pratique/internal/oidc"
	"github.com/pratique-iam/pratique/internal/proxy"
	"github.com/pratique-iam/pratique/internal/seal"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

const accountID = "1000000000000001"

// world is a server with one account and the clusters prod (cce-standard) and ack (ack-managed), both reached at one backend.
type world struct {
	*proxy.Proxy
	tb     testing.TB
	authn  *authn.Authenticator
	issuer *oidc.Issuer
	addr   string // of the front
	client *http.Client
	cert   *x509.Certificate // of the front
	log    journal

	mu       sync.Mutex
	snapshot *pratique.Snapshot
	changed  chan struct{}
	fresh    proxy.Freshness
	reach    map[string]proxy.Access // by name
	records  []audit.Record
	trailErr error
	onRecord func()
}

// journal is a log that can be read while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// newWorld founds the account with alice in the group team, who may do everything in clusters as far as the gate is concerned, and serves
// the proxy with time-outs that no stream would survive by itself.
func newWorld(tb testing.TB, to proxy.Access) *world {
	tb.Helper()
	c, err := catalog.Load()
	if err != nil {
		tb.Fatal(err)
	}
	rules := pratique.NewRules(c, "local-1")
	w := &world{tb: tb, fresh: proxy.Freshness{Usable: true}, changed: make(chan struct{}), reach: map[string]proxy.Access{"prod": to, "ack": to}}
	w.snapshot, _, err = pratique.Found(rules, pratique.Account{Meta: pratique.Meta{ID: accountID, Name: "acme"}}, pratique.At(time.Now()),
		pratique.Session{Hash: "h", Expires: time.Now().Add(time.Hour)})
	if err != nil {
		tb.Fatal(err)
	}
	w.authn = &authn.Authenticator{Accounts: w, Now: time.Now}
	sealer, err := seal.Create(tb.TempDir() + "/kek.json")
	if err != nil {
		tb.Fatal(err)
	}
	w.issuer = &oidc.Issuer{URL: "https://iam.test", Secrets: &secrets{}, Sealer: sealer, Now: time.Now}
	w.Proxy = &proxy.Proxy{
		Accounts: w, Callers: w.authn, Tokens: w.issuer, Clusters: w, Decider: &access.Decider{Rules: rules}, Trail: w,
		Fresh: w.freshness, Remember: func(*pratique.Snapshot, access.Query, access.Decision) string { return "dec_test" },
		Log: slog.New(slog.NewJSONHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug})), Now: time.Now,
		Recheck: 50 * time.Millisecond,
	}
	for _, name := range []string{"prod", "ack"} {
		kind := map[string]string{"prod": "cce-standard", "ack": "ack-managed"}[name]
		w.change(pratique.CreateCluster{Cluster: pratique.Cluster{Meta: pratique.Meta{Name: name}, Type: kind, Provisioner: pratique.ProvisionerLocal}})
	}
	w.apply(`
kind: User
metadata: {name: alice}
---
kind: Group
metadata: {name: team}
spec: {members: [alice]}
---
kind: Policy
metadata: {name: inside}
spec: {document: {Version: "1.1", Statement: [{Effect: Allow, Action: ["cce:kubernetes:*"]}]}}
---
kind: Grant
metadata: {name: team-inside}
spec: {group: team, policy: inside, scope: {allProjects: true}}`)
	w.serve()
	return w
}

func (w *world) serve() {
	srv := httptest.NewUnstartedServer(w)
	srv.Config.ReadTimeout, srv.Config.WriteTimeout = 2*time.Second, 2*time.Second
	srv.Config.ErrorLog = slog.NewLogLogger(slog.NewTextHandler(&w.log, nil), slog.LevelWarn)
	srv.EnableHTTP2 = true
	srv.StartTLS()
	w.tb.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
		_ = w.Close()
	})
	w.addr, w.client, w.cert = srv.Listener.Addr().String(), srv.Client(), srv.Certificate()
}

type secrets struct {
	mu     sync.Mutex
	values map[string][]byte
}

func (s *secrets) Secret(_ context.Context, name string) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.values[name]
	return v, ok, nil
}

func (s *secrets) PutSecretOnce(_ context.Context, name string, value []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.values[name]; ok {
		return v, nil
	}
	if s.values == nil {
		s.values = map[string][]byte{}
	}
	s.values[name] = value
	return value, nil
}

func (w *world) freshness() proxy.Freshness { w.mu.Lock(); defer w.mu.Unlock(); return w.fresh }

func (w *world) Account(id string) (*pratique.Snapshot, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.snapshot, id == accountID
}

func (w *world) AccountNamed(string) (*pratique.Snapshot, bool) { return nil, false }

func (w *world) Only() (*pratique.Snapshot, bool) { return nil, false }

func (w *world) Changed(string) <-chan struct{} { w.mu.Lock(); defer w.mu.Unlock(); return w.changed }

func (w *world) Reach(_ context.Context, _ *pratique.Snapshot, c *pratique.Cluster) (proxy.Access, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a, ok := w.reach[c.Name]
	if !ok {
		return proxy.Access{}, &pratique.Error{Kind: pratique.ErrUnavailable, Message: "cluster " + c.Name + " does not run here"}
	}
	return a, nil
}

func (w *world) Record(_ context.Context, r audit.Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.onRecord != nil {
		w.onRecord()
	}
	if w.trailErr != nil {
		return w.trailErr
	}
	w.records = append(w.records, r)
	return nil
}

func (w *world) recorded() []audit.Record { w.mu.Lock(); defer w.mu.Unlock(); return w.records }

func (w *world) change(changes ...pratique.Change) *pratique.Plan {
	w.tb.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	next, plan, err := w.snapshot.With(pratique.At(time.Now()), changes...)
	if err != nil {
		w.tb.Fatal(err)
	}
	w.snapshot = next
	close(w.changed)
	w.changed = make(chan struct{})
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

func (w *world) cluster(name string) *pratique.Cluster {
	w.tb.Helper()
	c, ok := w.snapshot.Clusters.Name(name)
	if !ok {
		w.tb.Fatalf("no cluster %s", name)
	}
	return c
}

func (w *world) principal(name string) pratique.Principal {
	w.tb.Helper()
	if name == pratique.RootID {
		return pratique.Principal{Account: accountID, Type: pratique.PrincipalRoot, ID: name, Name: name}
	}
	u, ok := w.snapshot.Users.Name(name)
	if !ok {
		w.tb.Fatalf("no user %s", name)
	}
	return pratique.Principal{Account: accountID, Type: pratique.PrincipalUser, ID: u.ID, Name: u.Name}
}

func (w *world) user(name string) string { return "pratique:" + w.principal(name).ID }

func (w *world) group(name string) string {
	w.tb.Helper()
	g, ok := w.snapshot.Groups.Name(name)
	if !ok {
		w.tb.Fatalf("no group %s", name)
	}
	return "pratique:" + g.ID
}

// token opens a session of an API token and returns its secret and its id.
func (w *world) token(name string) (secret, session string) {
	w.tb.Helper()
	secret, s, err := w.authn.NewSession(pratique.SessionToken, w.principal(name), time.Hour, "", "", false)
	if err != nil {
		w.tb.Fatal(err)
	}
	plan := w.change(pratique.OpenSession{Session: s})
	return secret, plan.Writes[len(plan.Writes)-1].ID
}

// clusterToken is what pratique token prints.
func (w *world) clusterToken(name, cluster string) (token, session string) {
	w.tb.Helper()
	_, session = w.token(name)
	p := w.principal(name)
	token, _, err := w.issuer.Sign(context.Background(), oidc.Claims{
		Subject: p.ID, Name: p.Name, Cluster: w.cluster(cluster).ID, Account: accountID, Session: session,
	})
	if err != nil {
		w.tb.Fatal(err)
	}
	return token, session
}

// as is somebody who asks.
type as struct {
	w      *world
	secret string
}

func (w *world) as(name string) as { secret, _ := w.token(name); return as{w, secret} }

// answer is what came back, read to its end.
type answer struct {
	code   int
	header http.Header
	body   string
	status status
}

type status struct {
	Kind, APIVersion, Status, Message, Reason string
	Code                                      int
	Details                                   struct{ Name, Group, Kind string }
}

func (a as) do(method, path string, body io.Reader) answer {
	a.w.tb.Helper()
	req, err := http.NewRequestWithContext(a.w.tb.Context(), method, "https://"+a.w.addr+path, body)
	if err != nil {
		a.w.tb.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.secret)
	res, err := a.w.client.Do(req) //nolint:bodyclose // read closes it
	if err != nil {
		a.w.tb.Fatal(err)
	}
	return read(a.w.tb, res)
}

func (a as) get(path string) answer { a.w.tb.Helper(); return a.do(http.MethodGet, path, nil) }

func read(tb testing.TB, res *http.Response) answer {
	tb.Helper()
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		tb.Fatal(err)
	}
	out := answer{code: res.StatusCode, header: res.Header, body: string(data)}
	_ = json.Unmarshal(data, &out.status) // not everything is a Status
	return out
}

// refused checks that an answer is a Status object of Kubernetes with a code and a reason.
func (a answer) refused(tb testing.TB, code int, reason, words string) {
	tb.Helper()
	s := a.status
	if a.code != code || s.Kind != "Status" || s.APIVersion != "v1" || s.Status != "Failure" || s.Code != code || s.Reason != reason ||
		!strings.Contains(s.Message, words) || a.header.Get("Content-Type") != "application/json" {
		tb.Errorf("want %d %s with %q, got %d %s", code, reason, words, a.code, a.body)
	}
}

// dial opens a connection to the front that speaks HTTP/1.1.
func (w *world) dial() *tls.Conn {
	w.tb.Helper()
	transport, ok := w.client.Transport.(*http.Transport)
	if !ok {
		w.tb.Fatal("the client has another transport")
	}
	config := transport.TLSClientConfig.Clone()
	config.NextProtos = []string{"http/1.1"}
	config.ServerName = "example.com"
	conn, err := tls.Dial("tcp", w.addr, config)
	if err != nil {
		w.tb.Fatal(err)
	}
	w.tb.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		w.tb.Fatal(err)
	}
	return conn
}

// raw sends the text of a request as it is, with lines ended properly, and reads the answer.
func (w *world) raw(text string) answer {
	w.tb.Helper()
	conn := w.dial()
	if _, err := io.WriteString(conn, strings.ReplaceAll(text, "\n", "\r\n")); err != nil {
		w.tb.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil) //nolint:bodyclose // read closes it
	if err != nil {
		w.tb.Fatal(err)
	}
	return read(w.tb, res)
}

var errNotKept = errors.New("the disk is full")

func within(tb testing.TB, what string, done <-chan struct{}) {
	tb.Helper()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		tb.Fatalf("%s: it has not come to pass", what)
	}
}
