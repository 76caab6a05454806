package authn

import (
	"sync"
	"time"
)

// repeatedReads is for how long an equal read is taken for a second read and not for a replay: the dates of signatures count
// seconds, and two reads in one second are everyday work for a program.
const repeatedReads = 5 * time.Second

// maxReplays bounds the memory to some 40 MB. It is reached at 290 writes a second for a quarter of an hour; beyond, the oldest are forgotten.
const maxReplays = 1 << 18

// replays remembers signatures that were accepted. Only holders of keys get anything into it. The zero value is ready; it is safe for concurrent use.
type replays struct {
	mu   sync.Mutex
	seen lru[[16]byte, sighting]
}

type sighting struct{ at, until time.Time }

// first reports whether a signature is new, or was first seen within grace. It is remembered until its date is too old anyway.
func (r *replays) first(digest [16]byte, now, until time.Time, grace time.Duration) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if old, ok := r.seen.get(digest); ok {
		return grace > 0 && now.Sub(old.at) < grace
	}
	for {
		key, old, ok := r.seen.oldest()
		if !ok || !now.After(old.until) {
			break
		}
		r.seen.remove(key)
	}
	r.seen.add(digest, sighting{now, until}, maxReplays)
	return true
}
