package cluster

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/cluster/local"
)

// Directory says which clusters there are (internal/directory).
type Directory interface {
	// Accounts lists all accounts.
	Accounts() []*pratique.Snapshot
	// Account finds an account by its id.
	Account(id string) (*pratique.Snapshot, bool)
	// Changed returns a channel that is closed when the account has a newer snapshot; for an id that is no account's, when one appears.
	Changed(id string) <-chan struct{}
}

// Unsealer opens the credentials of attached clusters (internal/seal).
type Unsealer interface {
	Unseal(sealed []byte, path string) ([]byte, error)
}

// Manager looks after all clusters. Set the exported fields before Run; the methods are safe for concurrent use.
type Manager struct {
	Directory Directory
	Sealer    Unsealer
	Log       *slog.Logger
	Now       func() time.Time

	Networks []netip.Prefix // attached clusters may be here too, on loopback for one; see guarded

	LocalDir string // of local clusters, one directory each; empty: none runs here. Of several servers, one may run them
	KubeDir  string // the programs; empty: where they are built by default
	// Enforce says how a local cluster asks this server who may do what; asked once per start of its control plane. The credential in it may
	// be a new one each time. Nil leaves the cluster to itself.
	Enforce func(ctx context.Context, account, clusterID string) (EnforcementParams, error)
	Tune    func(*local.Config) // tests only: a last word on how a local control plane is started

	mu       sync.Mutex
	conns    map[string]*Conn // by cluster id, as all maps here
	planes   map[string]*local.Plane
	statuses map[string]Status
	keepers  map[string]*keeper
	changed  chan struct{} // closed and replaced when conns or statuses change

	starting sync.Mutex // control planes start one at a time: each takes all the cores there are
}

// Run looks after the clusters until the context ends, and then stops what runs locally. When it returns, nothing is left running. It returns
// only an error that prevents it from beginning.
//
// Call it once the server answers: the kube-apiservers that it starts ask for the keys that tokens are signed with.
func (m *Manager) Run(ctx context.Context) error {
	if m.Log == nil {
		m.Log = slog.New(slog.DiscardHandler)
	}
	if err := m.prepareLocal(ctx); err != nil {
		return err
	}
	poke := make(chan struct{}, 1)
	var wg sync.WaitGroup
	wg.Go(func() { Follow(ctx, m.Directory, poke) })
	for {
		for _, s := range m.Directory.Accounts() {
			for c := range s.Clusters.All() {
				m.attend(ctx, &wg, s.Account.ID, c)
			}
			m.kickGone(s)
		}
		select {
		case <-ctx.Done():
			wg.Wait()
			return nil
		case <-poke:
		}
	}
}

// attend sees to it that a cluster has a keeper, and that it knows of a change.
func (m *Manager) attend(ctx context.Context, wg *sync.WaitGroup, account string, c *pratique.Cluster) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.keepers[c.ID]
	switch {
	case k == nil:
		k = &keeper{m: m, account: account, id: c.ID, kick: make(chan struct{}, 1), seen: c}
		if m.keepers == nil {
			m.keepers = map[string]*keeper{}
		}
		m.keepers[c.ID] = k
		wg.Go(func() { k.run(ctx) })
	case k.seen != c:
		k.seen = c
		k.wake()
	}
}

// kickGone tells the keepers of clusters that were deleted.
func (m *Manager) kickGone(s *pratique.Snapshot) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, k := range m.keepers {
		if _, there := s.Clusters.ID(id); !there && k.account == s.Account.ID {
			k.wake()
		}
	}
}

// Follow pokes whenever an account has changed or appeared, until the context ends. Pokes that nobody has taken yet are one.
func Follow(ctx context.Context, d Directory, poke chan<- struct{}) {
	var wg sync.WaitGroup
	defer wg.Wait()
	followed := map[string]bool{}
	for {
		appeared := d.Changed("") // no account has this id
		for _, s := range d.Accounts() {
			if id := s.Account.ID; !followed[id] {
				followed[id] = true
				wg.Go(func() { followAccount(ctx, d, id, poke) })
			}
		}
		pokeOnce(poke)
		select {
		case <-ctx.Done():
			return
		case <-appeared:
		}
	}
}

func followAccount(ctx context.Context, d Directory, id string, poke chan<- struct{}) {
	for {
		changed := d.Changed(id)
		pokeOnce(poke)
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

func pokeOnce(poke chan<- struct{}) {
	select {
	case poke <- struct{}{}:
	default:
	}
}

// Changed returns a channel that is closed when a connection or a status changes.
func (m *Manager) Changed() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.changed == nil {
		m.changed = make(chan struct{})
	}
	return m.changed
}

// announce wakes who waits on Changed. The caller holds mu.
func (m *Manager) announce() {
	if m.changed != nil {
		close(m.changed)
		m.changed = nil
	}
}
