package main

import (
	"context"
	"fmt"
	"runtime"

	"github.com/pratique-iam/pratique/internal/workload"
	"github.com/pratique-iam/pratique/policy"
)

// memory weighs the policies of W(P) on the heap: as parsed documents, what compiling adds, and what a principal's set of 80 statements adds to
// policies that are compiled.
func (b *bench) memory(context.Context) ([]row, error) {
	n := b.pick(10_000, 100)
	w := workload.New(n)
	texts := make([][]byte, n)
	for i, p := range w.Policies {
		texts[i] = p.Document.Canonical()
	}
	groups := make([][]int, n/10)
	for i := range groups {
		groups[i] = w.Membership()
	}
	w = nil
	statements := float64(n * workload.Statements)
	sources := make([]policy.Source, n)
	empty := heap()
	for i, text := range texts {
		d, err := policy.Parse(text)
		if err != nil {
			return nil, err
		}
		sources[i].Document = d
	}
	parsed := heap()
	for i := range sources {
		sources[i].Compiled = policy.CompileDocument(sources[i].Document)
	}
	compiled := heap()
	sets := make([]*policy.Set, len(groups))
	inForce := 0
	for i, g := range groups {
		sets[i] = policy.Compile((&workload.Workload{Policies: sources}).Sources(g)...)
		inForce += sets[i].Len()
	}
	merged := heap()
	runtime.KeepAlive(texts)
	runtime.KeepAlive(sources)
	runtime.KeepAlive(sets)
	text := fmt.Sprintf("**%s B** compiled, beside %s B for the parsed document; %s B more in the set of every principal for whom it is in force",
		digits((compiled-parsed)/statements), digits((parsed-empty)/statements), digits((merged-compiled)/float64(inForce)))
	return []row{{"memory per statement", "reported", text, "–"}}, nil
}
