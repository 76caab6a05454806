package policy

import "strings"

// refVerdict is what one condition says of a request. A broken condition is one that cannot be judged.
type refVerdict int

const (
	refNo refVerdict = iota
	refYes
	refBroken
)

// refConditions reports whether the conditions let a statement match. A plain "no" settles it; otherwise a broken condition
// keeps an Allow from matching and lets a Deny match.
func refConditions(d *Document, s *Statement, r *Request) bool {
	broken := false
	for _, c := range s.Conditions {
		switch refCondition(d.Dialect, c, r) {
		case refNo:
			return false
		case refBroken:
			broken = true
		case refYes:
		}
	}
	return !broken || s.Effect == Deny
}

func refCondition(dialect Dialect, c Condition, r *Request) refVerdict {
	op, known := refParseOperator(dialect, c.Operator)
	if !known || !refValuesParse(dialect, op, c.Values) {
		return refBroken
	}
	haves := refAttribute(r, c.Key)
	if len(haves) == 0 && op.family != "Presence" {
		return refAbsent(op)
	}
	var wants [][]refRune
	for _, v := range c.Values {
		parts, _ := refSplit(dialect, v.Text)
		want, ok := refExpand(parts, r)
		if !ok || !op.parses(refString(want)) {
			return refBroken
		}
		wants = append(wants, want)
	}
	if op.family == "Presence" {
		return refPresence(op, haves, wants)
	}
	for _, have := range haves {
		if !op.parsesRequest(have) {
			return refBroken
		}
	}
	return refCompareAll(op, haves, wants)
}

func refAbsent(op refOperator) refVerdict {
	switch {
	case op.ifExists || op.prefix == "ForAllValues":
		return refYes
	case op.prefix == "ForAnyValue":
		return refNo
	case op.negated:
		return refYes
	default:
		return refNo
	}
}

// refPresence judges Null and IsNullOrEmpty, whose values say whether the key shall be absent.
func refPresence(op refOperator, haves []string, wants [][]refRune) refVerdict {
	holds := len(haves) == 0
	if op.name == "IsNullOrEmpty" && strings.Join(haves, "") == "" {
		holds = true
	}
	for _, want := range wants {
		if (refFold(refString(want)) == "true") == holds {
			return refYes
		}
	}
	return refNo
}

func refCompareAll(op refOperator, haves []string, wants [][]refRune) refVerdict {
	equalsAny := 0 // how many request values meet some policy value
	for _, have := range haves {
		for _, want := range wants {
			if op.compare(have, want) {
				equalsAny++
				break
			}
		}
	}
	passing := equalsAny
	if op.negated {
		passing = len(haves) - equalsAny
	}
	var yes bool
	switch {
	case op.prefix == "ForAllValues":
		yes = passing == len(haves)
	case op.prefix == "ForAnyValue":
		yes = passing > 0
	case op.negated:
		yes = equalsAny == 0
	default:
		yes = equalsAny > 0
	}
	if yes {
		return refYes
	}
	return refNo
}

// refValuesParse checks what can be checked without a request: that there are values, that their variables can be read, and that
// those without one fit.
func refValuesParse(dialect Dialect, op refOperator, values []Value) bool {
	for _, v := range values {
		parts, readable := refSplit(dialect, v.Text)
		if !readable || len(parts) == 1 && !op.parses(v.Text) {
			return false
		}
	}
	return len(values) > 0
}

// refAttribute returns the values of a key. One that is there without values counts as absent.
func refAttribute(r *Request, key string) []string {
	for _, a := range r.Context {
		if refFold(a.Key) == refFold(key) && len(a.Values) > 0 {
			return a.Values
		}
	}
	return nil
}
