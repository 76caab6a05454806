package policy

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// BenchmarkDecide measures a decision over W(P), see workload. Requests of many users are asked in turn, so that with many policies the
// memory is as cold as it is in a server.
func BenchmarkDecide(b *testing.B) {
	for _, policies := range []int{100, 1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("P=%d", policies), func(b *testing.B) {
			w := newWorkload(policies)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			w.addUsers(min(max(policies/10, 100), 10_000))
			benchmark(b, w)
			b.StopTimer()
			runtime.GC()
			runtime.ReadMemStats(&after)
			runtime.KeepAlive(w)
			_, _ = before, after
		})
	}
}

// BenchmarkDecideThousandStatements is one principal with 1,000 statements.
func BenchmarkDecideThousandStatements(b *testing.B) {
	w := newWorkload(250)
	w.addUser(w.policies)
	benchmark(b, w)
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
		r := *questions[i].request
		r.Action, r.Resource, r.Context = strings.Clone(r.Action), strings.Clone(r.Resource), slices.Clone(r.Context)
		questions[i].request = &r
	}
	allowed := 0
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i == len(questions) {
			i = 0
		}
		if questions[i].chain.Decide(questions[i].request).Allowed() {
			allowed++
		}
	}
	if allowed == 0 {
		b.Fatal("nothing was allowed")
	}
}
