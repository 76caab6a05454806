package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/api"
	"github.com/pratique-iam/pratique/internal/authn"
	"github.com/pratique-iam/pratique/internal/cluster"
	"github.com/pratique-iam/pratique/internal/console"
	"github.com/pratique-iam/pratique/internal/directory"
	"github.com/pratique-iam/pratique/internal/federation"
	"github.com/pratique-iam/pratique/internal/job"
	"github.com/pratique-iam/pratique/internal/pki"
	"github.com/pratique-iam/pratique/internal/seal"
	"github.com/pratique-iam/pratique/internal/web"
)

// Server is everything that runs. Open makes one, Serve runs it, Close gives back what Open took.
type Server struct {
	config    Config
	authority *pki.Authority
	directory *directory.Directory
	api       *api.API
	gate      *access.Gate
	fleet     *fleet
	jobs      *job.Runner
	listener  net.Listener
	admin     net.Listener
	failed    <-chan struct{}
	offer     *apiv1.Bootstrap
	closers   []func() error // in the order in which things were opened
}

// Run opens a server, tells the person who started it where it is, and serves until the context ends. Errors are sentences that say what to
// do next.
func Run(ctx context.Context, c Config) error {
	s, err := Open(ctx, c)
	if err != nil {
		return err
	}
	s.announce(s.config.Out)
	return errors.Join(s.Serve(ctx), s.Close())
}

// Open starts all parts and binds the addresses, but answers nobody yet.
func Open(ctx context.Context, c Config) (*Server, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	c.complete()
	s := &Server{config: c}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) open(ctx context.Context) error {
	c := &s.config
	if err := harden(); err != nil {
		return err
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	rows, err := catalog.Load()
	if err != nil {
		return fmt.Errorf("load the catalogue: %w", err)
	}
	// The store first: it locks the directory, so that two first starts at once cannot both make keys.
	st, err := openStore(ctx, c)
	if err != nil {
		return err
	}
	s.failed = st.failed
	s.closers = append(s.closers, st.close)
	if s.authority, err = pki.Ensure(c.Data, c.Hosts, c.Now); err != nil {
		return err
	}
	rules := pratique.NewRules(rows, c.Regions...)
	if c.MaxClusters > 0 {
		rules.Limits.Clusters = c.MaxClusters
	}
	s.directory, err = directory.Open(ctx, directory.Config{Client: st.client, Rules: rules, Log: c.Log, Now: c.Now, Guard: st.guard})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, func() error { s.directory.Close(); return nil })
	sealer, err := s.sealer()
	if err != nil {
		return err
	}
	if err := s.bind(ctx); err != nil {
		return err
	}
	if err := s.assemble(ctx, rules, sealer); err != nil {
		return err
	}
	// Last, so that whoever waits for the file finds everything else in place.
	return os.WriteFile(filepath.Join(c.Data, "url"), []byte(c.URL+"\n"), 0o600)
}

// sealer opens the key file. Only an empty store may be without one: a new key would make everything that is sealed unreadable, and the
// loss would show much later.
func (s *Server) sealer() (*seal.Sealer, error) {
	path := filepath.Join(s.config.Data, "kek.json")
	if len(s.directory.Accounts()) == 0 {
		return seal.OpenOrCreate(path)
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, &pratique.Error{
			Kind: pratique.ErrUnavailable, Message: fmt.Sprintf("the key file %s is missing, but the store holds accounts", path),
			Hint: "restore it from a backup or copy it from another server of the same store; access keys and cluster credentials cannot be opened without it",
		}
	}
	return seal.Open(path)
}

// bind takes the addresses, so that the external address is known before anything is made that names it.
func (s *Server) bind(ctx context.Context) error {
	c := &s.config
	var listen net.ListenConfig
	var err error
	if s.listener, err = listen.Listen(ctx, "tcp", c.Listen); err != nil {
		return &pratique.Error{
			Kind: pratique.ErrUnavailable, Message: fmt.Sprintf("cannot listen on %s: %v", c.Listen, err),
			Hint: "stop what uses the address, or choose another with --listen",
		}
	}
	s.closers = append(s.closers, closing(s.listener))
	if c.URL == "" {
		c.URL = "https://" + reachable(c.Listen, s.listener.Addr())
	}
	socket := filepath.Join(c.Data, "admin.sock")
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the old admin socket: %w", err)
	}
	if s.admin, err = listen.Listen(ctx, "unix", socket); err != nil {
		return &pratique.Error{
			Kind: pratique.ErrUnavailable, Message: fmt.Sprintf("cannot open the admin socket %s: %v", socket, err),
			Hint: "a path of more than about 100 characters is too long for a socket; choose a shorter --data",
		}
	}
	s.closers = append(s.closers, closing(s.admin))
	if err := os.Chmod(socket, 0o600); err != nil {
		return fmt.Errorf("close the admin socket to others: %w", err)
	}
	return nil
}

