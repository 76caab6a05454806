package directory_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/directory"
)

func TestWhatOneServerWritesTheOtherSees(t *testing.T) {
	t.Parallel()
	a, b := open(t, config(t)), open(t, config(t))
	id := found(t, a, "Acme")
	s := update(t, a, id, making(user("alice")))
	theirs := waitFor(t, b, id, s.Generation)
	if _, ok := theirs.Users.Name("alice"); !ok {
		t.Error("the other server does not know alice")
	}
	if named, ok := b.AccountNamed("ACME"); !ok || named.Account.ID != id {
		t.Error("the other server does not find the account by its name")
	}
	if diff := cmp.Diff(dump(t, s), dump(t, theirs)); diff != "" {
		t.Error(diff)
	}
	if all := b.Accounts(); len(all) != 1 || all[0].Account.ID != id {
		t.Errorf("accounts: %v", all)
	}
}

func TestReopeningGivesTheSameDirectory(t *testing.T) {
	t.Parallel()
	d := open(t, config(t))
	id := found(t, d, "acme")
	update(t, d, id, making(user("alice"), manifest(pratique.KindGroup, "ops", `{"members":["alice"]}`),
		manifest(pratique.KindGrant, "all", `{"group":"ops","policy":"AliyunCSFullAccess","scope":{"account":true}}`)))
	want := update(t, d, id, making(manifest(pratique.KindUser, "alice", `{"email":"a@example.org"}`)))
	d.Close()
	got, ok := open(t, config(t)).Account(id)
	if !ok {
		t.Fatal("the account is gone")
	}
	if diff := cmp.Diff(dump(t, want), dump(t, got)); diff != "" {
		t.Error(diff)
	}
}

