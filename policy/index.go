package policy

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
)

// Compile builds a Set of policies. Nil documents are skipped, but keep their index. The documents must not be modified afterwards. It never
// fails, see CompileDocument.
func Compile(sources ...Source) *Set {
	s := &Set{sources: slices.Clone(sources)}
	var claims []claim
	for i := range s.sources {
		src := &s.sources[i]
		if src.Compiled == nil {
			src.Compiled = CompileDocument(src.Document)
		}
		if src.Document = src.Compiled.Document(); src.Document == nil {
			continue
		}
		s.context = s.context || src.Compiled.usesContext()
		for j := range src.Compiled.rules {
			claims = s.claim(claims, index(i), &src.Compiled.rules[j])
			s.length++
		}
	}
	slices.SortFunc(claims, compareClaims)
	s.fill(claims)
	s.hash()
	s.link()
	return s
}

// claim is an entry on its way into the index.
type claim struct {
	pattern string // folded action pattern; "" for NotAction
	key     string
	head    string // of the resource
	rule    *rule
	ordinal uint32 // of the statement in the set
	entry   entry
	kind    cellKind
}

// claim adds a statement's claims: its action patterns times its resource patterns.
func (s *Set) claim(claims []claim, source uint32, r *rule) []claim {
	if r.dialect == NoDialect || r.effect == Undecided || len(r.actions) == 0 {
		return claims
	}
	actions := r.actions
	if r.except {
		actions = []string{""}
	}
	for _, target := range r.targets() {
		s.places = append(s.places, place{resource: *target, source: source, statement: r.statement})
		c := claim{rule: r, ordinal: index(s.length), head: target.text[:target.head]}
		c.entry.place = index(len(s.places) - 1)
		switch {
		case r.guarded():
		case target.kind == resourceAny:
			c.entry.left = leftNothing
		default:
			c.entry.left = leftResource
		}
		c.entry.setNear(target)
		for _, a := range actions {
			if c.ofAction(a, r) {
				claims = append(claims, c)
			}
		}
	}
	return claims
}

// ofAction gives the claim its action pattern; false means that no request of the dialect can match it.
func (c *claim) ofAction(pattern string, r *rule) bool {
	key, literal := actionKey(pattern)
	c.pattern, c.key, c.kind = pattern, key, cellGlob
	switch {
	case r.except:
		c.kind = cellExcept
	case literal && DialectOf(pattern) != r.dialect:
		return false
	case len(key) > maxKey:
		c.key = ""
	case literal:
		c.kind = cellLiteral
	case allStars(pattern[len(key):]):
		c.kind = cellKey
	case r.dialect == Huawei && strings.Count(key, ":") == 1 && isOperation(pattern[len(key):]):
		c.kind = cellOperation
	}
	return true
}

// isOperation reports whether what follows the service in a pattern is "*:", a literal, and nothing or a '*'.
func isOperation(rest string) bool {
	operation, ok := strings.CutPrefix(rest, "*:")
	literal := strings.TrimSuffix(operation, "*")
	return ok && literal != "" && !strings.ContainsAny(literal, "*?:")
}

// maxKey is the length of the longest key that a cell can hold. Nobody has longer actions; a pattern with a longer key is tried every time.
const maxKey = 1<<8 - 1

// sameCell reports whether two claims share a cell. Every statement with NotAction has its own.
func (c *claim) sameCell(d *claim) bool {
	return c.key == d.key && c.pattern == d.pattern && c.kind == d.kind && c.rule.dialect == d.rule.dialect && (c.kind != cellExcept || c.ordinal == d.ordinal)
}

// compareClaims sorts by key, cell, effect (Deny first), and literal head of the resource; what needs no check comes before all heads. At last
// the order of the sources counts, so that the same policies always give the same index.
func compareClaims(a, b claim) int {
	if c := strings.Compare(a.key, b.key); c != 0 {
		return c
	}
	if c := strings.Compare(a.pattern, b.pattern); c != 0 {
		return c
	}
	c := cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.rule.dialect, b.rule.dialect))
	if c == 0 && a.kind == cellExcept {
		c = cmp.Compare(a.ordinal, b.ordinal)
	}
	if c = cmp.Or(c, -cmp.Compare(a.rule.effect, b.rule.effect)); c != 0 {
		return c
	}
	if done := a.entry.left == leftNothing; done != (b.entry.left == leftNothing) {
		if done {
			return -1
		}
		return 1
	}
	return cmp.Or(strings.Compare(a.head, b.head), cmp.Compare(a.entry.place, b.entry.place))
}

