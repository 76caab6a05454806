package policy_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/pratique-iam/pratique/internal/workload"
	"github.com/pratique-iam/pratique/policy"
)

// These are for whoever changes this package. The figures in the documentation come from internal/bench.

// BenchmarkDecide measures a decision over W(P). One user per ten policies (at least 100, at most 1,000), each with a set of 80 statements, is
// asked in turn, so that with many policies neither the sets nor the policies are in the caches.
func BenchmarkDecide(b *testing.B) {
	for _, policies := range []int{100, 1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("P=%d", policies), func(b *testing.B) {
			w := workload.New(policies)
			ask(b, w.Questions(w.Users(min(max(policies/10, 100), 1_000))))
		})
	}
}

// BenchmarkDecideThousandStatements is one principal with 1,000 statements.
func BenchmarkDecideThousandStatements(b *testing.B) {
	w := workload.New(250)
	ask(b, w.Questions([]workload.User{w.User(w.Policies)}))
}

// BenchmarkDecideOneActionThousandResources is a principal whose 1,000 statements are about one action: the search in a long run.
func BenchmarkDecideOneActionThousandResources(b *testing.B) {
	d := &policy.Document{Version: "1.1", Dialect: policy.Huawei}
	for i := range 1000 {
		d.Statements = append(d.Statements, policy.Statement{
			Effect: policy.Allow, Actions: []policy.Value{{Text: "cce:cluster:get"}},
			Resources: []policy.Value{{Text: fmt.Sprintf("cce:local-1:0a1b2c3d4e5f:cluster:team-%d/*", i)}},
		})
	}
	chain := policy.Chain{{Sets: []*policy.Set{policy.Compile(policy.Source{Document: d})}}}
	var questions []workload.Question
	for i := range 64 {
		questions = append(questions, workload.Question{Chain: chain, Request: &policy.Request{
			Action: "cce:cluster:get", Resource: fmt.Sprintf("cce:local-1:0a1b2c3d4e5f:cluster:team-%d/x", i*31),
		}})
	}
	ask(b, questions)
}

// BenchmarkCompileSet merges one user's 20 policies, which are compiled already, and reports what the set weighs.
func BenchmarkCompileSet(b *testing.B) {
	w := workload.New(1_000)
	var sets []*policy.Set
	before := heap()
	for b.Loop() {
		sets = append(sets, policy.Compile(w.Policies[:20]...))
	}
	b.ReportMetric(float64(heap()-before)/float64(len(sets)*sets[0].Len()), "B/statement")
	runtime.KeepAlive(sets)
}

// BenchmarkCompileDocument compiles one policy of four statements and reports what that adds to the document.
func BenchmarkCompileDocument(b *testing.B) {
	w := workload.New(1_000)
	var compiled []*policy.Compiled
	before := heap()
	for i := 0; b.Loop(); i++ {
		compiled = append(compiled, policy.CompileDocument(w.Policies[i%len(w.Policies)].Document))
	}
	b.ReportMetric(float64(heap()-before)/float64(len(compiled)*workload.Statements), "B/statement")
	runtime.KeepAlive(compiled)
}

func BenchmarkExplain(b *testing.B) {
	u := workload.New(1_000).Users(1)[0]
	for i := 0; b.Loop(); i++ {
		u.Chain.Explain(u.Requests[i%len(u.Requests)])
	}
}

// heap is the number of bytes in use after a collection.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func ask(b *testing.B, questions []workload.Question) {
	b.Helper()
	allowed, next := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		q := &questions[next]
		if next++; next == len(questions) {
			next = 0
		}
		if q.Chain.Decide(q.Request).Allowed() {
			allowed++
		}
	}
	if allowed == 0 {
		b.Fatal("nothing was allowed")
	}
}
