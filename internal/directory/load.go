package directory

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/pratique-iam/pratique"
)

const (
	largeLoad     = 100_000  // objects
	smallAccount  = 2000     // objects that are read in one go; a larger account is read kind by kind
	firstPage     = 500      // keys
	largestPage   = 100_000  // keys: etcd counts what is left at every page, so pages must not be many
	pageBytes     = 32 << 20 // what a page should come to
	pageTimeout   = 20 * time.Second
	readers       = 4
	progressEvery = 2 * time.Second
	loadAttempts  = 3
)

// load reads everything at one revision. When the store compacts that revision away meanwhile, it begins again.
func (d *Directory) load(ctx context.Context) (map[string]*version, int64, error) {
	for attempt := 1; ; attempt++ {
		l := &loader{d: d, decoder: d.decoder, ids: newIDs(), accounts: map[string]*loading{}}
		err := l.run(ctx)
		if err == nil {
			if l.done.Load() > largeLoad {
				d.background(debug.FreeOSMemory) // a load leaves garbage of its own size, which the system would long see as in use
			}
			return l.versions(), l.revision, nil
		}
		if !errors.Is(err, rpctypes.ErrCompacted) || attempt == loadAttempts {
			return nil, 0, err
		}
	}
}

// loader is one load. Its stages run at the same time: readers fetch pages, decoders decode them, one goroutine collects the objects, in
// whatever order they come. The snapshots are built when all are there.
type loader struct {
	d        *Directory
	decoder  *decoder
	ids      ids
	revision int64
	accounts map[string]*loading
	done     atomic.Int64 // objects
}

type loading struct {
	head     head
	revision int64
	count    int64
	objects  []any
	snap     *pratique.Snapshot
}

type item struct {
	account *loading
	object  any
}

func (l *loader) run(ctx context.Context) error {
	if err := l.heads(ctx); err != nil {
		return err
	}
	if err := l.nothingElse(ctx); err != nil {
		return err
	}
	stop := l.progress(ctx)
	defer stop()
	if err := l.objects(ctx); err != nil {
		return err
	}
	for id, a := range l.accounts {
		if err := a.build(id, l.d.cfg.Rules); err != nil {
			return err
		}
	}
	return nil
}

// heads reads which accounts there are, and fixes the revision at which everything is read.
func (l *loader) heads(ctx context.Context) error {
	return l.pages(ctx, span{l.d.keys.heads(), clientv3.GetPrefixRangeEnd(l.d.keys.heads())}, func(kvs []*mvccpb.KeyValue) error {
		for _, kv := range kvs {
			p, ok := l.d.keys.place(kv.Key)
			if !ok {
				return damaged(string(kv.Key), errors.New("its name is not that of an account's head"))
			}
			h, err := readHead(string(kv.Key), kv.Value)
			if err != nil {
				return err
			}
			l.accounts[string(p.account)] = &loading{
				head: h, revision: kv.ModRevision, count: kv.Version, objects: make([]any, 0, h.Objects),
			}
		}
		return nil
	})
}

// nothingElse makes sure that the heads account for every object key. One count finds all that the load would pass by: an account without
// a head, a kind of a newer version.
func (l *loader) nothingElse(ctx context.Context) error {
	want := 0
	for _, a := range l.accounts {
		want += a.head.Objects
	}
	prefix := l.d.keys.objects()
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	resp, err := l.d.cfg.Client.Get(ctx, prefix, clientv3.WithPrefix(), clientv3.WithCountOnly(), clientv3.WithRev(l.revision))
	if err != nil {
		return readFailed("the number of objects", err)
	}
	if int(resp.Count) == want {
		return nil
	}
	err = l.pages(ctx, span{prefix, clientv3.GetPrefixRangeEnd(prefix)}, func(kvs []*mvccpb.KeyValue) error {
		for _, kv := range kvs {
			p, ok := l.d.keys.place(kv.Key)
			if _, known := l.accounts[string(p.account)]; !known || !ok {
				return damaged(string(kv.Key), errors.New("it belongs to no account"))
			}
			if _, known := l.decoder.kinds[string(p.kind)]; !known {
				return damaged(string(kv.Key), fmt.Errorf("kind %q is not known to this version", p.kind))
			}
		}
		return nil
	}, clientv3.WithKeysOnly())
	if err != nil {
		return err
	}
	return fmt.Errorf("the store holds %d objects, the heads of the accounts say %d: the data is incomplete or was changed by hand; restore a backup",
		resp.Count, want)
}

// span is a range of keys.
type span struct{ start, end string }

func (l *loader) spans() []span {
	var out []span
	for id, a := range l.accounts {
		prefix := l.d.keys.objects() + id + "/"
		if a.head.Objects <= smallAccount {
			out = append(out, span{prefix, clientv3.GetPrefixRangeEnd(prefix)})
			continue
		}
		for _, kind := range pratique.StoredKinds() {
			p := prefix + string(kind) + "/"
			out = append(out, span{p, clientv3.GetPrefixRangeEnd(p)})
		}
	}
	return out
}