// fill turns sorted claims into cells and entries. Behind an entry that has nothing left to check nothing of its run is kept, and a
// statement that names an action twice is kept once.
func (s *Set) fill(claims []claim) {
	for i := range claims {
		c := &claims[i]
		same := i > 0 && claims[i-1].sameCell(c)
		if !same {
			s.begin(c, i > 0 && claims[i-1].key == c.key)
		}
		last := &s.cells[len(s.cells)-1]
		if same && claims[i-1].rule.effect == c.rule.effect && len(s.entries) > 0 {
			if e := s.entries[len(s.entries)-1]; e.left == leftNothing || e.place == c.entry.place {
				continue
			}
		}
		s.entries = append(s.entries, c.entry)
		last.hi = index(len(s.entries))
		if c.rule.effect == Deny {
			last.mid = last.hi
		}
	}
	// A set lives long: what append took in advance is given back.
	s.entries, s.cells, s.places = slices.Clone(s.entries), slices.Clone(s.cells), slices.Clone(s.places)
}

// begin appends an empty cell for a claim.
func (s *Set) begin(c *claim, sameKey bool) {
	if sameKey {
		s.cells[len(s.cells)-1].flags |= cellMore
	}
	n := index(len(s.entries))
	begun := cell{pattern: c.pattern, lo: n, mid: n, hi: n, key: uint8(min(len(c.key), maxKey)), kind: c.kind, flags: uint8(c.rule.dialect)}
	if c.kind == cellOperation {
		begun.operation = c.pattern[len(c.key)+2]
	}
	s.cells = append(s.cells, begun)
}

// hash fills the slots: at most three in four of them are taken, and a slot has room for the number of the last cell.
func (s *Set) hash() {
	var firsts []int // cells that begin a key
	for n := range s.cells {
		switch {
		case n > 0 && s.cells[n-1].flags&cellMore != 0:
		case s.cells[n].key == 0:
			s.root = index(n) + 1
		default:
			firsts = append(firsts, n)
		}
	}
	s.slots = make([]uint32, 1<<bits.Len(uint(len(firsts)*4/3)))
	s.shift = uint8(bits.Len32(index(len(s.cells)))) //nolint:gosec // at most 32
	tags := make(map[uint32]bool, len(firsts))
	for _, n := range firsts {
		c := &s.cells[n]
		hash := hashKey(c.pattern[:c.key])
		tag := tagOf(hash, s.shift)
		s.collides = s.collides || tags[tag]
		tags[tag] = true
		s.occupy(low32(hash), tag<<s.shift|index(n+1))
	}
}

// occupy puts a slot's content into the first free one from where the hash says.
func (s *Set) occupy(hash, content uint32) {
	mask := index(len(s.slots) - 1)
	i := hash & mask
	for s.slots[i] != 0 {
		i = (i + 1) & mask
	}
	s.slots[i] = content
}

// index is n as the index keeps it, in half the space. The statements of a principal do not reach four thousand millions.
func index(n int) uint32 {
	return uint32(n) //nolint:gosec // a number of things in memory, each of them larger than a byte
}

// link fills up, when a run is long enough to be searched.
func (s *Set) link() {
	for i := range s.cells {
		c := &s.cells[i]
		s.linkRun(c.lo, c.mid)
		s.linkRun(c.mid, c.hi)
	}
}

func (s *Set) linkRun(lo, hi uint32) {
	if hi-lo < searchFrom {
		return
	}
	if s.up == nil {
		s.up = make([]uint32, len(s.entries))
	}
	for i := lo + 1; i < hi; i++ {
		// The candidates are the entry before and those that lead up from it: all others are no prefixes of it.
		at := i - lo
		for at > 0 && !strings.HasPrefix(s.head(i), s.head(lo+at-1)) {
			at = s.up[lo+at-1]
		}
		s.up[i] = at
	}
}
