package policy

import (
	"math/big"
	"strings"
	"testing"
)

// holds decides one condition by a statement of each effect. An Allow and a Deny differ only where the condition is broken.
func holds(t *testing.T, d Dialect, operator, key string, values []string, context ...Attribute) (allows, denies bool) {
	t.Helper()
	c := Condition{Operator: operator, Key: key}
	for _, v := range values {
		c.Values = append(c.Values, Value{Text: v})
	}
	r := &Request{Action: "cce:cluster:get", Context: context}
	if d == RAM {
		r.Action = "cs:GetClusters"
	}
	for _, effect := range []Effect{Allow, Deny} {
		doc := &Document{Dialect: d, Statements: []Statement{{Effect: effect, Actions: []Value{{Text: "*"}}, Conditions: []Condition{c}}}}
		e, _, _ := Compile(Source{Document: doc}).Decide(r)
		if effect == Allow {
			allows = e == Allow
		} else {
			denies = e == Deny
		}
	}
	return allows, denies
}

func has(key string, values ...string) Attribute { return Attribute{Key: key, Values: values} }

// verdict is what a condition may be: it holds, it does not, or it is broken.
type verdict struct{ allows, denies bool }

func TestConditions(t *testing.T) {
	t.Parallel()
	held, failed, broke := verdict{true, true}, verdict{false, false}, verdict{false, true}
	for _, c := range []struct {
		name     string
		dialect  Dialect
		operator string
		wants    string // separated by '|'
		has      []Attribute
		verdict  verdict
	}{
		{"equal", RAM, "StringEquals", "a", []Attribute{has("k", "a")}, held},
		{"equal to one of several", RAM, "StringEquals", "a|b", []Attribute{has("k", "b")}, held},
		{"case counts", RAM, "StringEquals", "a", []Attribute{has("k", "A")}, failed},
		{"case of the key does not", RAM, "StringEquals", "a", []Attribute{has("K", "a")}, held},
		{"one of the request's values suffices", RAM, "StringEquals", "a", []Attribute{has("k", "x", "a")}, held},
		{"negated: different from all", RAM, "StringNotEquals", "a|b", []Attribute{has("k", "c")}, held},
		{"negated: equal to one", RAM, "StringNotEquals", "a|b", []Attribute{has("k", "b")}, failed},
		{"negated: none of the request's values", RAM, "StringNotEquals", "a", []Attribute{has("k", "x", "a")}, failed},
		{"ignoring case", RAM, "StringEqualsIgnoreCase", "aB", []Attribute{has("k", "Ab")}, held},
		{"ignoring case, negated", RAM, "StringNotEqualsIgnoreCase", "aB", []Attribute{has("k", "Ab")}, failed},
		{"like", RAM, "StringLike", "a*c?", []Attribute{has("k", "abbcd")}, held},
		{"not like", RAM, "StringNotLike", "a*", []Attribute{has("k", "abc")}, failed},
		{"match is like", Huawei, "StringMatch", "a*", []Attribute{has("k", "abc")}, held},
		{"a star is a letter outside of like", Huawei, "StringEquals", "a*", []Attribute{has("k", "abc")}, failed},
		{"start", Huawei, "StringStartWith", "ab", []Attribute{has("k", "abc")}, held},
		{"end", Huawei, "StringEndWithAnyOf", "x|bc", []Attribute{has("k", "abc")}, held},

		{"absent, positive", RAM, "StringEquals", "a", nil, failed},
		{"absent, negated", RAM, "StringNotEquals", "a", nil, held},
		{"present without values is absent", RAM, "StringNotEquals", "a", []Attribute{has("k")}, held},
		{"absent, if it exists", Huawei, "StringEqualsIfExists", "a", nil, held},
		{"present, if it exists", Huawei, "StringEqualsIfExists", "a", []Attribute{has("k", "b")}, failed},

		{"all values", Huawei, "ForAllValues:StringEquals", "a|b", []Attribute{has("k", "a", "b")}, held},
		{"not all values", Huawei, "ForAllValues:StringEquals", "a|b", []Attribute{has("k", "a", "c")}, failed},
		{"all of none", Huawei, "ForAllValues:StringEquals", "a", nil, held},
		{"any value", Huawei, "ForAnyValue:StringEquals", "a", []Attribute{has("k", "x", "a")}, held},
		{"any value differs", Huawei, "ForAnyValue:StringNotEquals", "a", []Attribute{has("k", "x", "a")}, held},
		{"any of none, negated", Huawei, "ForAnyValue:StringNotEquals", "a", nil, failed},
		{"any of none, if it exists", Huawei, "ForAnyValue:StringEqualsIfExists", "a", nil, held},

		{"number", RAM, "NumericEquals", "10.50", []Attribute{has("k", "010.5")}, held},
		{"number beyond floating point", RAM, "NumericLessThan", "9007199254740993", []Attribute{has("k", "9007199254740992")}, held},
		{"number, other spelling", Huawei, "NumberGreaterThanEquals", "-2", []Attribute{has("k", "-2.0")}, held},
		{"number of the wrong type", RAM, "NumericLessThan", "10", []Attribute{has("k", "ten")}, broke},
		{"negated number of the wrong type", RAM, "NumericNotEquals", "10", []Attribute{has("k", "ten")}, broke},
		{"one wrong among right ones", RAM, "NumericEquals", "10", []Attribute{has("k", "10", "ten")}, broke},
		{"date", RAM, "DateLessThan", "2026-01-01T00:00:00Z", []Attribute{has("k", "2025-12-31T23:59:59Z")}, held},
		{"dates are moments", RAM, "DateEquals", "2026-01-01T08:00:00+08:00", []Attribute{has("k", "2026-01-01T00:00:00Z")}, held},
		{"date of the wrong type", RAM, "DateLessThan", "2026-01-01T00:00:00Z", []Attribute{has("k", "1767225600")}, broke},
		{"bool", RAM, "Bool", "true", []Attribute{has("k", "TRUE")}, held},
		{"bool is not there", RAM, "Bool", "false", nil, failed},
		{"bool of the wrong type", RAM, "Bool", "false", []Attribute{has("k", "no")}, broke},

		{"address", RAM, "IpAddress", "10.0.0.1", []Attribute{has("k", "10.0.0.1")}, held},
		{"block", RAM, "IpAddress", "192.0.2.0/24|10.0.0.0/8", []Attribute{has("k", "10.9.8.7")}, held},
		{"host bits of a block do not count", RAM, "IpAddress", "10.0.0.1/8", []Attribute{has("k", "10.9.8.7")}, held},
		{"not in the block", RAM, "NotIpAddress", "10.0.0.0/8", []Attribute{has("k", "10.9.8.7")}, failed},
		{"IPv4 in IPv6", RAM, "IpAddress", "10.0.0.0/8", []Attribute{has("k", "::ffff:10.0.0.1")}, held},
		{"block of IPv4 in IPv6", RAM, "IpAddress", "::ffff:10.0.0.0/104", []Attribute{has("k", "10.0.0.1")}, held},
		{"families are apart", RAM, "IpAddress", "::/0", []Attribute{has("k", "10.0.0.1")}, failed},
		{"a block is no address", RAM, "IpAddress", "10.0.0.0/8", []Attribute{has("k", "10.0.0.0/16")}, broke},
		{"a zone is no address", RAM, "NotIpAddress", "10.0.0.0/8", []Attribute{has("k", "fe80::1%eth0")}, broke},

		{"null, absent", Huawei, "Null", "true", nil, held},
		{"null, present", Huawei, "Null", "true", []Attribute{has("k", "a")}, failed},
		{"not null, present", Huawei, "Null", "false", []Attribute{has("k", "")}, held},
		{"null or empty, all empty", Huawei, "IsNullOrEmpty", "true", []Attribute{has("k", "", "")}, held},
		{"null or empty, one is not", Huawei, "IsNullOrEmpty", "true", []Attribute{has("k", "", "a")}, failed},
		{"neither null nor empty", Huawei, "IsNullOrEmpty", "false", []Attribute{has("k", "a")}, held},

		{"unknown operator", RAM, "StringStartWith", "a", []Attribute{has("k", "a")}, broke},
		{"operators are exact", RAM, "stringEquals", "a", []Attribute{has("k", "a")}, broke},
		{"unparsable value", RAM, "IpAddress", "10.0.0.0/40", []Attribute{has("k", "10.0.0.1")}, broke},
		{"one unparsable value among others", RAM, "IpAddress", "10.0.0.1|home", []Attribute{has("k", "10.0.0.1")}, broke},
		{"unparsable value and absent key", RAM, "NumericNotEquals", "ten", nil, broke},

		{"variable", Huawei, "StringEquals", "${u}-logs", []Attribute{has("k", "bob-logs"), has("U", "bob")}, held},
		{"variable in a pattern", Huawei, "StringMatch", "${u}/*", []Attribute{has("k", "bob/x"), has("u", "bob")}, held},
		{"a substituted star is a letter", Huawei, "StringMatch", "${u}", []Attribute{has("k", "bob"), has("u", "*")}, failed},
		{"a substituted star matches itself", Huawei, "StringMatch", "${u}?", []Attribute{has("k", "*x"), has("u", "*")}, held},
		{"a value cannot bring wildcards in another way", Huawei, "StringMatch", "${u}", []Attribute{has("k", "bob"), has("u", "\xff")}, broke},
		{"escapes are letters", Huawei, "StringMatch", "a${*}", []Attribute{has("k", "ab")}, failed},
		{"default", Huawei, "StringEquals", "${u, 'nobody'}", []Attribute{has("k", "nobody")}, held},
		{"no value and no default", Huawei, "StringEquals", "${u}", []Attribute{has("k", "a")}, broke},
		{"no value beside one that matches", Huawei, "StringEquals", "a|${u}", []Attribute{has("k", "a")}, broke},
		{"no value, negated", Huawei, "StringNotEquals", "${u}", []Attribute{has("k", "a")}, broke},
		{"several values", Huawei, "StringEquals", "${u}", []Attribute{has("k", "a"), has("u", "a", "b")}, broke},
		{"absent key before missing variable", Huawei, "StringEquals", "${u}", nil, failed},
		{"variable of the right type", Huawei, "NumberLessThan", "${u}", []Attribute{has("k", "1"), has("u", "2")}, held},
		{"variable of the wrong type", Huawei, "NumberLessThan", "${u}", []Attribute{has("k", "1"), has("u", "two")}, broke},
		{"malformed variable", Huawei, "StringEquals", "${u", []Attribute{has("k", "${u")}, broke},
		{"RAM has no variables", RAM, "StringEquals", "${u}", []Attribute{has("k", "${u}")}, held},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			allows, denies := holds(t, c.dialect, c.operator, "k", strings.Split(c.wants, "|"), c.has...)
			if got := (verdict{allows, denies}); got != c.verdict {
				t.Errorf("%s %s, request %v: got %+v, want %+v", c.operator, c.wants, c.has, got, c.verdict)
			}
		})
	}
}

