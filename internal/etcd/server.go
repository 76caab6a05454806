package etcd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/pkg/v3/featuregate"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"
	"go.etcd.io/etcd/server/v3/features"

	"github.com/pratique-iam/pratique"
)

// Config says where the embedded server keeps its data.
type Config struct {
	Dir     string // data directory; made with mode 0700 when it is missing
	Quota   int64  // bytes that the database may have; 0 is 2 GiB
	MinFree uint64 // bytes that must be free on the disk for a write; 0 is 256 MiB
	Log     *slog.Logger

	UnsafeNoFsync bool // tests only: a crash of the machine loses what was acknowledged
}

// Server is an etcd inside this process.
type Server struct {
	Client *clientv3.Client // calls the server without a network; closed by Close

	etcd  *embed.Etcd
	lock  *dirLock
	space *spaceGuard
	fate  *fate
	stop  context.CancelFunc
	wg    sync.WaitGroup
}

// Start opens the data directory and waits until the store answers. The error wraps pratique.ErrConflict when another process has the
// directory, pratique.ErrUnavailable when its data cannot be read. The context bounds the start only.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.MinFree == 0 {
		cfg.MinFree = defaultMinFree
	}
	if cfg.Dir == "" {
		return nil, &pratique.Error{Kind: pratique.ErrInvalid, Message: "no data directory is set", Hint: "choose one with --data"}
	}
	data := filepath.Join(cfg.Dir, "etcd")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	lock, err := lockDir(cfg.Dir)
	if err != nil {
		return nil, err
	}
	s := &Server{lock: lock, fate: newFate(), space: &spaceGuard{dir: cfg.Dir, minFree: cfg.MinFree, log: cfg.Log}}
	if err := s.start(ctx, cfg, data); err != nil {
		return nil, errors.Join(err, lock.release())
	}
	return s, nil
}

func (s *Server) start(ctx context.Context, cfg Config, data string) error {
	if err := checkData(data); err != nil {
		return err
	}
	s.space.measure()
	e, err := s.launch(ctx, settings(cfg, data, s.fate))
	if err != nil {
		return s.whyNot(data, err)
	}
	s.etcd, s.Client = e, v3client.New(e.Server)
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	s.wg.Go(func() { s.space.run(background) })
	s.wg.Go(func() { s.mind(background) })
	return nil
}

// whyNot turns a failed start into a sentence. A full disk is told from damaged data: the one needs a broom, the other a backup.
func (s *Server) whyNot(data string, err error) error {
	reason := s.fate.reason()
	if reason == "" {
		return err
	}
	s.space.measure()
	if full := s.space.check(); full != nil {
		return fmt.Errorf("start the embedded store: %s: %w", reason, full)
	}
	return unreadable(data, reason)
}

// settings is the whole configuration of the embedded server (security-rules §4.4).
func settings(cfg Config, data string, f *fate) *embed.Config {
	ec := embed.NewConfig()
	ec.Name, ec.Dir = "pratique", data
	ec.ZapLoggerBuilder = embed.NewZapLoggerBuilder(newZap(cfg.Log, f))
	ec.ListenClientUrls, ec.AdvertiseClientUrls = nil, nil
	ec.ListenPeerUrls = nil
	// A member must have a peer address, from which its id is made. Nobody listens there, and no name is looked up.
	ec.AdvertisePeerUrls = []url.URL{{Scheme: "http", Host: "127.0.0.1:2380"}}
	ec.InitialCluster = ec.Name + "=" + ec.AdvertisePeerUrls[0].String()
	ec.QuotaBackendBytes = cfg.Quota
	if cfg.Quota == 0 {
		ec.QuotaBackendBytes = 2 << 30
	}
	ec.AutoCompactionMode, ec.AutoCompactionRetention = embed.CompactorModePeriodic, "1h"
	ec.MaxTxnOps, ec.MaxRequestBytes = embed.DefaultMaxTxnOps, embed.DefaultMaxRequestBytes
	ec.StrictReconfigCheck = true
	// etcd keeps the newest entries of its log in memory, at up to 1.5 MiB each, for members that lag behind. Here there are none: the
	// defaults of 10,000 and 5,000 would let a run of large changes fill the memory.
	ec.SnapshotCount, ec.SnapshotCatchUpEntries = 1000, 100
	ec.UnsafeNoFsync = cfg.UnsafeNoFsync
	// One member has nobody to wait for: short ticks make it its own leader at once, instead of after a second.
	ec.TickMs, ec.ElectionMs = 20, 200
	if gate, ok := ec.ServerFeatureGate.(featuregate.MutableFeatureGate); ok {
		// Both names are known to this version of etcd, so setting them cannot fail.
		_ = gate.SetFromMap(map[string]bool{string(features.InitialCorruptCheck): true, string(features.CompactHashCheck): true})
	}
	return ec
}

