package directory

import (
	"context"
	"sync"
)

// reach is how far the watch has come. It only goes forward, unless it is put back.
type reach struct {
	mu       sync.Mutex
	revision int64
	moved    chan struct{} // closed by the next move
}

func newReach() *reach { return &reach{moved: make(chan struct{})} }

func (r *reach) at() (int64, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.revision, r.moved
}

func (r *reach) advance(revision int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if revision > r.revision {
		r.set(revision)
	}
}

// reset follows a load, which may have found the store further back.
func (r *reach) reset(revision int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.set(revision)
}

func (r *reach) set(revision int64) {
	r.revision = revision
	close(r.moved)
	r.moved = make(chan struct{})
}

// wait returns when the revision is reached, or with the context's error.
func (r *reach) wait(ctx context.Context, revision int64) error {
	for {
		now, moved := r.at()
		if now >= revision {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
