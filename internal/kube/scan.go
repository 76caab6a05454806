package kube

import (
	"fmt"
	"math/bits"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique"
)

// maxDepth bounds what is skipped; a review that kube-apiserver sends is four deep.
const maxDepth = 32

// scanner reads JSON from a string without copying it. It is as strict as internal/strictjson about syntax, UTF-8 and duplicate members, and
// written by hand because a general reader takes longer than all the rest of a review.
type scanner struct {
	s    string
	i    int
	seen uint32 // members of the object that is being read
}

func invalid(format string, args ...any) *pratique.Error {
	return &pratique.Error{Kind: pratique.ErrInvalid, Message: fmt.Sprintf(format, args...)}
}

func (d *scanner) syntax(want string) error {
	return invalid("invalid JSON at byte %d: %s is expected", d.i, want)
}

// next skips white space and tells what follows, 0 at the end.
func (d *scanner) next() byte {
	for ; d.i < len(d.s); d.i++ {
		if c := d.s[d.i]; c > ' ' || c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return c
		}
	}
	return 0
}

// take skips a byte that must come next.
func (d *scanner) take(c byte) error {
	if d.next() != c {
		return d.syntax(string(rune(c)))
	}
	d.i++
	return nil
}

// null skips a null, which says the same as leaving the member out.
func (d *scanner) null() bool {
	if d.next() == 'n' && strings.HasPrefix(d.s[d.i:], "null") {
		d.i += len("null")
		return true
	}
	return false
}

// text reads a string. Without escapes it is a part of the input.
func (d *scanner) text() (string, error) {
	if d.next() != '"' {
		return "", d.syntax("a string")
	}
	start := d.i + 1
	for j := plain8(d.s, start); j < len(d.s); j++ {
		if c := d.s[j]; c == '"' {
			d.i = j + 1
			return d.s[start:j], nil
		} else if c-' ' >= 0x60 || c == '\\' {
			return d.escaped(j)
		}
	}
	return "", d.syntax("the end of a string")
}

// plain8 passes over characters that mean themselves, eight at a time, and returns where a byte may be something else. Per byte: a high bit of w
// is a byte beyond ASCII, that of w-0x20 one below the blank, and the others tell a byte that became 0: a quotation mark or a backslash. A
// borrow can only set a bit too many, and only above the byte that it comes from, so that the lowest is right.
func plain8(s string, i int) int {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(s); i += 8 {
		b := s[i : i+8]
		w := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 | uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		quote, slash := w^'"'*ones, w^'\\'*ones
		if special := (w | (w - ' '*ones) | (quote-ones)&^quote | (slash-ones)&^slash) & high; special != 0 {
			return i + bits.TrailingZeros64(special)/8
		}
	}
	return i
}

// escaped reads a string that is more than printable ASCII; j is where that was found out.
func (d *scanner) escaped(j int) (string, error) {
	for ; j < len(d.s) && d.s[j] != '"'; j++ {
		if d.s[j] == '\\' {
			j++
		}
	}
	if j >= len(d.s) {
		return "", d.syntax("the end of a string")
	}
	plain, err := jsontext.AppendUnquote(nil, d.s[d.i:j+1])
	if err != nil {
		return "", d.syntax("a string in UTF-8")
	}
	d.i = j + 1
	return string(plain), nil
}

// once marks a member as read, and refuses it the second time: of two values, somebody else could have taken the other.
func (d *scanner) once(member uint, name string) error {
	if d.seen&(1<<member) != 0 {
		return invalid("the member %q stands twice", name)
	}
	d.seen |= 1 << member
	return nil
}

// object reads an object; member is called behind each name and reads the value.
func (d *decoder) object(member func(d *decoder, name string) error) error {
	if err := d.take('{'); err != nil {
		return err
	}
	outer := d.seen
	d.seen = 0
	if d.next() == '}' {
		d.i++
	} else if err := d.members(member); err != nil {
		return err
	}
	d.seen = outer
	return nil
}

// members reads an object from the first name on.
func (d *decoder) members(member func(d *decoder, name string) error) error {
	for {
		name, err := d.text()
		if err != nil {
			return err
		}
		if err := d.take(':'); err != nil {
			return err
		}
		if err := member(d, name); err != nil {
			return err
		}
		if d.next() == '}' {
			d.i++
			return nil
		}
		if err := d.take(','); err != nil {
			return err
		}
	}
}

// list reads an array; item reads each value.
func (d *decoder) list(item func(d *decoder) error) error {
	if err := d.take('['); err != nil {
		return err
	}
	if d.next() == ']' {
		d.i++
		return nil
	}
	for {
		if err := item(d); err != nil {
			return err
		}
		if d.next() == ']' {
			d.i++
			return nil
		}
		if err := d.take(','); err != nil {
			return err
		}
	}
}

// skip passes over a value that nobody reads. It must be JSON all the same.
func (d *decoder) skip() error {
	if d.depth++; d.depth > maxDepth {
		return invalid("the JSON at byte %d is nested more than %d deep", d.i, maxDepth)
	}
	var err error
	switch d.next() {
	case '{':
		err = d.object(func(d *decoder, _ string) error { return d.skip() })
	case '[':
		err = d.list((*decoder).skip)
	case '"':
		_, err = d.text()
	default:
		err = d.literal()
	}
	d.depth--
	return err
}

// literal passes over a number, a truth or a null.
func (d *decoder) literal() error {
	end := d.i
	for end < len(d.s) && strings.IndexByte(",]} \t\r\n", d.s[end]) < 0 {
		end++
	}
	switch d.s[d.i:end] {
	case "null", "true", "false":
	default:
		if !jsontext.Value(d.s[d.i:end]).IsValid() {
			return d.syntax("a value")
		}
	}
	d.i = end
	return nil
}
