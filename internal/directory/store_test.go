package directory_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/goleak"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/directory"
	"github.com/pratique-iam/pratique/internal/etcd"
)

// One real store serves all tests of the binary; each has a prefix of its own.
var (
	store    *etcd.Server
	rules    *pratique.Rules
	prefixes sync.Map // by testing.TB
	runs     atomic.Int64
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	c, err := catalog.Load()
	if err != nil {
		return 1, err
	}
	rules = pratique.NewRules(c)
	dir, err := os.MkdirTemp("", "directory")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	store, err = etcd.Start(context.Background(), etcd.Config{Dir: dir, UnsafeNoFsync: true, MinFree: 1})
	if err != nil {
		return 1, err
	}
	code = m.Run()
	if err := store.Close(); err != nil {
		return 1, err
	}
	if code != 0 {
		return code, nil
	}
	return 0, goleak.Find()
}

// prefix is where a test keeps its keys: its own also when it runs twice.
func prefix(tb testing.TB) string {
	tb.Helper()
	p, known := prefixes.Load(tb)
	if !known {
		p = fmt.Sprintf("/test/%s.%d", strings.ReplaceAll(tb.Name(), "/", "."), runs.Add(1))
		prefixes.Store(tb, p)
	}
	return p.(string) //nolint:errcheck // nothing else is stored
}

func config(tb testing.TB) directory.Config {
	tb.Helper()
	return directory.Config{
		Client: store.Client, Prefix: prefix(tb), Rules: rules, Now: time.Now, Guard: store.Guard,
		Log: slog.New(slog.NewTextHandler(tb.Output(), nil)),
	}
}

func open(tb testing.TB, cfg directory.Config) *directory.Directory {
	tb.Helper()
	d, err := directory.Open(tb.Context(), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(d.Close)
	return d
}

// found makes an account and returns its id.
func found(tb testing.TB, d *directory.Directory, name string) string {
	tb.Helper()
	snap, plan := newAccount(tb, name)
	if err := d.CreateAccount(tb.Context(), snap, plan, audit.Record{Event: audit.AccountCreated, Steps: plan.Steps}); err != nil {
		tb.Fatal(err)
	}
	return snap.Account.ID
}

func newAccount(tb testing.TB, name string) (*pratique.Snapshot, *pratique.Plan) {
	tb.Helper()
	at := pratique.At(time.Now())
	account := pratique.Account{Meta: pratique.Meta{ID: at.NewID(pratique.KindAccount), Name: name}}
	snap, plan, err := pratique.Found(rules, account, at, pratique.Session{Hash: at.NewID(pratique.KindSession), Expires: at.Time.Add(time.Hour)})
	if err != nil {
		tb.Fatal(err)
	}
	return snap, plan
}

type change = func(*pratique.Snapshot) (directory.Commit, error)

// making is what the Gate does with changes, less the deciding.
func making(changes ...pratique.Change) change {
	return func(s *pratique.Snapshot) (directory.Commit, error) {
		next, plan, err := s.With(pratique.At(time.Now()), changes...)
		if err != nil {
			return directory.Commit{}, err
		}
		return directory.Commit{
			Next: next, Writes: plan.Writes,
			Records: []audit.Record{{Time: time.Now().UTC(), Event: audit.Changed, Steps: plan.Steps}},
		}, nil
	}
}

func user(name string) pratique.Put { return manifest(pratique.KindUser, name, `{}`) }

func manifest(kind pratique.Kind, name, spec string) pratique.Put {
	return pratique.Put{Manifest: pratique.Manifest{
		APIVersion: pratique.APIVersion, Kind: kind, Metadata: pratique.Metadata{Name: name}, Spec: []byte(spec),
	}}
}

func update(tb testing.TB, d *directory.Directory, account string, f change) *pratique.Snapshot {
	tb.Helper()
	s, err := d.Update(tb.Context(), account, f)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// waitFor gives the snapshot of a directory once it has come to a generation.
func waitFor(tb testing.TB, d *directory.Directory, account string, generation uint64) *pratique.Snapshot {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 20*time.Second)
	defer cancel()
	s, err := d.WaitFor(ctx, account, generation)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// dump writes everything that is stored of an account, and everything that its indexes find, one line each.
func dump(tb testing.TB, s *pratique.Snapshot) []string {
	tb.Helper()
	var out []string
	line := func(what string, o any) {
		data, err := pratique.Encode(o)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, what+" "+string(data))
	}
	line("marks", []any{s.Generation, s.AuditHead, s.Account})
	for _, k := range pratique.ManifestKinds() {
		for o := range s.Objects(k, "", false) {
			line(string(k), o)
		}
	}
	for k := range s.AccessKeys.All() {
		line("key", k)
	}
	for p := range s.Passwords.All() {
		line("password", p)
	}
	for ses := range s.Sessions.All() {
		line("session", ses)
		if byHash, ok := s.SessionByHash(ses.Hash); !ok || byHash.ID != ses.ID {
			tb.Errorf("session %s is not found by its hash", ses.ID)
		}
	}
	for u := range s.Users.All() {
		for g := range s.GroupsOf(u.ID) {
			line("member", []string{u.ID, g.ID})
		}
		for g := range s.GrantsOf(u.ID) {
			line("holds", []string{u.ID, g.ID})
		}
		for k := range s.KeysOf(u.ID) {
			line("owns", []string{u.ID, k.ID})
		}
		for ses := range s.SessionsOf(u.ID) {
			line("opened", []string{u.ID, ses.ID})
		}
	}
	for p := range s.Policies.All() {
		for g := range s.GrantsWith(p.ID) {
			line("granted", []string{p.ID, g.ID})
		}
	}
	for p := range s.Projects.All() {
		for g := range s.GrantsIn(p.ID) {
			line("scoped", []string{p.ID, g.ID})
		}
	}
	return out
}

// transactions counts how often the head of an account was written.
func transactions(tb testing.TB, account string) int64 {
	tb.Helper()
	resp, err := store.Client.Get(tb.Context(), prefix(tb)+"/head/"+account)
	if err != nil || len(resp.Kvs) != 1 {
		tb.Fatal(resp, err)
	}
	return resp.Kvs[0].Version
}

// line is a connection to the real store whose watches a test can cut and spoil.
func line(tb testing.TB, w *faultyWatch) *clientv3.Client {
	tb.Helper()
	c := clientv3.NewCtxClient(tb.Context())
	w.Watcher = store.Client.Watcher
	c.KV, c.Watcher = store.Client.KV, w
	return c
}

// faultyWatch passes events on until cut is closed, through spoil; new watches wait until mended is closed.
type faultyWatch struct {
	clientv3.Watcher
	cut, mended chan struct{}
	spoil       func([]*clientv3.Event) []*clientv3.Event
}

func (w *faultyWatch) Watch(ctx context.Context, key string, opts ...clientv3.OpOption) clientv3.WatchChan {
	out := make(chan clientv3.WatchResponse)
	go func() {
		defer close(out)
		cut := w.cut
		select {
		case <-w.cut:
			select {
			case <-w.mended:
				cut = nil
			case <-ctx.Done():
				return
			}
		default:
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		in := w.Watcher.Watch(ctx, key, opts...)
		for {
			select {
			case resp, ok := <-in:
				if !ok {
					return
				}
				if w.spoil != nil {
					resp.Events = w.spoil(resp.Events)
				}
				select {
				case out <- resp:
				case <-ctx.Done():
					return
				}
			case <-cut:
				return
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}