func TestAllConditionsMustHold(t *testing.T) {
	t.Parallel()
	d := mustParse(t, Parser{}, ram(`"Effect":"Allow","Action":"cs:*","Resource":"*",
		"Condition":{"StringEquals":{"acs:A":"1","acs:B":"2"},"Bool":{"acs:MFAPresent":"true"}}`))
	s := Compile(Source{Document: d})
	all := []Attribute{has("acs:a", "1"), has("acs:b", "2"), has("acs:mfapresent", "true")}
	if e, _, _ := s.Decide(&Request{Action: "cs:Get", Resource: "acs:cs:::x", Context: all}); e != Allow {
		t.Errorf("all hold: %v", e)
	}
	for i := range all {
		if e, _, _ := s.Decide(&Request{Action: "cs:Get", Resource: "acs:cs:::x", Context: append(all[:i:i], all[i+1:]...)}); e != Undecided {
			t.Errorf("without %s: %v", all[i].Key, e)
		}
	}
}

func TestDecimalsCompareAsRationalsDo(t *testing.T) {
	t.Parallel()
	numbers := []string{"0", "-0", "0.0", "00", "1", "-1", "01.10", "1.1", "1.09", "-1.1", "10", "9", "99999999999999999999", "100000000000000000000", "0.1", "-0.1", "-10"}
	for _, a := range numbers {
		for _, b := range numbers {
			x, _ := new(big.Rat).SetString(a)
			y, _ := new(big.Rat).SetString(b)
			if got := compareDecimal(a, b); got != x.Cmp(y) {
				t.Errorf("compareDecimal(%s, %s) = %d", a, b, got)
			}
		}
	}
}
