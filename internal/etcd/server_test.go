package etcd_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/etcd"
)

func start(t *testing.T, cfg etcd.Config) (*etcd.Server, error) {
	t.Helper()
	cfg.UnsafeNoFsync = true
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return etcd.Start(ctx, cfg)
}

func mustStart(t *testing.T, cfg etcd.Config) *etcd.Server {
	t.Helper()
	s, err := start(t, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDataOutliveTheServer(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	s := mustStart(t, etcd.Config{Dir: dir})
	if _, err := s.Client.Put(t.Context(), "k", "v"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("data directory has mode %v, %v; want 0700", info.Mode().Perm(), err)
	}
	s = mustStart(t, etcd.Config{Dir: dir})
	defer func() { _ = s.Close() }()
	resp, err := s.Client.Get(t.Context(), "k")
	if err != nil || len(resp.Kvs) != 1 || string(resp.Kvs[0].Value) != "v" {
		t.Errorf("after a restart: %v, %v", resp, err)
	}
}

func TestNothingListens(t *testing.T) { // not parallel: other tests of this binary do listen
	before := listening(t)
	s := mustStart(t, etcd.Config{Dir: t.TempDir()})
	defer func() { _ = s.Close() }()
	if after := listening(t); after != before {
		t.Errorf("the server listens on %d sockets", after-before)
	}
}

// listening counts the sockets on which this process accepts connections, as the kernel lists them.
func listening(t *testing.T) int {
	t.Helper()
	accepting := map[string]bool{}
	for file, column := range map[string]struct {
		field, inode int
		value        string
	}{"tcp": {3, 9, "0A"}, "tcp6": {3, 9, "0A"}, "unix": {3, 6, "00010000"}} {
		text, err := os.ReadFile("/proc/self/net/" + file)
		if err != nil {
			t.Skipf("the kernel does not list sockets: %v", err)
		}
		for line := range strings.Lines(string(text)) {
			if f := strings.Fields(line); len(f) > column.inode && f[column.field] == column.value {
				accepting["socket:["+f[column.inode]+"]"] = true
			}
		}
	}
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, fd := range open {
		if target, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && accepting[target] {
			n++
		}
	}
	return n
}

func TestASecondProcessIsToldWhoHasTheDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := mustStart(t, etcd.Config{Dir: dir})
	defer func() { _ = s.Close() }()
	_, err := start(t, etcd.Config{Dir: dir})
	want := "data directory " + dir + " is in use by process " + strconv.Itoa(os.Getpid()) + "; stop it or choose another with --data"
	if !errors.Is(err, pratique.ErrConflict) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestAFullDiskStopsWrites(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := mustStart(t, etcd.Config{Dir: dir, MinFree: 1 << 62})
	defer func() { _ = s.Close() }()
	err := s.Guard()
	if !errors.Is(err, pratique.ErrUnavailable) || !strings.Contains(err.Error(), "disk almost full") || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v", err)
	}
	roomy := mustStart(t, etcd.Config{Dir: t.TempDir(), MinFree: 1})
	defer func() { _ = roomy.Close() }()
	if err := roomy.Guard(); err != nil {
		t.Error(err)
	}
}

func TestDamagedDataIsOneClearSentence(t *testing.T) {
	t.Parallel()
	tests := map[string]func(t *testing.T, member string){
		"database cut off": func(t *testing.T, member string) {
			t.Helper()
			if err := os.Truncate(filepath.Join(member, "snap", "db"), 8192); err != nil {
				t.Fatal(err)
			}
		},
		"database overwritten": func(t *testing.T, member string) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(member, "snap", "db"), bytes.Repeat([]byte("no"), 16384), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"log overwritten": func(t *testing.T, member string) {
			t.Helper()
			logs, err := filepath.Glob(filepath.Join(member, "wal", "*.wal"))
			if err != nil || len(logs) == 0 {
				t.Fatal(logs, err)
			}
			f, err := os.OpenFile(logs[0], os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteAt(bytes.Repeat([]byte{0xa5}, 400), 200); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, damage := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := mustStart(t, etcd.Config{Dir: dir})
			for i := range 20 {
				if _, err := s.Client.Put(t.Context(), strconv.Itoa(i), strings.Repeat("x", 1000)); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			damage(t, filepath.Join(dir, "etcd", "member"))
			_, err := start(t, etcd.Config{Dir: dir})
			if !errors.Is(err, pratique.ErrUnavailable) || !strings.Contains(err.Error(), "cannot be read") ||
				!strings.Contains(err.Error(), "restore a backup") || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v", err)
			}
			t.Log(err)
		})
	}
}

func TestReadyInWellUnderASecond(t *testing.T) {
	dir := t.TempDir()
	for _, what := range []string{"empty", "restart"} {
		began := time.Now()
		s := mustStart(t, etcd.Config{Dir: dir})
		if _, err := s.Client.Put(t.Context(), "k", "v"); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: first write after %s", what, time.Since(began)) // a figure to read, not a limit: no test asserts a time
		began = time.Now()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		t.Logf("closed in %s", time.Since(began))
	}
}

func TestWatchesWorkWithoutANetwork(t *testing.T) {
	t.Parallel()
	s := mustStart(t, etcd.Config{Dir: t.TempDir()})
	defer func() { _ = s.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	seen := s.Client.Watch(clientv3.WithRequireLeader(ctx), "k", clientv3.WithRev(1))
	if _, err := s.Client.Put(ctx, "k", "v"); err != nil {
		t.Fatal(err)
	}
	if resp := <-seen; len(resp.Events) != 1 {
		t.Errorf("got %v", resp)
	}
}

func TestDialReachesAStoreOutside(t *testing.T) {
	t.Parallel()
	cfg := embed.NewConfig()
	cfg.Dir, cfg.LogLevel, cfg.UnsafeNoFsync = t.TempDir(), "fatal", true
	anyPort := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls, cfg.ListenPeerUrls = anyPort, anyPort, nil
	e, err := embed.StartEtcd(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	client, err := etcd.Dial(t.Context(), []string{"http://" + e.Clients[0].Addr().String()}, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	if _, err := client.Put(t.Context(), "k", "v"); err != nil {
		t.Error(err)
	}
}

func TestDialSaysThatNobodyAnswers(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, err = etcd.Dial(t.Context(), []string{"http://" + l.Addr().String()}, nil, nil)
	if !errors.Is(err, pratique.ErrUnavailable) || !strings.Contains(err.Error(), "cannot be reached") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
	if _, err := etcd.Dial(t.Context(), nil, nil, nil); !errors.Is(err, pratique.ErrInvalid) {
		t.Errorf("no endpoints: got %v", err)
	}
}
