package cluster

import (
	"context"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/cluster/local"
)

// Pauses of a keeper.
const (
	lookEvery    = 10 * time.Second
	lookSoon     = time.Second // at a cluster that has just begun to run, while nodes become ready
	settling     = time.Minute
	firstRetry   = time.Second
	longestRetry = time.Minute
)

// keeper looks after one cluster, in a goroutine of its own: a cluster that hangs holds up nobody else.
type keeper struct {
	m       *Manager
	account string
	id      string
	kick    chan struct{}
	seen    *pratique.Cluster // guarded by m.mu: the last that it was woken for

	// Of the goroutine alone.
	plane     *local.Plane
	failures  int // starts in a row
	onboarded bool
	rights    rights
}

func (k *keeper) wake() { pokeOnce(k.kick) }

// run tends the cluster until it is deleted or the context ends.
func (k *keeper) run(ctx context.Context) {
	defer k.leave(ctx)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.kick:
		case <-timer.C:
		}
		s, ok := k.m.Directory.Account(k.account)
		if !ok { // a directory that has lost an account has lost nothing else: wait for it
			timer.Reset(lookEvery)
			continue
		}
		c, ok := s.Clusters.ID(k.id)
		if !ok {
			k.gone(ctx)
			return
		}
		timer.Reset(k.tend(ctx, s, c))
	}
}

// tend brings the cluster closer to what the directory says, looks at it, and says when to come back.
func (k *keeper) tend(ctx context.Context, s *pratique.Snapshot, c *pratique.Cluster) time.Duration {
	if c.Provisioner == pratique.ProvisionerLocal {
		if again, running := k.provision(ctx, c); !running {
			return again
		}
	}
	conn, err := k.m.Connect(s, c)
	if err != nil {
		k.m.report(k.id, Status{Phase: PhaseUnreachable, Error: err.Error()})
		return lookEvery
	}
	status := observe(ctx, conn)
	if status.Phase == PhaseRunning && !k.onboarded {
		err := EnsureCreator(ctx, conn.Client, c)
		if err != nil {
			status.Warnings = append(status.Warnings, "the creator of the cluster has not been given the binding "+CreatorBinding+": "+explain(err))
		}
		k.onboarded = err == nil
	}
	if status.Phase == PhaseRunning && c.Provisioner == pratique.ProvisionerAttached {
		if err := EnsureAdministrators(ctx, conn.Client, c); err != nil {
			status.Warnings = append(status.Warnings, "administrators of the account may not reach everything: "+explain(err))
		}
		status.Warnings = append(status.Warnings, k.rights.look(ctx, conn, s, c, k.m.Now())...)
	}
	if ctx.Err() == nil {
		k.m.report(k.id, status)
	}
	if young := k.m.Now().Sub(k.m.Status(k.id).Since) < settling; young && status.NodesReady < status.Nodes {
		return lookSoon
	}
	return lookEvery
}

// leave ends what runs for the cluster, and keeps what there is of it.
func (k *keeper) leave(ctx context.Context) {
	k.stop(context.WithoutCancel(ctx))
	k.m.disconnect(k.id)
	k.m.mu.Lock()
	defer k.m.mu.Unlock()
	delete(k.m.keepers, k.id)
}

// gone cleans up after a cluster that was deleted.
func (k *keeper) gone(ctx context.Context) {
	k.stop(ctx)
	if k.m.LocalDir != "" {
		k.m.removeLocal(ctx, k.id)
	}
	k.m.forget(k.id)
}
