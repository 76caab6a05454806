package authn

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/seal"
)

// world is a server's accounts as authn sees them, changed by the real changes.
type world struct {
	*Authenticator
	t     *testing.T
	rules *pratique.Rules
	seal  *seal.Sealer

	mu       sync.Mutex
	accounts map[string]*pratique.Snapshot
	clock    time.Time
}

const goodPassword = "seven blue ferries at dawn"

// newWorld has the accounts acme, with alice and bob, and globex, with an alice of its own. Everybody has goodPassword.
func newWorld(t *testing.T) *world {
	t.Helper()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, rules: pratique.NewRules(c), accounts: map[string]*pratique.Snapshot{}}
	w.clock = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	if w.seal, err = seal.Create(filepath.Join(t.TempDir(), "kek")); err != nil {
		t.Fatal(err)
	}
	w.Authenticator = &Authenticator{Accounts: w, Now: w.now, Passwords: newHasher(cheap(), 2), Keys: w, Secrets: w.seal}
	for _, name := range []string{"acme", "globex"} {
		id := "account-" + name
		w.accounts[id] = pratique.NewSnapshot(w.rules, pratique.Account{Meta: pratique.Meta{ID: id, Name: name}})
		for _, user := range []string{"alice", "bob"} {
			w.user(name, user, `{}`)
			w.setPassword(name, user)
		}
		w.setPassword(name, "root")
	}
	return w
}

// cheap makes argon2 take no time; its strength is not under test.
func cheap() cost { return cost{memory: 8, passes: 1, threads: 1} }

func (w *world) now() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.clock }

func (w *world) pass(d time.Duration) { w.mu.Lock(); defer w.mu.Unlock(); w.clock = w.clock.Add(d) }

func (w *world) Account(id string) (*pratique.Snapshot, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, ok := w.accounts[id]
	return s, ok
}

func (w *world) AccountNamed(name string) (*pratique.Snapshot, bool) {
	return w.Account("account-" + pratique.Fold(name))
}

func (w *world) Only() (*pratique.Snapshot, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.accounts {
		return s, len(w.accounts) == 1
	}
	return nil, false
}

func (w *world) AccountOfKey(id string) (*pratique.Snapshot, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.accounts {
		if _, ok := s.AccessKeys.ID(id); ok {
			return s, true
		}
	}
	return nil, false
}

// change applies changes to an account by name.
func (w *world) change(account string, changes ...pratique.Change) *pratique.Plan {
	w.t.Helper()
	old, _ := w.AccountNamed(account)
	next, plan, err := old.With(pratique.At(w.now()), changes...)
	if err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.accounts[next.Account.ID] = next
	return plan
}

func (w *world) user(account, name, spec string) {
	w.t.Helper()
	w.change(account, pratique.Put{Manifest: pratique.Manifest{
		APIVersion: pratique.APIVersion, Kind: pratique.KindUser,
		Metadata: pratique.Metadata{Name: name}, Spec: jsontext.Value(spec),
	}})
}

func (w *world) id(account, user string) string {
	w.t.Helper()
	if user == pratique.RootID {
		return pratique.RootID
	}
	snap, _ := w.AccountNamed(account)
	u, ok := snap.Users.Name(user)
	if !ok {
		w.t.Fatalf("no user %s in %s", user, account)
	}
	return u.ID
}

// setPassword gives a user goodPassword.
func (w *world) setPassword(account, user string) {
	w.t.Helper()
	hash, err := w.Passwords.Hash(w.t.Context(), goodPassword)
	if err != nil {
		w.t.Fatal(err)
	}
	w.change(account, pratique.SetPassword{User: w.id(account, user), Hash: hash})
}

// signIn signs in with goodPassword.
func (w *world) signIn(account, user string) pratique.Principal {
	w.t.Helper()
	p, err := w.Password(w.t.Context(), Attempt{Account: account, User: user, Secret: goodPassword})
	if err != nil {
		w.t.Fatalf("sign in as %s: %v (%s)", user, err, reason(err))
	}
	return p
}

// open makes a session of a principal and records it.
func (w *world) open(kind pratique.SessionType, p pratique.Principal, life time.Duration) (secret, id string) {
	w.t.Helper()
	secret, s, err := w.NewSession(kind, p, life, "", "", false)
	if err != nil {
		w.t.Fatalf("new %s for %v: %v", kind, p, err)
	}
	var c pratique.Change = pratique.OpenSession{Session: s}
	if kind == pratique.SessionBootstrap {
		c = pratique.OpenBootstrap{Session: s}
	}
	snap, _ := w.Account(p.Account)
	plan := w.change(snap.Account.Name, c)
	return secret, plan.Writes[len(plan.Writes)-1].ID
}

// login is a session of a user of acme, from the password on.
func (w *world) login(user string) string {
	w.t.Helper()
	secret, _ := w.open(pratique.SessionLogin, w.signIn("acme", user), time.Hour)
	return secret
}

// shows gives who a bearer secret is.
func (w *world) shows(secret string) pratique.Principal {
	w.t.Helper()
	p, _, err := w.Bearer(secret)
	if err != nil {
		w.t.Fatalf("bearer: %v (%s)", err, reason(err))
	}
	return p
}

// refused wants a refusal for a reason, which shows the outside nothing but outward.
func refused(t *testing.T, err error, why, outward string) {
	t.Helper()
	r, ok := errors.AsType[*Refusal](err)
	switch {
	case !ok:
		t.Errorf("got error %v; want a refusal because %q", err, why)
	case r.Reason != why:
		t.Errorf("refused because %q; want %q", r.Reason, why)
	case r.Error() != outward:
		t.Errorf("the caller is told %q; want %q", r.Error(), outward)
	case !errors.Is(err, pratique.ErrDenied):
		t.Error("the refusal does not wrap ErrDenied")
	}
}

func (w *world) ended(secret, why string) {
	w.t.Helper()
	_, _, err := w.Bearer(secret)
	refused(w.t, err, why, "the session is not valid or has ended; run pratique login")
}

func reason(err error) string {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r.Reason
	}
	return "no refusal"
}
