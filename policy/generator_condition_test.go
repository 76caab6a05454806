package policy

import (
	"slices"
	"strings"
)

// genFamily is one type of condition key: what it is called after the prefix of the dialect, and values that requests and policies hold.
type genFamily struct {
	keys      []string
	operators []string // in RAM; Huawei adds its own
	huawei    []string
	requests  []string
	policies  []string
}

var genFamilies = []genFamily{
	{
		keys: []string{"UserName", "TagKeys"},
		operators: []string{
			"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike",
		},
		huawei: []string{
			"StringMatch", "StringNotMatch", "StringStartWith", "StringEndWith", "StringEqualsAnyOf", "StringNotEqualsAnyOf",
			"StringEqualsIgnoreCaseAnyOf", "StringNotEqualsIgnoreCaseAnyOf", "StringLikeAnyOf", "StringNotLikeAnyOf",
			"StringStartWithAnyOf", "StringEndWithAnyOf",
		},
		requests: []string{"alice", "Alice", "bob", "a*", "", "it's", "É", "é", "\u212a", "k", "$", "${g:UserName}", "b}", "?"},
		policies: []string{
			"alice", "a*", "?", "*", "bob", "É", "k", "", "a?ice", "*ice", "**", "li", "al", "AL", "ce", "CE",
			"${g:UserName}", "${ G:username }", "${g:User Name}", "${g:UserName, 'bob'}", "x${g:UserName}", "${g:UserName}*",
			"${g:Nope}", "${g:Nope, 'it''s'}", "${g:Nope,'*'}", "${g:Nope, 'b}'}", "${*}", "a${*}", "${?}", "${$}", "${g:TagKeys}", "${g:TagKeys,'bob'}",
			"${g:UserName", "${}", "$", "${g:UserName, bob}", "${g:Nope, 'x'y'}", "${*}*",
		},
	},
	{
		keys: []string{"MFAAge"},
		operators: []string{
			"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals",
		},
		huawei: []string{
			"NumberEquals", "NumberNotEquals", "NumberLessThan", "NumberLessThanEquals", "NumberGreaterThan", "NumberGreaterThanEquals",
		},
		requests: []string{"1", "1.0", "0", "-0", "-1.5", "10", "9007199254740993", "0.1", "x", "NaN", "Inf", "1/2", " 1", "007"},
		policies: []string{"1", "1.00", "0", "-1.5", "9007199254740992", "9007199254740993", "0.10", "10", "x", "Inf", "${g:MFAAge}", "${g:Nope,'1'}", "7", "", "${g:UserName}", "${g:UserName, '1'}"},
	},
	{
		keys: []string{"CurrentTime"},
		operators: []string{
			"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals",
		},
		requests: []string{
			"2024-01-01T00:00:00Z", "2023-12-31T23:59:59Z", "2024-01-01T08:00:00+08:00", "2024-01-01T00:00:00.5Z", "yesterday", "2024-13-01T00:00:00Z", "",
		},
		policies: []string{"2024-01-01T00:00:00Z", "2024-01-01T08:00:00+08:00", "2024-01-01T00:00:01Z", "2024-01-01T00:00Z", "2024-01-01T00:00:00.500Z", "soon", "${g:UserName}", "${g:CurrentTime}"},
	},
	{
		keys:      []string{"MFAPresent"},
		operators: []string{"Bool"},
		requests:  []string{"true", "false", "TRUE", "maybe", ""},
		policies:  []string{"true", "false", "1", "False", "${g:MFAPresent}", "${g:UserName}"},
	},
	{
		keys:      []string{"SourceIp"},
		operators: []string{"IpAddress", "NotIpAddress"},
		requests:  []string{"10.0.0.1", "10.1.2.3", "::ffff:10.0.0.1", "2001:db8::1", "::1", "10.0.0.0/8", "fe80::1%eth0", "host", ""},
		policies:  []string{"10.0.0.0/8", "10.0.0.1", "10.9.9.9/16", "0.0.0.0/0", "::/0", "2001:db8::/32", "::ffff:10.0.0.1", "10.0.0.1/33", "::ffff:10.0.0.0/104", "::ffff:0.0.0.0/90", "nowhere", "${g:SourceIp}", "${g:UserName}"},
	},
}

// genKey names a key in a dialect.
func genKey(dialect Dialect, key string) string {
	if dialect == RAM {
		return "acs:" + key
	}
	return "g:" + key
}

func (d *dice) context(dialect Dialect) []Attribute {
	var out []Attribute
	for _, family := range genFamilies {
		for _, key := range family.keys {
			if d.chance(20) {
				continue
			}
			values := []string{}
			if !d.chance(5) {
				values = append(values, d.plain(family.requests))
			}
			if key == "TagKeys" {
				for range d.roll(3) {
					values = append(values, d.plain(family.requests))
				}
			}
			out = append(out, Attribute{Key: d.recase(genKey(dialect, key)), Values: values})
			if len(values) == 0 && d.chance(50) {
				out = append(out, Attribute{Key: genKey(dialect, key), Values: []string{d.plain(family.requests)}})
			}
		}
	}
	return out
}

// plain mostly picks from the first half of the options, which is where the well-formed ones stand.
func (d *dice) plain(options []string) string {
	if d.chance(30) {
		return d.pick(options...)
	}
	return d.pick(options[:(len(options)+1)/2]...)
}

func (d *dice) condition(dialect Dialect, r *Request) Condition {
	family := genFamilies[d.roll(len(genFamilies))]
	c := Condition{Operator: d.operator(dialect, family), Key: d.recase(genKey(dialect, d.pick(family.keys...)))}
	if d.chance(8) { // a key of another type, or one that nobody knows
		c.Key = genKey(dialect, d.pick("Nope", "UserName", "CurrentTime", "MFAAge", "SourceIp"))
	}
	presence := strings.HasPrefix(c.Operator, "Null") || strings.HasPrefix(c.Operator, "IsNull")
	if d.chance(2) {
		return c // a condition without values, which no parser lets through
	}
	for range 1 + d.roll(2) {
		text := d.plain(family.policies)
		switch {
		case presence:
			text = d.pick("true", "false", "true", "False", "maybe", "${g:MFAPresent}")
		case d.chance(20):
			if have := refAttribute(r, c.Key); len(have) > 0 {
				text = d.generalise(have[0])
			}
		}
		c.Values = append(c.Values, Value{Text: text})
	}
	return c
}

// operator mostly picks one of the family in the dialect; sometimes one that the dialect does not know.
func (d *dice) operator(dialect Dialect, family genFamily) string {
	names := family.operators
	if dialect == Huawei || d.chance(3) {
		names = slices.Concat(names, family.huawei)
	}
	name := d.pick(names...)
	if d.chance(2) {
		return d.pick("StringMaybe", "stringequals", "ForSomeValues:StringEquals", "ArnLike", "NullIfExists", "ForAnyValue:Null", "", "StringNotStartWith") + d.pick("", name)
	}
	if dialect == RAM && !d.chance(3) {
		return name
	}
	if d.chance(15) {
		return d.pick("IsNullOrEmpty", "Null")
	}
	if d.chance(25) {
		name = d.pick("ForAllValues:", "ForAnyValue:") + name
	}
	if d.chance(20) {
		name += "IfExists"
	}
	return name
}
