package addon_test

import (
	"fmt"
	"testing"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/addon"
	"github.com/pratique-iam/pratique/internal/workload"
)

// town is a directory of many policies with clusters in it, every other of them dedicated.
func town(b *testing.B, policies, clusters int) (*pratique.Snapshot, *access.Decider, []*pratique.Cluster) {
	b.Helper()
	c, err := catalog.Load()
	if err != nil {
		b.Fatal(err)
	}
	rules := pratique.NewRules(c)
	rules.Limits.Clusters = clusters
	w := workload.New(policies)
	s, err := w.Directory(1000, 1).Snapshot(rules)
	if err != nil {
		b.Fatal(err)
	}
	var changes []pratique.Change
	for i := range clusters {
		changes = append(changes, pratique.CreateCluster{Cluster: pratique.Cluster{
			Meta: pratique.Meta{Name: fmt.Sprintf("c%d", i)}, Type: []string{"ack-managed", "ack-dedicated"}[i%2], Provisioner: pratique.ProvisionerLocal,
		}})
	}
	if s, _, err = s.With(pratique.At(noon), changes...); err != nil {
		b.Fatal(err)
	}
	d := &access.Decider{Rules: rules}
	first := &addon.Precheck{Decider: d, Addon: &c.Addons[0], Cluster: &pratique.Cluster{Type: "ack-managed"}, Now: noon}
	first.Addon, _ = s.AddonTemplate("mse-ingress-controller")
	made, err := first.Propose(s, true)
	if err != nil {
		b.Fatal(err)
	}
	if s, _, err = s.With(pratique.At(noon), made...); err != nil {
		b.Fatal(err)
	}
	var all []*pratique.Cluster
	for cl := range s.Clusters.All() {
		all = append(all, cl)
	}
	return s, d, all
}

// BenchmarkPrecheck asks about one add-on in one cluster, in a directory of 100,000 policies, as for the first time: with nothing compiled.
func BenchmarkPrecheck(b *testing.B) {
	s, d, clusters := town(b, 100_000, 1)
	a, _ := s.AddonTemplate("mse-ingress-controller")
	for b.Loop() {
		p := &addon.Precheck{Decider: &access.Decider{Rules: d.Rules}, Addon: a, Cluster: clusters[0], Now: noon}
		if !addon.Passed(p.Items(s)) {
			b.Fatal("it was authorized, and yet something is missing")
		}
	}
}

// BenchmarkPropose works out what would give one dedicated cluster what it lacks.
func BenchmarkPropose(b *testing.B) {
	s, d, clusters := town(b, 100_000, 2)
	a, _ := s.AddonTemplate("mse-ingress-controller")
	for b.Loop() {
		p := &addon.Precheck{Decider: d, Addon: a, Cluster: clusters[1], Now: noon}
		if changes, err := p.Propose(s, false); err != nil || len(changes) == 0 {
			b.Fatal(changes, err)
		}
	}
}

// BenchmarkPrecheckFleet asks about one add-on in 500 clusters.
func BenchmarkPrecheckFleet(b *testing.B) {
	s, d, clusters := town(b, 100_000, 500)
	a, _ := s.AddonTemplate("mse-ingress-controller")
	for b.Loop() {
		cold := &access.Decider{Rules: d.Rules}
		for _, cl := range clusters {
			p := &addon.Precheck{Decider: cold, Addon: a, Cluster: cl, Now: noon}
			if len(p.Items(s)) == 0 {
				b.Fatal("nothing was looked at")
			}
		}
	}
}
