package policy

// Explanation says how a Chain came to its Decision. It is meant for people and for audit records; the fields are stable in JSON.
type Explanation struct {
	Decision Decision        `json:"decision"`
	Tiers    []TierTrace     `json:"tiers"`             // those walked or walked past, in order, up to the one that decided
	Closest  *StatementTrace `json:"closest,omitempty"` // of an implicit deny: the Allow that came nearest, if any is about the service
	Missing  string          `json:"missing,omitempty"` // of an implicit deny: what is missing, as a sentence
}

// TierTrace is one step of the walk.
type TierTrace struct {
	Name       string          `json:"name"`
	Effect     Effect          `json:"effect"`
	Skipped    string          `json:"skipped,omitempty"` // why the tier was walked past
	Statements int             `json:"statements"`        // looked at
	Deciding   *StatementTrace `json:"deciding,omitempty"`
}

// StatementTrace is a statement held against a request.
type StatementTrace struct {
	Policy     string           `json:"policy"`
	PolicyID   string           `json:"policyId,omitempty"`
	Version    string           `json:"version,omitempty"`
	Grant      string           `json:"grant,omitempty"`
	Scope      string           `json:"scope,omitempty"`
	Statement  int              `json:"statement"` // index in the document
	Position   Position         `json:"position"`
	Effect     Effect           `json:"effect"`
	Action     bool             `json:"actionMatches"`
	Resource   bool             `json:"resourceMatches"`
	Principal  bool             `json:"principalMatches"` // true where the statement names none
	Conditions []ConditionTrace `json:"conditions,omitempty"`
}

// ConditionTrace is a condition held against a request. Wants is as written, variables not filled in.
type ConditionTrace struct {
	Operator string   `json:"operator"`
	Key      string   `json:"key"`
	Wants    []string `json:"wants"`
	Has      []string `json:"has,omitempty"`
	Holds    bool     `json:"holds"`
	Reason   string   `json:"reason,omitempty"` // where the values alone do not tell
}

// Explain decides as Decide does and says why. It asks every statement in the order of the documents instead of the index, so it is slow (some
// microseconds for a hundred statements) and at the same time a check on the index. Of several statements that could have decided it
// names the one that Decide names, so that explanations and audit records agree.
func (c Chain) Explain(r *Request) Explanation {
	q := query{req: r}
	q.prepare()
	fast := c.Decide(r)
	x := Explanation{Decision: undecided(-1), Tiers: []TierTrace{}}
	for i := range c {
		t := &c[i]
		if t.Skipped != "" {
			x.Tiers = append(x.Tiers, TierTrace{Name: t.Name, Skipped: t.Skipped})
			continue
		}
		d := t.decide(&q, true)
		d.Tier = i
		if fast.Effect == d.Effect && fast.Tier == i && t.supports(&q, fast) {
			d = fast
		}
		x.Tiers = append(x.Tiers, t.trace(&q, d))
		if t.ends(d.Effect) {
			x.Decision = d
			break
		}
	}
	if x.Decision.Effect == Undecided {
		x.Closest, x.Missing = c.missing(&q, x.Decision.Tier)
	}
	return x
}

// walk is decide without the index: the first matching Deny, else the first matching Allow.
func (s *Set) walk(q *query) (e Effect, source, statement int) {
	e, source, statement = Undecided, -1, -1
	for i, src := range s.Sources() {
		if src.Compiled == nil {
			continue
		}
		for j := range src.Compiled.rules {
			r := &src.Compiled.rules[j]
			if r.effect > e && r.matches(q) {
				e, source, statement = r.effect, i, j
			}
		}
	}
	return e, source, statement
}

// supports reports whether the statement that a decision names does match.
func (t *Tier) supports(q *query, d Decision) bool {
	if d.Set < 0 || d.Set >= len(t.Sets) {
		return false
	}
	r := t.Sets[d.Set].rule(d.Source, d.Statement)
	return r.effect == d.Effect && r.matches(q)
}

func (s *Set) rule(source, statement int) *rule { return &s.sources[source].Compiled.rules[statement] }

func (t *Tier) trace(q *query, d Decision) TierTrace {
	trace := TierTrace{Name: t.Name, Effect: d.Effect}
	for _, s := range t.Sets {
		trace.Statements += s.Len()
	}
	if d.Effect != Undecided {
		deciding := t.Sets[d.Set].trace(q, d.Source, d.Statement)
		trace.Deciding = &deciding
	}
	return trace
}

func (s *Set) trace(q *query, source, statement int) StatementTrace {
	src := &s.sources[source]
	r := s.rule(source, statement)
	t := StatementTrace{
		Policy: src.Policy, PolicyID: src.ID, Version: src.Version, Grant: src.Grant, Scope: src.Scope,
		Statement: statement, Position: src.Document.Statements[statement].Pos, Effect: r.effect,
		Action: r.matchesAction(q), Resource: r.whole.matches(q).within(r.effect), Principal: r.trusts(q),
	}
	for i := range r.conditions {
		t.Conditions = append(t.Conditions, r.conditions[i].trace(q, r.effect, &src.Document.Statements[statement].Conditions[i]))
	}
	return t
}

// trace holds a condition against the request; written is what it was compiled from.
func (c *condition) trace(q *query, e Effect, written *Condition) ConditionTrace {
	o := c.eval(q)
	t := ConditionTrace{
		Operator: written.Operator, Key: written.Key, Wants: make([]string, 0, len(written.Values)), Has: q.values(c.key, new([1]string)),
		Holds: o.within(e), Reason: c.reason(q, o, written),
	}
	for _, v := range written.Values {
		t.Wants = append(t.Wants, v.Text)
	}
	return t
}

// reason says what cannot be seen from wanted and present values.
func (c *condition) reason(q *query, o outcome, written *Condition) string {
	have := q.values(c.key, new([1]string))
	switch {
	case c.op.base == opUnknown:
		return "the operator is unknown"
	case c.broken:
		return "a value in the document does not fit the operator"
	case o == broken && c.variable && !c.substitutes(q):
		return "a variable has no value, or several, in the request"
	case o == broken:
		return "a value in the request does not fit the operator"
	case len(have) == 0 && c.op.value != valueNull:
		return "the request has no " + written.Key
	}
	return ""
}
