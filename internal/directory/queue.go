package directory

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/pratique-iam/pratique"
)

// request is one change that waits for its turn, or for the answer of the store.
type request struct {
	change   func(*pratique.Snapshot) (Commit, error)
	gone     func() error // why the caller no longer waits; nil while it does
	deadline time.Time    // set at the first turn: end of trying again after other servers were faster

	done chan struct{} // closed when the answer stands
	snap *pratique.Snapshot
	err  error
}

func newRequest(ctx context.Context, change func(*pratique.Snapshot) (Commit, error)) *request {
	return &request{
		change: change, done: make(chan struct{}),
		gone: func() error {
			if ctx.Err() == nil {
				return nil
			}
			return context.Cause(ctx)
		},
	}
}

func (r *request) answer(s *pratique.Snapshot, err error) {
	if err != nil {
		s = nil
	}
	r.snap, r.err = s, err
	close(r.done)
}

// queue holds the waiting requests of one account. One committer serves it while there are any.
type queue struct {
	mu      sync.Mutex
	waiting []*request
	served  bool
	pace    pace // of the committer, which alone uses it
}

// push adds a request, and reports whether a committer must be started.
func (q *queue) push(r *request) (start bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, r)
	start = !q.served
	q.served = true
	return start
}

// pop gives the committer the next request; without one, the committer ends.
func (q *queue) pop() (*request, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		return nil, false
	}
	r := q.waiting[0]
	q.waiting = slices.Delete(q.waiting, 0, 1)
	return r, true
}

// finish ends the committer's service if nothing waits.
func (q *queue) finish() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.served = len(q.waiting) > 0
	return !q.served
}

// unpop puts requests back at the front, in their order.
func (q *queue) unpop(rs ...*request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = slices.Concat(rs, q.waiting)
}

// withdraw takes out a request whose caller has gone. It reports whether the request was still waiting: then it has not been executed.
func (q *queue) withdraw(r *request) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.waiting, r)
	if i < 0 {
		return false
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
	return true
}

// pace leaves a gap after many transactions in a row. A server that writes without pause knows the newest head first and would win every
// race; in the gap another one, which has just seen that head, gets its turn.
type pace struct {
	streak int
	last   time.Time
}

const (
	longStreak = 32
	gap        = 5 * time.Millisecond
)

// due counts a transaction that begins now, and reports whether a gap must come first.
func (p *pace) due(now time.Time) bool {
	if p.streak++; now.Sub(p.last) > gap {
		p.streak = 1
	}
	if p.streak <= longStreak {
		return false
	}
	p.streak = 1
	return true
}
