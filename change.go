package pratique

import (
	"crypto/rand"
	"encoding/base32"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Change is one step that alters a directory. The implementations are the change types of this package.
//
//sumtype:decl
type Change interface {
	apply(e *editor) error
}

// Moment is what a change takes from outside: the time, and a source of ids.
type Moment struct {
	Time  time.Time
	NewID func(Kind) string
}

// At is a Moment at t with random ids of 80 bits, such as "usr-f3k7…": long enough to never occur twice.
func At(t time.Time) Moment {
	return Moment{Time: t.UTC().Truncate(time.Millisecond), NewID: func(k Kind) string {
		var b [10]byte
		_, _ = rand.Read(b[:]) // documented never to fail
		return k.prefix() + "-" + strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
	}}
}

// Verb is what a step does.
type Verb string

// The verbs.
const (
	Create    Verb = "create"
	Update    Verb = "update"
	Remove    Verb = "delete"
	Unchanged Verb = "unchanged"
)

// Step is one object that a list of changes touches. Secret values never stand in it.
type Step struct {
	Verb     Verb        `json:"verb"`
	Kind     Kind        `json:"kind"`
	Name     string      `json:"name"`
	ID       string      `json:"id"`
	Fields   []FieldDiff `json:"fields,omitempty"`
	Cascaded bool        `json:"cascaded,omitzero"` // goes with something else that is deleted
}

// FieldDiff is a member of a spec before and after; absent is empty.
type FieldDiff struct {
	Field  string         `json:"field"`
	Before jsontext.Value `json:"before,omitempty"`
	After  jsontext.Value `json:"after,omitempty"`
}

// Need is an operation that a step needs: a row of the catalogue, on one resource. Vars fill the row's resource templates.
type Need struct {
	Operation         string
	Vars              map[string]string
	Project           string // id, for grants in a project
	EnterpriseProject string // id
	ClusterType       string
	Tags              map[string]string // of the cluster: condition keys
	Billing           string            // "prepaid" demands more
	Context           map[string]string // condition keys of this operation alone: "ram:ServiceName"
	Anywhere          bool              // what the operation is about is in no project: being allowed in some project is enough
}

// Write is one stored object: Object is nil when it goes.
type Write struct {
	Kind   Kind
	ID     string
	Object any
}

// Plan is what a list of changes comes to.
type Plan struct {
	Steps    []Step
	Needs    []Need
	Writes   []Write
	Warnings []string // for the person: what was accepted but may not do what they think
}

// With applies changes in order, all or none, and returns the next snapshot. The receiver stays as it is. On an error the Plan holds the
// Needs found so far, so that the caller can tell somebody who may not ask from somebody who asked wrongly.
//
// Runs of Put are sorted so that an object stands before those that name it; the order of a manifest does not matter.
func (s *Snapshot) With(at Moment, changes ...Change) (*Snapshot, *Plan, error) {
	e := &editor{Snapshot: s.clone(), at: at, plan: &Plan{}}
	e.Generation++
	for _, c := range ordered(changes) {
		if err := c.apply(e); err != nil {
			return nil, e.plan, err
		}
	}
	e.finish()
	return e.Snapshot, e.plan, nil
}

func ordered(changes []Change) []Change {
	out := slices.Clone(changes)
	for start := 0; start < len(out); {
		end := start
		for end < len(out) && isPut(out[end]) {
			end++
		}
		slices.SortStableFunc(out[start:end], func(a, b Change) int { return rankOf(a) - rankOf(b) })
		start = max(end, start+1)
	}
	return out
}

func rankOf(c Change) int {
	put, _ := c.(Put)
	return put.Kind.rank()
}

func isPut(c Change) bool {
	_, ok := c.(Put)
	return ok
}
