package etcd

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pratique-iam/pratique"
)

const (
	mib             = 1 << 20
	defaultMinFree  = 256 * mib // etcd takes its log in pieces of 64 MiB, so trouble starts that much early
	measureInterval = 2 * time.Second
)

// spaceGuard measures the free space below a directory. A full disk is the end of an embedded etcd, so writes stop before it is reached.
type spaceGuard struct {
	dir     string
	minFree uint64
	free    atomic.Uint64
	log     *slog.Logger
}

// measure looks once. A file system that cannot be asked counts as full: what cannot be measured is not known to be safe.
func (g *spaceGuard) measure() {
	var st unix.Statfs_t
	if err := unix.Statfs(g.dir, &st); err != nil {
		g.log.Error("measure free space", slog.String("dir", g.dir), slog.Any("error", err))
		g.free.Store(0)
		return
	}
	g.free.Store(st.Bavail * uint64(st.Bsize)) //nolint:gosec // a block size is positive
}

// run measures until the context ends.
func (g *spaceGuard) run(ctx context.Context) {
	tick := time.NewTicker(measureInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			g.measure()
		}
	}
}

// check refuses, with an error that wraps pratique.ErrUnavailable, when too little was free at the last look.
func (g *spaceGuard) check() error {
	if free := g.free.Load(); free < g.minFree {
		return &pratique.Error{
			Kind:    pratique.ErrUnavailable,
			Message: fmt.Sprintf("disk almost full: %d MiB free in %s", free/mib, g.dir),
			Hint:    "free some space",
		}
	}
	return nil
}
