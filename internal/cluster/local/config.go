package local

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/pratique-iam/pratique"
)

// KubernetesVersion is the release that test/kube builds, and the name of the directory in which it does by default.
const KubernetesVersion = "v1.36.3"

// BuildCommand is what fills the directory of binaries, from the root of the repository.
const BuildCommand = "go -C test/kube run ."

// Config says what to run and where.
type Config struct {
	Binaries string // directory that BuildCommand has filled; empty is DefaultBinaries
	Dir      string // everything of this plane; made with mode 0700 when it is missing; an absolute path
	Name     string // of the cluster, a DNS label; shows in the kubeconfig, the nodes and the certificates

	// Nodes are made at the first start, all of them ready and empty. Later starts leave the Node objects as they are: somebody may have
	// deleted one on purpose.
	Nodes int

	// AuthenticationConfig and AuthorizationConfig are documents of apiserver.config.k8s.io/v1. Empty ones leave what an earlier start or
	// Configure has written, and where nothing was: anonymous requests to the health checks only, and Node, RBAC.
	AuthenticationConfig []byte
	AuthorizationConfig  []byte

	ServiceAccountIssuer string   // issuer of the cluster's service account tokens; empty is that of most clusters
	APIServerArgs        []string // more flags for kube-apiserver, after ours
	HostExec             bool     // tests only: `kubectl exec` runs the command on this machine, as this user, and so can all its users
	UnsafeNoFsync        bool     // tests only: a crash of the machine loses what was acknowledged

	Log *slog.Logger     // nil discards
	Now func() time.Time // the clock of certificates and back-off; nil is the system's
}

// DefaultBinaries is where BuildCommand puts the programs when nobody says otherwise: $PRATIQUE_KUBE_DIR as it is, or kube/VERSION in
// $PRATIQUE_CACHE, or in pratique in the user's cache.
func DefaultBinaries() (string, error) {
	if dir := os.Getenv("PRATIQUE_KUBE_DIR"); dir != "" {
		return dir, nil
	}
	cache := os.Getenv("PRATIQUE_CACHE")
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("no place for the programs of Kubernetes: %w", err)
		}
		cache = filepath.Join(user, "pratique")
	}
	return filepath.Join(cache, "kube", KubernetesVersion), nil
}

var dnsLabel = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$`)

// complete fills in what was left out and refuses what cannot work, with an error that wraps pratique.ErrInvalid.
func (c *Config) complete() error {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the default of a clock that can be given
	}
	if c.ServiceAccountIssuer == "" {
		c.ServiceAccountIssuer = "https://kubernetes.default.svc.cluster.local"
	}
	if c.Binaries == "" {
		dir, err := DefaultBinaries()
		if err != nil {
			return err
		}
		c.Binaries = dir
	}
	switch {
	case !filepath.IsAbs(c.Dir):
		return invalid("the directory of a local cluster must be an absolute path, not %q", c.Dir)
	case !dnsLabel.MatchString(c.Name):
		return invalid("%q cannot name a local cluster: at most 40 lower-case letters, digits and hyphens, hyphens inside only", c.Name)
	case c.Nodes < 0 || c.Nodes > maxNodes:
		return invalid("a local cluster has 0 to %d nodes, not %d", maxNodes, c.Nodes)
	}
	return c.checkBinaries()
}

// maxNodes is what one KWOK carries without falling behind with the heartbeats.
const maxNodes = 1000

// checkBinaries looks for all of them, so that a plane never starts by halves.
func (c *Config) checkBinaries() error {
	var missing []string
	for _, name := range append(programs(), stagesFile) {
		info, err := os.Stat(filepath.Join(c.Binaries, name))
		if err != nil || !info.Mode().IsRegular() || name != stagesFile && info.Mode().Perm()&0o111 == 0 {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return &pratique.Error{
		Kind:    pratique.ErrInvalid,
		Message: fmt.Sprintf("the programs of Kubernetes are not in %s: %s missing", c.Binaries, strings.Join(missing, ", ")),
		Hint:    "build them with: " + BuildCommand,
	}
}

func invalid(format string, args ...any) error {
	return &pratique.Error{Kind: pratique.ErrInvalid, Message: fmt.Sprintf(format, args...)}
}
