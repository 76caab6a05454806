package catalog

import "strings"

// fold lowers the letters A to Z and no others: with Unicode's rules a Kelvin sign would be a k.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

func wildcard(s string) bool { return strings.ContainsAny(s, "*?") }

// covers reports whether a pattern with '*' and '?' matches the whole of a text. After a mismatch only the last '*' is tried again, so the
// work is bounded by the product of the lengths.
func covers(pattern, text string) bool {
	p, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
