package policy

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// BenchmarkDecide measures a decision over W(P), see workload. One user per ten policies (at least 100, at most 1,000), each with a set of 80
// statements, is asked in turn, so that with many policies neither the sets nor the policies are in the caches.
func BenchmarkDecide(b *testing.B) {
	for _, policies := range []int{100, 1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("P=%d", policies), func(b *testing.B) {
			w := newWorkload(policies)
			w.addUsers(min(max(policies/10, 100), 1_000))
			benchmark(b, w)
		})
	}
}

// BenchmarkDecideThousandStatements is one principal with 1,000 statements.
func BenchmarkDecideThousandStatements(b *testing.B) {
	w := newWorkload(250)
	w.addUser(w.policies)
	benchmark(b, w)
}

// BenchmarkDecideOneActionThousandResources is a principal whose 1,000 statements are about one action: the search in a long run.
func BenchmarkDecideOneActionThousandResources(b *testing.B) {
	w := newWorkload(5)
	d := &Document{Version: "1.1", Dialect: Huawei}
	for i := range 1000 {
		d.Statements = append(d.Statements, Statement{
			Effect: Allow, Actions: []Value{{Text: "cce:cluster:get"}}, Resources: []Value{{Text: fmt.Sprintf("cce:local-1:0a1b2c3d4e5f:cluster:team-%d/*", i)}},
		})
	}
	u := workloadUser{chain: Chain{{Sets: []*Set{Compile(Source{Document: d})}}}}
	for i := range 64 {
		u.requests = append(u.requests, &Request{Action: "cce:cluster:get", Resource: fmt.Sprintf("cce:local-1:0a1b2c3d4e5f:cluster:team-%d/x", i*31)})
	}
	w.users = append(w.users, u)
	benchmark(b, w)
}

// BenchmarkCompileSet merges one user's 20 policies, which are compiled already, and reports what the set weighs.
func BenchmarkCompileSet(b *testing.B) {
	w := newWorkload(1_000)
	var sets []*Set
	before := heap()
	for b.Loop() {
		sets = append(sets, Compile(w.policies[:20]...))
	}
	b.ReportMetric(float64(heap()-before)/float64(len(sets)*sets[0].Len()), "B/statement")
	runtime.KeepAlive(sets)
}

// BenchmarkCompileDocument compiles one policy of four statements and reports what that adds to the document.
func BenchmarkCompileDocument(b *testing.B) {
	w := newWorkload(1_000)
	var compiled []*Compiled
	before := heap()
	for i := 0; b.Loop(); i++ {
		compiled = append(compiled, CompileDocument(w.policies[i%len(w.policies)].Document))
	}
	b.ReportMetric(float64(heap()-before)/float64(len(compiled)*workloadStatements), "B/statement")
	runtime.KeepAlive(compiled)
}

func BenchmarkExplain(b *testing.B) {
	w := newWorkload(1_000)
	w.addUsers(1)
	for i := 0; b.Loop(); i++ {
		w.users[0].chain.Explain(w.users[0].requests[i%workloadRequests])
	}
}

// heap is the number of bytes in use after a collection.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// benchmark asks the requests of all users in turn. They are copied in the order of asking: in a server a request comes fresh from the
// parser, and it is the policies that are cold.
func benchmark(b *testing.B, w *workload) {
	b.Helper()
	type question struct {
		chain   Chain
		request *Request
	}
	var questions []question
	for _, u := range w.users {
		for _, r := range u.requests {
			questions = append(questions, question{u.chain, r})
		}
	}
	w.random.Shuffle(len(questions), func(i, j int) { questions[i], questions[j] = questions[j], questions[i] })
	for i := range questions {
		questions[i].request = questions[i].request.clone()
	}
	allowed, next := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		q := &questions[next]
		if next++; next == len(questions) {
			next = 0
		}
		if q.chain.Decide(q.request).Allowed() {
			allowed++
		}
	}
	if allowed == 0 {
		b.Fatal("nothing was allowed")
	}
}

func (r *Request) clone() *Request {
	c := &Request{Action: strings.Clone(r.Action), Resource: strings.Clone(r.Resource), Context: slices.Clone(r.Context)}
	for i := range c.Context {
		c.Context[i].Values = slices.Clone(c.Context[i].Values)
	}
	return c
}
