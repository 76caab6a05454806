package access

import (
	"crypto/rand"
	"encoding/base32"
	"strings"
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
	ids     []string
	next    int
	entries map[string]Remembered
	used    map[usedBy]map[string]time.Time // by action; see Used
}

// Remember keeps a decision of a door where people ask about themselves only: a webhook, a proxy. It keeps the query as it is, which
// must not change afterwards. Of the decision only a refusal without policies is kept: everything else the query gives again.
func (m *Memory) Remember(s *pratique.Snapshot, q Query, d Decision) (id string) {
	r := Remembered{Account: s.Account.ID, Asker: q.Principal.ID, Snapshot: s, Query: q}
	if d.Cause == Refused {
		r.Refused = d.unmet
	}
	return m.Add(r)
}

// Add keeps a decision, drops the oldest when there are too many, and returns the new one's id: random, so that nobody finds those of
// others by counting.
func (m *Memory) Add(r Remembered) (id string) {
	var b [10]byte
	_, _ = rand.Read(b[:]) // documented never to fail
	id = "dec_" + strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.entries == nil {
		m.entries = make(map[string]Remembered, Kept)
	}
	if len(m.ids) < Kept {
		m.ids = append(m.ids, id)
	} else {
		delete(m.entries, m.ids[m.next])
		m.ids[m.next] = id
		m.next = (m.next + 1) % Kept
	}
	m.entries[id] = r
	m.note(&r)
	return id
}

// Find gives a decision back while it is kept. Whether somebody may see it is for the caller to ask.
func (m *Memory) Find(id string) (Remembered, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.entries[id]
	return r, ok
}
