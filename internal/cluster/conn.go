package cluster

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/pratique-iam/pratique"
)

// answerWithin is how long Conn.Client waits for an answer to be complete.
const answerWithin = 30 * time.Second

// Conn is the way into one cluster, as the directory describes it at one time. It is safe for concurrent use and never modified.
type Conn struct {
	Account string // id
	Cluster string // id
	Access  Access // with the credential

	Client  kubernetes.Interface // for requests that are answered; gives up after half a minute
	Streams kubernetes.Interface // for watches and streams, on the same connections; gives up when its context ends

	config  *rest.Config
	rt      http.RoundTripper
	cluster *pratique.Cluster // that it was made from
	key     [sha256.Size]byte // of the Access
	done    chan struct{}
}

// Config is a copy of what the clients were made from, guarded dialler included, for whoever carries requests of another kind.
func (c *Conn) Config() *rest.Config { return rest.CopyConfig(c.config) }

// Done is closed when the connection is replaced, or its cluster stopped or deleted. What runs on it should end.
func (c *Conn) Done() <-chan struct{} { return c.done }

func newConn(account string, cl *pratique.Cluster, a Access, key [sha256.Size]byte, dial dialer) (*Conn, error) {
	config := a.Config()
	if dial != nil {
		config.Dial = dial
	}
	rt, err := rest.TransportFor(config)
	if err != nil {
		return nil, fmt.Errorf("connect to cluster %s: %w", cl.Name, err)
	}
	// A redirect would carry the credential wherever it points.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c := &Conn{Account: account, Cluster: cl.ID, Access: a, config: config, rt: rt, cluster: cl, key: key, done: make(chan struct{})}
	if c.Client, err = kubernetes.NewForConfigAndClient(config, &http.Client{Transport: rt, CheckRedirect: stay, Timeout: answerWithin}); err != nil {
		return nil, fmt.Errorf("connect to cluster %s: %w", cl.Name, err)
	}
	if c.Streams, err = kubernetes.NewForConfigAndClient(config, &http.Client{Transport: rt, CheckRedirect: stay}); err != nil {
		return nil, fmt.Errorf("connect to cluster %s: %w", cl.Name, err)
	}
	return c, nil
}

// close is called once, by the Manager.
func (c *Conn) close() {
	close(c.done)
	utilnet.CloseIdleConnectionsFor(c.rt)
}

// Connect gives the connection to a cluster: the one that there is, or a new one when the cluster's address or credential has changed. It
// does not reach out; Status says whether the cluster answers. The error wraps pratique.ErrUnavailable for a cluster that does not run here,
// pratique.ErrInvalid for one whose credential is missing.
func (m *Manager) Connect(s *pratique.Snapshot, c *pratique.Cluster) (*Conn, error) {
	attached := c.Provisioner != pratique.ProvisionerLocal
	m.mu.Lock()
	old := m.conns[c.ID]
	m.mu.Unlock()
	if attached && old != nil && old.cluster == c {
		return old, nil
	}
	a, err := m.access(s, c)
	if err != nil {
		return nil, err
	}
	key := a.fingerprint()
	m.mu.Lock()
	defer m.mu.Unlock()
	if old = m.conns[c.ID]; old != nil && old.key == key {
		return old, nil
	}
	var dial dialer
	if attached {
		dial = Guarded(m.Networks)
	}
	conn, err := newConn(s.Account.ID, c, a, key, dial)
	if err != nil {
		return nil, err
	}
	if old != nil {
		old.close()
	}
	if m.conns == nil {
		m.conns = map[string]*Conn{}
	}
	m.conns[c.ID] = conn
	m.announce()
	return conn, nil
}

// disconnect ends the connection to a cluster, if there is one.
func (m *Manager) disconnect(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if old := m.conns[id]; old != nil {
		delete(m.conns, id)
		old.close()
		m.announce()
	}
}

// access is what reaches a cluster now.
func (m *Manager) access(s *pratique.Snapshot, c *pratique.Cluster) (Access, error) {
	if c.Provisioner == pratique.ProvisionerLocal {
		m.mu.Lock()
		defer m.mu.Unlock()
		plane := m.planes[c.ID]
		if plane == nil {
			return Access{}, &pratique.Error{Kind: pratique.ErrUnavailable, Message: fmt.Sprintf("cluster %q does not run here: %s", c.Name, m.statuses[c.ID].text())}
		}
		admin := plane.Admin()
		return Access{Server: admin.Server, CA: admin.CA, ClientCert: admin.Cert, ClientKey: admin.Key}, nil
	}
	if len(c.Sealed) == 0 || c.Server == "" || len(c.CA) == 0 {
		return Access{}, invalid("attach it with a kubeconfig", "cluster %q has no address or no credential", c.Name)
	}
	plain, err := m.Sealer.Unseal(c.Sealed, SealPath(s.Account.ID, c.ID))
	if err != nil {
		return Access{}, fmt.Errorf("credential of cluster %s: %w", c.Name, err)
	}
	a, err := Access{Server: c.Server, CA: c.CA}.withSecret(plain)
	if err != nil {
		return Access{}, err
	}
	return a, a.check() // it was checked when it was attached, but an address can be changed since
}

// fingerprint tells whether two Accesses are the same.
func (a Access) fingerprint() [sha256.Size]byte {
	h := sha256.New()
	for _, part := range [][]byte{[]byte(a.Server), a.CA, []byte(a.Token), a.ClientCert, a.ClientKey} {
		_, _ = fmt.Fprintf(h, "%d:", len(part)) // a hash takes everything
		_, _ = h.Write(part)
	}
	return [sha256.Size]byte(h.Sum(nil))
}
