package oidc_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pratique-iam/pratique/internal/oidc"
	"github.com/pratique-iam/pratique/internal/seal"
)

// once is the store's promise in a map: the first value under a name stays.
type once struct {
	mu     sync.Mutex
	values map[string][]byte
}

func (o *once) Secret(_ context.Context, name string) ([]byte, bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	v, ok := o.values[name]
	return v, ok, nil
}

func (o *once) PutSecretOnce(_ context.Context, name string, value []byte) ([]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if v, ok := o.values[name]; ok {
		return v, nil
	}
	if o.values == nil {
		o.values = map[string][]byte{}
	}
	o.values[name] = value
	return value, nil
}

type clock struct{ now time.Time }

func issuer(t *testing.T, c *clock) *oidc.Issuer {
	t.Helper()
	s, err := seal.Create(filepath.Join(t.TempDir(), "kek.json"))
	if err != nil {
		t.Fatal(err)
	}
	return &oidc.Issuer{URL: "https://iam.example:8443", Secrets: &once{}, Sealer: s, Now: func() time.Time { return c.now }}
}

func alice() oidc.Claims {
	return oidc.Claims{Subject: "usr-alice", Name: "alice", Groups: []string{"grp-dev"}, Cluster: "c-1", Account: "1", Session: "ses-1"}
}

func noon() *clock { return &clock{time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)} }

func sign(t *testing.T, i *oidc.Issuer, c oidc.Claims) string {
	t.Helper()
	token, _, err := i.Sign(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestATokenSaysWhoItSpeaksFor(t *testing.T) {
	t.Parallel()
	i := issuer(t, noon())
	got, err := i.Verify(t.Context(), sign(t, i, alice()), "c-1")
	if err != nil {
		t.Fatal(err)
	}
	if got.Subject != "usr-alice" || got.Session != "ses-1" || got.Account != "1" || len(got.Groups) != 1 {
		t.Errorf("the token says %+v", got)
	}
}

func TestATokenIsForOneClusterAndTenMinutes(t *testing.T) {
	t.Parallel()
	c := noon()
	i := issuer(t, c)
	token := sign(t, i, alice())
	if _, err := i.Verify(t.Context(), token, "c-2"); err == nil {
		t.Error("another cluster accepts it")
	}
	c.now = c.now.Add(oidc.Life - time.Second)
	if _, err := i.Verify(t.Context(), token, "c-1"); err != nil {
		t.Errorf("it ended early: %v", err)
	}
	c.now = c.now.Add(2 * time.Second)
	if _, err := i.Verify(t.Context(), token, "c-1"); err == nil {
		t.Error("it lives on after ten minutes")
	}
}

func TestATokenNeverOutlivesItsSession(t *testing.T) {
	t.Parallel()
	c := noon()
	i := issuer(t, c)
	claims := alice()
	claims.Expires = c.now.Add(time.Minute)
	if _, expires, err := i.Sign(t.Context(), claims); err != nil || !expires.Equal(claims.Expires) {
		t.Errorf("it ends at %s, %v", expires, err)
	}
}

func TestForgeriesAreRefused(t *testing.T) {
	t.Parallel()
	c := noon()
	i, other := issuer(t, c), issuer(t, c)
	good := sign(t, i, alice())
	parts := strings.Split(good, ".")
	for name, token := range map[string]string{
		"empty":               "",
		"another issuer's":    sign(t, other, alice()),
		"cut":                 good[:len(good)-4],
		"no signature":        parts[0] + "." + parts[1] + ".",
		"five parts":          good + ".x.y",
		"very long":           strings.Repeat("a", 1<<20) + ".b.c",
		"swapped payload":     parts[0] + "." + strings.Split(sign(t, i, oidc.Claims{Subject: "root", Cluster: "c-1", Account: "1", Session: "s"}), ".")[1] + "." + parts[2],
		"unsigned (alg none)": "eyJhbGciOiJub25lIn0." + parts[1] + ".",
	} {
		if _, err := i.Verify(t.Context(), token, "c-1"); err == nil {
			t.Errorf("accepted: %s", name)
		}
	}
}

func TestKeysRotateWithoutAGap(t *testing.T) {
	t.Parallel()
	c := noon()
	i := issuer(t, c)
	seen := map[string]time.Time{} // when a key was first published
	for range 24 * 65 {
		token := sign(t, i, alice())
		if _, err := i.Verify(t.Context(), token, "c-1"); err != nil {
			t.Fatalf("at %s: %v", c.now, err)
		}
		kid := keyOf(t, token)
		body, err := i.JWKS(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var set jose.JSONWebKeySet
		if err := json.Unmarshal(body, &set); err != nil {
			t.Fatal(err)
		}
		for _, k := range set.Keys {
			if !k.IsPublic() {
				t.Fatal("a private key is published")
			}
			if _, ok := seen[k.KeyID]; !ok {
				seen[k.KeyID] = c.now
			}
		}
		first, ok := seen[kid]
		if early := c.now.Sub(first) >= time.Hour || first.Equal(noon().now); !ok || !early {
			t.Fatalf("at %s a key signs that was not published before", c.now)
		}
		c.now = c.now.Add(time.Hour)
	}
	if len(seen) != 3 && len(seen) != 4 {
		t.Errorf("%d keys in 65 days", len(seen))
	}
}

func keyOf(t *testing.T, token string) string {
	t.Helper()
	parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Signatures[0].Header.KeyID
}