func TestWritersOnTwoServersLoseNothing(t *testing.T) {
	t.Parallel()
	servers := []*directory.Directory{open(t, config(t)), open(t, config(t))}
	id := found(t, servers[0], "acme")
	waitFor(t, servers[1], id, 1)
	const writers, each = 8, 20
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if _, err := servers[w%2].Update(t.Context(), id, making(user(fmt.Sprintf("u%d-%d", w, i)))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	want := uint64(1 + writers*each)
	first, second := waitFor(t, servers[0], id, want), waitFor(t, servers[1], id, want)
	if first.Generation != want || first.Users.Len() != writers*each {
		t.Errorf("generation %d with %d users, want %d with %d", first.Generation, first.Users.Len(), want, writers*each)
	}
	if diff := cmp.Diff(dump(t, first), dump(t, second)); diff != "" {
		t.Error(diff)
	}
	verify(t, servers[0], id, want)
}

// verify walks the whole chain of an account: consecutive generations, up to the head that the account has.
func verify(t *testing.T, d *directory.Directory, id string, last uint64) {
	t.Helper()
	var v audit.Verifier
	next := uint64(1)
	for {
		records, err := d.AuditFrom(t.Context(), id, next, 50)
		if err != nil {
			t.Fatal(err)
		}
		if len(records) == 0 {
			break
		}
		for _, r := range records {
			if err := v.Next(&r); err != nil {
				t.Fatal(err)
			}
			if r.Seq != next {
				t.Fatalf("record %d follows record %d", r.Seq, next-1)
			}
			next++
		}
	}
	s, _ := d.Account(id)
	if err := v.End(s.AuditHead); err != nil || next != last+1 {
		t.Errorf("chain ends at %d, want %d: %v", next-1, last, err)
	}
}

func TestWaitingChangesShareTransactions(t *testing.T) {
	t.Parallel()
	d := open(t, config(t))
	id := found(t, d, "acme")
	before := transactions(t, id)
	const changes = 500
	generations := make([]uint64, changes)
	var wg sync.WaitGroup
	for i := range changes {
		wg.Go(func() {
			s, err := d.Update(t.Context(), id, making(user(fmt.Sprintf("u%d", i))))
			if err != nil {
				t.Error(err)
				return
			}
			if _, ok := s.Users.Name(fmt.Sprintf("u%d", i)); !ok {
				t.Errorf("the answer to u%d does not hold it", i)
			}
			generations[i] = s.Generation
		})
	}
	wg.Wait()
	seen := map[uint64]bool{}
	for _, g := range generations {
		seen[g] = true
	}
	if len(seen) != changes {
		t.Errorf("%d changes share %d generations", changes, len(seen))
	}
	n := transactions(t, id) - before
	t.Logf("%d changes in %d transactions", changes, n)
	if n > changes/5 {
		t.Errorf("%d changes took %d transactions", changes, n)
	}
	verify(t, d, id, changes+1)
}

func TestARefusedChangeDoesNotTouchItsNeighbours(t *testing.T) {
	t.Parallel()
	d := open(t, config(t))
	id := found(t, d, "acme")
	refusal := errors.New("no")
	hold, running := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { // occupies the committer until the others wait
		_, err := d.Update(t.Context(), id, func(*pratique.Snapshot) (directory.Commit, error) {
			close(running)
			<-hold
			return directory.Commit{}, nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-running
	for i := range 30 {
		wg.Go(func() {
			var err error
			switch i % 3 {
			case 0:
				_, err = d.Update(t.Context(), id, making(user(fmt.Sprintf("u%d", i))))
			case 1:
				if _, err = d.Update(t.Context(), id, func(*pratique.Snapshot) (directory.Commit, error) { return directory.Commit{}, refusal }); errors.Is(err, refusal) {
					err = nil
				}
			case 2:
				if _, err = d.Update(t.Context(), id, func(*pratique.Snapshot) (directory.Commit, error) { panic("oops") }); err != nil && strings.Contains(err.Error(), "oops") {
					err = nil
				}
			}
			if err != nil {
				t.Errorf("change %d: %v", i, err)
			}
		})
	}
	close(hold)
	wg.Wait()
	s, _ := d.Account(id)
	if s.Users.Len() != 10 || s.Generation != 11 {
		t.Errorf("%d users at generation %d, want 10 at 11", s.Users.Len(), s.Generation)
	}
}

func TestAListThatIsTooLongIsRefused(t *testing.T) {
	t.Parallel()
	d := open(t, config(t))
	id := found(t, d, "acme")
	var many []pratique.Change
	for i := range 130 {
		many = append(many, user(fmt.Sprintf("u%d", i)))
	}
	_, err := d.Update(t.Context(), id, making(many...))
	if !errors.Is(err, pratique.ErrInvalid) || !strings.Contains(err.Error(), "131") || !strings.Contains(err.Error(), "split") {
		t.Errorf("130 users: %v", err)
	}
	_, err = d.Update(t.Context(), id, func(*pratique.Snapshot) (directory.Commit, error) {
		return directory.Commit{Records: []audit.Record{{Event: audit.ChangeDenied, Detail: strings.Repeat("x", 3<<19)}}}, nil
	})
	if !errors.Is(err, pratique.ErrInvalid) || !strings.Contains(err.Error(), "KiB") {
		t.Errorf("1.5 MiB: %v", err)
	}
	if s := update(t, d, id, making(many[:119]...)); s.Users.Len() != 119 {
		t.Errorf("%d users", s.Users.Len())
	}
}

func TestAChangeIsNotMadeWhenItsCallerHasGone(t *testing.T) {
	t.Parallel()
	d := open(t, config(t))
	id := found(t, d, "acme")
	hold, running := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_, _ = d.Update(t.Context(), id, func(*pratique.Snapshot) (directory.Commit, error) {
			close(running)
			<-hold
			return directory.Commit{}, nil
		})
	})
	<-running
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := d.Update(ctx, id, making(user("alice")))
	close(hold)
	wg.Wait()
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "not made") {
		t.Errorf("got %v", err)
	}
	if s := update(t, d, id, making(user("bob"))); s.Users.Len() != 1 {
		t.Errorf("%d users, want bob alone", s.Users.Len())
	}
}

func TestARecordAloneIsAGeneration(t *testing.T) {
	t.Parallel()
	a, b := open(t, config(t)), open(t, config(t))
	id := found(t, a, "acme")
	s := update(t, a, id, func(*pratique.Snapshot) (directory.Commit, error) {
		return directory.Commit{Records: []audit.Record{{Event: audit.ChangeDenied}, {Event: audit.SignInFailed}}}, nil
	})
	if s.Generation != 2 || s.AuditHead == "" {
		t.Errorf("generation %d, head %q", s.Generation, s.AuditHead)
	}
	if theirs := waitFor(t, b, id, 2); theirs.AuditHead != s.AuditHead {
		t.Error("the other server has another audit head")
	}
	records, err := b.Audit(t.Context(), id, 0, 1)
	if err != nil || len(records) != 2 {
		t.Fatalf("a generation was split: %v, %v", records, err)
	}
	if newest, older := records[0], records[1]; newest.Hash != s.AuditHead || newest.Previous != older.Hash || newest.Seq != 2 || older.Seq != 2 {
		t.Errorf("records do not chain: %+v", records)
	}
	if s := update(t, a, id, func(*pratique.Snapshot) (directory.Commit, error) { return directory.Commit{}, nil }); s.Generation != 2 {
		t.Errorf("nothing at all made generation %d", s.Generation)
	}
}

func TestAuditIsReadInBothDirections(t *testing.T) {
	t.Parallel()
	d := open(t, config(t))
	id := found(t, d, "acme")
	for i := range 10 {
		update(t, d, id, making(user(fmt.Sprintf("u%d", i))))
		update(t, d, id, func(s *pratique.Snapshot) (directory.Commit, error) { // a generation without a record
			next, plan, err := s.With(pratique.At(time.Now()), manifest(pratique.KindUser, fmt.Sprintf("u%d", i), `{"description":"x"}`))
			if err != nil {
				return directory.Commit{}, err
			}
			return directory.Commit{Next: next, Writes: plan.Writes}, nil
		})
	}
	seqs := func(rs []audit.Record, err error) (out []uint64) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rs {
			out = append(out, r.Seq)
		}
		return out
	}
	for name, tt := range map[string]struct {
		got, want []uint64
	}{
		"newest":            {seqs(d.Audit(t.Context(), id, 0, 3)), []uint64{20, 18, 16}},
		"before 16":         {seqs(d.Audit(t.Context(), id, 16, 2)), []uint64{14, 12}},
		"down to the first": {seqs(d.Audit(t.Context(), id, 5, 100)), []uint64{4, 2, 1}},
		"from 17":           {seqs(d.AuditFrom(t.Context(), id, 17, 100)), []uint64{18, 20}},
		"the first two":     {seqs(d.AuditFrom(t.Context(), id, 0, 2)), []uint64{1, 2}},
		"after the last":    {seqs(d.AuditFrom(t.Context(), id, 22, 2)), nil},
	} {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if _, err := d.Audit(t.Context(), "nobody", 0, 1); !errors.Is(err, pratique.ErrNotFound) {
		t.Errorf("unknown account: %v", err)
	}
}

func TestNamesAndIDsOfAccountsAreTakenOnce(t *testing.T) {
	t.Parallel()
	a, b := open(t, config(t)), open(t, config(t))
	id := found(t, a, "acme")
	waitFor(t, b, id, 1)
	snap, plan := newAccount(t, "ACME")
	if err := b.CreateAccount(t.Context(), snap, plan, audit.Record{}); !errors.Is(err, pratique.ErrConflict) {
		t.Errorf("a second acme: %v", err)
	}
	if len(b.Accounts()) != 1 {
		t.Error("the refused account is there")
	}
}

func TestWaitForAndChanged(t *testing.T) {
	t.Parallel()
	a, b := open(t, config(t)), open(t, config(t))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := b.WaitFor(ctx, "acc-none", 1); !errors.Is(err, pratique.ErrUnavailable) {
		t.Errorf("unknown account: %v", err)
	}
	appeared := b.Changed("acc-none")
	id := found(t, a, "acme")
	<-appeared
	waitFor(t, b, id, 1)
	changed := b.Changed(id)
	update(t, a, id, making(user("alice")))
	<-changed
	if s, _ := b.Account(id); s.Generation != 2 {
		t.Errorf("generation %d", s.Generation)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := b.WaitFor(ctx, id, 99); !errors.Is(err, pratique.ErrUnavailable) || !strings.Contains(err.Error(), "99") {
		t.Errorf("a revision of the future: %v", err)
	}
}

func TestNamesCanBeExchanged(t *testing.T) {
	t.Parallel()
	a, b := open(t, config(t)), open(t, config(t))
	id := found(t, a, "acme")
	s := update(t, a, id, making(user("x"), user("y")))
	rename := func(from, to string) pratique.Put {
		u, _ := s.Users.Name(from)
		m := user(to)
		m.Metadata.ID = u.ID
		return m
	}
	s = update(t, a, id, making(rename("x", "tmp"), rename("y", "x"), rename("x", "y")))
	if diff := cmp.Diff(dump(t, s), dump(t, waitFor(t, b, id, s.Generation))); diff != "" {
		t.Error(diff)
	}
}

func TestTheGuardRefusesWrites(t *testing.T) {
	t.Parallel()
	id := found(t, open(t, config(t)), "acme")
	full := errors.New("disk almost full")
	cfg := config(t)
	cfg.Guard = func() error { return full }
	d := open(t, cfg)
	if _, err := d.Update(t.Context(), id, making(user("alice"))); !errors.Is(err, full) {
		t.Errorf("update: %v", err)
	}
	snap, plan := newAccount(t, "other")
	if err := d.CreateAccount(t.Context(), snap, plan, audit.Record{}); !errors.Is(err, full) {
		t.Errorf("create: %v", err)
	}
	if _, err := d.PutSecretOnce(t.Context(), "k", nil); !errors.Is(err, full) {
		t.Errorf("secret: %v", err)
	}
	if s, ok := d.Account(id); !ok || s.Users.Len() != 0 {
		t.Error("reads must go on")
	}
}

func TestAClosedDirectoryRefusesChanges(t *testing.T) {
	t.Parallel()
	d := open(t, config(t))
	id := found(t, d, "acme")
	d.Close()
	if _, err := d.Update(t.Context(), id, making(user("alice"))); !errors.Is(err, pratique.ErrUnavailable) {
		t.Errorf("update: %v", err)
	}
	if _, err := d.WaitFor(t.Context(), id, 2); !errors.Is(err, pratique.ErrUnavailable) {
		t.Errorf("wait: %v", err)
	}
	if _, err := d.Update(t.Context(), "acc-none", making(user("alice"))); !errors.Is(err, pratique.ErrNotFound) {
		t.Errorf("unknown account: %v", err)
	}
}

func TestTheFirstSecretStays(t *testing.T) {
	t.Parallel()
	a, b := open(t, config(t)), open(t, config(t))
	if _, ok, err := a.Secret(t.Context(), "key"); ok || err != nil {
		t.Errorf("before: %v, %v", ok, err)
	}
	first, err := a.PutSecretOnce(t.Context(), "key", []byte("one"))
	if err != nil || string(first) != "one" {
		t.Errorf("first: %q, %v", first, err)
	}
	if second, err := b.PutSecretOnce(t.Context(), "key", []byte("two")); err != nil || string(second) != "one" {
		t.Errorf("second: %q, %v", second, err)
	}
	if value, ok, err := b.Secret(t.Context(), "key"); !ok || err != nil || string(value) != "one" {
		t.Errorf("after: %q, %v, %v", value, ok, err)
	}
}

// silentStore is a line to the store that ends: every call waits for its deadline.
type silentStore struct{ clientv3.KV }

func (s silentStore) Txn(ctx context.Context) clientv3.Txn {
	return silentTxn{s.KV.Txn(ctx), func() error { <-ctx.Done(); return ctx.Err() }}
}

type silentTxn struct {
	clientv3.Txn
	end func() error
}

func (s silentTxn) If(...clientv3.Cmp) clientv3.Txn        { return s }
func (s silentTxn) Then(...clientv3.Op) clientv3.Txn       { return s }
func (s silentTxn) Else(...clientv3.Op) clientv3.Txn       { return s }
func (s silentTxn) Commit() (*clientv3.TxnResponse, error) { return nil, s.end() }

func TestASilentStoreIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	id := found(t, open(t, cfg), "acme")
	cfg.Client = line(t, &faultyWatch{cut: make(chan struct{})})
	cfg.Client.KV = silentStore{cfg.Client.KV}
	d := open(t, cfg)
	_, err := d.Update(t.Context(), id, making(user("alice")))
	want := "the store did not answer within 3s; the change may or may not have been made; check with pratique audit or get"
	if !errors.Is(err, pratique.ErrUnavailable) || err.Error() != want {
		t.Errorf("got %v", err)
	}
}
