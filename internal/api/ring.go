package api

import (
	"crypto/rand"
	"encoding/base32"
	"strings"
	"sync"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/access"
)

// kept is how many decisions can be explained afterwards.
const kept = 4096

// entry is a decision as it was asked: with the directory of that moment, so that the explanation does not change when the directory does.
// Snapshots share what they have in common, so that old ones cost little.
type entry struct {
	account  string
	asker    string // id of the principal who asked
	snapshot *pratique.Snapshot
	query    access.Query
}

// ring keeps the newest decisions. The zero value is empty.
type ring struct {
	mu      sync.Mutex
	ids     []string
	next    int
	entries map[string]entry
}

// add keeps a decision, drops the oldest when there are too many, and returns the new one's id: random, so that nobody finds those of
// others by counting.
func (r *ring) add(e entry) string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // documented never to fail
	id := "dec_" + strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.entries == nil {
		r.entries = make(map[string]entry, kept)
	}
	if len(r.ids) < kept {
		r.ids = append(r.ids, id)
	} else {
		delete(r.entries, r.ids[r.next])
		r.ids[r.next] = id
		r.next = (r.next + 1) % kept
	}
	r.entries[id] = e
	return id
}

func (r *ring) find(id string) (entry, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.entries[id]
	return e, ok
}
