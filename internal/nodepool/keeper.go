package nodepool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	utilrand "k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/cluster"
)

// Pauses of a keeper.
const (
	gather       = 50 * time.Millisecond // changes come in groups: one plan for all
	lookEvery    = 10 * time.Second      // in case something was missed
	firstRetry   = 500 * time.Millisecond
	longestRetry = time.Minute
	applyWithin  = 2 * time.Minute // a cluster that hangs is given up until the next attempt
)

// keeper keeps the pools of one cluster, over one connection.
type keeper struct {
	conn      *cluster.Conn
	directory cluster.Directory
	log       *slog.Logger

	pools    []*pratique.NodePool // that the last plan was made for
	failures int                  // in a row
}

// run works until the context ends, and waits for what it has started. Failures are logged and tried again.
func (k *keeper) run(ctx context.Context) {
	seen, moved := make(chan struct{}, 1), make(chan struct{}, 1)
	stop := k.watch(ctx, seen)
	defer stop()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { k.follow(ctx, moved) })
	look, retry := time.NewTicker(lookEvery), time.NewTimer(0)
	defer look.Stop()
	defer retry.Stop()
	for {
		force := true
		select {
		case <-ctx.Done():
			return
		case <-moved:
			force = false
		case <-seen:
		case <-look.C:
		case <-retry.C:
		}
		if !pause(ctx, gather) {
			return
		}
		if again := k.sync(ctx, force); again > 0 {
			retry.Reset(again)
		}
	}
}

// watch pokes when a node of a pool comes or goes. It only makes the keeper quick: the looks find out the same, later.
func (k *keeper) watch(ctx context.Context, poke chan<- struct{}) (stop func()) {
	factory := informers.NewSharedInformerFactoryWithOptions(k.conn.Streams, 0,
		informers.WithTweakListOptions(func(o *metav1.ListOptions) { o.LabelSelector = LabelPool }),
		informers.WithTransform(func(o any) (any, error) {
			if n, ok := o.(metav1.Object); ok {
				n.SetManagedFields(nil)
			}
			return o, nil
		}))
	informer := factory.Core().V1().Nodes().Informer()
	_ = informer.SetWatchErrorHandlerWithContext(func(ctx context.Context, _ *cache.Reflector, err error) { // an informer that does not run yet takes it
		k.log.DebugContext(ctx, "watch nodes", "cluster", k.conn.Cluster, "error", err.Error())
	})
	wake := func(any) { wake(poke) }
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: wake, DeleteFunc: wake})
	if err != nil {
		k.log.WarnContext(ctx, "nodes are not watched", "cluster", k.conn.Cluster, "error", err.Error())
	}
	factory.StartWithContext(ctx)
	return factory.Shutdown // waits; the context has ended by then
}

// follow wakes the keeper when the account has changed.
func (k *keeper) follow(ctx context.Context, poke chan<- struct{}) {
	for {
		changed := k.directory.Changed(k.conn.Account)
		wake(poke)
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

// sync makes one plan and carries it out. Without force it looks first whether the pools have changed: most changes are about something else. It
// returns when to try again, or zero.
func (k *keeper) sync(ctx context.Context, force bool) time.Duration {
	s, ok := k.directory.Account(k.conn.Account)
	if !ok {
		return 0
	}
	if _, ok := s.Clusters.ID(k.conn.Cluster); !ok {
		return 0 // deleted, with its pools: whoever runs this keeper will notice, and its nodes go with the cluster
	}
	pools := slices.Collect(s.NodePoolsOf(k.conn.Cluster))
	if !force && slices.Equal(pools, k.pools) {
		return 0
	}
	ctx, cancel := context.WithTimeout(ctx, applyWithin)
	defer cancel()
	err := k.apply(ctx, pools)
	if err == nil {
		k.pools, k.failures = pools, 0
		return 0
	}
	k.failures++
	if !errors.Is(err, context.Canceled) {
		k.log.WarnContext(ctx, "node pools", "cluster", k.conn.Cluster, "error", err.Error())
	}
	return min(firstRetry<<min(k.failures-1, 10), longestRetry)
}

// apply reads the nodes themselves and not a memory of them: a plan made on an old view would make a node twice.
func (k *keeper) apply(ctx context.Context, pools []*pratique.NodePool) error {
	nodes := k.conn.Client.CoreV1().Nodes()
	list, err := nodes.List(ctx, metav1.ListOptions{LabelSelector: LabelPool})
	if err != nil {
		return fmt.Errorf("list nodes: %w", err)
	}
	plan := Diff(pools, list.Items, func() string { return utilrand.String(5) })
	if !plan.Changes() {
		return nil
	}
	for _, n := range plan.Create {
		// A name that is taken is made anew by the next plan.
		if _, err := nodes.Create(ctx, n, metav1.CreateOptions{FieldManager: cluster.FieldManager}); err != nil {
			return fmt.Errorf("create node %s: %w", n.Name, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(plan.Patch)) {
		_, err := nodes.Patch(ctx, name, types.MergePatchType, plan.Patch[name], metav1.PatchOptions{FieldManager: cluster.FieldManager})
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("label node %s: %w", name, err)
		}
	}
	for _, name := range plan.Delete {
		if err := nodes.Delete(ctx, name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("delete node %s: %w", name, err)
		}
	}
	k.log.InfoContext(ctx, "node pools", "cluster", k.conn.Cluster, "created", len(plan.Create), "labelled", len(plan.Patch), "deleted", len(plan.Delete))
	return nil
}

func wake(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
