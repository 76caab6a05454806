package kube_test

import (
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/kube"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// world is an account with clusters: prod and dev (cce-standard, tagged env), east (cce-turbo in another region) and ack (ack-managed, tagged
// env=prod), and the people alice, bob and carol, each in a group of their own.
type world struct {
	*pratique.Snapshot
	*access.Decider
	t *testing.T
}

func newWorld(t *testing.T, manifests ...string) *world {
	t.Helper()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	rules := pratique.NewRules(c, "local-1", "eu-1")
	s, _, err := pratique.Found(rules, pratique.Account{Meta: pratique.Meta{ID: "1000000000000001", Name: "acme"}}, pratique.At(noon),
		pratique.Session{Hash: "h", Expires: noon.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{Snapshot: s, Decider: &access.Decider{Rules: rules}, t: t}
	for _, c := range []pratique.Cluster{
		{Meta: pratique.Meta{ID: "c-prod", Name: "prod"}, Type: "cce-standard", Tags: map[string]string{"env": "prod"}},
		{Meta: pratique.Meta{ID: "c-dev", Name: "dev"}, Type: "cce-standard", Tags: map[string]string{"env": "dev"}},
		{Meta: pratique.Meta{ID: "c-east", Name: "east"}, Type: "cce-turbo", Project: "eu-1"},
		{Meta: pratique.Meta{ID: "c-ack", Name: "ack"}, Type: "ack-managed", Tags: map[string]string{"env": "prod"}},
	} {
		c.Provisioner = pratique.ProvisionerLocal
		w.change(pratique.CreateCluster{Cluster: c})
	}
	for _, name := range []string{"alice", "bob", "carol"} {
		w.apply("kind: User\nmetadata: {name: " + name + "}\n---\nkind: Group\nmetadata: {name: " + name + "-group}\nspec: {members: [" + name + "]}")
	}
	for _, m := range manifests {
		w.apply(m)
	}
	return w
}

func (w *world) change(changes ...pratique.Change) {
	w.t.Helper()
	next, _, err := w.With(pratique.At(noon), changes...)
	if err != nil {
		w.t.Fatal(err)
	}
	w.Snapshot = next
}

func (w *world) apply(text string) {
	w.t.Helper()
	for doc := range strings.SplitSeq(text, "\n---\n") {
		data, err := yaml.YAMLToJSONStrict([]byte("apiVersion: pratique.dev/v1\n" + doc))
		if err != nil {
			w.t.Fatal(err)
		}
		var m pratique.Manifest
		if err := strictjson.Unmarshal(data, &m); err != nil {
			w.t.Fatal(err)
		}
		w.change(pratique.Put{Manifest: m})
	}
}

// grant gives somebody's own group policies: grant("alice", "{project: local-1}", "CCE FullAccess").
func (w *world) grant(user, scope string, policies ...string) {
	w.t.Helper()
	for _, p := range policies {
		name := strings.NewReplacer(" ", "-", "{", "", "}", "", ":", "-").Replace(user + "-" + p + "-" + scope)
		w.apply("kind: Grant\nmetadata: {name: " + name + "}\nspec: {group: " + user + "-group, policy: " + p + ", scope: " + scope + "}")
	}
}

// custom makes a policy of statements and grants it to somebody on all projects, or at the account when it is in RAM.
func (w *world) custom(user, name, version, statements string) {
	w.t.Helper()
	w.apply("kind: Policy\nmetadata: {name: " + name + "}\nspec:\n  document: {Version: '" + version + "', Statement: [" + statements + "]}")
	scope := "{allProjects: true}"
	if version == "1" {
		scope = "{account: true}"
	}
	w.grant(user, scope, name)
}

func (w *world) cluster(name string) *pratique.Cluster {
	w.t.Helper()
	c, ok := w.Clusters.Name(name)
	if !ok {
		w.t.Fatalf("no cluster %s", name)
	}
	return c
}

func (w *world) id(name string) string {
	if u, ok := w.Users.Name(name); ok {
		return u.ID
	}
	return name
}

// review reads a request as people write it: "get pods/exec web -n dev", "list deployments.apps -l team=a --field metadata.name=web", or
// "get /healthz". The group of a resource goes up to the end of the word.
func (w *world) review(who, text string) *kube.Review {
	w.t.Helper()
	r := w.plain(text)
	r.User = kube.UserName(w.id(who))
	return r
}

// plain is review for nobody.
func (w *world) plain(text string) *kube.Review {
	w.t.Helper()
	words := strings.Fields(text)
	r := &kube.Review{Verb: words[0]}
	if strings.HasPrefix(words[1], "/") {
		r.Path = words[1]
		return r
	}
	r.IsResource = true
	r.Resource, r.Subresource, _ = strings.Cut(words[1], "/")
	r.Resource, r.Group, _ = strings.Cut(r.Resource, ".")
	for i := 2; i < len(words); i++ {
		switch words[i] {
		case "-n":
			i++
			r.Namespace = words[i]
		case "-l", "--field":
			key, value, _ := strings.Cut(words[i+1], "=")
			q := kube.Requirement{Key: key, Operator: kube.In, Values: strings.Split(value, ",")}
			if words[i] == "-l" {
				r.Labels = append(r.Labels, q)
			} else {
				r.Fields = append(r.Fields, q)
			}
			i++
		default:
			r.Name = words[i]
		}
	}
	return r
}

// verdict is what the gate of a cluster says to a request.
func (w *world) verdict(cluster, who, text string) kube.Verdict {
	w.t.Helper()
	r, c := w.review(who, text), w.cluster(cluster)
	q := kube.Query(w.Snapshot, c, r, noon)
	v, _ := kube.Decide(w.Decider, w.Snapshot, c, &q, r)
	return v
}

func (w *world) want(outcome kube.Outcome, cluster, who string, requests ...string) {
	w.t.Helper()
	for _, text := range requests {
		if v := w.verdict(cluster, who, text); v.Outcome != outcome {
			w.t.Errorf("%s on %s: %s is %s (%s), want %s", who, cluster, text, v.Outcome, v.Reason, outcome)
		}
	}
}

func (w *world) denied(cluster, who string, requests ...string) {
	w.t.Helper()
	w.want(kube.Denied, cluster, who, requests...)
}

func (w *world) open(cluster, who string, requests ...string) {
	w.t.Helper()
	w.want(kube.NoOpinion, cluster, who, requests...)
}

func (w *world) allowed(cluster, who string, requests ...string) {
	w.t.Helper()
	w.want(kube.Allowed, cluster, who, requests...)
}
