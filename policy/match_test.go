package policy

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestStarIsAnyRunAndQuestionMarkOneCharacter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"**", "", true},
		{"?", "", false},
		{"?*", "", false},
		{"a*", "a", true},
		{"cce:*:get*", "cce:cluster:getDetail", true},
		{"cce:*:get*", "cce:a:b:c/d:get", true}, // across ':' and '/'
		{"*get", "getget", true},
		{"*get", "getgets", false},
		{"a*b*c", "a1b2b3c", true},
		{"a*b*c", "a1b2b3", false},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"a?c", "aéc", true},
		{"?", "世", true},
		{"??", "世", false},
		{"a*??b", "a世b", false}, // a star does not stop inside of a character
		{"a*?b", "a世b", true},
		{"?", "\xff", true}, // a byte that is not UTF-8 is a character
		{"a*", "b*", false},
		{"*", "*?", true},
		{"A", "a", false},
	} {
		if got := glob(c.pattern, c.text, false); got != c.want {
			t.Errorf("glob(%q, %q) = %v", c.pattern, c.text, got)
		}
		if got := glob(c.pattern, []byte(c.text), false); got != c.want {
			t.Errorf("glob(%q, []byte(%q)) = %v", c.pattern, c.text, got)
		}
	}
}

func TestFoldingIsThatOfASCII(t *testing.T) {
	t.Parallel()
	if !glob("AB*z", "abcZ", true) || glob("ab", "aB", false) {
		t.Error("glob folds when told, and only then")
	}
	for letter, other := range map[string]string{"k": "\u212a", "s": "\u017f", "é": "É"} { // Kelvin, long s
		if glob(letter, other, true) || equalFold(letter, other) {
			t.Errorf("%q is folded to %q", other, letter)
		}
	}
	for c := range 256 {
		s := string([]byte{byte(c)})
		want := s
		if 'A' <= c && c <= 'Z' {
			want = strings.ToLower(s)
		}
		if got := foldText("x" + s); got != "x"+want {
			t.Errorf("foldText(%q) = %q", "x"+s, got)
		}
		if got := byte(foldWord(uint64(c)<<56|0x5B5A4140) >> 56); got != want[0] {
			t.Errorf("foldWord makes %#x of %#x", got, c)
		}
	}
}

func TestMatchingTakesNoExponentialTime(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("a", 10_000)
	if glob(strings.Repeat("a*", 500)+"b", text, false) {
		t.Error("matches without a b")
	}
}

func TestAnchorsOnlyTurnAwayWhatDoesNotMatch(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"acs:cs:*:*:cluster/c1234567", "acs:ecs:cn-hangzhou:1:*", "acs:ecs:cn-hangzhou:1:instance/i-1", "*/logs", "abc*"} {
		for _, name := range []string{"acs:cs:cn-hangzhou:1:cluster/c1234567", "acs:ecs:cn-hangzhou:1:instance/i-1", "x/logs", "abc", "", "acs:"} {
			r := compileResource(RAM, pattern)
			var e entry
			e.setNear(&r)
			if glob(pattern, name, false) && !e.isNear(name) {
				t.Errorf("%s matches %s, but is not near", pattern, name)
			}
		}
	}
}

// FuzzGlob compares with regular expressions, which have their own idea of characters.
func FuzzGlob(f *testing.F) {
	f.Add("a*b?c", "axxbyc")
	f.Add("*?世*", "a世b")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if !utf8.ValidString(pattern) || !utf8.ValidString(text) {
			t.Skip("regexp reads what is not UTF-8 in another way")
		}
		expression := regexp.QuoteMeta(pattern)
		expression = strings.ReplaceAll(strings.ReplaceAll(expression, `\*`, `.*`), `\?`, `.`)
		want := regexp.MustCompile(`(?s)\A` + expression + `\z`).MatchString(text)
		if got := glob(pattern, text, false); got != want {
			t.Errorf("glob(%q, %q) = %v", pattern, text, got)
		}
	})
}
