package policy

// Set is an immutable, indexed collection of the statements of several policies: those that are in force for a principal at one scope. Make
// one with Compile; a nil Set is empty.
//
// The index answers "which statements could match" in three steps. Each touches few cache lines, and the first two do not wait for one
// another: with many principals the memory is cold, and nothing else costs as much.
//
//  1. The action: a hash table from the keys of action patterns (see actionKey) to cells. A request has at most four keys, of which the
//     empty one needs no looking up.
//  2. The effect: a cell has its Deny entries first, then its Allow entries.
//  3. The resource: an entry has a few bits of the literal text that its pattern demands (see anchor), which turn nearly all others away
//     without reading the pattern; long runs are searched (see Set.search).
//
// What passes is compared in full, action, resource and at last conditions, so the index can only be too generous.
type Set struct {
	slots    []uint32 // open addressing: number of the key's first cell plus one, and bits of the hash above it; 0 is free
	cells    []cell
	entries  []entry
	places   []place
	up       []uint32 // only when some run is long: per entry, see search
	root     uint32   // number of the first cell whose key is empty plus one; it has no slot
	shift    uint8    // of a slot's hash bits
	collides bool     // two keys have the same bits in their slots
	context  bool     // see Chain.UsesContext
	length   int
	sources  []Source
}

// cell is one action pattern of one dialect: entries[lo:mid] deny, entries[mid:hi] allow. Cells of one key stand together, the
// last without more.
type cell struct {
	pattern     string // folded
	lo, mid, hi uint32
	key         uint8 // length of the key, a beginning of the pattern
	kind        cellKind
	operation   byte // first letter that a cellOperation asks for
	flags       uint8
}

// Flags of a cell: its dialect, and whether the next cell has the same key.
const (
	cellDialect = 1<<2 - 1
	cellMore    = 1 << 2
)

// cellKind is how a cell's pattern is compared behind its key.
type cellKind uint8

const (
	cellLiteral   cellKind = iota // the key is the whole action
	cellKey                       // anything may follow
	cellOperation                 // "*:", then the operation or the beginning of one: "cce:*:get*", the commonest pattern of all
	cellGlob                      // a glob
	cellExcept                    // NotAction: the statement of its entries is asked
)

// place is what an entry points to: a resource pattern and the statement that it belongs to. The pattern is a copy, which costs every set 56
// bytes more than a pointer would: to follow one more pointer into cold memory costs as much as a tenth of a decision.
type place struct {
	resource  resource
	source    uint32
	statement uint32
}

// Len is the number of statements in the set.
func (s *Set) Len() int {
	if s == nil {
		return 0
	}
	return s.length
}

// Sources returns what the set was compiled from, in that order. The slice must not be modified.
func (s *Set) Sources() []Source {
	if s == nil {
		return nil
	}
	return s.sources
}

// Decide answers Deny when a denying statement matches, else Allow when an allowing one does, else Undecided. Source and statement
// are the indices of a statement that decided (of several, any), -1 when Undecided.
func (s *Set) Decide(r *Request) (e Effect, source, statement int) {
	q := query{req: r}
	q.prepare()
	return s.decide(&q)
}

func (s *Set) decide(q *query) (e Effect, source, statement int) {
	if s == nil || len(s.cells) == 0 || q.dialect == NoDialect {
		return Undecided, -1, -1
	}
	var found [len(q.prefix)]uint32 // first cells; the most literal key first, where most statements are
	n := 0
	for i := q.n - 1; i > 0; i-- {
		if c, ok := s.find(q, &q.prefix[i]); ok {
			found[n] = c
			n++
		}
	}
	if s.root > 0 {
		found[n] = s.root - 1
		n++
	}
	for _, effect := range [...]Effect{Deny, Allow} {
		for _, first := range found[:n] {
			if p := s.match(q, first, effect); p != nil {
				return effect, int(p.source), int(p.statement)
			}
		}
	}
	return Undecided, -1, -1
}

// find looks a key up and returns its first cell. It believes the bits of the hash: the cell itself is compared when one of its entries is
// near, which for most is never. Only in a set where two keys share their bits the right one must be told here.
func (s *Set) find(q *query, key *prefix) (uint32, bool) {
	mask := index(len(s.slots) - 1)
	tag := tagOf(key.hash, s.shift)
	for i := low32(key.hash) & mask; ; i = (i + 1) & mask {
		slot := s.slots[i]
		if slot == 0 {
			return 0, false
		}
		if slot>>s.shift != tag {
			continue
		}
		n := slot&(1<<s.shift-1) - 1
		if !s.collides || s.cells[n].hasKey(q.action()[:key.end]) {
			return n, true
		}
	}
}

