package nodepool

import (
	"context"
	"log/slog"
	"sync"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/cluster"
)

// Connections lead to clusters (internal/cluster.Manager).
type Connections interface {
	// Connect gives the connection to a cluster, or says why there is none. Of several servers, only the one that runs a local cluster has one.
	Connect(s *pratique.Snapshot, c *pratique.Cluster) (*cluster.Conn, error)
	// Changed returns a channel that is closed when a connection may be another one.
	Changed() <-chan struct{}
}

// Fleet keeps the pools of every local cluster that runs here. Set the fields before Run.
type Fleet struct {
	Directory cluster.Directory
	Clusters  Connections
	Log       *slog.Logger
}

// member is a keeper that runs.
type member struct {
	conn   *cluster.Conn // nil: it has been told to end
	cancel context.CancelFunc
	done   chan struct{}
}

// Run works until the context ends, and then waits for all keepers.
func (f *Fleet) Run(ctx context.Context) {
	log := f.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	poke := make(chan struct{}, 1)
	members := map[string]*member{} // by cluster id
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { cluster.Follow(ctx, f.Directory, poke) })
	for {
		changed := f.Clusters.Changed()
		there := f.connections()
		for id, m := range members {
			if there[id] != m.conn {
				m.cancel()
				m.conn = nil // it stays in the map: the next keeper of the cluster waits for it
			}
		}
		for id, conn := range there {
			old := members[id]
			if old != nil && old.conn == conn {
				continue
			}
			running, cancel := context.WithCancel(ctx)
			m := &member{conn: conn, cancel: cancel, done: make(chan struct{})}
			members[id] = m
			wg.Go(func() {
				defer close(m.done)
				defer cancel()
				if old != nil {
					<-old.done // two keepers of one cluster would both make what is missing
				}
				(&keeper{conn: conn, directory: f.Directory, log: log}).run(running)
			})
		}
		select {
		case <-ctx.Done():
			return
		case <-poke:
		case <-changed:
		}
	}
}

// connections are those to the local clusters that run here. A cluster that is down has none, and is looked at again when it comes back.
func (f *Fleet) connections() map[string]*cluster.Conn {
	out := map[string]*cluster.Conn{}
	for _, s := range f.Directory.Accounts() {
		for c := range s.Clusters.All() {
			if c.Provisioner != pratique.ProvisionerLocal {
				continue
			}
			if conn, err := f.Clusters.Connect(s, c); err == nil {
				out[c.ID] = conn
			}
		}
	}
	return out
}
