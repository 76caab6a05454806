package policy

import (
	"math"
	"strings"
)

// entry is one statement's wish for one resource pattern: 12 bytes, the only part of the index that grows with actions times resources.
type entry struct {
	place  uint32
	anchor uint32 // see anchor
	length uint16 // of the literal text that the anchor is taken from
	near   nearKind
	left   remainder
}

// nearKind is where a resource must have the literal text of a pattern.
type nearKind uint8

const (
	nearAny   nearKind = iota // nothing is known
	nearHead                  // begins with it
	nearTail                  // ends with it
	nearWhole                 // is it
)

// remainder is what is left to check of an entry that is near; the zero value is everything.
type remainder uint8

const (
	leftAll      remainder = iota // the resource, conditions, principals
	leftResource                  // the resource; there are no others
	leftNothing                   // the pattern is '*' as well
)

// isNear reports whether a resource may match the entry, by the length and the last eight bytes of a literal text in it.
func (e *entry) isNear(name string) bool {
	n := int(e.length)
	switch e.near {
	case nearHead:
		return len(name) >= n && anchor(name, n) == e.anchor
	case nearTail:
		return len(name) >= n && anchor(name, len(name)) == e.anchor
	case nearWhole:
		return len(name) == n && anchor(name, n) == e.anchor
	case nearAny:
	}
	return true
}

// anchor condenses the eight bytes of s before end; end must be at least anchorSize. The bit between upper and lower case is set, so that role
// names fold; like the condensing itself this only lets a few more through.
func anchor(s string, end int) uint32 {
	b := s[end-anchorSize : end]
	word := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
	word |= 0x2020202020202020
	return low32(word) ^ uint32(word>>32)*0x9E3779B1
}

const anchorSize = 8

// setNear chooses the text that an entry is recognised by: all of a literal, else the longer of the two literal ends of a pattern, when it is long
// enough.
func (e *entry) setNear(r *resource) {
	text, near := r.text[:r.head], nearHead
	switch r.kind {
	case resourceTemplate:
		return // when it is broken it matches what its text does not
	case resourceLiteral:
		near = nearWhole
	case resourcePrefix:
	case resourceGlob, resourceSegments:
		if tail := r.text[strings.LastIndexAny(r.text, "*?")+1:]; len(tail) > len(text) {
			text, near = tail, nearTail
		}
	case resourceNone, resourceAny, resourceBroken, resourceListed, resourceExcept:
		return
	}
	if n := len(text); n >= anchorSize && n <= math.MaxUint16 {
		e.near, e.length, e.anchor = near, uint16(n), anchor(text, n)
	}
}
