package authn

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/pratique-iam/pratique"
)

func TestHashedPasswordVerifies(t *testing.T) {
	t.Parallel()
	h := NewHasher()
	stored, err := h.Hash(t.Context(), goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(stored, "$argon2id$v=19$m=47104,t=1,p=1$") {
		t.Errorf("the hash is %s; want argon2id with 46 MiB", stored)
	}
	for password, want := range map[string]bool{goodPassword: true, goodPassword + " ": false, "": false, strings.ToUpper(goodPassword): false} {
		if got, err := h.Verify(t.Context(), stored, password); err != nil || got != want {
			t.Errorf("Verify(%q) = %v, %v; want %v", password, got, err, want)
		}
	}
	if other, _ := h.Hash(t.Context(), goodPassword); other == stored {
		t.Error("two hashes of one password are equal")
	}
}

func TestLongPasswordsAreRefusedAndNotCutOff(t *testing.T) {
	t.Parallel()
	h := newHasher(cheap(), 1)
	longest := strings.Repeat("x", MaxPassword)
	stored, err := h.Hash(t.Context(), longest)
	if err != nil {
		t.Fatal(err)
	}
	if ok, _ := h.Verify(t.Context(), stored, longest); !ok {
		t.Error("the longest password does not verify")
	}
	if ok, _ := h.Verify(t.Context(), stored, longest[1:]+"y"); ok {
		t.Error("the last character does not count")
	}
	if ok, _ := h.Verify(t.Context(), stored, longest+"x"); ok {
		t.Error("what comes after the limit does not count")
	}
	if _, err := h.Hash(t.Context(), longest+"x"); !errors.Is(err, pratique.ErrInvalid) {
		t.Errorf("error %v; want ErrInvalid", err)
	}
}

func TestHashOfAnotherCostVerifiesAndNeedsRehash(t *testing.T) {
	t.Parallel()
	old, current := newHasher(cheap(), 1), newHasher(cost{memory: 16, passes: 2, threads: 1}, 1)
	stored, err := old.Hash(t.Context(), goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := current.Verify(t.Context(), stored, goodPassword); err != nil || !ok {
		t.Errorf("Verify = %v, %v", ok, err)
	}
	if old.NeedsRehash(stored) || !current.NeedsRehash(stored) || !old.NeedsRehash("nonsense") {
		t.Error("NeedsRehash does not tell the costs apart")
	}
}

// With all cores taken, fifty wait and the next is sent away; when a core becomes free they are served.
func TestQueueOfSignInsIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(cheap(), 2)
		free1, err := h.acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		free2, err := h.acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var served atomic.Int32
		for range queue {
			go func() {
				if _, err := h.Verify(t.Context(), "", "x"); err == nil {
					served.Add(1)
				}
			}()
		}
		synctest.Wait()
		_, err = h.Verify(t.Context(), "", "x")
		if !errors.Is(err, pratique.ErrUnavailable) || err.Error() != "too many sign-ins at once; try again in a moment" {
			t.Errorf("the fifty-first that waits: %v", err)
		}
		if _, err := h.Hash(t.Context(), "x"); !errors.Is(err, pratique.ErrUnavailable) {
			t.Errorf("hashing does not share the queue: %v", err)
		}
		free1()
		free2()
		synctest.Wait()
		if n := served.Load(); n != queue {
			t.Errorf("%d of %d that waited were served", n, queue)
		}
		if len(h.places) != 0 || len(h.cores) != 0 {
			t.Error("places were lost")
		}
	})
}

func TestWhoGivesUpLeavesTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(cheap(), 1)
		free, err := h.acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() {
			_, err := h.Verify(ctx, "", "x")
			result <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) || !errors.Is(err, pratique.ErrUnavailable) {
			t.Errorf("error %v", err)
		}
		if len(h.places) != 1 {
			t.Errorf("%d places are taken; want the one that runs", len(h.places))
		}
		free()
	})
}

func TestFullQueueIsNoWrongGuess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Passwords = newHasher(cheap(), 0) // nobody is ever served
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 * sourceBurst {
		_, err := w.Password(ctx, Attempt{Account: "acme", User: "alice", Secret: goodPassword})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v; want that of the context", err)
		}
	}
	w.Passwords = newHasher(cheap(), 1)
	w.signIn("acme", "alice")
}

