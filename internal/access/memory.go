package access

import (
	"crypto/rand"
	"slices"
	"sync"
	"time"

	"github.com/pratique-iam/pratique"
)

// Kept is how many decisions a Memory can explain afterwards.
const Kept = 4096

// Remembered is a decision as it was asked: with the directory of that moment, so that the explanation does not change when the directory
// does. Snapshots share what they have in common, so that old ones cost little.
type Remembered struct {
	Account  string
	Asker    string // id of the principal who asked
	Snapshot *pratique.Snapshot
	Query    Query
	Refused  string // why no policy was asked; empty: the query gives the decision again
}

// RefusedFor is the decision of a door that asked no policy, because something before them was a no already: the session has ended, for one. The
// reason is a sentence for people. pratique why then repeats it: what the policies would have said is no explanation.
func RefusedFor(reason string) Decision { return Decision{Cause: Refused, unmet: reason} }

// Memory keeps the newest decisions of all doors of a server, until it stops. The zero value is empty; it is safe for concurrent use and
// must not be copied.
type Memory struct {
	mu      sync.Mutex
	next    int                             // the oldest, once there are Kept
	ids     []string                        // of entries: few ask, and many are denied, so that finding one may take longer than keeping it
	entries []Remembered                    // at the same places
	used    map[usedBy]map[string]time.Time // by action; see Used
	random  [32 * idBytes]byte              // for ids
	unused  int                             // bytes of random that no id has yet, at its end
}

// idBytes is how much of an id is random.
const idBytes = 10

// Remember keeps a decision of a door where people ask about themselves only: a webhook, a proxy. It keeps the query as it is, which
// must not change afterwards. Of the decision only a refusal without policies is kept: everything else the query gives again.
func (m *Memory) Remember(s *pratique.Snapshot, q Query, d Decision) (id string) {
	r := Remembered{Account: s.Account.ID, Asker: q.Principal.ID, Snapshot: s, Query: q}
	if d.Cause == Refused {
		r.Refused = d.unmet
	}
	return m.add(&r)
}

// Add keeps a decision, drops the oldest when there are too many, and returns the new one's id: random, so that nobody finds those of
// others by counting.
func (m *Memory) Add(r Remembered) (id string) { return m.add(&r) }

// add copies r.
func (m *Memory) add(r *Remembered) (id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id = m.id()
	if m.entries == nil {
		m.ids, m.entries = make([]string, 0, Kept), make([]Remembered, 0, Kept)
	}
	if len(m.ids) < Kept {
		m.ids, m.entries = append(m.ids, id), append(m.entries, *r)
	} else {
		m.ids[m.next], m.entries[m.next] = id, *r
		m.next = (m.next + 1) % Kept
	}
	m.note(r)
	return id
}

// id makes an id: "dec_" and base32. Random bytes are fetched for many at a time, each of which is used once; that costs less.
func (m *Memory) id() string {
	const (
		prefix = "dec_"
		digits = "abcdefghijklmnopqrstuvwxyz234567"
	)
	if m.unused < idBytes {
		_, _ = rand.Read(m.random[:]) // documented never to fail
		m.unused = len(m.random)
	}
	bytes := m.random[len(m.random)-m.unused:][:idBytes]
	m.unused -= idBytes
	var text [len(prefix) + idBytes*8/5]byte
	n := copy(text[:], prefix)
	bits, waiting := uint32(0), 0
	for _, b := range bytes {
		bits, waiting = bits<<8|uint32(b), waiting+8
		for ; waiting >= 5; n++ {
			waiting -= 5
			text[n] = digits[bits>>waiting&31]
		}
	}
	return string(text[:])
}

// Find gives a decision back while it is kept. Whether somebody may see it is for the caller to ask.
func (m *Memory) Find(id string) (Remembered, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := slices.Index(m.ids, id)
	if at < 0 {
		return Remembered{}, false
	}
	return m.entries[at], true
}
