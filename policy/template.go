package policy

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// part is one piece of a template: a literal text, a wildcard or a variable; exactly one of lit, wild and key is set.
type part struct {
	lit    string
	wild   byte   // '*' or '?'
	key    string // condition key whose value stands here, as written
	def    string // stands here when the key is absent or has several values, and hasDef is true
	hasDef bool
}

var errTemplate = errors.New("malformed variable")

// parseTemplate takes a text of a document apart. With wildcards, '*' and '?' are wildcards and a run of '*' is one. With variables,
// Huawei's ${key}, ${key, 'default'} and the literal escapes ${*}, ${?} and ${$} are understood; without, "${" is ordinary text, as in RAM.
// An empty text has no parts. The error says what is malformed: Huawei accepts such a text and lets it match nothing, which disarms a
// Deny without a word, so it is refused here when the document is written.
func parseTemplate(s string, variables, wildcards bool) ([]part, error) {
	var t template
	for s != "" {
		switch c := s[0]; {
		case wildcards && (c == '*' || c == '?'):
			t.wildcard(c)
			s = s[1:]
		case variables && strings.HasPrefix(s, "${"):
			rest, err := t.variable(s[2:])
			if err != nil {
				return nil, err
			}
			s = rest
		default:
			n := 1
			for n < len(s) && !starts(s[n], variables, wildcards) {
				n++
			}
			t.literal(s[:n])
			s = s[n:]
		}
	}
	t.flush()
	return t.parts, nil
}

// starts reports whether a byte may begin something that is not literal.
func starts(c byte, variables, wildcards bool) bool {
	return wildcards && (c == '*' || c == '?') || variables && c == '$'
}

// template gathers parts and joins neighbouring literals.
type template struct {
	parts []part
	lit   strings.Builder
}

func (t *template) literal(s string) { t.lit.WriteString(s) }

func (t *template) flush() {
	if t.lit.Len() > 0 {
		t.parts = append(t.parts, part{lit: t.lit.String()})
		t.lit.Reset()
	}
}

func (t *template) wildcard(c byte) {
	t.flush()
	if n := len(t.parts); c == '*' && n > 0 && t.parts[n-1].wild == '*' {
		return
	}
	t.parts = append(t.parts, part{wild: c})
}

// variable reads what follows "${" and returns what follows the closing brace.
func (t *template) variable(s string) (rest string, err error) {
	end := strings.IndexAny(s, ",}")
	if end < 0 {
		return "", fmt.Errorf("%w ${%s: no closing brace", errTemplate, s)
	}
	if name := s[:end]; s[end] == '}' && (name == "*" || name == "?" || name == "$") {
		t.literal(name)
		return s[end+1:], nil
	}
	key := strings.TrimSpace(s[:end])
	if key == "" || strings.ContainsAny(key, " \t\r\n${'\"*?") {
		return "", fmt.Errorf("%w ${%s}: %q is not a condition key", errTemplate, s[:end], key)
	}
	p := part{key: key}
	rest = s[end+1:]
	if s[end] == ',' {
		if p.def, rest, err = defaultText(rest); err != nil {
			return "", fmt.Errorf("%w ${%s}: %w", errTemplate, key, err)
		}
		p.hasDef = true
	}
	t.flush()
	t.parts = append(t.parts, p)
	return rest, nil
}

var (
	errDefaultQuote = errors.New("the default must stand in single quotes")
	errDefaultEnd   = errors.New("the default does not end with a quote and a closing brace")
)

// defaultText reads 'text' } after the comma. A quote inside the text is written twice; spaces outside of the quotes mean nothing,
// those inside belong to the text.
func defaultText(s string) (text, rest string, err error) {
	s, ok := strings.CutPrefix(strings.TrimLeftFunc(s, unicode.IsSpace), "'")
	if !ok {
		return "", "", errDefaultQuote
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "'")
		if !found {
			return "", "", errDefaultEnd
		}
		b.WriteString(before)
		if s, ok = strings.CutPrefix(after, "'"); ok {
			b.WriteByte('\'')
			continue
		}
		rest, ok := strings.CutPrefix(strings.TrimLeftFunc(after, unicode.IsSpace), "}")
		if !ok {
			return "", "", errDefaultEnd
		}
		return b.String(), rest, nil
	}
}
