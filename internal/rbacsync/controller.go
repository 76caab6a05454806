package rbacsync

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/cluster"
)

// Pauses of a controller.
const (
	gather       = 20 * time.Millisecond  // changes come in groups: one plan for all
	tellEvery    = 250 * time.Millisecond // what is in the way of the first view
	fullEvery    = 10 * time.Minute       // in case something was missed
	firstRetry   = 200 * time.Millisecond
	longestRetry = time.Minute
	quarrelAfter = 5 // repairs in a row after which somebody else is at work on the same objects
	quarrelPause = time.Second
	applyWithin  = 2 * time.Minute // a cluster that hangs is given up until the next attempt
)

// Controller keeps the bindings of one cluster as the directory wants them, over one connection.
type Controller struct {
	Conn      *cluster.Conn
	Directory cluster.Directory
	Log       *slog.Logger
	Now       func() time.Time

	once    sync.Once
	watcher *watcher
	broken  error

	taken taken

	mu     sync.Mutex
	status Status
}

// Status is how far a cluster is with the directory.
type Status struct {
	Synced     bool      `json:"synced"`           // the last plan was carried out, or there was nothing to do
	Generation uint64    `json:"generation"`       // of the directory, that the last plan was made for
	Bindings   int       `json:"bindings"`         // that should be there
	Waiting    int       `json:"waiting"`          // for a namespace or ClusterRole
	Conflicts  int       `json:"conflicts"`        // somebody else's objects in the place of ours
	Error      string    `json:"error,omitempty"`  // why it is not synced
	Last       time.Time `json:"last,omitzero"`    // when the last plan was made
	Retry      time.Time `json:"retry,omitzero"`   // when the next attempt follows after an error
	Failing    time.Time `json:"failing,omitzero"` // since when
}

// prepare makes the watcher; Run and View may be called in any order.
func (c *Controller) prepare() error {
	c.once.Do(func() { c.watcher, c.broken = newWatcher(c.Conn.Streams, c.Now) })
	return c.broken
}

// Run works until the context ends. Failures are in the Status and tried again; the error is one that no retry would mend.
func (c *Controller) Run(ctx context.Context) error {
	if err := c.prepare(); err != nil {
		return err
	}
	c.watcher.factory.StartWithContext(ctx)
	defer c.watcher.factory.Shutdown() // waits
	if !c.awaitView(ctx) {
		return nil
	}
	directory := make(chan struct{}, 1)
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { c.follow(ctx, directory) })
	(&loop{c: c, directory: directory}).run(ctx)
	return nil
}

// awaitView waits for the first full view and tells meanwhile what is in the way. It reports false when the context has ended.
func (c *Controller) awaitView(ctx context.Context) bool {
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for _, i := range c.watcher.informers() {
		for first := i.HasSyncedChecker().Done(); first != nil; {
			select {
			case <-ctx.Done():
				return false
			case <-first:
				first = nil
			case <-tick.C:
				if err := c.watcher.failure(); err != nil {
					c.report(func(s *Status) { s.fail(err, c.Now(), 0) })
				}
			}
		}
	}
	return true
}

