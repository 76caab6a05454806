package local

import (
	"context"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/secretfile"
)

// Plane is a control plane that runs. Its methods are safe for concurrent use.
type Plane struct {
	cfg      Config
	state    state
	creds    credentials
	lock     *os.File
	http     *http.Client
	children []*child // in the order of programs

	stopOnce sync.Once
}

// Start brings a control plane up in cfg.Dir and returns when kube-apiserver is ready and the nodes are made; the controllers and the nodes
// become ready soon after. The context bounds the start only.
//
// The error wraps pratique.ErrInvalid for a configuration that cannot work, pratique.ErrConflict when a plane runs in the directory,
// pratique.ErrUnavailable when a component does not come up. After an error, nothing is left running.
func Start(ctx context.Context, cfg Config) (*Plane, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	for _, sub := range []string{"", "etcd", "pki", "config", "kubeconfig", "log"} {
		if err := os.MkdirAll(filepath.Join(cfg.Dir, sub), 0o700); err != nil {
			return nil, fmt.Errorf("make the directory of the local cluster: %w", err)
		}
	}
	lock, err := lockDir(cfg.Dir)
	if err != nil {
		return nil, err
	}
	p := &Plane{cfg: cfg, lock: lock}
	if err := p.start(ctx); err != nil {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), failedGrace)
		defer cancel()
		p.Stop(end)
		return nil, fmt.Errorf("start local cluster %s: %w", cfg.Name, err)
	}
	return p, nil
}

// Grace periods. kube-apiserver ends its watches and answers what it has begun, etcd writes what it holds.
const (
	grace       = 15 * time.Second
	failedGrace = 2 * time.Second
)

func (p *Plane) start(ctx context.Context) error {
	var err error
	if p.state, err = readState(p.cfg.Dir); err != nil {
		return err
	}
	if err := p.state.Ports.choose(ctx, p.cfg.Dir); err != nil {
		return err
	}
	if err := p.state.write(p.cfg.Dir); err != nil {
		return err
	}
	if p.creds, err = p.newCredentials(); err != nil {
		return err
	}
	if err := p.writeFiles(); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	if p.http, err = p.client(); err != nil {
		return err
	}
	for _, name := range programs() {
		p.children = append(p.children, &child{
			name: name, path: filepath.Join(p.cfg.Binaries, name), args: p.arguments(name), dir: p.cfg.Dir, log: p.cfg.Log, now: p.cfg.Now,
		})
	}
	// kube-apiserver waits for etcd by itself; the others would end and be started again until it is ready.
	for _, c := range p.children {
		if c.name == controllerManager {
			if err := p.waitReady(ctx); err != nil {
				return err
			}
		}
		c.start() //nolint:contextcheck // it outlives the start
	}
	if p.state.Nodes {
		return p.moveNodes(ctx)
	}
	if err := p.makeNodes(ctx); err != nil {
		return err
	}
	p.state.Nodes = true
	return p.state.write(p.cfg.Dir)
}

// Stop ends all components in order, each with some time to finish, at the latest when the context is done; then they are killed. When it
// returns, no process is left. Calls after the first wait for it.
func (p *Plane) Stop(ctx context.Context) {
	p.stopOnce.Do(func() {
		var wg sync.WaitGroup
		for i, c := range p.children {
			if i >= 2 { // those that only talk to kube-apiserver
				wg.Go(func() { c.terminate(ctx, grace) })
			}
		}
		wg.Wait()
		for i := min(2, len(p.children)) - 1; i >= 0; i-- { // kube-apiserver before its store
			p.children[i].terminate(ctx, grace)
		}
		if p.http != nil {
			p.http.CloseIdleConnections()
		}
		if err := p.lock.Close(); err != nil {
			p.cfg.Log.WarnContext(ctx, "the lock of the local cluster was not given up", slog.String("error", err.Error()))
		}
	})
}

// Admin is what an administrator needs to reach the cluster. The identity is in system:masters: neither RBAC nor a webhook can refuse it.
type Admin struct {
	Server string // URL
	CA     []byte // PEM, as the other two
	Cert   []byte
	Key    []byte
}

// Admin gives access to the cluster. The certificate is another one after each start.
func (p *Plane) Admin() Admin {
	return Admin{Server: p.server(), CA: p.caPEM(), Cert: p.creds.admin.cert, Key: p.creds.admin.key}
}

// KubeconfigPath is a file with the same access, for kubectl.
func (p *Plane) KubeconfigPath() string { return p.kubeconfig("admin") }

// PodLog is the file that `kubectl logs` shows for every container. What is appended to it, as `TIME stdout F TEXT` with the time in
// RFC 3339, reaches those who follow.
func (p *Plane) PodLog() string { return filepath.Join(p.cfg.Dir, "log", "pods.log") }

// Components tells how the programs are doing, in the order in which they start.
func (p *Plane) Components() []Component {
	out := make([]Component, 0, len(p.children))
	for _, c := range p.children {
		out = append(out, c.status())
	}
	return out
}

// Configure replaces the authentication and the authorization of the running kube-apiserver, which takes them up within a second or so, a
// minute at the latest; an empty document leaves things as they are. kube-apiserver ignores a document that it cannot use and keeps the
// one before, but would not start with it: validate first. Both survive Stop and Start.
func (p *Plane) Configure(authentication, authorization []byte) error {
	for path, document := range map[string][]byte{p.authenticationFile(): authentication, p.authorizationFile(): authorization} {
		if len(document) == 0 {
			continue
		}
		if err := secretfile.Replace(path, document); err != nil {
			return fmt.Errorf("configure local cluster %s: %w", p.cfg.Name, err)
		}
	}
	return nil
}

func (p *Plane) server() string { return https(p.state.Ports.APIServer) }

func (p *Plane) caPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.creds.ca.cert.Raw})
}

func unavailable(format string, args ...any) error {
	return &pratique.Error{Kind: pratique.ErrUnavailable, Message: fmt.Sprintf(format, args...)}
}