// tagOf is what a slot keeps of a hash above the number of the cell.
func tagOf(hash uint64, shift uint8) uint32 { return uint32(hash>>32) >> shift }

func low32(n uint64) uint32 { return uint32(n & 0xFFFFFFFF) }

// match finds a statement of an effect among the cells of one key.
func (s *Set) match(q *query, n uint32, effect Effect) *place {
	for ; ; n++ {
		c := &s.cells[n]
		lo, hi := c.lo, c.mid
		if effect == Allow {
			lo, hi = c.mid, c.hi
		}
		if lo < hi && (c.kind != cellOperation || c.operation == q.operation) {
			if p := s.scan(q, c, lo, hi, effect); p != nil {
				return p
			}
		}
		if c.flags&cellMore == 0 {
			return nil
		}
	}
}

// hasKey reports whether the cell's key is the given one.
func (c *cell) hasKey(key []byte) bool {
	return int(c.key) == len(key) && c.pattern[:c.key] == string(key)
}

// concerns reports whether a cell is about the action.
func (s *Set) concerns(q *query, c *cell) bool {
	action := q.action()
	if Dialect(c.flags&cellDialect) != q.dialect || len(action) < int(c.key) || c.pattern[:c.key] != string(action[:c.key]) {
		return false
	}
	switch c.kind {
	case cellLiteral:
		return len(action) == int(c.key)
	case cellKey:
		return true
	case cellOperation:
		// The star cannot slide over a colon: there is one left, and the pattern has it.
		want, have := c.pattern[c.key+2:], action[q.prefix[2].end:]
		if n := len(want) - 1; want[n] == '*' {
			return len(have) >= n && want[:n] == string(have[:n])
		}
		return want == string(have)
	case cellGlob:
		return glob(c.pattern[c.key:], action[c.key:], false)
	case cellExcept:
		return s.places[s.entries[c.lo].place].resource.rule.matchesAction(q)
	}
	return false
}

// searchFrom is the length from which a run of entries is searched. Up to it reading all anchors, five to a cache line and in order, is
// quicker than following a search through the patterns.
const searchFrom = 48

// scan finds a matching entry in a run of a cell. Role names fold, so the order of the patterns says nothing about them.
func (s *Set) scan(q *query, c *cell, lo, hi uint32, effect Effect) *place {
	if hi-lo >= searchFrom && !q.role {
		return s.search(q, c, lo, hi, effect)
	}
	name := q.req.Resource
	run := s.entries[lo:hi]
	concerned := false
	for i := range run {
		e := &run[i]
		if !e.isNear(name) {
			continue
		}
		if !concerned && !s.concerns(q, c) {
			return nil
		}
		concerned = true
		if p := s.confirm(q, e, effect); p != nil {
			return p
		}
	}
	return nil
}

// search finds a matching entry in a long run, whose entries are sorted by the literal heads of their patterns. The heads that the resource
// begins with are among these: the last head that does not sort behind the resource, the longest other head that it begins with, and so
// on. (Whatever sorts between a text and a prefix of it begins with that prefix.) up leads from one to the next; it holds the distance
// from lo plus one, 0 at the end.
func (s *Set) search(q *query, c *cell, lo, hi uint32, effect Effect) *place {
	if !s.concerns(q, c) {
		return nil
	}
	name := q.req.Resource
	from, to := lo, hi
	for from < to {
		if mid := (from + to) / 2; s.head(mid) <= name {
			from = mid + 1
		} else {
			to = mid
		}
	}
	for i := from - lo; i > 0; i = s.up[lo+i-1] {
		e := &s.entries[lo+i-1]
		if !e.isNear(name) {
			continue
		}
		if p := s.confirm(q, e, effect); p != nil {
			return p
		}
	}
	return nil
}

// head is the literal beginning of an entry's pattern.
func (s *Set) head(i uint32) string {
	r := &s.places[s.entries[i].place].resource
	return r.text[:r.head]
}

// confirm compares what is left of an entry and returns its place when the statement matches.
func (s *Set) confirm(q *query, e *entry, effect Effect) *place {
	p := &s.places[e.place]
	if e.left == leftNothing {
		return p
	}
	if !p.resource.matches(q).within(effect) || e.left == leftAll && !p.resource.rule.admits(q) {
		return nil
	}
	return p
}
