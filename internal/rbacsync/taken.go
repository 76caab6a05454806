package rbacsync

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/pratique-iam/pratique"
)

const (
	// catchUp is how long a kube-apiserver may go on by a binding that has been deleted: it watches them like everybody else, and a cluster may
	// have several.
	catchUp = 2 * time.Second
	// takenFor is how long the memory of a loss is kept. Those who ask do so every few seconds for as long as what they ask for lasts.
	takenFor = time.Minute
)

// taken remembers from whom bindings were taken. kube-apiserver asks RBAC when a stream is opened and never again, and between a change of the
// directory and the end of the binding there is a moment: whatever was opened in it has to be found afterwards. The zero value is empty.
type taken struct {
	mu   sync.Mutex
	from map[string]time.Time // subject → when the binding was gone; zero: it may be there yet
}

// begin notes that subjects are about to lose something.
func (t *taken) begin(subjects []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.from == nil {
		t.from = map[string]time.Time{}
	}
	for _, name := range subjects {
		t.from[name] = time.Time{}
	}
}

// settle notes that all is gone that was to go.
func (t *taken) settle(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, gone := range t.from {
		if gone.IsZero() {
			t.from[name] = now
		}
	}
	maps.DeleteFunc(t.from, func(_ string, gone time.Time) bool { return now.Sub(gone) > takenFor })
}

// counted reports whether something that was taken from one of the subjects may have counted at a moment.
func (t *taken) counted(subjects []string, moment time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.ContainsFunc(subjects, func(name string) bool {
		gone, lost := t.from[name]
		return lost && (gone.IsZero() || moment.Before(gone.Add(catchUp)))
	})
}

// losers are the subjects that a plan takes something from: what the directory no longer says since the plan before, also when another replica was
// faster to take it away, and what is in the cluster and goes.
func losers(before, after []*pratique.NamespacePermission, plan *Plan) []string {
	var out []string
	kept := make(map[*pratique.NamespacePermission]bool, len(after))
	for _, p := range after {
		kept[p] = true
	}
	for _, p := range before {
		if !kept[p] {
			out = append(out, subject(p.Principal).Name)
		}
	}
	for i := range plan.Steps {
		step := &plan.Steps[i]
		if step.live == nil || !step.Verb.writes() {
			continue
		}
		for _, had := range step.live.Subjects {
			if step.Verb != Update || had != step.Subject {
				out = append(out, had.Name)
			}
		}
	}
	return out
}
