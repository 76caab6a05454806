package policy

import "strings"

// refPart is a run of plain text, or one variable, of a policy's string.
type refPart struct {
	text     string
	escape   string // "*", "?" or "$"
	key      string // of a variable
	fallback string
	defaults bool // a fallback is given
}

// refSplit reads the variables of a string; it fails when one is malformed. RAM has no variables.
func refSplit(dialect Dialect, text string) ([]refPart, bool) {
	var parts []refPart
	for dialect == Huawei {
		before, rest, found := strings.Cut(text, "${")
		if !found {
			break
		}
		inside, after, closed := refCutVariable(rest)
		variable, ok := refReadVariable(inside)
		if !closed || !ok {
			return nil, false
		}
		parts = append(parts, refPart{text: before}, variable)
		text = after
	}
	return append(parts, refPart{text: text}), true
}

// refCutVariable cuts at the first closing brace that is not inside quotes.
func refCutVariable(text string) (inside, after string, ok bool) {
	quoted := false
	for i, char := range text {
		switch {
		case char == '\'':
			quoted = !quoted // a doubled quote closes and opens again
		case char == '}' && !quoted:
			return text[:i], text[i+1:], true
		}
	}
	return "", "", false
}

func refReadVariable(inside string) (refPart, bool) {
	if inside == "*" || inside == "?" || inside == "$" {
		return refPart{escape: inside}, true
	}
	key, fallback, hasFallback := strings.Cut(inside, ",")
	part := refPart{key: strings.TrimSpace(key), defaults: hasFallback}
	if part.key == "" || strings.ContainsAny(part.key, " '${}*?") {
		return refPart{}, false
	}
	if !hasFallback {
		return part, true
	}
	fallback = strings.TrimSpace(fallback)
	if len(fallback) < 2 || fallback[0] != '\'' || fallback[len(fallback)-1] != '\'' {
		return refPart{}, false
	}
	fallback = fallback[1 : len(fallback)-1]
	part.fallback = strings.ReplaceAll(fallback, "''", "'")
	return part, !strings.Contains(strings.ReplaceAll(fallback, "''", ""), "'")
}

// refExpand puts what the request says in the place of variables, as literal text and in one pass. It fails when a key has not
// exactly one value and no default is given.
func refExpand(parts []refPart, r *Request) ([]refRune, bool) {
	var out []refRune
	for _, part := range parts {
		literal := part.escape
		if part.key != "" {
			values := refAttribute(r, part.key)
			switch {
			case len(values) == 1:
				literal = values[0]
			case part.defaults:
				literal = part.fallback
			default:
				return nil, false
			}
		}
		out = append(append(out, refRunes(part.text, false)...), refRunes(literal, true)...)
	}
	return out, true
}

func refString(runes []refRune) string {
	var b strings.Builder
	for _, r := range runes {
		b.WriteRune(r.char)
	}
	return b.String()
}
