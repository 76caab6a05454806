package rbacsync

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/cluster"
)

// Connections lead to clusters (internal/cluster.Manager).
type Connections interface {
	// Connect gives the connection to a cluster, or says why there is none.
	Connect(s *pratique.Snapshot, c *pratique.Cluster) (*cluster.Conn, error)
	// Changed returns a channel that is closed when a connection may be another one.
	Changed() <-chan struct{}
}

// Fleet runs a controller for every cluster that there is a connection to. Set the fields before Run; its methods are safe for concurrent use.
type Fleet struct {
	Directory cluster.Directory
	Clusters  Connections
	Log       *slog.Logger
	Now       func() time.Time

	mu      sync.Mutex
	members map[string]*member // by cluster id
	denied  map[string]Status  // of clusters without a connection: why
}

// member is a controller that runs.
type member struct {
	*Controller
	provisioner pratique.Provisioner
	cancel      context.CancelFunc
	done        chan struct{}
}

// Run works until the context ends, and then waits for all controllers.
func (f *Fleet) Run(ctx context.Context) {
	if f.Log == nil {
		f.Log = slog.New(slog.DiscardHandler)
	}
	poke := make(chan struct{}, 1)
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { cluster.Follow(ctx, f.Directory, poke) })
	for {
		changed := f.Clusters.Changed()
		there := map[string]bool{}
		for _, s := range f.Directory.Accounts() {
			for c := range s.Clusters.All() {
				there[c.ID] = true
				f.attend(ctx, &wg, s, c)
			}
		}
		f.dismiss(ctx, &wg, there)
		select {
		case <-ctx.Done():
			return
		case <-poke:
		case <-changed:
		}
	}
}

// attend sees to it that a cluster has a controller on its present connection, or none when there is no way to it.
func (f *Fleet) attend(ctx context.Context, wg *sync.WaitGroup, s *pratique.Snapshot, c *pratique.Cluster) {
	conn, err := f.Clusters.Connect(s, c)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.members == nil {
		f.members, f.denied = map[string]*member{}, map[string]Status{}
	}
	old := f.members[c.ID]
	if old != nil && conn == old.Conn {
		return
	}
	if old != nil {
		old.cancel()
		delete(f.members, c.ID)
	}
	if err != nil {
		status := f.denied[c.ID]
		status.fail(err, f.Now(), 0)
		f.denied[c.ID] = status
		return
	}
	delete(f.denied, c.ID)
	running, cancel := context.WithCancel(ctx)
	m := &member{
		Controller:  &Controller{Conn: conn, Directory: f.Directory, Log: f.Log, Now: f.Now},
		provisioner: c.Provisioner, cancel: cancel, done: make(chan struct{}),
	}
	f.members[c.ID] = m
	wg.Go(func() {
		defer close(m.done)
		defer cancel()
		if old != nil {
			<-old.done // two controllers on one cluster would undo each other's work
		}
		if err := m.Run(running); err != nil {
			f.Log.ErrorContext(running, "rbac controller", "cluster", c.ID, "error", err.Error())
		}
	})
}

// dismiss ends the controllers of clusters that were deleted. An attached one lives on without us, and is left as it was found.
func (f *Fleet) dismiss(ctx context.Context, wg *sync.WaitGroup, there map[string]bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, m := range f.members {
		if there[id] {
			continue
		}
		if s, ok := f.Directory.Account(m.Conn.Account); !ok || has(s, id) {
			continue // not deleted: the directory has moved meanwhile, or has lost sight of an account
		}
		m.cancel()
		delete(f.members, id)
		if m.provisioner == pratique.ProvisionerLocal {
			continue
		}
		wg.Go(func() {
			<-m.done
			ctx, cancel := context.WithTimeout(ctx, clearWithin)
			defer cancel()
			if err := Clear(ctx, m.Conn); err != nil {
				f.Log.WarnContext(ctx, "bindings stay in a cluster that was deleted from the directory", "cluster", id, "error", err.Error())
			}
		})
	}
	for id := range f.denied {
		if !there[id] {
			delete(f.denied, id)
		}
	}
}

