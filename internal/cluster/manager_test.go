package cluster_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/cluster"
)

// answer is a kube-apiserver as far as a look at a cluster goes.
func answer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.Header.Get("Authorization") != "Bearer t0ken":
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Unauthorized","code":401}`))
	case r.URL.Path == "/version":
		_, _ = w.Write([]byte(`{"major":"1","minor":"36","gitVersion":"v1.36.3"}`))
	case r.URL.Path == "/api/v1/nodes":
		_, _ = w.Write([]byte(`{"kind":"NodeList","apiVersion":"v1","items":[
			{"metadata":{"name":"a"},"status":{"conditions":[{"type":"Ready","status":"True"}]}},
			{"metadata":{"name":"b"},"status":{"conditions":[{"type":"Ready","status":"Unknown"}]}}]}`))
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// look runs a manager until it has a status for the cluster that is not that it starts.
func look(t *testing.T, m *cluster.Manager, id string) cluster.Status {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	deadline := time.After(30 * time.Second)
	for {
		changed := m.Changed()
		if s := m.Status(id); s.Phase != cluster.PhaseUnknown && s.Phase != cluster.PhaseStarting {
			return s
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatal("nobody has looked")
		}
	}
}

func TestTheStatusIsWhatTheClusterSays(t *testing.T) {
	t.Parallel()
	w, sealer := newTown(t), newSealer(t)
	w.attach(t, sealer, "prod", serve(t, answer))
	m := &cluster.Manager{Directory: w, Sealer: sealer, Now: func() time.Time { return noon }, Networks: loopback()}
	s := look(t, m, "c-attached")
	if s.Phase != cluster.PhaseRunning || !s.Reachable() || s.Version != "v1.36.3" || s.Nodes != 2 || s.NodesReady != 1 || !s.Since.Equal(noon) {
		t.Errorf("the status is %+v", s)
	}
}

func TestTheStatusSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	stranger, _ := certificate(t)
	for name, c := range map[string]struct {
		change   func(*cluster.Access, *cluster.Manager)
		handler  http.HandlerFunc
		sentence string
	}{
		"another authority":     {func(a *cluster.Access, _ *cluster.Manager) { a.CA = stranger }, answer, "not signed by the attached authority"},
		"an expired credential": {func(a *cluster.Access, _ *cluster.Manager) { a.Token = "old" }, answer, "refuses the credential"},
		"nobody there":          {func(a *cluster.Access, _ *cluster.Manager) { a.Server = "https://127.0.0.1:1" }, answer, "refused"},
		"this machine":          {func(_ *cluster.Access, m *cluster.Manager) { m.Networks = nil }, answer, "where this server calls nobody"},
		"no kube-apiserver": {func(*cluster.Access, *cluster.Manager) {}, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"hello":"world"}`))
		}, "not a kube-apiserver"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, sealer := newTown(t), newSealer(t)
			a := serve(t, c.handler)
			m := &cluster.Manager{Directory: w, Sealer: sealer, Now: time.Now, Networks: loopback()}
			c.change(&a, m)
			w.attach(t, sealer, "prod", a)
			s := look(t, m, "c-attached")
			if s.Reachable() || !strings.Contains(s.Error, c.sentence) {
				t.Errorf("it says %q, and not %q", s.Error, c.sentence)
			}
		})
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	var led atomic.Bool
	elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { led.Store(true) })
	a := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.Server+"/version", http.StatusFound)
	})
	a.CA = append(a.CA, elsewhere.CA...)
	w, sealer := newTown(t), newSealer(t)
	w.attach(t, sealer, "prod", a)
	m := &cluster.Manager{Directory: w, Sealer: sealer, Now: time.Now, Networks: loopback()}
	if s := look(t, m, "c-attached"); s.Reachable() {
		t.Errorf("the status is %+v", s)
	}
	if led.Load() {
		t.Error("the redirect was followed")
	}
}

func TestAConnectionLastsUntilTheClusterChanges(t *testing.T) {
	t.Parallel()
	w, sealer := newTown(t), newSealer(t)
	a := serve(t, answer)
	w.attach(t, sealer, "prod", a)
	m := &cluster.Manager{Directory: w, Sealer: sealer, Now: time.Now, Networks: loopback()}
	connect := func() *cluster.Conn {
		t.Helper()
		conn, err := m.Connect(w.cluster(t, "prod"))
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	first := connect()
	tags := map[string]string{"env": "prod"}
	w.apply(t, pratique.ClusterUpdate{Name: "prod", Tags: &tags})
	if connect() != first {
		t.Error("a tag makes another connection")
	}
	moved := serve(t, answer)
	w.apply(t, pratique.ClusterUpdate{Name: "prod", Server: &moved.Server, CA: &moved.CA})
	second := connect()
	if second == first || second.Access.Server != moved.Server {
		t.Error("another address does not make another connection")
	}
	select {
	case <-first.Done():
	default:
		t.Error("the old connection is not done")
	}
	if _, err := second.Client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{}); err != nil {
		t.Errorf("the new connection: %v", err)
	}
}

func TestACredentialOpensForItsClusterAlone(t *testing.T) {
	t.Parallel()
	w, sealer := newTown(t), newSealer(t)
	w.attach(t, sealer, "prod", serve(t, answer))
	_, prod := w.cluster(t, "prod")
	w.apply(t, pratique.CreateCluster{Cluster: pratique.Cluster{
		Meta: pratique.Meta{ID: "c-thief", Name: "thief"}, Type: "cce-standard", Provisioner: pratique.ProvisionerAttached,
		Server: "https://10.6.6.6", CA: prod.CA, Sealed: prod.Sealed,
	}})
	m := &cluster.Manager{Directory: w, Sealer: sealer, Now: time.Now}
	if _, err := m.Connect(w.cluster(t, "thief")); err == nil {
		t.Error("the sealed credential of one cluster opens under another")
	}
}

func TestAServerWithoutAPlaceForThemRunsNoLocalClusters(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.apply(t, pratique.CreateCluster{Cluster: pratique.Cluster{
		Meta: pratique.Meta{ID: "c-local", Name: "demo"}, Type: "cce-standard", Provisioner: pratique.ProvisionerLocal,
	}})
	m := &cluster.Manager{Directory: w, Sealer: newSealer(t), Now: time.Now}
	if s := look(t, m, "c-local"); !strings.Contains(s.Error, "--kube-dir") {
		t.Errorf("the status is %+v", s)
	}
	if _, err := m.Connect(w.cluster(t, "demo")); !errors.Is(err, pratique.ErrUnavailable) {
		t.Errorf("connecting says %v", err)
	}
}
