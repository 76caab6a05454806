package authn

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
)

const wrong = "wrong account, user or password"

func TestRightPasswordTellsWhoSignsIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, c := range map[string]struct {
		attempt Attempt
		want    pratique.Principal
	}{
		"a user":              {Attempt{Account: "acme", User: "alice"}, pratique.Principal{Account: "account-acme", Type: "user", Name: "alice"}},
		"in another case":     {Attempt{Account: "ACME", User: "Alice"}, pratique.Principal{Account: "account-acme", Type: "user", Name: "alice"}},
		"of another account":  {Attempt{Account: "globex", User: "alice"}, pratique.Principal{Account: "account-globex", Type: "user", Name: "alice"}},
		"root":                {Attempt{Account: "acme", User: "root"}, pratique.Principal{Account: "account-acme", Type: "root", Name: "root"}},
		"root in another way": {Attempt{Account: "acme", User: "ROOT"}, pratique.Principal{Account: "account-acme", Type: "root", Name: "root"}},
	} {
		c.attempt.Secret = goodPassword
		got, err := w.Password(t.Context(), c.attempt)
		if err != nil {
			t.Errorf("%s: %v (%s)", name, err, reason(err))
			continue
		}
		c.want.ID, c.want.Since = w.id(c.attempt.Account, c.want.Name), w.now()
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestAccountMayBeLeftOutWhenItIsClear(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	attempt := Attempt{User: "alice", Secret: goodPassword}
	if _, err := w.Password(t.Context(), attempt); err == nil {
		t.Error("with two accounts and none called default, somebody signed in to one of them")
	}
	acme, _ := w.AccountNamed("acme")
	delete(w.accounts, "account-globex")
	if p, err := w.Password(t.Context(), attempt); err != nil || p.Account != acme.Account.ID {
		t.Errorf("with one account: %v, %v", p, err)
	}
}

func TestEveryWrongSignInGetsTheSameAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("acme", "robot", `{"access":["programmatic"]}`)
	w.setPassword("acme", "robot")
	w.user("acme", "gone", `{}`)
	w.setPassword("acme", "gone")
	w.user("acme", "gone", `{"disabled":true}`)
	w.user("acme", "new", `{}`)
	w.user("acme", "broken", `{}`)
	w.change("acme", pratique.SetPassword{User: w.id("acme", "broken"), Hash: "$argon2id$v=19$m=4294967295,t=1,p=1$x$y"})
	for _, c := range []struct {
		account, user, password, why string
	}{
		{"acme", "alice", "seven blue ferries at dusk", "the password is wrong"},
		{"acme", "alice", "", "the password is wrong"},
		{"acme", "mallory", goodPassword, "the user does not exist"},
		{"initech", "alice", goodPassword, "the account does not exist"},
		{"acme", "", goodPassword, "the user does not exist"},
		{"acme", "new", goodPassword, "the user has no password"},
		{"acme", "broken", goodPassword, "the stored hash of the password cannot be read"},
		{"acme", "gone", goodPassword, "the user is disabled"},
		{"acme", "robot", goodPassword, "the user has no console access"},
		{"acme", w.id("acme", "alice"), goodPassword, "the user does not exist"}, // names only
		{"acme", "alice", strings.Repeat("x", MaxPassword+1), "the account, user or password is too long"},
		{"acme", strings.Repeat("x", 1e6), goodPassword, "the account, user or password is too long"},
	} {
		p, err := w.Password(t.Context(), Attempt{Account: c.account, User: c.user, Secret: c.password})
		refused(t, err, c.why, wrong)
		if !p.IsZero() {
			t.Errorf("%s: a refusal came with a principal", c.why)
		}
	}
}

func TestRefusalKnowsWhoseCredentialItWasForTheAudit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.Password(t.Context(), Attempt{Account: "acme", User: "alice", Secret: "no"})
	r, _ := errors.AsType[*Refusal](err)
	if r.Account != "account-acme" || r.Principal.ID != w.id("acme", "alice") {
		t.Errorf("refusal of %q by %v", r.Account, r.Principal)
	}
}

