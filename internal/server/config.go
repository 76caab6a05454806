package server

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/chart"
	"github.com/pratique-iam/pratique/internal/release"
)

// Config is everything that a server can be told. The zero value does not start: every setting is checked, none means "do not check".
type Config struct {
	Data   string // directory of everything that must survive: store, keys, certificates
	Listen string // address of the TLS listener, "localhost:8443"
	URL    string // address that users reach it at; empty: from the listener

	EtcdEndpoints             []string // an external store; empty: embedded in this process
	EtcdCA, EtcdCert, EtcdKey string   // files, for an external store over TLS

	KubeDir  string         // programs of Kubernetes for local clusters; empty: none can be created here
	Networks []netip.Prefix // addresses at which clusters may be attached beyond the usual ones, see internal/cluster

	MaxClusters int // an account may have; 0: pratique.DefaultLimits

	Render release.Render // of charts, in a process of its own; nil: in this one, which is for tests: templates may take all of its memory

	Regions []string // each has a default project; empty: local-1
	Hosts   []string // more names for the server's certificate

	Log *slog.Logger
	Out io.Writer        // for the person who started it; nil: nobody
	Now func() time.Time // nil: the clock of the machine

	UnsafeNoFsync bool // tests only
}

const (
	defaultRegion  = "local-1"
	defaultAccount = "default"
)

// regionName is what both vendors' regions look like; a region's name becomes that of a project and a segment of resource names.
var regionName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

// check reports everything that is wrong with the settings, together.
func (c *Config) check() error {
	var problems []error
	wrong := func(format string, args ...any) {
		problems = append(problems, &pratique.Error{Kind: pratique.ErrInvalid, Message: fmt.Sprintf(format, args...)})
	}
	if c.Data == "" {
		wrong("no data directory is set; choose one with --data")
	}
	if c.Listen == "" {
		wrong("no address is set to listen on; choose one with --listen, such as localhost:8443")
	}
	if c.URL != "" {
		u, err := url.Parse(c.URL)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || strings.Trim(u.Path, "/") != "" {
			wrong("the external address %q must be https://HOST or https://HOST:PORT", c.URL)
		}
	}
	if c.MaxClusters < 0 {
		wrong("an account cannot have %d clusters; choose a limit with --max-clusters", c.MaxClusters)
	}
	for _, r := range c.Regions {
		if !regionName.MatchString(r) {
			wrong("the region name %q must be lower-case letters, digits and '-'", r)
		}
	}
	if len(c.EtcdEndpoints) == 0 && (c.EtcdCA != "" || c.EtcdCert != "" || c.EtcdKey != "") {
		wrong("certificates for a store are given, but no --etcd-endpoints")
	}
	if (c.EtcdCert == "") != (c.EtcdKey == "") {
		wrong("--etcd-cert and --etcd-key go together")
	}
	return errors.Join(problems...)
}

// complete fills in what was left open.
func (c *Config) complete() {
	if len(c.Regions) == 0 {
		c.Regions = []string{defaultRegion}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Out == nil {
		c.Out = io.Discard
	}
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one place where the machine's clock comes in
	}
	if c.Render == nil {
		c.Render = chart.Render
	}
	c.URL = strings.TrimRight(c.URL, "/")
}
