package directory

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/pratique-iam/pratique"
)

// errReload says that the watch cannot go on from where it is, and everything must be read again.
var errReload = errors.New("read everything again")

const longestPause = 10 * time.Second

// follow keeps the snapshots up to date until Close. A watch that breaks is taken up again at the revision after the last that was applied,
// which misses nothing and merges nothing; where that is impossible, everything is loaded aside and swapped in.
func (d *Directory) follow() {
	pause := time.Duration(0)
	for d.ctx.Err() == nil {
		before, _ := d.reach.at()
		err := d.watch(d.ctx)
		if d.ctx.Err() != nil {
			return
		}
		if after, _ := d.reach.at(); after > before {
			pause = 0
		}
		d.cfg.Log.Warn("watch of the store ended", slog.Any("error", err))
		if errors.Is(err, errReload) || errors.Is(err, rpctypes.ErrCompacted) || errors.Is(err, rpctypes.ErrFutureRev) {
			if err = d.reload(d.ctx); err != nil && d.ctx.Err() == nil {
				d.cfg.Log.Error("reload; the snapshots stay as they are", slog.Any("error", err))
			}
		}
		if err != nil {
			pause = min(max(2*pause, 100*time.Millisecond), longestPause)
			d.sleep(pause/2 + rand.N(pause)) //nolint:gosec // spreads servers out, guards nothing
		}
	}
}

func (d *Directory) sleep(t time.Duration) {
	timer := time.NewTimer(t)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-d.ctx.Done():
	}
}

// watch applies revision after revision until it fails. The goroutine does nothing else and waits for nobody but the store.
func (d *Directory) watch(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	revision, _ := d.reach.at()
	start, end := d.keys.watched()
	// Without WithRequireLeader a watch on a member that has lost its quorum stays open and silent for ever.
	events := d.cfg.Client.Watch(clientv3.WithRequireLeader(ctx), start,
		clientv3.WithRange(end), clientv3.WithRev(revision+1), clientv3.WithFragment())
	for {
		select {
		case <-d.again:
			return errReload
		case resp, ok := <-events:
			if !ok {
				return errors.New("the watch was closed")
			}
			if err := resp.Err(); err != nil {
				return err
			}
			if err := d.applyAll(resp.Events); err != nil {
				return fmt.Errorf("%w: %w", errReload, err)
			}
		}
	}
}

// applyAll applies the events of one answer, which holds whole revisions in their order.
func (d *Directory) applyAll(events []*clientv3.Event) error {
	for len(events) > 0 {
		revision := events[0].Kv.ModRevision
		n := 1
		for n < len(events) && events[n].Kv.ModRevision == revision {
			n++
		}
		if err := d.applyRevision(events[:n]); err != nil {
			return fmt.Errorf("revision %d of the store: %w", revision, err)
		}
		d.reach.advance(revision)
		events = events[n:]
	}
	return nil
}

// step is what one revision did to one account.
type step struct {
	head    *mvccpb.KeyValue
	objects []*clientv3.Event
}

func (d *Directory) applyRevision(events []*clientv3.Event) error {
	steps := map[string]*step{}
	for _, e := range events {
		p, ok := d.keys.place(e.Kv.Key)
		if !ok {
			return damaged(string(e.Kv.Key), errors.New("its name means nothing"))
		}
		s := steps[string(p.account)]
		if s == nil {
			s = &step{}
			steps[string(p.account)] = s
		}
		switch {
		case !p.head():
			s.objects = append(s.objects, e)
		case e.Type == clientv3.EventTypeDelete:
			return fmt.Errorf("the head of account %s was deleted", p.account)
		default:
			s.head = e.Kv
		}
	}
	for id, s := range steps {
		if s.head == nil {
			return fmt.Errorf("objects of account %s were written without its head: somebody changes the store by hand", id)
		}
		if err := d.applyStep(id, s); err != nil {
			return err
		}
	}
	return nil
}

// applyStep brings an account from the version before to the one that the step wrote.
func (d *Directory) applyStep(id string, s *step) error {
	base := pratique.NewSnapshot(d.cfg.Rules, pratique.Account{})
	count := int64(0)
	if a, ok := d.board.account(id); ok {
		v := a.current.Load()
		base, count = v.snap, v.count
	}
	if s.head.Version <= count {
		return nil // our own commit, which was faster than the watch, or covered by a load
	}
	if s.head.Version != count+1 {
		return fmt.Errorf("account %s: version %d follows version %d", id, s.head.Version, count)
	}
	h, err := readHead(string(s.head.Key), s.head.Value)
	if err != nil {
		return err
	}
	writes, err := d.writes(base, s.objects)
	if err != nil {
		return err
	}
	next, err := base.Stored(h.Generation, h.Audit, writes)
	if err != nil {
		return err
	}
	if err := h.check(id, next); err != nil {
		return err
	}
	d.board.install(id, newVersion(next, s.head.ModRevision, s.head.Version))
	return nil
}

// writes turns events into writes, removals first. Also an object that is replaced is removed before: when two objects of a list have
// exchanged names, the second must not take the name's entry away from the first.
func (d *Directory) writes(base *pratique.Snapshot, events []*clientv3.Event) ([]pratique.Write, error) {
	words := newIDs()
	var removed, set []pratique.Write
	for _, e := range events {
		if e.Type == clientv3.EventTypeDelete {
			p, _ := d.keys.place(e.Kv.Key)
			removed = append(removed, pratique.Write{Kind: d.decoder.kinds[string(p.kind)], ID: string(p.id)})
			continue
		}
		_, w, err := d.decoder.decode(e.Kv.Key, e.Kv.Value)
		if err != nil {
			return nil, err
		}
		words.knowing(base, w.Object)
		words.share(w.Object)
		removed = append(removed, pratique.Write{Kind: w.Kind, ID: w.ID})
		set = append(set, w)
	}
	return append(removed, set...), nil
}

// reload reads everything aside and swaps it in, if it can be believed.
func (d *Directory) reload(ctx context.Context) error {
	applied, _ := d.reach.at()
	loaded, revision, err := d.load(ctx)
	if err != nil {
		return err
	}
	wentBack := revision < applied
	for id, a := range d.board.index.Load().byID {
		v, ok := loaded[id]
		now := a.current.Load()
		if !ok && (wentBack || now.revision <= revision) {
			return fmt.Errorf("account %s (%s) has vanished from the store; start the server again if that was meant", now.snap.Account.Name, id)
		}
		if ok && v.snap.Count() < now.snap.Count()/2 {
			d.cfg.Log.WarnContext(ctx, "an account has shrunk, and its head says so too",
				slog.String("account", id), slog.Int("objects", v.snap.Count()), slog.Int("before", now.snap.Count()))
		}
	}
	if wentBack {
		d.cfg.Log.WarnContext(ctx, "the store has gone back: a backup was restored", slog.Int64("revision", revision), slog.Int64("before", applied))
	}
	d.board.swap(loaded, revision, wentBack)
	d.reach.reset(revision)
	return nil
}

// wantReload asks the watch to end and read everything again.
func (d *Directory) wantReload() {
	select {
	case d.again <- struct{}{}:
	default: // asked for already
	}
}
