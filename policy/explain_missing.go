package policy

import (
	"fmt"
	"strings"
)

// How near a statement comes to allowing a request, in steps that leave room for counting failed conditions below each.
const (
	nearNothing   = 0
	nearService   = 1000
	nearType      = 2000
	nearAction    = 3000 // not the resource
	nearResource  = 4000 // not the conditions or the principal
	nearStatement = 5000 // all of it, but a Deny of the same set takes it away
)

// candidate is an Allow and how near it comes.
type candidate struct {
	set               *Set
	source, statement int
	score             int
}

// missing finds the Allow that came nearest and puts into words what it lacks. The tier is that of a Required one which ended the
// walk, -1 when all were walked to the end; then any of them could have allowed.
func (c Chain) missing(q *query, tier int) (*StatementTrace, string) {
	if q.dialect == NoDialect {
		return nil, fmt.Sprintf("%q is not an action of either language: it must have two or three segments", q.req.Action)
	}
	var best candidate
	for i := range c {
		if c[i].Skipped != "" || tier >= 0 && i != tier || tier < 0 && c[i].Combine == Required {
			continue
		}
		for _, s := range c[i].Sets {
			best = s.closest(q, best)
		}
	}
	where := ""
	if tier >= 0 {
		where = " of tier " + c[tier].Name + ", which must allow,"
	}
	if best.score == nearNothing {
		return nil, fmt.Sprintf("no statement%s allows %s", where, q.req.Action)
	}
	trace := best.set.trace(q, best.source, best.statement)
	return &trace, best.sentence(q, &trace, where)
}

// closest returns the better of best and the nearest Allow of the set.
func (s *Set) closest(q *query, best candidate) candidate {
	for i, src := range s.Sources() {
		if src.Compiled == nil {
			continue
		}
		for j := range src.Compiled.rules {
			if score := src.Compiled.rules[j].score(q); score > best.score {
				best = candidate{set: s, source: i, statement: j, score: score}
			}
		}
	}
	return best
}

func (r *rule) score(q *query) int {
	switch {
	case r.effect != Allow || r.dialect != q.dialect:
		return nearNothing
	case !r.matchesAction(q):
		return r.actionScore(q)
	case !r.whole.matches(q).within(Allow):
		return nearAction
	case r.admits(q):
		return nearStatement
	}
	score := nearResource
	if !r.trusts(q) {
		score--
	}
	for i := range r.conditions {
		if !r.conditions[i].eval(q).within(Allow) {
			score--
		}
	}
	return max(score, nearAction+1)
}

// actionScore tells how much of the action a statement is about that does not match it.
func (r *rule) actionScore(q *query) int {
	if r.except {
		return nearType // it names the very action
	}
	want := strings.Split(string(q.action()), ":")
	score := nearNothing
	for _, p := range r.actions {
		have := strings.Split(p, ":")
		switch {
		case !glob(have[0], want[0], false):
		case len(have) == 3 && len(want) == 3 && glob(have[1], want[1], false):
			score = max(score, nearType)
		default:
			score = max(score, nearService)
		}
	}
	return score
}

// sentence says in plain words what keeps the statement from allowing.
func (c *candidate) sentence(q *query, t *StatementTrace, where string) string {
	name := fmt.Sprintf("statement %d of %s", c.statement+1, c.set.title(c.source))
	switch {
	case !t.Action:
		return fmt.Sprintf("no statement%s allows %s", where, q.req.Action)
	case !t.Resource && q.req.Resource == "":
		return name + " allows the action, but only on certain resources, and the request names none"
	case !t.Resource:
		return fmt.Sprintf("%s allows the action, but not the resource %s", name, q.req.Resource)
	case !t.Principal:
		return name + " trusts others than those who ask"
	}
	for i := range t.Conditions {
		if k := &t.Conditions[i]; !k.Holds {
			return fmt.Sprintf("%s allows it under conditions: %s", name, k.sentence())
		}
	}
	_, source, statement := c.set.walk(q)
	return fmt.Sprintf("%s allows it, but statement %d of %s takes it away again", name, statement+1, c.set.title(source))
}

func (t *ConditionTrace) sentence() string {
	s := fmt.Sprintf("%s %s wants [%s], the request has ", t.Operator, t.Key, strings.Join(t.Wants, ", "))
	if len(t.Has) == 0 {
		s += "none"
	} else {
		s += "[" + strings.Join(t.Has, ", ") + "]"
	}
	if t.Reason != "" && len(t.Has) > 0 {
		s += "; " + t.Reason
	}
	return s
}

// title is what a sentence calls a source.
func (s *Set) title(source int) string {
	src := &s.sources[source]
	switch {
	case src.Policy != "":
		return src.Policy
	case src.ID != "":
		return src.ID
	}
	return fmt.Sprintf("policy %d", source)
}
