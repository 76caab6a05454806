package policy

// Decide walks the tiers in order and stops at the first that answers Allow or Deny. It allocates nothing for actions of usual length, unless
// a condition compares dates in an unusual zone or form, or a variable grows long.
func (c Chain) Decide(r *Request) Decision {
	q := query{req: r}
	q.prepare()
	for i := range c {
		t := &c[i]
		if t.Skipped != "" {
			continue
		}
		d := t.decide(&q, false)
		d.Tier = i
		if t.ends(d.Effect) {
			return d
		}
	}
	return undecided(-1)
}

// undecided is the decision that nothing matched, in a tier or (-1) in the whole chain.
func undecided(tier int) Decision {
	return Decision{Effect: Undecided, Tier: tier, Set: -1, Source: -1, Statement: -1}
}

// ends reports whether the walk is over when a tier has given its answer.
func (t *Tier) ends(e Effect) bool {
	if t.Combine == Required {
		return e != Allow
	}
	return e != Undecided
}

// decide gives the tier's answer, its own index left open; plain asks the statements one by one instead of the index. The effects are in
// order of strength: Deny replaces Allow, Allow replaces Undecided.
//
// (A flag and not a function: the query would move to the heap, for it could not be seen what the function does with it.)
func (t *Tier) decide(q *query, plain bool) Decision {
	decision := undecided(-1)
	for i, s := range t.Sets {
		var e Effect
		var source, statement int
		if plain {
			e, source, statement = s.walk(q)
		} else {
			e, source, statement = s.decide(q)
		}
		if t.counts(e) && e > decision.Effect {
			decision = Decision{Effect: e, Set: i, Source: source, Statement: statement}
			if t.settles(e) {
				break
			}
		}
	}
	return decision
}

// counts reports whether a set's answer says something about its tier: in a Separate tier a Deny is a set's own affair. In a tier whose way
// of combining is unknown nothing allows.
func (t *Tier) counts(e Effect) bool {
	switch t.Combine {
	case Pooled, Required:
		return e != Undecided
	case Separate:
		return e == Allow
	}
	return e == Deny
}

// settles reports whether no other set of the tier can change the answer.
func (t *Tier) settles(e Effect) bool { return e == Deny || t.Combine == Separate }
