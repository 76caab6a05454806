package addon_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/addon"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// fleet is an account with clusters, and the questions about add-ons in them.
type fleet struct {
	*testing.T
	*pratique.Snapshot
	decider  *access.Decider
	settings addon.Settings
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	rules := pratique.NewRules(c, "local-1")
	account := pratique.Account{Meta: pratique.Meta{ID: "1000000000000001", Name: "acme"}}
	s, _, err := pratique.Found(rules, account, pratique.At(noon), pratique.Session{Hash: "h", Expires: noon.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return &fleet{T: t, Snapshot: s, decider: &access.Decider{Rules: rules}}
}

// with applies changes.
func (f *fleet) with(changes ...pratique.Change) *pratique.Plan {
	f.Helper()
	next, plan, err := f.With(pratique.At(noon), changes...)
	if err != nil {
		f.Fatal(err)
	}
	f.Snapshot = next
	return plan
}

// apply puts manifests, written as YAML documents without apiVersion.
func (f *fleet) apply(text string) {
	f.Helper()
	for doc := range strings.SplitSeq(text, "\n---\n") {
		data, err := yaml.YAMLToJSONStrict([]byte("apiVersion: pratique.dev/v1\n" + doc))
		if err != nil {
			f.Fatal(err)
		}
		var m pratique.Manifest
		if err := strictjson.Unmarshal(data, &m); err != nil {
			f.Fatal(err)
		}
		f.with(pratique.Put{Manifest: m})
	}
}

// cluster adds a cluster, which is there.
func (f *fleet) cluster(name, clusterType string) *pratique.Cluster {
	f.Helper()
	f.with(pratique.CreateCluster{Cluster: pratique.Cluster{
		Meta: pratique.Meta{ID: "c-" + name, Name: name}, Type: clusterType, Provisioner: pratique.ProvisionerLocal,
	}})
	c, _ := f.Clusters.ID("c-" + name)
	return c
}

// planned is a cluster that somebody thinks of.
func (f *fleet) planned(clusterType string) *pratique.Cluster {
	p, _ := f.Projects.Name("local-1")
	return &pratique.Cluster{Meta: pratique.Meta{Name: "new"}, Type: clusterType, Project: p.ID}
}

func (f *fleet) ask(name string, c *pratique.Cluster) *addon.Precheck {
	f.Helper()
	a, ok := f.AddonTemplate(name)
	if !ok {
		f.Fatalf("no add-on %s", name)
	}
	return &addon.Precheck{Decider: f.decider, Addon: a, Cluster: c, Settings: f.settings, Report: "rep-1", Now: noon}
}

func (f *fleet) mse(c *pratique.Cluster) *addon.Precheck {
	f.Helper()
	return f.ask("mse-ingress-controller", c)
}

// logging turns the access logs of an MseIngressConfig on.
func (f *fleet) logging() {
	f.settings = addon.Settings{"spec.monitor.logging.sls": "MseIngressConfig default"}
}

// authorize proposes and applies.
func (f *fleet) authorize(p *addon.Precheck, systemPolicy bool) *pratique.Plan {
	f.Helper()
	changes, err := p.Propose(f.Snapshot, systemPolicy)
	if err != nil {
		f.Fatal(err)
	}
	return f.with(changes...)
}

func (f *fleet) passes(p *addon.Precheck) {
	f.Helper()
	for _, i := range p.Items(f.Snapshot) {
		if i.Status == pratique.ItemMissing {
			f.Errorf("%s is missing: %s", i.ID, i.Error)
		}
	}
}

// lacks holds the ids of what is missing against a list.
func (f *fleet) lacks(p *addon.Precheck, want ...string) {
	f.Helper()
	var got []string
	for _, i := range p.Items(f.Snapshot) {
		if i.Status == pratique.ItemMissing {
			got = append(got, i.ID)
		}
	}
	if !slices.Equal(got, want) {
		f.Errorf("missing are\n%q, want\n%q", got, want)
	}
}

func (f *fleet) item(p *addon.Precheck, id string) pratique.ReportItem {
	f.Helper()
	for _, i := range p.Items(f.Snapshot) {
		if i.ID == id {
			return i
		}
	}
	f.Fatalf("nothing is said about %s", id)
	return pratique.ReportItem{}
}

// names are the objects that a plan creates or changes.
func names(plan *pratique.Plan) []string {
	var out []string
	for _, s := range plan.Steps {
		out = append(out, string(s.Verb)+" "+s.Kind.Word()+" "+s.Name)
	}
	return out
}