// reachable is the address under which the person who started the server reaches it: the host as they wrote it, the port as it was bound.
func reachable(listen string, bound net.Addr) string {
	host, _, err := net.SplitHostPort(listen)
	_, port, portErr := net.SplitHostPort(bound.String())
	if err != nil || portErr != nil {
		return bound.String()
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

func closing(l net.Listener) func() error {
	return func() error {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	}
}

// assemble makes the doors and, on an empty store, the first account.
func (s *Server) assemble(ctx context.Context, rules *pratique.Rules, sealer *seal.Sealer) error {
	c := &s.config
	decider := &access.Decider{Rules: rules}
	hasher := authn.NewHasher()
	who := &authn.Authenticator{Accounts: accounts{s.directory}, Keys: accounts{s.directory}, Secrets: sealer, Now: c.Now, Passwords: hasher}
	s.gate = &access.Gate{Decider: decider, Store: gateStore{s.directory}, Now: c.Now}
	operator := &founder{directory: s.directory, gate: s.gate, authn: who, rules: rules, now: c.Now}
	s.fleet = s.newFleet(decider, who, sealer)
	s.jobs = &job.Runner{Gate: s.gate, Directory: s.directory, Log: c.Log, Now: c.Now, Server: processID(), Alone: len(c.EtcdEndpoints) == 0}
	s.api = &api.API{
		Accounts: s.directory, Gate: s.gate, Decider: decider, Authn: who, Passwords: hasher, Sealer: sealer, Trail: s.directory,
		Operator: operator, Fresh: s.directory.Freshness, External: c.URL, Version: Version(), Log: c.Log, Now: c.Now,
		Memory: s.fleet.memory, CA: s.authority.CAPEM(), LocalClusters: c.KubeDir != "",
		Clusters: s.fleet.manager, Issuer: s.fleet.issuer, RBAC: s.fleet.sync, Asked: s.fleet.asked.asked,
		Jobs: s.jobs, Blobs: s.directory, Render: c.Render, Requester: s.fleet.proxy, Kubectl: s.fleet.proxy,
		Federation: &federation.Party{Dial: cluster.Guarded(c.Networks), Sealer: sealer, Now: c.Now},
		OnBootstrapUsed: func(account string) {
			if snapshot, ok := s.directory.Account(account); !ok || snapshot.Account.Name != defaultAccount {
				return // only the first account's secret lies in a file
			}
			if err := forget(c.Data); err != nil {
				c.Log.WarnContext(ctx, "the used bootstrap secret is still in its file", "error", err.Error())
			}
		},
	}
	var err error
	s.offer, err = operator.firstAccount(ctx, c.Data)
	if err != nil {
		return fmt.Errorf("found the first account: %w", err)
	}
	return s.addRegions(ctx)
}

// processID tells this process from every other one, of this machine or another: "iam-1-f3k7q2m4".
func processID() string {
	host, err := os.Hostname()
	if err != nil {
		host = "server"
	}
	return host + "-" + strings.ToLower(rand.Text()[:8])
}

// Serve answers until the context ends or a part fails.
func (s *Server) Serve(ctx context.Context) error {
	public, err := s.api.Handler()
	if err != nil {
		return err
	}
	pages, err := (&console.Console{API: public, Log: s.config.Log, Now: s.config.Now}).Handler()
	if err != nil {
		return err
	}
	local, err := s.api.AdminHandler()
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		return (&web.Server{Handler: s.fleet.doors(public, pages), TLS: s.authority.TLS(), Log: s.config.Log}).Serve(ctx, s.listener)
	})
	g.Go(func() error { return (&web.Server{Handler: local, Log: s.config.Log}).Serve(ctx, s.admin) })
	g.Go(func() error { return s.watchStore(ctx) })
	g.Go(func() error { return s.fleet.manager.Run(ctx) })
	g.Go(func() error { s.fleet.sync.Run(ctx); return nil })
	g.Go(func() error { s.fleet.pools.Run(ctx); return nil })
	g.Go(func() error { return s.jobs.Run(ctx) })
	g.Go(func() error { return s.sweep(ctx) })
	return g.Wait()
}

// watchStore ends the server when its embedded store has given up: a server that cannot keep what it answers must not go on.
func (s *Server) watchStore(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-s.failed:
		return &pratique.Error{
			Kind: pratique.ErrUnavailable, Message: "the embedded store has stopped",
			Hint: "see the log above for the reason; what was acknowledged is on the disk, start again once it is mended",
		}
	}
}

// Close gives everything back, last opened first.
func (s *Server) Close() error {
	var all []error
	for _, c := range slices.Backward(s.closers) {
		all = append(all, c())
	}
	s.closers = nil
	return errors.Join(all...)
}

// URL is where the server is reached.
func (s *Server) URL() string { return s.config.URL }

// announce tells the person at the terminal what they need, and nobody else: the secret goes to no log.
func (s *Server) announce(out io.Writer) {
	_, _ = fmt.Fprintf(out, "pratique %s\n  server   %s\n  console  %s\n  ca       %s\n", Version(), s.config.URL, s.config.URL+console.Prefix, filepath.Join(s.config.Data, "ca.crt"))
	if s.offer == nil {
		return
	}
	_, _ = fmt.Fprintf(out, `
  The root of account %q has no password yet. Sign in with this one-time secret, which ends at %s:

    %s

  It is also in %s until it is used:

    pratique login --server %s --ca %s --user root --secret-file %s
`, s.offer.Account, s.offer.Expires.Local().Format(time.RFC1123), s.offer.Secret, filepath.Join(s.config.Data, bootstrapFile),
		s.config.URL, filepath.Join(s.config.Data, "ca.crt"), filepath.Join(s.config.Data, bootstrapFile))
}
