package access_test

import (
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/strictjson"
	"github.com/pratique-iam/pratique/policy"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// world is an account and somebody who asks about it.
type world struct {
	*pratique.Snapshot
	*access.Decider
}

// newWorld founds an account with regions local-1 and eu-1 and applies manifests to it.
func newWorld(t *testing.T, manifests ...string) world {
	t.Helper()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	rules := pratique.NewRules(c, "local-1", "eu-1")
	account := pratique.Account{Meta: pratique.Meta{ID: "1000000000000001", Name: "acme"}}
	s, _, err := pratique.Found(rules, account, pratique.At(noon), pratique.Session{Hash: "h", Expires: noon.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	w := world{s, &access.Decider{Rules: rules}}
	for _, m := range manifests {
		w.apply(t, m)
	}
	return w
}

func (w *world) apply(t *testing.T, text string) {
	t.Helper()
	next, _, err := w.With(pratique.At(noon), puts(t, text)...)
	if err != nil {
		t.Fatal(err)
	}
	w.Snapshot = next
}

func puts(t *testing.T, text string) []pratique.Change {
	t.Helper()
	var changes []pratique.Change
	for doc := range strings.SplitSeq(text, "\n---\n") {
		data, err := yaml.YAMLToJSONStrict([]byte("apiVersion: pratique.dev/v1\n" + doc))
		if err != nil {
			t.Fatal(err)
		}
		var m pratique.Manifest
		if err := strictjson.Unmarshal(data, &m); err != nil {
			t.Fatal(err)
		}
		changes = append(changes, pratique.Put{Manifest: m})
	}
	return changes
}

// user puts a user into a group of their own name with a "-group" behind it.
func (w *world) user(t *testing.T, name string) {
	t.Helper()
	w.apply(t, "kind: User\nmetadata: {name: "+name+"}\n---\nkind: Group\nmetadata: {name: "+name+"-group}\nspec: {members: ["+name+"]}")
}

// grant gives a user's own group policies at a scope: grant(t, "alice", "{project: local-1}", "CCE FullAccess").
func (w *world) grant(t *testing.T, user, scope string, policies ...string) {
	t.Helper()
	for _, p := range policies {
		name := strings.NewReplacer(" ", "-", "{", "", "}", "", ":", "-").Replace(user + "-" + p + "-" + scope)
		w.apply(t, "kind: Grant\nmetadata: {name: "+name+"}\nspec: {group: "+user+"-group, policy: "+p+", scope: "+scope+"}")
	}
}

// custom makes a custom policy.
func (w *world) custom(t *testing.T, name, document string) {
	t.Helper()
	w.apply(t, "kind: Policy\nmetadata: {name: "+name+"}\nspec:\n  document: "+document)
}

// ask builds a query of a user in project local-1; options change it.
func (w *world) ask(t *testing.T, who, action string, options ...func(*access.Query)) access.Query {
	t.Helper()
	q := access.Query{Principal: pratique.Ref{Kind: pratique.KindUser, ID: pratique.RootID}, Action: action, Time: noon}
	if u, ok := w.Users.Name(who); ok {
		q.Principal.ID = u.ID
	} else if r, ok := w.Roles.Name(who); ok {
		q.Principal = pratique.Ref{Kind: pratique.KindRole, ID: r.ID}
	} else if who != "root" {
		t.Fatalf("nobody is called %s", who)
	}
	w.project("local-1")(&q)
	for _, o := range options {
		o(&q)
	}
	return q
}

func (w *world) project(name string) func(*access.Query) {
	return func(q *access.Query) {
		if p, ok := w.Projects.Name(name); ok {
			q.Project = p.ID
		}
	}
}

func (w *world) enterprise(name string) func(*access.Query) {
	return func(q *access.Query) {
		if p, ok := w.EnterpriseProjects.Name(name); ok {
			q.EnterpriseProject = p.ID
		}
	}
}

func onType(clusterType string) func(*access.Query) {
	return func(q *access.Query) { q.ClusterType = clusterType }
}

func on(resource string) func(*access.Query) {
	return func(q *access.Query) { q.Resource = resource }
}

func with(key string, values ...string) func(*access.Query) {
	return func(q *access.Query) {
		q.Context = append(q.Context, policy.Attribute{Key: key, Values: values})
	}
}

func (w *world) allow(t *testing.T, who, action string, options ...func(*access.Query)) {
	t.Helper()
	q := w.ask(t, who, action, options...)
	if d := w.Decide(w.Snapshot, &q); !d.Allowed() {
		t.Errorf("%s may not %s: %s", who, action, d.Reason())
	}
}

func (w *world) deny(t *testing.T, who, action string, options ...func(*access.Query)) {
	t.Helper()
	q := w.ask(t, who, action, options...)
	if d := w.Decide(w.Snapshot, &q); d.Allowed() {
		t.Errorf("%s may %s: %s", who, action, d.Reason())
	}
}

func forPrincipal(kind string) func(*access.Query) {
	return func(q *access.Query) {
		q.Vars = map[string]string{"principalKind": kind, "principal": "x", "policy": "y"}
	}
}