// The memory of a refusal is counted, because times on a busy machine prove nothing. Not parallel: others would be counted, too.
func TestUnknownUsersCostOneHashAsKnownOnesDo(t *testing.T) {
	c := cost{memory: 1024, passes: 1, threads: 1}
	h := newHasher(c, 1)
	stored, err := h.Hash(t.Context(), goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	for _, hash := range []string{stored, "", "nonsense", "$argon2id$v=19$m=8,t=9,p=1$x$y"} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if ok, err := h.Verify(t.Context(), hash, "wrong"); ok || err != nil {
			t.Errorf("Verify = %v, %v", ok, err)
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n < uint64(c.memory)*1024 {
			t.Errorf("a check of %.8q took %d bytes: nothing was hashed", hash, n)
		}
	}
}

func TestGuessingIsBrakedForUsersThatExistAndThatDoNot(t *testing.T) {
	t.Parallel()
	for _, user := range []string{"alice", "mallory", "root"} {
		w := newWorld(t)
		guess := func(from string) error {
			_, err := w.Password(t.Context(), Attempt{Account: "acme", User: user, Secret: "guess", Source: from})
			return err
		}
		for i := range userBurst {
			if err := guess(fmt.Sprintf("10.0.0.%d", i)); !errors.Is(err, pratique.ErrDenied) {
				t.Fatalf("%s, guess %d: %v", user, i, err)
			}
		}
		const haste = "too many wrong attempts to sign in; wait a minute and try again"
		if err := guess("10.0.1.1"); !errors.Is(err, pratique.ErrUnavailable) || err.Error() != haste {
			t.Errorf("%s: after %d guesses: %v", user, userBurst, err)
		}
		w.pass(userEvery)
		if err := guess("10.0.1.1"); !errors.Is(err, pratique.ErrDenied) {
			t.Errorf("%s: after a while: %v", user, err)
		}
		if err := guess("10.0.1.1"); !errors.Is(err, pratique.ErrUnavailable) {
			t.Errorf("%s: two guesses after a while: %v", user, err)
		}
	}
}

func TestBrakeOfOneUserDoesNotHoldAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range userBurst + 1 {
		_, _ = w.Password(t.Context(), Attempt{Account: "acme", User: "alice", Secret: "guess"})
	}
	w.signIn("acme", "bob")
	w.signIn("globex", "alice")
}

func TestSpellingsOfAUserShareOneBrake(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	spellings := []Attempt{{Account: "acme", User: "alice"}, {Account: "Acme", User: "ALICE"}, {Account: "ACME", User: "aLice"}}
	var err error
	for i := range userBurst + 1 {
		a := spellings[i%len(spellings)]
		a.Secret = "guess"
		_, err = w.Password(t.Context(), a)
	}
	if !errors.Is(err, pratique.ErrUnavailable) {
		t.Errorf("after %d guesses under three spellings: %v", userBurst+1, err)
	}
}

func TestGuessingAtManyUsersFromOneNetworkIsBraked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var err error
	for i := range sourceBurst + 1 {
		_, err = w.Password(t.Context(), Attempt{Account: "acme", User: fmt.Sprint("user", i), Secret: "guess", Source: fmt.Sprintf("[2001:db8::%x]:443", i)})
	}
	if !errors.Is(err, pratique.ErrUnavailable) {
		t.Errorf("after %d guesses from one network: %v", sourceBurst+1, err)
	}
	if _, err := w.Password(t.Context(), Attempt{Account: "acme", User: "alice", Secret: goodPassword, Source: "2001:db8:0:1::1"}); err != nil {
		t.Errorf("another network is held, too: %v", err)
	}
}

func TestRightPasswordsAreNeverBraked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 3 * sourceBurst {
		w.signIn("acme", "alice")
	}
}

func TestRightPasswordLiftsTheBrakeOfItsUserOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range sourceBurst / (userBurst - 1) {
		for range userBurst - 1 {
			_, _ = w.Password(t.Context(), Attempt{Account: "acme", User: "alice", Secret: "guess"})
		}
		if _, err := w.Password(t.Context(), Attempt{Account: "acme", User: "alice", Secret: goodPassword}); err != nil {
			t.Fatal(err)
		}
	}
	for range userBurst { // the rest of what the address has
		_, _ = w.Password(t.Context(), Attempt{Account: "acme", User: "bob", Secret: "guess"})
	}
	if _, err := w.Password(t.Context(), Attempt{Account: "acme", User: "carol", Secret: "guess"}); !errors.Is(err, pratique.ErrUnavailable) {
		t.Errorf("signing in to one's own account gave the address new guesses: %v", err)
	}
}

func TestGuessesAtTheSameTimeDoNotSlipThrough(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var looked atomic.Int32
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			_, err := w.Password(t.Context(), Attempt{Account: "acme", User: "alice", Secret: "guess"})
			if errors.Is(err, pratique.ErrDenied) {
				looked.Add(1)
			}
		})
	}
	wg.Wait()
	if n := looked.Load(); n > userBurst {
		t.Errorf("%d guesses were compared; the brake allows %d", n, userBurst)
	}
}

func TestSourceKeyIsWhatIsHardToChange(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "192.0.2.7:4711": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "[::ffff:192.0.2.7]:1": "192.0.2.7",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "[2001:db8:1:2::9]:1": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
		"": "local", "@": "local", "example.com": "local",
	} {
		if got := sourceKey(source); got != want {
			t.Errorf("sourceKey(%q) = %q; want %q", source, got, want)
		}
	}
}

func TestBrakeForgetsTheLeastUsedKeyFirst(t *testing.T) {
	t.Parallel()
	var b brake
	now := time.Unix(0, 0)
	b.take("victim", now, time.Hour, 1)
	for i := range maxBuckets + 10 {
		b.take(fmt.Sprint(i), now, time.Hour, 1)
		if _, ok := b.take("victim", now, time.Hour, 1); ok {
			t.Fatalf("after %d other keys, a key in use was forgotten", i)
		}
	}
	if n := len(b.buckets.items); n > maxBuckets {
		t.Errorf("the brake holds %d keys; the limit is %d", n, maxBuckets)
	}
}
