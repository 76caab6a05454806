package policy

import (
	"strings"
	"unicode/utf8"
)

// text is what a pattern or a subject may be made of: documents hold strings, folded actions and substituted variables stand in
// buffers on the stack.
type text interface{ ~string | ~[]byte }

// glob reports whether pattern matches all of s: '*' stands for any run, empty too and across ':' and '/', '?' for one character.
func glob[S text](pattern string, s S, fold bool) bool {
	return wild(pattern, s, '*', '?', fold)
}

// Where a pattern was put together from a document and a request, the wildcards of the document are encoded as two bytes that no UTF-8
// text holds, so that a '*' which came with a substituted value stays a letter.
const (
	encodedAny = 0xFF
	encodedOne = 0xFE
)

// globEncoded is glob for a pattern whose wildcards are encoded.
func globEncoded(pattern []byte, s string) bool {
	return wild(pattern, s, encodedAny, encodedOne, false)
}

// wild matches with one mark to go back to: the last '*'. When the rest does not fit, that star takes one character more. Earlier stars
// never need to be tried again, because whatever they could give up the last one can take as well. So the work is at most
// len(pattern)·len(s) steps and no input makes it explode; the recursive form needs exponential time for "a*a*a*a*b".
//
// A star grows by whole characters: were it to stop inside of one, '?' could match the remaining bytes one by one. A byte that is not
// UTF-8 is a character by itself.
func wild[P, S text](pattern P, s S, star, one byte, fold bool) bool {
	p, i := 0, 0
	after, mark := -1, 0 // where the pattern goes on behind the last star, and where that star ends in s
	for i < len(s) {
		if p < len(pattern) {
			c := pattern[p]
			if c == star {
				p++
				if p == len(pattern) {
					return true
				}
				after, mark = p, i
				continue
			}
			if c == one {
				p++
				i += width(s, i)
				continue
			}
			if c == s[i] || fold && lower(c) == lower(s[i]) {
				p++
				i++
				continue
			}
		}
		if after < 0 {
			return false
		}
		mark += width(s, mark)
		p, i = after, mark
	}
	for p < len(pattern) && pattern[p] == star {
		p++
	}
	return p == len(pattern)
}

// width is the number of bytes of the character that starts at s[i].
func width[S text](s S, i int) int {
	if s[i] < utf8.RuneSelf {
		return 1
	}
	var b [utf8.UTFMax]byte
	n := copy(b[:], s[i:])
	_, size := utf8.DecodeRune(b[:n])
	return size
}

// hasWildcard reports whether a pattern is more than a literal.
func hasWildcard(pattern string) bool { return strings.ContainsAny(pattern, "*?") }

// allStars reports whether a pattern matches everything, the empty text too.
func allStars(pattern string) bool { return pattern != "" && strings.Trim(pattern, "*") == "" }

// Folding is that of ASCII everywhere in this package. Unicode folding would let 'ſ' (long s) and 'K' (Kelvin) pass for letters of
// names that people compare by eye, and no vendor asks for it.

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}

// equalFold reports whether two texts are equal but for the case of ASCII letters.
func equalFold[S text](a string, b S) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if a[i] != b[i] && lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

// hasPrefixFold is strings.HasPrefix without regard to the case of ASCII letters.
func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && equalFold(s[:len(prefix)], prefix)
}

// foldText returns s in lower case, and s itself when it is already.
func foldText(s string) string {
	for i := range len(s) {
		if lower(s[i]) != s[i] {
			b := []byte(s)
			for j := i; j < len(b); j++ {
				b[j] = lower(b[j])
			}
			return string(b)
		}
	}
	return s
}

// foldWord puts eight bytes in lower case at once. Per byte: the high bit of letter says "from A on", that of above "past Z", so their
// difference is an upper-case letter; 0x80>>2 is the bit between the cases. The high bits of s are masked out first, which keeps the
// sums from running into the next byte, and bytes that are not ASCII stay as they are.
func foldWord(s uint64) uint64 {
	const ones = 0x0101010101010101
	low := s &^ (0x80 * ones)
	letter := low + (0x80-'A')*ones
	above := low + (0x7F-'Z')*ones
	return s | (letter^above)&^s&(0x80*ones)>>2
}