func has(s *pratique.Snapshot, clusterID string) bool {
	_, ok := s.Clusters.ID(clusterID)
	return ok
}

const clearWithin = 30 * time.Second

// Clear deletes everything from a cluster that Pratique has made for it.
func Clear(ctx context.Context, conn *cluster.Conn) error {
	mine := metav1.ListOptions{LabelSelector: cluster.LabelManagedBy + "=" + cluster.FieldManager + "," + cluster.LabelCluster + "=" + conn.Cluster}
	rbac := conn.Client.RbacV1()
	wide, err := rbac.ClusterRoleBindings().List(ctx, mine)
	if err != nil {
		return fmt.Errorf("list ClusterRoleBindings: %w", err)
	}
	narrow, err := rbac.RoleBindings(metav1.NamespaceAll).List(ctx, mine)
	if err != nil {
		return fmt.Errorf("list RoleBindings: %w", err)
	}
	var plan Plan
	for i := range wide.Items {
		m := &wide.Items[i].ObjectMeta
		plan.Steps = append(plan.Steps, Step{Verb: Delete, Object: Object{Key: Key{"", m.Name}}, live: &Binding{Meta: m}})
	}
	for i := range narrow.Items {
		m := &narrow.Items[i].ObjectMeta
		plan.Steps = append(plan.Steps, Step{Verb: Delete, Object: Object{Key: Key{m.Namespace, m.Name}}, live: &Binding{Meta: m}})
	}
	return Apply(ctx, conn.Client, &plan)
}

// Status is how far a cluster is with the directory.
func (f *Fleet) Status(clusterID string) Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	if m := f.members[clusterID]; m != nil {
		return m.Status()
	}
	return f.denied[clusterID]
}

// Unsettled reports whether, at a moment, a cluster may still have gone by something that was taken from one of the subjects, which are names of
// users and groups in the cluster. Of a cluster that no controller looks after nothing is known, and the answer is no.
func (f *Fleet) Unsettled(clusterID string, subjects []string, moment time.Time) bool {
	f.mu.Lock()
	m := f.members[clusterID]
	f.mu.Unlock()
	return m != nil && m.taken.counted(subjects, moment)
}

// View is what a cluster holds that decides who may do what: from the controller's memory, or, where there is none yet, from the cluster.
func (f *Fleet) View(ctx context.Context, s *pratique.Snapshot, c *pratique.Cluster) (*View, error) {
	f.mu.Lock()
	m := f.members[c.ID]
	f.mu.Unlock()
	if m != nil {
		if v, err := m.View(); err == nil {
			return v, nil
		}
	}
	conn, err := f.Clusters.Connect(s, c)
	if err != nil {
		return nil, err
	}
	v, err := Read(ctx, conn.Client)
	if err != nil {
		return nil, unavailable(c, err)
	}
	return v, nil
}

// Plan is what would be done in a cluster now. It writes nothing.
func (f *Fleet) Plan(ctx context.Context, s *pratique.Snapshot, c *pratique.Cluster) (Plan, error) {
	v, err := f.View(ctx, s, c)
	if err != nil {
		return Plan{}, err
	}
	return Diff(c.Name, Desired(s, c), v.Live(s, c)), nil
}

func unavailable(c *pratique.Cluster, err error) error {
	if apierrors.IsForbidden(err) {
		return &pratique.Error{
			Kind: pratique.ErrUnavailable, Message: fmt.Sprintf("Pratique's credential may not read the rules of cluster %q: %v", c.Name, err),
			Hint: "an administrator of the cluster can give it the right with: " + cluster.ManifestCommand(c),
		}
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	return &pratique.Error{Kind: pratique.ErrUnavailable, Message: fmt.Sprintf("cluster %q: %v", c.Name, err)}
}
