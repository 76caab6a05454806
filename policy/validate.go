package policy

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// members picks the members of an object by their exact names, in the order asked for; an absent one is nil. Any other member is refused:
// a reader that skips "notAction" or "Conditions" grants more than was written.
func (r *reader) members(n *node, of string, names ...string) []*member {
	found := make([]*member, len(names))
	for i := range n.members {
		m := &n.members[i]
		if at := slices.Index(names, m.name); at >= 0 {
			found[at] = m
			continue
		}
		hint := didYouMean(m.name, names)
		if m.name == "Sid" || m.name == "Id" {
			hint = "policies and statements have no identifiers; remove it"
		}
		r.refuse(m.pos, "IAM.1059", of+" has no member "+quote(m.name), hint)
	}
	return found
}

// listRule says how one list of strings is written: its name in messages and Huawei's codes for what can be wrong.
type listRule struct {
	name    string
	notList string // not a list, or not of strings
	empty   string
}

// list reads a list of strings. In RAM a bare string is a list of one; Huawei wants the brackets. An empty list is refused in both: it
// matches nothing, which nobody means, and disarms a Deny.
func (r *reader) list(m *member, rule listRule) []Value {
	n := &m.value
	switch n.kind {
	case '"':
		if r.dialect == Huawei {
			r.refuse(n.pos, rule.notList, rule.name+" must be a list, and this is a string", "write ["+quote(n.text)+"]")
		}
		return []Value{{Text: n.text, Pos: n.pos}}
	case '[':
		if len(n.items) == 0 {
			r.refuse(n.pos, rule.empty, rule.name+" is an empty list", "")
		}
		list := make([]Value, 0, len(n.items))
		for i := range n.items {
			if item := &n.items[i]; item.kind == '"' {
				list = append(list, Value{Text: item.text, Pos: item.pos})
			} else {
				r.refuse(item.pos, rule.notList, "an element of "+rule.name+" must be a string, and this is "+describe(item.kind), quotedHint(item))
			}
		}
		return list
	}
	r.refuse(n.pos, rule.notList, rule.name+" must be a list of strings, and this is "+describe(n.kind), quotedHint(n))
	return nil
}

// quotedHint reminds that both languages write numbers and booleans as strings.
func quotedHint(n *node) string {
	if n.kind == '0' || n.kind == 't' || n.kind == 'f' {
		return "write it in quotes: " + quote(n.text)
	}
	return ""
}

// limit refuses a count that is over its limit.
func (r *reader) limit(pos Position, huawei, what string, n, most int) {
	if n > most {
		r.refuse(pos, huawei, fmt.Sprintf("%d %s, %d are allowed", n, what, most), "")
	}
}

// length refuses a text that is over its limit.
func (r *reader) length(v Value, huawei, what string, most int) {
	if n := utf8.RuneCountInString(v.Text); n > most {
		r.refuse(v.Pos, huawei, fmt.Sprintf("%s has %d characters, %d are allowed", what, n, most), "")
	}
}

// show names a value in a message: a string by its text, anything else by its kind.
func (r *reader) show(n *node) string {
	if n.kind == '"' {
		return quote(n.text)
	}
	return describe(n.kind)
}

// describe names a kind of JSON value with its article.
func describe(k byte) string {
	switch k {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case 't', 'f':
		return "a boolean"
	}
	return "null"
}

// hasControl reports whether a text holds a control character, which would be read differently in every log and console.
func hasControl(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return true
		}
	}
	return false
}