func (l *loader) objects(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	spans := make(chan span)
	raw := make(chan []*mvccpb.KeyValue)
	decoded := make(chan []item, 1)

	var reading, decoding sync.WaitGroup
	go func() {
		defer close(spans)
		for _, s := range l.spans() {
			if !send(ctx, spans, s) {
				return
			}
		}
	}()
	for range readers {
		reading.Go(func() {
			for s := range spans {
				err := l.pages(ctx, s, func(kvs []*mvccpb.KeyValue) error {
					send(ctx, raw, kvs)
					return nil
				})
				if err != nil {
					cancel(err)
				}
			}
		})
	}
	go func() { reading.Wait(); close(raw) }()
	for range runtime.GOMAXPROCS(0) {
		decoding.Go(func() {
			for kvs := range raw {
				items, err := l.decode(kvs)
				if err != nil {
					cancel(err)
				}
				send(ctx, decoded, items)
			}
		})
	}
	go func() { decoding.Wait(); close(decoded) }()
	for items := range decoded {
		l.collect(items)
	}
	return context.Cause(ctx)
}

// send gives up when the context ends: the stages after it may be gone.
func send[T any](ctx context.Context, to chan<- T, v T) bool {
	select {
	case to <- v:
		return true
	case <-ctx.Done():
		return false
	}
}

// pages reads a span at the load's revision; the first call of all fixes it. Pages grow to the size that the last one suggests.
func (l *loader) pages(ctx context.Context, s span, each func([]*mvccpb.KeyValue) error, opts ...clientv3.OpOption) error {
	limit := int64(firstPage)
	for {
		resp, err := l.page(ctx, s, append(opts, clientv3.WithRange(s.end), clientv3.WithLimit(limit), clientv3.WithRev(l.revision)))
		if err != nil {
			return err
		}
		if l.revision == 0 {
			l.revision = resp.Header.Revision
		}
		if len(resp.Kvs) == 0 {
			return nil
		}
		last := string(resp.Kvs[len(resp.Kvs)-1].Key)
		size := int64(0)
		for _, kv := range resp.Kvs {
			size += int64(len(kv.Key) + len(kv.Value))
		}
		if err := each(resp.Kvs); err != nil || !resp.More {
			return err
		}
		s.start = last + "\x00"
		limit = min(max(pageBytes*int64(len(resp.Kvs))/max(size, 1), 100), largestPage, 8*limit)
	}
}

func (l *loader) page(ctx context.Context, s span, opts []clientv3.OpOption) (*clientv3.GetResponse, error) {
	timed, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	resp, err := l.d.cfg.Client.Get(timed, s.start, opts...)
	switch {
	case err == nil:
		return resp, nil
	case errors.Is(err, rpctypes.ErrCompacted):
		return nil, err
	default:
		return nil, readFailed(s.start, err)
	}
}

func (l *loader) decode(kvs []*mvccpb.KeyValue) ([]item, error) {
	items := make([]item, len(kvs))
	for i, kv := range kvs {
		account, w, err := l.decoder.decode(kv.Key, kv.Value)
		if err != nil {
			return nil, err
		}
		items[i] = item{l.accounts[string(account)], w.Object}
	}
	return items, nil
}

func (l *loader) collect(items []item) {
	for _, it := range items {
		l.ids.share(it.object)
		it.account.objects = append(it.account.objects, it.object)
	}
	l.done.Add(int64(len(items)))
}

// build makes the snapshot of an account, and believes it if it is what the head says.
func (a *loading) build(id string, rules *pratique.Rules) error {
	s := pratique.NewSnapshot(rules, pratique.Account{})
	if err := s.LoadAll(a.objects); err != nil {
		return fmt.Errorf("account %s: %w", id, err)
	}
	if err := a.head.check(id, s); err != nil {
		return err
	}
	if s.Account.ID != id {
		return fmt.Errorf("account %s has no object of its own; restore a backup", id)
	}
	a.objects, a.snap = nil, s.Sealed(a.head.Generation, a.head.Audit)
	return nil
}

// progress says now and then how far the load is, if it takes long.
func (l *loader) progress(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	total := 0
	for _, a := range l.accounts {
		total += a.head.Objects
	}
	go func() {
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				l.d.cfg.Log.InfoContext(ctx, "loading", slog.Int64("objects", l.done.Load()), slog.Int("of", total), slog.Int("accounts", len(l.accounts)))
			case <-ctx.Done():
				return
			}
		}
	}()
	return cancel
}

func (l *loader) versions() map[string]*version {
	out := make(map[string]*version, len(l.accounts))
	for id, a := range l.accounts {
		out[id] = newVersion(a.snap, a.revision, a.count)
	}
	return out
}
