package cluster_test

import (
	"crypto/tls"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/cluster"
	"github.com/pratique-iam/pratique/internal/seal"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// town is a directory of one account in memory.
type town struct {
	mu      sync.Mutex
	now     *pratique.Snapshot
	changed chan struct{}
}

func newTown(t *testing.T) *town {
	t.Helper()
	rows, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	account := pratique.Account{Meta: pratique.Meta{ID: "1000000000000001", Name: "acme"}}
	s, _, err := pratique.Found(pratique.NewRules(rows, "local-1"), account, pratique.At(noon), pratique.Session{Hash: "h", Expires: noon.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return &town{now: s, changed: make(chan struct{})}
}

func (w *town) Accounts() []*pratique.Snapshot { return []*pratique.Snapshot{w.snapshot()} }

func (w *town) Account(id string) (*pratique.Snapshot, bool) {
	s := w.snapshot()
	return s, s.Account.ID == id
}

func (w *town) Changed(string) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.changed
}

func (w *town) snapshot() *pratique.Snapshot {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *town) apply(t *testing.T, changes ...pratique.Change) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	next, _, err := w.now.With(pratique.At(noon), changes...)
	if err != nil {
		t.Fatal(err)
	}
	w.now = next
	close(w.changed)
	w.changed = make(chan struct{})
}

// cluster finds one by name.
func (w *town) cluster(t *testing.T, name string) (*pratique.Snapshot, *pratique.Cluster) {
	t.Helper()
	s := w.snapshot()
	c, ok := s.Clusters.Name(name)
	if !ok {
		t.Fatalf("no cluster %q", name)
	}
	return s, c
}

// attach adds a cluster that is reached by an Access.
func (w *town) attach(t *testing.T, sealer *seal.Sealer, name string, a cluster.Access) {
	t.Helper()
	const id = "c-attached"
	secret, err := a.Secret()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := sealer.Seal(secret, cluster.SealPath("1000000000000001", id))
	if err != nil {
		t.Fatal(err)
	}
	w.apply(t, pratique.CreateCluster{Cluster: pratique.Cluster{
		Meta: pratique.Meta{ID: id, Name: name}, Type: "cce-standard", Provisioner: pratique.ProvisionerAttached,
		Server: a.Server, CA: a.CA, Sealed: sealed,
	}})
}

func newSealer(t *testing.T) *seal.Sealer {
	t.Helper()
	s, err := seal.Create(filepath.Join(t.TempDir(), "kek.json"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// loopback is what tests attach clusters on.
func loopback() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

// serve starts a TLS server and gives what reaches it.
func serve(t *testing.T, h http.HandlerFunc) cluster.Access {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = nil
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	s.StartTLS()
	t.Cleanup(s.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	return cluster.Access{Server: s.URL, CA: ca, Token: "t0ken"}
}
