package audit

import (
	"sync"
	"time"
)

// perSecond is how many refusals of one kind are recorded for one account in a second. Nobody may be able to fill the audit trail with things
// that did not happen.
const perSecond = 5

// Brake counts refusals by account. What is not recorded is counted, and the next record says how many there were (Record.Missed). The zero
// value is ready and safe for concurrent use. It holds one small entry for every account that exists.
type Brake struct {
	mu sync.Mutex
	of map[string]*window
}

type window struct {
	since  time.Time
	count  int
	missed int
}

// Take reports whether a refusal is to be recorded, and how many before it were not.
func (f *Brake) Take(account string, now time.Time) (missed int, write bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of == nil {
		f.of = map[string]*window{}
	}
	w := f.of[account]
	if w == nil {
		w = &window{since: now}
		f.of[account] = w
	}
	if now.Sub(w.since) >= time.Second {
		w.since, w.count = now, 0
	}
	if w.count >= perSecond {
		w.missed++
		return 0, false
	}
	w.count++
	missed, w.missed = w.missed, 0
	return missed, true
}
