package rbacsync

import (
	"fmt"
	"slices"
	"strings"
)

// Verb is what a step does.
type Verb string

// The verbs.
const (
	Create    Verb = "create"
	Update    Verb = "update"    // drift: somebody changed it
	Replace   Verb = "replace"   // another role: roleRef cannot be changed, so a new object takes the place of an old one
	Delete    Verb = "delete"    // no permission asks for it any more
	Unchanged Verb = "unchanged" // as it should be
	Waiting   Verb = "waiting"   // for a namespace or a ClusterRole that is not there; done when it appears
	Conflict  Verb = "conflict"  // somebody else's object has the name; left alone
)

// Step is one binding.
type Step struct {
	Verb Verb `json:"verb"`
	Object
	Replaces string `json:"replaces,omitempty"` // name of the object that goes, in the same namespace
	Reason   string `json:"reason,omitempty"`

	live *Binding // that is updated, replaced or deleted
}

// Plan is what it takes to bring a cluster to what the directory says.
type Plan struct {
	Cluster string `json:"cluster"` // name
	Steps   []Step `json:"steps"`
}

// Changes reports whether applying the plan would write anything.
func (p *Plan) Changes() bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Verb.writes() })
}

// Count is the number of steps of a verb.
func (p *Plan) Count(v Verb) int {
	n := 0
	for i := range p.Steps {
		if p.Steps[i].Verb == v {
			n++
		}
	}
	return n
}

func (v Verb) writes() bool {
	switch v {
	case Create, Update, Replace, Delete:
		return true
	case Unchanged, Waiting, Conflict:
	}
	return false
}

// mark is a sign in front of a step, as diffs have them.
func (v Verb) mark() string {
	switch v {
	case Create:
		return "+"
	case Update, Replace:
		return "~"
	case Delete:
		return "-"
	case Waiting:
		return "?"
	case Conflict:
		return "!"
	case Unchanged:
	}
	return " "
}

func verbs() []Verb { return []Verb{Create, Update, Replace, Delete, Waiting, Conflict, Unchanged} }

// String is the plan for people: a line of counts, and a line for each step that is not Unchanged.
func (p *Plan) String() string {
	var counts []string
	for _, v := range verbs() {
		if n := p.Count(v); n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, v))
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "cluster %s: %s\n", p.Cluster, strings.Join(counts, ", "))
	if len(counts) == 0 {
		return fmt.Sprintf("cluster %s: no bindings\n", p.Cluster)
	}
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Verb != Unchanged {
			fmt.Fprintf(&b, "  %s %s\n", s.Verb.mark(), s)
		}
	}
	return b.String()
}

// String is the step for people.
func (s *Step) String() string {
	text := fmt.Sprintf("%s %s: %s for %s %s", s.Verb, s.Key, s.ClusterRole, strings.ToLower(s.Subject.Kind), s.Subject.Name)
	if s.About != "" {
		text += " (" + s.About + ")"
	}
	if s.Replaces != "" && s.Replaces != s.Name {
		text += ", in the place of " + s.Replaces
	}
	if s.Reason != "" {
		text += "; " + s.Reason
	}
	return text
}
