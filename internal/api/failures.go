package api

import (
	"sync"
	"time"
)

// perSecond is how many refused sign-ins are recorded for one account in a second. Strangers must not be able to fill the audit trail.
const perSecond = 5

// failures counts refused sign-ins by account. What is not recorded is counted, and the next record says how many there were. The zero
// value is ready. It holds one small entry for every account that exists.
type failures struct {
	mu sync.Mutex
	of map[string]*window
}

type window struct {
	since  time.Time
	count  int
	missed int
}

// take reports whether a refusal is to be recorded, and how many before it were not.
func (f *failures) take(account string, now time.Time) (missed int, write bool) {
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
