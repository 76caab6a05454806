package cluster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/cluster/local"
	"github.com/pratique-iam/pratique/internal/secretfile"
)

// A local cluster is a directory in LocalDir, named by its id:
//
//	account            id of the account that it belongs to
//	plane/             of internal/cluster/local
//	webhook-HASH.yaml  how its kube-apiserver reaches us
const (
	accountFile = "account"
	planeDir    = "plane"
)

// startWithin is how long a control plane may take, on a machine that has other things to do.
const startWithin = 3 * time.Minute

// directoryName is what ids look like. Whatever else is in LocalDir is not ours.
var directoryName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

// provision makes a local cluster run, or not run. It reports whether it runs, and if not, when to try again.
func (k *keeper) provision(ctx context.Context, c *pratique.Cluster) (again time.Duration, running bool) {
	m := k.m
	switch {
	case m.LocalDir == "":
		m.report(k.id, Status{Phase: PhaseUnreachable, Error: "this server runs no local clusters; the operator can start it with --kube-dir"})
		return lookEvery, false
	case c.Stopped:
		k.failures = 0
		if k.plane != nil {
			m.report(k.id, Status{Phase: PhaseStopping})
			k.stop(ctx)
		}
		m.report(k.id, Status{Phase: PhaseStopped})
		return lookEvery, false
	case k.plane != nil:
		return 0, true
	}
	err := k.start(ctx)
	switch {
	case err == nil:
		k.failures = 0
		return 0, true
	case errors.Is(err, errNotWanted):
		return 0, false
	default:
		m.Log.WarnContext(ctx, "local cluster did not start", "id", k.id, "error", err.Error())
		m.report(k.id, Status{Phase: PhaseUnreachable, Error: err.Error()})
		k.failures++
		return min(firstRetry<<min(k.failures-1, 10), longestRetry), false
	}
}

// errNotWanted says that the cluster was stopped or deleted while it waited for its turn.
var errNotWanted = errors.New("no longer wanted")

// start waits for its turn and starts the control plane.
func (k *keeper) start(ctx context.Context) error {
	m := k.m
	m.report(k.id, Status{Phase: PhaseStarting})
	m.starting.Lock() // whoever holds it ends with our context too
	defer m.starting.Unlock()
	c, ok := k.current()
	if !ok || c.Stopped || ctx.Err() != nil {
		return errNotWanted
	}
	cfg, err := k.config(ctx, c)
	if err != nil {
		return err
	}
	starting, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	plane, err := local.Start(starting, cfg)
	if err != nil {
		return err
	}
	k.plane = plane
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.planes == nil {
		m.planes = map[string]*local.Plane{}
	}
	m.planes[k.id] = plane
	return nil
}

func (k *keeper) current() (*pratique.Cluster, bool) {
	s, ok := k.m.Directory.Account(k.account)
	if !ok {
		return nil, false
	}
	return s.Clusters.ID(k.id)
}

// config lays out the directory of the cluster and says how to start it.
func (k *keeper) config(ctx context.Context, c *pratique.Cluster) (local.Config, error) {
	m := k.m
	if !directoryName.MatchString(k.id) {
		return local.Config{}, invalid("", "the id %q cannot name a directory", k.id)
	}
	dir := filepath.Join(m.LocalDir, k.id)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return local.Config{}, fmt.Errorf("make the directory of the local cluster: %w", err)
	}
	if err := secretfile.Replace(filepath.Join(dir, accountFile), []byte(k.account+"\n")); err != nil {
		return local.Config{}, fmt.Errorf("mark the directory of the local cluster: %w", err)
	}
	cfg := local.Config{
		Binaries: m.KubeDir, Dir: filepath.Join(dir, planeDir), Name: planeName(c), Nodes: c.Nodes, Log: m.Log.With("cluster", c.ID), Now: m.Now,
	}
	if m.Enforce != nil {
		params, err := m.Enforce(ctx, k.account, k.id)
		if err != nil {
			return local.Config{}, fmt.Errorf("connect the local cluster: %w", err)
		}
		if cfg.AuthenticationConfig, cfg.AuthorizationConfig, err = writeEnforcement(dir, params); err != nil {
			return local.Config{}, fmt.Errorf("connect the local cluster: %w", err)
		}
	}
	if m.Tune != nil {
		m.Tune(&cfg)
	}
	return cfg, nil
}

