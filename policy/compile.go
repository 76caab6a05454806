package policy

// Compiled is a Document made ready for deciding. It is made once for a version of a policy and shared by the Sets of all principals
// that hold the policy. It is immutable.
type Compiled struct {
	document *Document
	rules    []rule
}

// CompileDocument compiles a document, which must not be modified afterwards. It cannot fail: what the evaluator does not understand
// (a hand-made or a stored document need not have passed the parser of today) never allows and still denies. A nil document gives nil.
func CompileDocument(d *Document) *Compiled {
	if d == nil {
		return nil
	}
	c := &Compiled{document: d, rules: make([]rule, len(d.Statements))}
	for i := range d.Statements {
		c.rules[i].compile(d, i)
	}
	return c
}

// Document returns what was compiled.
func (c *Compiled) Document() *Document {
	if c == nil {
		return nil
	}
	return c.document
}

// rule is a compiled statement.
type rule struct {
	effect     Effect
	dialect    Dialect
	except     bool // actions are those of NotAction
	statement  uint32
	actions    []string // folded patterns
	resources  []resource
	whole      resource // the resource element taken together
	conditions []condition
	principals []Principal // nil when the statement has none
}

// listedFrom bounds the index: a statement of 100 actions and 10 resources is indexed by its actions alone, not a thousand times.
const listedFrom = 256

func (r *rule) compile(d *Document, i int) {
	s := &d.Statements[i]
	*r = rule{effect: s.Effect, dialect: d.Dialect, statement: index(i), principals: s.Principals}
	if r.except = len(s.NotActions) > 0; r.except {
		r.actions = actionPatterns(d, s.NotActions)
	} else {
		r.actions = actionPatterns(d, s.Actions)
	}
	r.compileResources(d.Dialect, s)
	if len(s.Conditions) > 0 {
		r.conditions = make([]condition, len(s.Conditions))
	}
	for i, c := range s.Conditions {
		r.conditions[i] = compileCondition(d.Dialect, c)
	}
}

// compileResources leaves in whole what the resource element means; an absent element matches every request.
func (r *rule) compileResources(d Dialect, s *Statement) {
	if n := len(s.Resources) + len(s.NotResources) + 2*len(s.URIs); n > 0 {
		r.resources = make([]resource, 0, n)
	}
	for _, v := range s.Resources {
		r.resources = append(r.resources, compileResource(d, v.Text))
	}
	for _, v := range s.NotResources {
		r.resources = append(r.resources, compileResource(d, v.Text))
	}
	for _, v := range s.URIs {
		r.resources = append(r.resources, compileURI(v.Text)...)
	}
	r.whole = resource{rule: r, kind: resourceListed}
	for i := range r.resources {
		r.resources[i].rule = r
		if r.resources[i].kind == resourceAny {
			r.whole.kind = resourceAny
		}
	}
	switch {
	case len(s.NotResources) > 0:
		r.whole.kind = resourceExcept
	case len(r.resources) == 0:
		r.whole.kind = resourceAny
	}
}

// targets are the resources that the statement is indexed by: one by one where the index can tell them apart.
func (r *rule) targets() []*resource {
	if r.whole.kind != resourceListed || len(r.resources)*len(r.actions) > listedFrom {
		return []*resource{&r.whole}
	}
	targets := make([]*resource, len(r.resources))
	for i := range r.resources {
		targets[i] = &r.resources[i]
	}
	return targets
}

// guarded reports whether there is more to check than action and resource.
func (r *rule) guarded() bool { return len(r.conditions) > 0 || len(r.principals) > 0 }

// matches decides the whole statement without an index.
func (r *rule) matches(q *query) bool {
	return r.matchesAction(q) && r.whole.matches(q).within(r.effect) && r.admits(q)
}

// matchesAction reports whether the statement is about the action of the request. A statement in another dialect never is.
func (r *rule) matchesAction(q *query) bool {
	return len(r.actions) > 0 && q.dialect == r.dialect && q.dialect != NoDialect && q.matchesAction(r.actions) != r.except
}

// admits checks what the index does not know: principals and conditions.
func (r *rule) admits(q *query) bool {
	if !r.trusts(q) {
		return false
	}
	for i := range r.conditions {
		if !r.conditions[i].eval(q).within(r.effect) {
			return false
		}
	}
	return true
}

// trusts reports whether a trust policy's statement names one of those who ask; without principals a statement is about everybody.
// Names are equal or they are not: "acs:ram::<account>:root", which stands for the whole account, is matched because the identities of
// that account carry it among the principals of their requests. Role names fold, as they do in resources.
func (r *rule) trusts(q *query) bool {
	if len(r.principals) == 0 {
		return true
	}
	for i := range r.principals {
		for j := range q.req.Principals {
			want, have := &r.principals[i], &q.req.Principals[j]
			if want.Type == have.Type && (want.ID == have.ID || isRoleARN(have.ID) && equalFold(want.ID, have.ID)) {
				return true
			}
		}
	}
	return false
}
