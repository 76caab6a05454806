package directory

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// State says how much may still be done with a snapshot of its age.
type State int

// The states. The zero value is the one that allows nothing.
const (
	Closed   State = iota // too old to decide by
	Degraded              // decisions only
	Stale                 // decisions, flagged
	Fresh
)

// String is the state for people.
func (s State) String() string {
	switch s {
	case Fresh:
		return "fresh"
	case Stale:
		return "stale"
	case Degraded:
		return "degraded"
	case Closed:
	}
	return "closed"
}

const (
	freshFor      = 3 * time.Second
	staleFor      = 30 * time.Second
	defaultMaxAge = 15 * time.Minute
	probeEvery    = time.Second
	probeTimeout  = 2 * time.Second
)

// freshness remembers a moment as of which the snapshots were known to be complete.
type freshness struct {
	mu   sync.Mutex
	asOf time.Time
}

func (f *freshness) confirm(asOf time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if asOf.After(f.asOf) {
		f.asOf = asOf
	}
}

func (f *freshness) moment() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asOf
}

// Freshness tells how old the snapshots may be, and what that allows.
func (d *Directory) Freshness() (age time.Duration, state State) {
	age = max(d.cfg.Now().Sub(d.fresh.moment()), 0)
	return age, stateAt(age, d.cfg.MaxAge)
}

// stateAt draws the lines of security-rules §4.1. A maximum below the other lines wins over them.
func stateAt(age, maxAge time.Duration) State {
	switch {
	case age >= maxAge:
		return Closed
	case age < freshFor:
		return Fresh
	case age < staleFor:
		return Stale
	default:
		return Degraded
	}
}

// probe proves once a second that nothing is missing: a linearizable read, which only a store with a quorum answers, tells the revision
// of the newest commit of all, and when the watch has got there, the snapshots are as new as the moment before the read. Neither an open
// watch nor its progress notifications prove that (security-rules §1.6).
func (d *Directory) probe() {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		select {
		case <-d.ctx.Done():
			return
		case <-tick.C:
		}
		if err := d.probeOnce(d.ctx); err != nil && d.ctx.Err() == nil {
			age, state := d.Freshness()
			d.cfg.Log.Warn("the store does not prove that the snapshots are fresh",
				slog.Any("error", err), slog.Duration("age", age), slog.String("state", state.String()))
		}
	}
}

func (d *Directory) probeOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	began := d.cfg.Now()
	resp, err := d.cfg.Client.Get(ctx, d.keys.changed())
	if err != nil {
		return readFailed("the newest change", err)
	}
	if applied, _ := d.reach.at(); resp.Header.Revision < applied {
		d.wantReload() // the store has gone back: somebody restored a backup under a running server
		return unavailable("", "the store is at revision %d, behind %d", resp.Header.Revision, applied)
	}
	if len(resp.Kvs) > 0 {
		if err := d.reach.wait(ctx, resp.Kvs[0].ModRevision); err != nil {
			return err
		}
	}
	d.fresh.confirm(began)
	return nil
}
