package pratique

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// nameRule says which names a kind may have. The alphabets are the vendors' (RAM: letters, digits, "._-"; Huawei also spaces), cut to
// ASCII so that no two names look alike.
type nameRule struct {
	max   int
	extra string // beyond letters and digits
}

func (k Kind) nameRule() nameRule {
	rule, ok := map[Kind]nameRule{
		KindPolicy:              {max: 128, extra: "._- "},
		KindGrant:               {max: 128, extra: "._- "},
		KindNamespacePermission: {max: 128, extra: "._- "},
		KindUser:                {max: 64, extra: "._@-"},
	}[k]
	if !ok {
		return nameRule{max: 64, extra: "._-"}
	}
	return rule
}

// checkName refuses a name that does not fit its kind, or that is reserved.
func checkName(k Kind, name string) error {
	rule := k.nameRule()
	switch {
	case name == "":
		return invalid("a %s needs a name", k.Word()).hint("set metadata.name")
	case len(name) > rule.max:
		return invalid("the name of a %s may have at most %d characters, this one has %d", k.Word(), rule.max, len(name))
	case name != strings.Trim(name, " .-"):
		return invalid("the name %q must start and end with a letter, a digit or an underscore", name)
	}
	for _, r := range name {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		if !letter && !strings.ContainsRune(rule.extra, r) {
			return invalid("the name %q of a %s holds %q; allowed are ASCII letters, digits and %q", name, k.Word(), r, rule.extra)
		}
	}
	low := Fold(name)
	if low == "root" || strings.HasPrefix(low, "system-") || strings.HasPrefix(low, "pratique-") {
		return invalid("the name %q is reserved", name).hint("names may not be root or begin with system- or pratique-")
	}
	return nil
}

// checkText refuses text for people that could mislead them or break a terminal: control characters, bidirectional overrides, bad UTF-8.
func checkText(field, text string, limit int) error {
	if !utf8.ValidString(text) {
		return invalid("%s is not valid UTF-8", field)
	}
	if n := utf8.RuneCountInString(text); n > limit {
		return invalid("%s may have at most %d characters, this one has %d", field, limit, n)
	}
	for _, r := range text {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) {
			return invalid("%s holds the control character %U", field, r)
		}
	}
	return nil
}