func TestStoredHashIsReadInItsOneSpelling(t *testing.T) {
	t.Parallel()
	const salt, tag = "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	good := "$argon2id$v=19$m=47104,t=1,p=1$" + salt + "$" + tag
	if h, err := parsePHC(good); err != nil || h.String() != good {
		t.Fatalf("parsePHC(%q) = %v, %v", good, h, err)
	}
	for name, text := range map[string]string{
		"empty":                "",
		"of another algorithm": strings.Replace(good, "argon2id", "argon2i", 1),
		"of another version":   strings.Replace(good, "v=19", "v=16", 1),
		"of 4 GiB":             strings.Replace(good, "47104", "4294967295", 1),
		"of 129 MiB":           strings.Replace(good, "47104", "132096", 1),
		"of no memory":         strings.Replace(good, "47104", "0", 1),
		"of no passes":         strings.Replace(good, "t=1", "t=0", 1),
		"of many passes":       strings.Replace(good, "t=1", "t=9", 1),
		"of no threads":        strings.Replace(good, "p=1", "p=0", 1),
		"of many threads":      strings.Replace(good, "p=1", "p=255", 1),
		"of 257 threads":       strings.Replace(good, "p=1", "p=257", 1),
		"with a leading zero":  strings.Replace(good, "47104", "047104", 1),
		"with a sign":          strings.Replace(good, "47104", "+47104", 1),
		"with a space":         strings.Replace(good, "m=", "m= ", 1),
		"with other order":     strings.Replace(good, "m=47104,t=1", "t=1,m=47104", 1),
		"with padding":         good + "=",
		"with a line break":    good + "\n",
		"with a short salt":    strings.Replace(good, salt, salt[1:], 1),
		"with a short tag":     good[:len(good)-1],
		"with stray bits":      good[:len(good)-1] + "B",
		"with other alphabet":  good[:len(good)-2] + "_A",
		"without dollar":       strings.Replace(good, salt+"$", salt+"A", 1),
		"huge":                 good + strings.Repeat("A", 1e6),
	} {
		if _, err := parsePHC(text); err == nil {
			t.Errorf("a hash %s was read: %.60q", name, text)
		}
	}
}

func FuzzPHCIsReadInItsOneSpelling(f *testing.F) {
	f.Add("$argon2id$v=19$m=47104,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=8,t=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := parsePHC(text)
		if err != nil {
			return
		}
		if h.String() != text || !h.sane() {
			t.Errorf("%q was read as %q", text, h)
		}
	})
}

func TestGuessablePasswordsAreRefused(t *testing.T) {
	t.Parallel()
	for _, password := range []string{
		"", "short", "elevenchars", "äöüäöüäöüäö", // eleven characters, more bytes
		"aaaaaaaaaaaaaaaa", "abababababab", "123123123123", "            ", "............",
		"password1234", "Password2026!", "P@ssw0rd1234", "pa$$word!!!!!", "passwordpassword", "1234password", "PASSWORD-PASSWORD",
		"123456789012", "1234567890123", "abcdefghijklm", "qwertyuiopas", "1q2w3e4r5t6y", "1qaz2wsx3edc", "09876543210987",
		"administrator", "adminadminadmin", "changeme-2026", "letmein12345", "Welcome123456", "correct horse battery staple", "kubernetes-1234",
		"alice-likes-tea", "my name is ALICE",
		"seven blue ferries\n", "seven\x00blue ferries", "seven blue \x1b[31m ferries", "seven blue ferries\xff",
		strings.Repeat("seven blue ", 100),
	} {
		err := CheckPassword("alice", password)
		if !errors.Is(err, pratique.ErrInvalid) {
			t.Errorf("%.40q: error %v; want ErrInvalid", password, err)
			continue
		}
		if len(password) > 4 && strings.Contains(err.Error(), password) {
			t.Errorf("the error quotes the password: %v", err)
		}
	}
}

func TestGoodPasswordsAreAccepted(t *testing.T) {
	t.Parallel()
	for user, password := range map[string]string{
		"alice": goodPassword, "bob": "bobbing for apples", "root": "grüße aus dem hafen", "carol": "Zq7!mPw2#xLd", "dave": "fährt mit dem rad",
		"eve": strings.Repeat("long phrase ", 85), "x": "x marks the spot", "frank": "k7jq2mxw9pzr", "gina": "パスワードではない言葉です",
	} {
		if err := CheckPassword(user, password); err != nil {
			t.Errorf("%s may not have %.30q: %v", user, password, err)
		}
	}
}
