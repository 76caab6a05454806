package policy

import (
	"slices"
	"strings"
)

// condition is a compiled Condition.
type condition struct {
	key      string
	op       opInfo
	broken   bool // unknown operator, a value that does not parse, or no values
	variable bool // at least one operand holds variables
	operands []operand
}

// operand is one value of a document, read according to the type that the operator asks for.
type operand struct {
	parsed
	parts []part // instead of parsed, when the value holds variables or escapes
}

// compileCondition reads operator and values. Nothing is refused here: what does not parse makes the condition broken, and outcome.within
// says what that means.
func compileCondition(d Dialect, c Condition) condition {
	op, ok := lookupOperator(d, c.Operator)
	k := condition{key: c.Key, op: op, broken: !ok || len(c.Values) == 0, operands: make([]operand, len(c.Values))}
	for i, v := range c.Values {
		if !k.operands[i].compile(d, op, v.Text) {
			k.broken = true
		}
		k.variable = k.variable || k.operands[i].parts != nil
	}
	return k
}

func (o *operand) compile(d Dialect, op opInfo, text string) (ok bool) {
	if d == Huawei && strings.Contains(text, "${") {
		parts, err := parseTemplate(text, true, op.base == opMatch)
		o.parts = parts
		return err == nil
	}
	o.parsed, ok = parseValue(op.value, text)
	return ok
}

// eval decides the condition for a request. What is absent is settled before values are looked at; a request value of the wrong type, or a
// variable that has no value, breaks the condition even where another value would have matched: what is half understood is not
// understood.
func (c *condition) eval(q *query) outcome {
	if c.broken {
		return broken
	}
	var single [1]string
	have := q.values(c.key, &single)
	switch {
	case c.op.value == valueNull:
		return c.evalAbsence(q, have)
	case len(have) == 0:
		return truth(c.whenAbsent())
	case c.variable && !c.substitutes(q):
		return broken
	}
	// Negated, or for all: every value of the request must pass. Otherwise one suffices.
	all := c.op.set == setForAll || c.op.set == setNone && c.op.negated
	holds := all
	for _, v := range have {
		matched := c.matchesAny(q, v)
		if matched == broken {
			return broken
		}
		if pass := (matched == yes) != c.op.negated; pass != all {
			holds = pass
		}
	}
	return truth(holds)
}

// whenAbsent is the answer for a key that the request does not have: IfExists is content, all of no values pass and none of them does; without
// any of these a positive operator fails and a negated one holds, as in the other clouds (the vendors are silent; the linter warns).
func (c *condition) whenAbsent() bool {
	switch {
	case c.op.ifExists:
		return true
	case c.op.set != setNone:
		return c.op.set == setForAll
	}
	return c.op.negated
}

// evalAbsence answers Null ("true": the key is absent) and IsNullOrEmpty ("true": it is absent or all its values are empty).
func (c *condition) evalAbsence(q *query, have []string) outcome {
	absent := len(have) == 0
	if c.op.base == opNullOrEmpty {
		absent = !slices.ContainsFunc(have, func(v string) bool { return v != "" })
	}
	if c.variable && !c.substitutes(q) {
		return broken
	}
	o := no
	for i := range c.operands {
		want, ok := c.operands[i].value(q, valueNull, nil)
		if !ok {
			return broken
		}
		o = o.or(truth(want.truth == absent))
	}
	return o
}

// substitutes reports whether all variables have a value.
func (c *condition) substitutes(q *query) bool {
	var buf [stackText]byte
	for i := range c.operands {
		if _, ok := expand(buf[:0], c.operands[i].parts, q, c.op.base == opMatch); !ok {
			return false
		}
	}
	return true
}

// matchesAny compares one value of the request with every value of the document, the operator taken as not negated.
func (c *condition) matchesAny(q *query, have string) outcome {
	if c.op.value == valueString {
		for i := range c.operands {
			if c.operands[i].matchesText(q, c.op.base, have) {
				return yes
			}
		}
		return no
	}
	value, ok := parseRequest(c.op.value, have)
	if !ok {
		return broken
	}
	var buf [stackText]byte
	o := no
	for i := range c.operands {
		want, ok := c.operands[i].value(q, c.op.value, buf[:0])
		if !ok {
			return broken
		}
		o = o.or(truth(compareTyped(c.op, &value, &want)))
	}
	return o
}

// value returns the operand's value, its variables filled in.
func (o *operand) value(q *query, kind valueKind, buf []byte) (parsed, bool) {
	if o.parts == nil {
		return o.parsed, true
	}
	b, ok := expand(buf, o.parts, q, false)
	if !ok {
		return parsed{}, false
	}
	return parseValue(kind, string(b))
}

// matchesText compares strings. With variables the operand is put together on the stack first.
func (o *operand) matchesText(q *query, base opKind, have string) bool {
	if o.parts == nil {
		return matchText(base, have, o.text)
	}
	var buf [stackText]byte
	want, ok := expand(buf[:0], o.parts, q, base == opMatch)
	switch {
	case !ok:
		return false // not reached: substitutes has been asked before
	case base == opMatch:
		return globEncoded(want, have)
	default:
		return matchText(base, have, want)
	}
}

// matchText compares a value of the request with a value of the document.
func matchText[S text](base opKind, have string, want S) bool {
	n := len(want)
	switch base {
	case opEquals:
		return have == string(want)
	case opEqualsFold:
		return equalFold(have, want)
	case opMatch:
		return wild(want, have, '*', '?', false)
	case opStartWith:
		return len(have) >= n && have[:n] == string(want)
	case opEndWith:
		return len(have) >= n && have[len(have)-n:] == string(want)
	case opUnknown, opLess, opLessEq, opGreater, opGreaterEq, opBoolean, opIPAddress, opNull, opNullOrEmpty:
	}
	return false
}
