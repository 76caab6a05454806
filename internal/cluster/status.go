package cluster

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"reflect"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/version"

	"github.com/pratique-iam/pratique"
)

// Phase is how a cluster is doing, as it was last seen.
type Phase string

// The phases. The zero value is that of a cluster nobody has looked at yet.
const (
	PhaseUnknown     Phase = ""
	PhaseStarting    Phase = "starting" // local: the control plane comes up, or waits for its turn
	PhaseRunning     Phase = "running"  // it answers, and takes our credential
	PhaseStopping    Phase = "stopping"
	PhaseStopped     Phase = "stopped"     // on purpose
	PhaseUnreachable Phase = "unreachable" // Error says why
)

// Status is what was observed of a cluster. Nothing in it is assumed.
type Status struct {
	Phase      Phase     `json:"phase"`
	Version    string    `json:"version,omitempty"` // of Kubernetes; the last one seen, while it is unreachable
	Nodes      int       `json:"nodes"`
	NodesReady int       `json:"nodesReady"`
	Error      string    `json:"error,omitempty"`    // why it is not running
	Warnings   []string  `json:"warnings,omitempty"` // it runs, but
	Since      time.Time `json:"since,omitzero"`     // when the phase began
	Observed   time.Time `json:"observed,omitzero"`
}

// Reachable reports whether the cluster answered when it was last looked at.
func (s Status) Reachable() bool { return s.Phase == PhaseRunning }

// text is the phase in words.
func (s Status) text() string {
	switch s.Phase {
	case PhaseUnknown:
		return "nobody has started it yet"
	case PhaseStarting:
		return "it is starting"
	case PhaseStopping:
		return "it is stopping"
	case PhaseStopped:
		return "it is stopped"
	case PhaseRunning:
		return "it runs"
	case PhaseUnreachable:
		return s.Error
	}
	return string(s.Phase)
}

// Status is how a cluster was when it was last looked at, at most some ten seconds ago.
func (m *Manager) Status(clusterID string) Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.statuses[clusterID]
}

// report keeps a status, and tells of it when it differs.
func (m *Manager) report(id string, s Status) {
	m.mu.Lock()
	defer m.mu.Unlock()
	old := m.statuses[id]
	s.Observed, s.Since = m.Now(), old.Since
	if s.Phase != old.Phase || s.Since.IsZero() {
		s.Since = s.Observed
	}
	if s.Version == "" {
		s.Version = old.Version
	}
	if m.statuses == nil {
		m.statuses = map[string]Status{}
	}
	m.statuses[id] = s
	old.Observed = s.Observed
	if !reflect.DeepEqual(old, s) {
		m.Log.Info("cluster", "id", id, "phase", string(s.Phase), "version", s.Version, "nodes", s.Nodes, "error", s.Error)
		m.announce()
	}
}

func (m *Manager) forget(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.statuses, id)
	m.announce()
}

// lookWithin is how long a look may take: shorter than the pause between two.
const lookWithin = 8 * time.Second

// observe asks a cluster for its version and its nodes.
func observe(ctx context.Context, conn *Conn) Status {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	data, err := conn.Client.Discovery().RESTClient().Get().AbsPath("/version").SetHeader("Accept", "application/json").Do(ctx).Raw()
	if err != nil {
		return Status{Phase: PhaseUnreachable, Error: explain(err)}
	}
	var v version.Info
	if err := json.Unmarshal(data, &v); err != nil || v.GitVersion == "" {
		return Status{Phase: PhaseUnreachable, Error: "what answers at the address is not a kube-apiserver"}
	}
	s := Status{Phase: PhaseRunning, Version: v.GitVersion}
	// "0" is answered from the memory of kube-apiserver, so that looking costs its store nothing.
	nodes, err := conn.Client.CoreV1().Nodes().List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	switch {
	case apierrors.IsUnauthorized(err): // some serve /version to anybody
		return Status{Phase: PhaseUnreachable, Version: v.GitVersion, Error: explain(err)}
	case err != nil:
		s.Warnings = []string{"the nodes cannot be listed: " + explain(err)}
		return s
	}
	s.Nodes = len(nodes.Items)
	for i := range nodes.Items {
		if ready(&nodes.Items[i]) {
			s.NodesReady++
		}
	}
	return s
}

func ready(n *corev1.Node) bool {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// explain makes a sentence of what a cluster, or the way to it, answers.
func explain(err error) string {
	own, isOwn := errors.AsType[*pratique.Error](err)
	unknown, isUnknown := errors.AsType[x509.UnknownAuthorityError](err)
	hostname, isHostname := errors.AsType[x509.HostnameError](err)
	expired, isExpired := errors.AsType[x509.CertificateInvalidError](err)
	netErr, isNet := errors.AsType[net.Error](err)
	switch {
	case isOwn:
		return own.Error()
	case apierrors.IsUnauthorized(err):
		return "the cluster refuses the credential, which may have expired or been revoked; attach the cluster again with a new one"
	case apierrors.IsForbidden(err):
		return "the credential may not do this: " + err.Error()
	case isUnknown:
		return fmt.Sprintf("the certificate of the cluster is not signed by the attached authority (%v); attach the cluster again if it has a new one", unknown)
	case isHostname:
		return fmt.Sprintf("the certificate of the cluster is not good for its address (%v)", hostname)
	case isExpired:
		return fmt.Sprintf("the certificate of the cluster is not valid (%v)", expired)
	case errors.Is(err, context.DeadlineExceeded), isNet && netErr.Timeout():
		return "the cluster does not answer in time"
	default:
		return err.Error()
	}
}
