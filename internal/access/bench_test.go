package access_test

import (
	"fmt"
	"testing"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/workload"
	"github.com/pratique-iam/pratique/policy"
)

// BenchmarkDecide measures the whole way from a principal's name to an answer, over W(P). One statement in six has a condition, so that every
// principal's program holds some.
func BenchmarkDecide(b *testing.B) {
	for _, policies := range []int{1_000, 10_000} {
		b.Run(fmt.Sprintf("W(%d)", policies), func(b *testing.B) {
			c, err := catalog.Load()
			if err != nil {
				b.Fatal(err)
			}
			rules := pratique.NewRules(c)
			w := workload.New(policies)
			d := w.Directory(policies/10, 1)
			s, err := d.Snapshot(rules)
			if err != nil {
				b.Fatal(err)
			}
			decider := &access.Decider{Rules: rules}
			queries := questions(w, d, s, decider)
			next := 0
			b.ReportAllocs()
			for b.Loop() {
				_ = decider.Decide(s, &queries[next])
				if next++; next == len(queries) {
					next = 0
				}
			}
		})
	}
}

// questions are some of every user, in an order in which no user comes twice in a row for long.
func questions(w *workload.Workload, d *workload.Directory, s *pratique.Snapshot, decider *access.Decider) []access.Query {
	project, _ := s.Projects.Name(s.Rules().Regions[0])
	var queries []access.Query
	for i, u := range d.Users {
		ask := func(r *policy.Request) access.Query {
			return access.Query{
				Principal: pratique.Ref{Kind: pratique.KindUser, ID: u.ID}, Action: r.Action, Resource: r.Resource, Project: project.ID,
				Time: noon, Source: "10.1.2.3", MFA: true,
			}
		}
		asked := w.Requests(d.Sources(w, i), func(r *policy.Request) bool {
			q := ask(r)
			answer := decider.Decide(s, &q)
			return answer.Allowed()
		})
		for _, r := range asked {
			queries = append(queries, ask(r))
		}
	}
	w.Shuffle(len(queries), func(i, j int) { queries[i], queries[j] = queries[j], queries[i] })
	return queries
}
