package directory

import (
	"maps"
	"sync"
	"sync/atomic"

	"github.com/pratique-iam/pratique"
)

// version is an account as it stood at one revision of the store.
type version struct {
	snap       *pratique.Snapshot
	revision   int64         // of etcd, in which the head was written; what the next commit compares
	count      int64         // how often the head was written: the next version has one more
	superseded chan struct{} // closed when there is a newer version
}

func newVersion(s *pratique.Snapshot, revision, count int64) *version {
	return &version{snap: s, revision: revision, count: count, superseded: make(chan struct{})}
}

// account is one account and the queue of its changes.
type account struct {
	id      string
	current atomic.Pointer[version]
	queue   queue
}

// index finds accounts. It is replaced, never modified.
type index struct {
	byID     map[string]*account
	byName   map[string]*account // by folded name
	replaced chan struct{}       // closed when there is a newer index
}

// board is everything that readers see.
type board struct {
	index atomic.Pointer[index]
	mu    sync.Mutex // serializes writers; readers never take it
}

func newBoard() *board {
	b := &board{}
	b.index.Store(&index{replaced: make(chan struct{})})
	return b
}

func (b *board) account(id string) (*account, bool) {
	a, ok := b.index.Load().byID[id]
	return a, ok
}

// install makes v the current version of an account, unless one that is as new is there already: the committer and the watch both bring
// the versions that this server writes, in either order.
func (b *board) install(id string, v *version) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if a, ok := b.account(id); ok {
		if a.current.Load().count < v.count {
			b.replace(a, v)
		}
		return
	}
	a := &account{id: id}
	a.current.Store(v)
	next := maps.Clone(b.index.Load().byID)
	if next == nil {
		next = map[string]*account{}
	}
	next[id] = a
	b.reindex(next)
}

// swap installs what a load at the given revision has read, next to nothing of the old. A version newer than the load is kept, except
// when the store itself has gone back, which happens when a backup is restored.
func (b *board) swap(loaded map[string]*version, revision int64, wentBack bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	next := maps.Clone(b.index.Load().byID)
	if next == nil {
		next = make(map[string]*account, len(loaded))
	}
	for id, v := range loaded {
		a, ok := next[id]
		switch {
		case !ok:
			a = &account{id: id}
			a.current.Store(v)
			next[id] = a
		case wentBack || a.current.Load().revision <= revision:
			old := a.current.Swap(v)
			close(old.superseded)
		}
	}
	b.reindex(next)
}

func (b *board) replace(a *account, v *version) {
	old := a.current.Swap(v)
	close(old.superseded)
	if pratique.Fold(old.snap.Account.Name) != pratique.Fold(v.snap.Account.Name) {
		b.reindex(b.index.Load().byID)
	}
}

func (b *board) reindex(byID map[string]*account) {
	next := &index{byID: byID, byName: make(map[string]*account, len(byID)), replaced: make(chan struct{})}
	for _, a := range byID {
		next.byName[pratique.Fold(a.current.Load().snap.Account.Name)] = a
	}
	old := b.index.Swap(next)
	close(old.replaced)
}
