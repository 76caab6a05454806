package api_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"sigs.k8s.io/yaml"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/api"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/authn"
	"github.com/pratique-iam/pratique/internal/directory"
	"github.com/pratique-iam/pratique/internal/etcd"
	"github.com/pratique-iam/pratique/internal/job"
	"github.com/pratique-iam/pratique/internal/oidc"
	"github.com/pratique-iam/pratique/internal/seal"
)

// One real store serves all tests of the binary; each town has a prefix of its own.
var (
	store *etcd.Server
	rules *pratique.Rules
	runs  atomic.Int64
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	c, err := catalog.Load()
	if err != nil {
		return 1, err
	}
	rules = pratique.NewRules(c)
	dir, err := os.MkdirTemp("", "api")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	store, err = etcd.Start(context.Background(), etcd.Config{Dir: dir, UnsafeNoFsync: true, MinFree: 1})
	if err != nil {
		return 1, err
	}
	code := m.Run()
	return code, store.Close()
}

// town is a whole API over a real directory, with one account and people to act as.
type town struct {
	*testing.T
	api    *api.API
	dir    *directory.Directory
	url    string
	secret string // bootstrap secret of the first account
	root   person
	used   atomic.Int32 // bootstrap secrets that were reported as used
	state  atomic.Int32 // of the directory, when a test says so
	log    *journal
	authn  *authn.Authenticator
	sealer *seal.Sealer // of runsClusters
	issuer *oidc.Issuer
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

type gateStore struct{ *directory.Directory }

func (s gateStore) Update(ctx context.Context, account string, f access.Write) (*pratique.Snapshot, error) {
	return s.Directory.Update(ctx, account, func(now *pratique.Snapshot) (directory.Commit, error) {
		next, writes, records, err := f(now)
		return directory.Commit{Next: next, Writes: writes, Records: records}, err
	})
}

type accounts struct{ *directory.Directory }

func (a accounts) Only() (*pratique.Snapshot, bool) {
	all := a.Accounts()
	if len(all) != 1 {
		return nil, false
	}
	return all[0], true
}

// operator founds accounts, as the server does.
type operator struct {
	dir   *directory.Directory
	gate  *access.Gate
	authn *authn.Authenticator
}

func (o *operator) offer(id string) (string, pratique.Session, error) {
	return o.authn.NewSession(pratique.SessionBootstrap, root(id), time.Hour, "", "", false)
}

func root(account string) pratique.Principal {
	return pratique.Principal{Account: account, Type: pratique.PrincipalRoot, ID: pratique.RootID, Name: pratique.RootID}
}

func (o *operator) Found(ctx context.Context, name string) (apiv1.Bootstrap, error) {
	id := fmt.Sprintf("%016d", 1_000_000+runs.Add(1))
	secret, session, err := o.offer(id)
	if err != nil {
		return apiv1.Bootstrap{}, err
	}
	s, plan, err := pratique.Found(rules, pratique.Account{Meta: pratique.Meta{ID: id, Name: name}}, pratique.At(time.Now()), session)
	if err != nil {
		return apiv1.Bootstrap{}, err
	}
	record := access.NewRecord(audit.AccountCreated, root(id), time.Now())
	return apiv1.Bootstrap{Account: name, Secret: secret, Expires: session.Expires}, o.dir.CreateAccount(ctx, s, plan, record)
}

func (o *operator) Offer(ctx context.Context, name string) (apiv1.Bootstrap, error) {
	s, ok := o.dir.AccountNamed(name)
	if !ok {
		return apiv1.Bootstrap{}, &pratique.Error{Kind: pratique.ErrNotFound, Message: "no such account"}
	}
	secret, session, err := o.offer(s.Account.ID)
	if err != nil {
		return apiv1.Bootstrap{}, err
	}
	_, err = o.gate.Apply(ctx, access.Intent{
		Who: root(s.Account.ID), Event: audit.BootstrapOffered, Changes: []pratique.Change{pratique.OpenBootstrap{Session: session}},
	})
	return apiv1.Bootstrap{Account: name, Secret: secret, Expires: session.Expires}, err
}

// newTown starts an API with the account acme, whose root has not signed in yet.
func newTown(t *testing.T) *town {
	t.Helper()
	town := &town{T: t, log: &journal{}}
	town.state.Store(int32(directory.Fresh))
	log := slog.New(slog.NewTextHandler(io.MultiWriter(town.log, t.Output()), nil))
	dir, err := directory.Open(t.Context(), directory.Config{
		Client: store.Client, Prefix: fmt.Sprintf("/test/%d", runs.Add(1)), Rules: rules, Now: time.Now, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(dir.Close)
	sealer, err := seal.Create(t.TempDir() + "/kek")
	if err != nil {
		t.Fatal(err)
	}
	passwords := authn.NewHasher()
	decider := &access.Decider{Rules: rules}
	gate := &access.Gate{Decider: decider, Store: gateStore{dir}, Now: time.Now}
	who := &authn.Authenticator{Accounts: accounts{dir}, Now: time.Now, Passwords: passwords, Secrets: sealer}
	found := &operator{dir, gate, who}
	town.dir, town.authn = dir, who
	town.api = &api.API{
		Accounts: dir, Gate: gate, Decider: decider, Authn: who, Passwords: passwords, Sealer: sealer, Trail: dir, Operator: found,
		Fresh: func() (time.Duration, directory.State) {
			if s := directory.State(town.state.Load()); s != directory.Fresh {
				return 40 * time.Second, s
			}
			return 0, directory.Fresh
		},
		External: "https://iam.example.com", Version: "test", Log: log, Now: time.Now,
		Jobs:            &job.Runner{Gate: gate, Directory: dir, Log: log, Now: time.Now, Server: "town", Alone: true},
		OnBootstrapUsed: func(string) { town.used.Add(1) },
	}
	town.runsJobs()
	h, err := town.api.Handler()
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	town.url = srv.URL
	offer, err := found.Found(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	town.secret = offer.Secret
	return town
}

// runsJobs lets the town look after its jobs until the test is over.
func (w *town) runsJobs() {
	ctx, stop := context.WithCancel(w.Context())
	ended := make(chan error)
	go func() { ended <- w.api.Jobs.Run(ctx) }()
	w.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			w.Error(err)
		}
	})
}

// person is somebody with a bearer secret, or with none.
type person struct {
	*town
	token string
	id    string // of the session
}

// settled is a town whose root has signed in and a password, with the manifests applied.
func settled(t *testing.T, manifests ...string) *town {
	t.Helper()
	town := newTown(t)
	var token apiv1.Token
	town.stranger().post("/v1/login", apiv1.Login{User: "root", Secret: town.secret}).want(201).into(&token)
	town.root = person{town, token.Token, token.ID}
	for _, m := range manifests {
		town.root.apply(m).want(200)
	}
	return town
}

// on is the same person inside a subtest.
func (p person) on(t *testing.T) person {
	t.Helper()
	return person{&town{T: t, url: p.url}, p.token, p.id}
}

func (w *town) stranger() person { return person{town: w} }

// as gives a user a password and signs in with it.
func (w *town) as(name string) person {
	w.Helper()
	const password = "a tide comes in twice"
	w.root.post("/v1/password", apiv1.NewPassword{User: name, New: password}).want(204)
	var token apiv1.Token
	w.stranger().post("/v1/login", apiv1.Login{User: name, Password: password}).want(201).into(&token)
	return person{w, token.Token, token.ID}
}

// answer is what came back.
type answer struct {
	*testing.T
	status int
	header http.Header
	body   []byte
}

func (p person) get(path string) answer    { p.Helper(); return p.send("GET", path, "", nil) }
func (p person) delete(path string) answer { p.Helper(); return p.send("DELETE", path, "", nil) }

// post sends a value as JSON; a string goes as it is.
func (p person) post(path string, body any) answer {
	p.Helper()
	return p.send("POST", path, "application/json", body)
}

func (p person) send(method, path, contentType string, body any) answer {
	p.Helper()
	var data []byte
	switch b := body.(type) {
	case nil:
	case string:
		data = []byte(b)
	default:
		var err error
		if data, err = json.Marshal(b); err != nil {
			p.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(p.Context(), method, p.url+path, bytes.NewReader(data))
	if err != nil {
		p.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if p.token != "" {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		p.Fatal(err)
	}
	return answer{p.T, resp.StatusCode, resp.Header, got}
}

// apply puts manifests, written as YAML documents without apiVersion.
func (p person) apply(text string) answer {
	p.Helper()
	return p.post("/v1/changes", changes(p.T, text))
}

func changes(t *testing.T, text string) apiv1.Changes {
	t.Helper()
	var out apiv1.Changes
	for doc := range strings.SplitSeq(text, "\n---\n") {
		data, err := yaml.YAMLToJSONStrict([]byte("apiVersion: pratique.dev/v1\n" + doc))
		if err != nil {
			t.Fatal(err)
		}
		var m pratique.Manifest
		if err := json.Unmarshal(data, &m); err != nil {
			t.Fatal(err)
		}
		out.Changes = append(out.Changes, apiv1.Change{Put: &m})
	}
	return out
}

func (a answer) want(status int) answer {
	a.Helper()
	if a.status != status {
		a.Fatalf("answered %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

func (a answer) into(v any) {
	a.Helper()
	if err := json.Unmarshal(a.body, v, json.RejectUnknownMembers(true)); err != nil {
		a.Fatalf("%v: %s", err, a.body)
	}
}

// problem is an answer that must be a problem body of the given type.
func (a answer) problem(status int, slug string) apiv1.Problem {
	a.Helper()
	a.want(status)
	var p apiv1.Problem
	a.into(&p)
	if a.header.Get("Content-Type") != "application/problem+json" || p.Status != status || !strings.HasSuffix(p.Type, "/"+slug) {
		a.Fatalf("not a problem of type %s: %s", slug, a.body)
	}
	return p
}

// users is a town's manifests for some users in groups of their own.
func users(names ...string) string {
	var docs []string
	for _, n := range names {
		docs = append(docs, "kind: User\nmetadata: {name: "+n+"}",
			"kind: Group\nmetadata: {name: "+n+"-group}\nspec: {members: ["+n+"]}")
	}
	return strings.Join(docs, "\n---\n")
}

func grant(name, group, policy, scope string) string {
	return "kind: Grant\nmetadata: {name: " + name + "}\nspec: {group: " + group + ", policy: " + policy + ", scope: " + scope + "}"
}