// launch starts etcd in a goroutine of its own, because a fatal error in it ends that goroutine and not the process.
func (s *Server) launch(ctx context.Context, ec *embed.Config) (*embed.Etcd, error) {
	type result struct {
		etcd *embed.Etcd
		err  error
	}
	started := make(chan result, 1)
	go func() {
		r := result{err: errors.New("the embedded store ended while it started")}
		defer func() {
			if p := recover(); p != nil {
				s.fate.seal(fmt.Sprint(p))
			}
			started <- r
		}()
		debug.SetPanicOnFault(true) // a page that the disk cannot give is an error, not the end of the process
		r.etcd, r.err = embed.StartEtcd(ec)
	}()
	// StartEtcd cannot be interrupted; whoever gives up waiting leaves it to end by itself.
	var r result
	select {
	case r = <-started:
	case <-s.fate.sealed:
		return nil, errors.New(s.fate.reason())
	case <-ctx.Done():
		go func() {
			if late := <-started; late.etcd != nil {
				late.etcd.Close()
			}
		}()
		return nil, fmt.Errorf("start the embedded store: %w", context.Cause(ctx))
	}
	if r.err != nil {
		s.fate.seal(r.err.Error())
		return nil, r.err
	}
	select {
	case <-r.etcd.Server.ReadyNotify():
		return r.etcd, nil
	case <-s.fate.sealed:
		return nil, errors.New(s.fate.reason())
	case err := <-r.etcd.Err():
		return nil, fmt.Errorf("start the embedded store: %w", err)
	case <-ctx.Done():
		r.etcd.Close()
		return nil, fmt.Errorf("start the embedded store: %w", context.Cause(ctx))
	}
}

// mind notices that the server has stopped by itself.
func (s *Server) mind(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-s.fate.sealed:
	case <-s.etcd.Server.StopNotify():
		s.fate.seal("it stopped by itself")
	}
}

// Guard refuses writes, with an error that wraps pratique.ErrUnavailable, while the disk is almost full and after the server has failed.
func (s *Server) Guard() error {
	if reason := s.fate.reason(); reason != "" {
		return &pratique.Error{
			Kind:    pratique.ErrUnavailable,
			Message: "the embedded store has failed: " + reason,
			Hint:    "nothing is written until the server is started again",
		}
	}
	return s.space.check()
}

// Failed is closed when the server has ended by itself, for instance because its disk did; Guard then says why. Decisions can go on from
// memory, writes cannot.
func (s *Server) Failed() <-chan struct{} { return s.fate.sealed }

// Close stops the server and waits for it.
func (s *Server) Close() error {
	s.stop()
	s.wg.Wait()
	err := s.Client.Close()
	if errors.Is(err, context.Canceled) {
		err = nil // how an in-process client says that it is closed
	}
	if s.fate.reason() == "" {
		s.etcd.Close() // a failed server has lost a goroutine that its Close would wait for
	}
	return errors.Join(err, s.lock.release())
}