// writeEnforcement puts the webhook's kubeconfig beside the plane, under a name that changes with its content: kube-apiserver compares only
// the bytes of the document that names it, and would keep an old address.
func writeEnforcement(dir string, params EnforcementParams) (authentication, authorization []byte, err error) {
	old, err := filepath.Glob(filepath.Join(dir, "webhook-*.yaml"))
	if err != nil {
		return nil, nil, err
	}
	files, err := EnforcementFiles(params)
	if err != nil {
		return nil, nil, err
	}
	sum := sha256.Sum256(files.WebhookKubeconfig)
	params.KubeconfigPath = filepath.Join(dir, "webhook-"+hex.EncodeToString(sum[:6])+".yaml")
	if files, err = EnforcementFiles(params); err != nil {
		return nil, nil, err
	}
	if err := secretfile.Replace(params.KubeconfigPath, files.WebhookKubeconfig); err != nil {
		return nil, nil, err
	}
	for _, path := range old {
		if path != params.KubeconfigPath {
			if err := os.Remove(path); err != nil {
				return nil, nil, err
			}
		}
	}
	return files.Authentication, files.Authorization, nil
}

// planeName makes a DNS label of a cluster's name, for kubeconfigs and nodes.
func planeName(c *pratique.Cluster) string {
	label := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(c.Name))
	label = strings.Trim(label[:min(len(label), 40)], "-")
	if label == "" {
		return "local"
	}
	return label
}

// stop ends the control plane, if one runs.
func (k *keeper) stop(ctx context.Context) {
	if k.plane == nil {
		return
	}
	k.m.mu.Lock()
	delete(k.m.planes, k.id) // first, so that nobody connects again
	k.m.mu.Unlock()
	k.m.disconnect(k.id)
	k.plane.Stop(ctx) // has its own periods of grace
	k.plane = nil
}

// prepareLocal makes LocalDir and removes what is left of clusters that were deleted while nobody looked.
func (m *Manager) prepareLocal(ctx context.Context) error {
	if m.LocalDir == "" {
		return nil
	}
	if !filepath.IsAbs(m.LocalDir) {
		return invalid("", "the directory of local clusters must be an absolute path, not %q", m.LocalDir)
	}
	if err := os.MkdirAll(m.LocalDir, 0o700); err != nil {
		return fmt.Errorf("make the directory of local clusters: %w", err)
	}
	entries, err := os.ReadDir(m.LocalDir)
	if err != nil {
		return fmt.Errorf("list the local clusters: %w", err)
	}
	for _, e := range entries {
		if e.IsDir() && m.orphaned(e.Name()) {
			m.removeLocal(ctx, e.Name())
		}
	}
	return nil
}

// orphaned reports whether a directory belongs to a cluster that was deleted. One whose account is not known stays: this may be another
// store than the one that it was made under.
func (m *Manager) orphaned(id string) bool {
	if !directoryName.MatchString(id) {
		return false
	}
	account, err := secretfile.Read(filepath.Join(m.LocalDir, id, accountFile))
	if err != nil {
		return false
	}
	s, ok := m.Directory.Account(strings.TrimSpace(string(account)))
	if !ok {
		m.Log.Warn("a directory of local clusters belongs to no account of this server, and stays", "id", id)
		return false
	}
	_, there := s.Clusters.ID(id)
	return !there
}

// removeLocal removes all that there is of a local cluster. It never leaves LocalDir, whatever stands in it.
func (m *Manager) removeLocal(ctx context.Context, id string) {
	root, err := os.OpenRoot(m.LocalDir)
	if err == nil {
		defer func() { _ = root.Close() }() // nothing was written through it
		err = root.RemoveAll(id)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		m.Log.WarnContext(ctx, "the directory of a deleted cluster was not removed", "id", id, "error", err.Error())
	}
}
