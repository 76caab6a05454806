package directory

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/pratique-iam/pratique"
)

// Config says where a directory is kept and what it is checked against.
type Config struct {
	Client *clientv3.Client // not closed by the directory
	Prefix string           // of all keys; empty is /pratique/v1
	Rules  *pratique.Rules
	Log    *slog.Logger
	Now    func() time.Time // with a monotonic reading: ages are measured by it
	Guard  func() error     // asked before every write and refuses it with an error; nil never does
	MaxAge time.Duration    // age of a snapshot at which it is Closed; 0 is 15 minutes
}

// Directory holds all accounts. It is safe for concurrent use.
type Directory struct {
	cfg     Config
	keys    keys
	decoder *decoder
	board   *board
	reach   *reach // revision that the watch has applied
	fresh   freshness
	again   chan struct{} // a full reload is wanted

	ctx    context.Context //nolint:containedctx // the life of the directory's goroutines, ended by Close
	cancel context.CancelFunc
	life   sync.Mutex // guards closed, and with it that nothing joins wg once Close waits for it
	closed bool
	wg     sync.WaitGroup
}

// Open loads all accounts and follows them until Close. It returns when everything is in memory; the context bounds the load. The error
// wraps pratique.ErrUnavailable when the store does not answer; data that cannot be read is an error that names the key.
func Open(ctx context.Context, cfg Config) (*Directory, error) {
	if cfg.Client == nil || cfg.Rules == nil || cfg.Now == nil {
		return nil, errors.New("directory: Client, Rules and Now must be set")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Prefix == "" {
		cfg.Prefix = "/pratique/v1"
	}
	if cfg.Guard == nil {
		cfg.Guard = func() error { return nil }
	}
	if cfg.MaxAge == 0 {
		cfg.MaxAge = defaultMaxAge
	}
	d := &Directory{
		cfg: cfg, keys: keys{strings.TrimRight(cfg.Prefix, "/")},
		board: newBoard(), reach: newReach(), again: make(chan struct{}, 1),
	}
	d.decoder = newDecoder(d.keys)
	began := cfg.Now()
	loaded, revision, err := d.load(ctx)
	if err != nil {
		return nil, err
	}
	d.board.swap(loaded, revision, false)
	d.reach.advance(revision)
	d.fresh.confirm(began)
	d.ctx, d.cancel = context.WithCancel(context.WithoutCancel(ctx))
	d.wg.Go(d.follow)
	d.wg.Go(d.probe)
	return d, nil
}

// Close stops following and committing, and waits. Changes that are with the store are still answered, those that wait are refused.
func (d *Directory) Close() {
	d.life.Lock()
	d.closed = true
	d.life.Unlock()
	d.cancel()
	d.wg.Wait()
}

// background runs f until it returns; Close waits for it. It reports whether the directory is open.
func (d *Directory) background(f func()) bool {
	d.life.Lock()
	defer d.life.Unlock()
	if !d.closed {
		d.wg.Go(f)
	}
	return !d.closed
}

// Account finds an account by its id.
func (d *Directory) Account(id string) (*pratique.Snapshot, bool) {
	a, ok := d.board.account(id)
	if !ok {
		return nil, false
	}
	return a.current.Load().snap, true
}

// AccountNamed finds an account by its name, without regard to case.
func (d *Directory) AccountNamed(name string) (*pratique.Snapshot, bool) {
	a, ok := d.board.index.Load().byName[pratique.Fold(name)]
	if !ok {
		return nil, false
	}
	return a.current.Load().snap, true
}

// Accounts lists all accounts in the order of their names.
func (d *Directory) Accounts() []*pratique.Snapshot {
	var out []*pratique.Snapshot
	for _, a := range d.board.index.Load().byID {
		out = append(out, a.current.Load().snap)
	}
	slices.SortFunc(out, func(a, b *pratique.Snapshot) int {
		return strings.Compare(pratique.Fold(a.Account.Name), pratique.Fold(b.Account.Name))
	})
	return out
}

// Changed returns a channel that is closed when an account has a newer snapshot than now; for an account that is not there, when any
// account appears. Take the channel first, then the snapshot: what comes between closes the channel.
func (d *Directory) Changed(id string) <-chan struct{} {
	ix := d.board.index.Load()
	if a, ok := ix.byID[id]; ok {
		return a.current.Load().superseded
	}
	return ix.replaced
}

// WaitFor waits until an account has reached a generation, here, and returns its snapshot of then. An account that is not there yet is
// waited for. The error wraps pratique.ErrUnavailable when the context ends first, or the directory is closed.
func (d *Directory) WaitFor(ctx context.Context, id string, generation uint64) (*pratique.Snapshot, error) {
	for {
		changed := d.Changed(id)
		s, ok := d.Account(id)
		if ok && s.Generation >= generation {
			return s, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			if !ok {
				return nil, unavailable("", "account %q is not known to this server: %v", id, context.Cause(ctx))
			}
			return nil, unavailable("", "account %s is at revision %d on this server and has not reached %d: %v",
				s.Account.Name, s.Generation, generation, context.Cause(ctx))
		case <-d.ctx.Done():
			return nil, stopping()
		}
	}
}