// follow wakes the loop when the account has changed.
func (c *Controller) follow(ctx context.Context, poke chan<- struct{}) {
	for {
		changed := c.Directory.Changed(c.Conn.Account)
		wake(poke)
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

// loop is the state of a running controller.
type loop struct {
	c         *Controller
	directory chan struct{}

	permissions []*pratique.NamespacePermission // that the last plan was made for
	failures    int                             // in a row
	repairs     int                             // in a row, without a change of the directory
}

// run plans and applies, one after the other: two plans for one cluster would undo each other.
func (l *loop) run(ctx context.Context) {
	full, retry := time.NewTicker(fullEvery), time.NewTimer(0)
	defer full.Stop()
	defer retry.Stop()
	for {
		force := true
		select {
		case <-ctx.Done():
			return
		case <-l.directory:
			force = false
		case <-l.c.watcher.poke:
		case <-full.C:
		case <-retry.C:
		}
		if !pause(ctx, l.patience()) {
			return
		}
		if again := l.sync(ctx, force); again > 0 {
			retry.Reset(again)
		}
	}
}

// sync makes one plan and carries it out. Without force it looks first whether the directory has changed in what matters here: most
// changes are people signing in. It returns when to try again, or zero.
func (l *loop) sync(ctx context.Context, force bool) time.Duration {
	c := l.c
	s, cl, ok := c.current()
	if !ok {
		return 0 // the cluster is gone, and whoever runs this controller will notice
	}
	permissions := on(s, cl.ID)
	moved := !slices.Equal(permissions, l.permissions)
	if !force && !moved {
		return 0 // a retry that is due comes by itself
	}
	desired := Desired(s, cl)
	plan := Diff(cl.Name, desired, c.watcher.view().Live(s, cl))
	c.taken.begin(losers(l.permissions, permissions, &plan))
	err := c.apply(ctx, &plan)
	if ctx.Err() != nil {
		return 0
	}
	if err == nil {
		c.taken.settle(c.Now())
	}
	l.permissions = permissions
	again := l.backOff(err, plan.Changes(), moved)
	c.report(func(st *Status) {
		st.Generation, st.Last = s.Generation, c.Now()
		st.Bindings, st.Waiting, st.Conflicts = len(desired), plan.Count(Waiting), plan.Count(Conflict)
		st.Synced, st.Error, st.Retry = err == nil, "", time.Time{}
		if err != nil {
			st.fail(err, c.Now(), again)
			return
		}
		st.Failing = time.Time{}
	})
	return again
}

// backOff says when to try again after an error, and counts.
func (l *loop) backOff(err error, wrote, moved bool) time.Duration {
	l.repairs++
	if !wrote || moved {
		l.repairs = 0
	}
	if err == nil {
		l.failures = 0
		return 0
	}
	l.failures++
	return jitter(min(firstRetry<<min(l.failures-1, 20), longestRetry))
}

// patience is how long to wait for more before planning. With somebody who changes back what was repaired, there is always more.
func (l *loop) patience() time.Duration {
	if l.repairs > quarrelAfter {
		return quarrelPause
	}
	return gather
}

func (c *Controller) apply(ctx context.Context, plan *Plan) error {
	if !plan.Changes() {
		return nil
	}
	begun := c.Now()
	ctx, cancel := context.WithTimeout(ctx, applyWithin)
	defer cancel()
	err := Apply(ctx, c.Conn.Client, plan)
	c.Log.InfoContext(ctx, "rbac", "cluster", c.Conn.Cluster, "created", plan.Count(Create), "updated", plan.Count(Update),
		"replaced", plan.Count(Replace), "deleted", plan.Count(Delete), "took", c.Now().Sub(begun).String(), "ok", err == nil)
	return err
}

// on lists the permissions that reach a cluster. They are never modified, so that the same pointers mean that nothing has changed.
func on(s *pratique.Snapshot, clusterID string) []*pratique.NamespacePermission {
	var out []*pratique.NamespacePermission
	for p := range s.NamespacePermissions.All() {
		if p.On(clusterID) {
			out = append(out, p)
		}
	}
	return out
}

func (c *Controller) current() (*pratique.Snapshot, *pratique.Cluster, bool) {
	s, ok := c.Directory.Account(c.Conn.Account)
	if !ok {
		return nil, nil, false
	}
	cl, ok := s.Clusters.ID(c.Conn.Cluster)
	return s, cl, ok
}

func (s *Status) fail(err error, now time.Time, again time.Duration) {
	s.Synced, s.Error = false, err.Error()
	if s.Failing.IsZero() {
		s.Failing = now
	}
	if again > 0 {
		s.Retry = now.Add(again)
	}
}

func (c *Controller) report(f func(*Status)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.status)
}

// Status is how far the cluster is.
func (c *Controller) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.status
	if c.prepare() == nil {
		if err := c.watcher.failure(); err != nil && s.Error == "" {
			s.fail(err, c.Now(), 0) // what is not seen is not known to be in order
		}
	}
	return s
}

// errNotSeen says that the cluster has not shown everything yet.
var errNotSeen = errors.New("the cluster has not been read yet")

// View is what the controller has seen of the cluster, as new as the cluster's watches are.
func (c *Controller) View() (*View, error) {
	if err := c.prepare(); err != nil {
		return nil, err
	}
	if !c.watcher.synced() {
		return nil, errors.Join(errNotSeen, c.watcher.failure())
	}
	return c.watcher.view(), nil
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

func jitter(d time.Duration) time.Duration {
	return d/2 + rand.N(d) //nolint:gosec // spreads clusters out, guards nothing
}
