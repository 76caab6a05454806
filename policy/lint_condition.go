package policy

import (
	"slices"
	"strings"
)

// conditions warns of conditions that hold, or fail, where their author did not look.
func (l *linter) conditions(s *Statement) {
	for i := range s.Conditions {
		c := &s.Conditions[i]
		info, ok := lookupOperator(l.d.Dialect, c.Operator)
		if !ok {
			continue
		}
		for _, v := range c.Values {
			l.variable(v)
			if info.base == opMatch {
				l.doubleStar(v)
			}
		}
		l.missingKey(s, c, info)
		l.mfa(s, c, info)
		for j := range s.Conditions[:i] {
			l.contradiction(&s.Conditions[j], c)
		}
	}
}

// missingKey warns of operators that hold when the request has no such key: negated ones, and ForAllValues:, which holds for no values.
// With IfExists the author has said so.
func (l *linter) missingKey(s *Statement, c *Condition, info opInfo) {
	holds := info.negated && info.set != setForAny || info.set == setForAll
	if !holds || info.ifExists || alwaysPresent(c.Key) || l.requiresKey(s, c.Key) {
		return
	}
	if info.negated {
		l.warn(c.Pos, "negated-missing-key", c.Operator+" holds when the request has no "+quote(c.Key), l.requireHint())
		return
	}
	l.warn(c.Pos, "for-all-missing-key", c.Operator+" holds when the request has no "+quote(c.Key), l.requireHint())
}

func (l *linter) requireHint() string {
	if l.d.Dialect == Huawei {
		return `add "Null": {"<key>": ["false"]} if the key must be there`
	}
	return "add a condition that the key must match, such as StringLike \"?*\", if it must be there"
}

// alwaysPresent knows the keys that every request carries.
func alwaysPresent(key string) bool {
	switch foldText(key) {
	case "acs:currenttime", "acs:securetransport", "acs:sourceip", "g:currenttime", "g:domainname", "g:userid", "g:username":
		return true
	}
	return false
}

// requiresKey reports whether another condition of the statement fails without the key.
func (l *linter) requiresKey(s *Statement, key string) bool {
	return slices.ContainsFunc(s.Conditions, func(c Condition) bool {
		info, ok := lookupOperator(l.d.Dialect, c.Operator)
		if !ok || !equalFold(c.Key, key) {
			return false
		}
		switch {
		case info.value == valueNull:
			return !slices.ContainsFunc(c.Values, func(v Value) bool { return v.Text != "false" })
		case info.ifExists || info.set == setForAll:
			return false
		}
		return !info.negated || info.set == setForAny
	})
}

// mfa warns of the best-known hole: calls with an access key carry no acs:MFAPresent at all, so a Deny on "false" does not meet them.
func (l *linter) mfa(s *Statement, c *Condition, info opInfo) {
	if s.Effect == Deny && info.base == opBoolean && !info.ifExists && equalFold(c.Key, "acs:MFAPresent") {
		l.warn(c.Pos, "deny-mfa-absent", "calls with an access key carry no acs:MFAPresent, so this Deny misses them", `allow only with "Bool": {"acs:MFAPresent": "true"} instead`)
	}
}

// contradiction warns of two conditions on one key that no single value can meet.
func (l *linter) contradiction(a, b *Condition) {
	if !equalFold(a.Key, b.Key) {
		return
	}
	x, okX := lookupOperator(l.d.Dialect, a.Operator)
	y, okY := lookupOperator(l.d.Dialect, b.Operator)
	if !okX || !okY || !l.literalEquals(a, x) || !l.literalEquals(b, y) || x.negated && y.negated {
		return
	}
	if y.negated {
		a, b, x, y = b, a, y, x
	}
	if x.negated {
		// Only b's values can pass, and a must let one of them: a folding Equals passes other spellings too.
		if y.base == opEqualsFold && x.base != opEqualsFold || slices.ContainsFunc(b.Values, func(v Value) bool { return !holdsValue(a.Values, v.Text, x.base == opEqualsFold) }) {
			return
		}
	} else {
		fold := x.base == opEqualsFold || y.base == opEqualsFold
		if slices.ContainsFunc(b.Values, func(v Value) bool { return holdsValue(a.Values, v.Text, fold) }) {
			return
		}
	}
	pos := b.Pos
	if a.Pos.Offset > pos.Offset {
		pos = a.Pos
	}
	l.warn(pos, "never-matches", "no value of "+quote(b.Key)+" meets both "+a.Operator+" and "+b.Operator, "all conditions of a statement must hold")
}

// literalEquals reports whether a condition compares whole strings that are known now, and fails without the key or is negated.
func (l *linter) literalEquals(c *Condition, info opInfo) bool {
	if info.value != valueString || info.base != opEquals && info.base != opEqualsFold || info.set != setNone || info.ifExists {
		return false
	}
	return l.d.Dialect == RAM || !slices.ContainsFunc(c.Values, func(v Value) bool { return strings.Contains(v.Text, "${") })
}

func holdsValue(values []Value, text string, fold bool) bool {
	return slices.ContainsFunc(values, func(v Value) bool { return v.Text == text || fold && equalFold(v.Text, text) })
}
