package federation

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pratique-iam/pratique"
)

func TestAPersonComesBackAsWhoTheProviderSaysTheyAre(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	w := newWorld(t, i)
	ticket, state := w.begin(i)
	got, err := w.finish(ticket, Answer{State: state, Code: "good", Issuer: i.URL})
	if err != nil {
		t.Fatal(err)
	}
	if got.Account != "acc" || got.Subject != "s-1" || got.Name != "carol" || got.Email != "carol@example.com" || len(got.Groups) != 1 || got.Groups[0] != "ops" {
		t.Errorf("got %+v", got)
	}
	if i.secret != "hush" {
		t.Errorf("the provider was shown the secret %q", i.secret)
	}
}

func TestATicketWorksOnceForTenMinutesInItsOwnBrowser(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	w := newWorld(t, i)
	ticket, state := w.begin(i)
	other, otherState := w.begin(i)
	good := Answer{State: state, Code: "good"}
	for _, bad := range []struct {
		ticket string
		answer Answer
		reason string
	}{
		{ticket, Answer{Code: "good"}, "the state"},
		{ticket, Answer{State: otherState, Code: "good"}, "the state"}, // what came to one browser is brought to another
		{other, good, "the state"},
		{"", good, "not one of ours"},
		{"AAAA", good, "not one of ours"},
		{"?", good, "not one of ours"},
	} {
		_, err := w.finish(bad.ticket, bad.answer)
		refused(t, err, pratique.ErrDenied, "begin again", bad.reason)
	}
	ticket, state = w.begin(i)
	good.State = state
	if _, err := w.finish(ticket, good); err != nil {
		t.Fatal(err)
	}
	_, err := w.finish(ticket, good)
	refused(t, err, pratique.ErrDenied, "begin again", "used before")
	w.clock = w.clock.Add(11 * time.Minute)
	_, err = w.finish(other, Answer{State: otherState, Code: "good"})
	refused(t, err, pratique.ErrDenied, "took too long", "expired")
}

func TestWhatTheProviderSaysIsVerified(t *testing.T) {
	t.Parallel()
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		set    func(*issuer)
		reason string
	}{
		"wrong signature": {func(i *issuer) { i.sign = func(c any) string { return sign(t, stranger, c) } }, "signature"},
		"alg none": {func(i *issuer) {
			i.sign = func(c any) string {
				data, _ := json.Marshal(c)
				return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString(data) + "."
			}
		}, "ID token"},
		"signed with a key that everybody knows": {func(i *issuer) {
			i.sign = func(c any) string {
				s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte("0123456789abcdef0123456789abcdef")}, nil)
				if err != nil {
					t.Error(err)
					return ""
				}
				data, _ := json.Marshal(c)
				jws, _ := s.Sign(data)
				out, _ := jws.CompactSerialize()
				return out
			}
		}, "ID token"},
		"another audience":       {func(i *issuer) { i.claims["aud"] = "other" }, "audience"},
		"another party":          {func(i *issuer) { i.claims["aud"] = []string{"pratique", "other"} }, "another client"},
		"made for another":       {func(i *issuer) { i.claims["azp"] = "other" }, "another client"},
		"another issuer":         {func(i *issuer) { i.claims["iss"] = "https://evil.example.com" }, "issue"},
		"expired":                {func(i *issuer) { i.claims["exp"] = time.Now().Add(-time.Minute).Unix() }, "expired"},
		"another nonce":          {func(i *issuer) { i.claims["nonce"] = "other" }, "another sign-in"},
		"no nonce":               {func(i *issuer) { i.claims["nonce"] = nil }, "another sign-in"},
		"no subject":             {func(i *issuer) { i.claims["sub"] = "" }, "no subject"},
		"groups of another kind": {func(i *issuer) { i.claims["groups"] = map[string]any{"ops": true} }, "groups"},
		"groups without end":     {func(i *issuer) { i.claims["groups"] = strings.Split(strings.Repeat("g,", 3000), ",") }, "groups"},
		"no ID token": {func(i *issuer) {
			i.token = func(w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write([]byte(`{"access_token":"x","token_type":"Bearer"}`))
				return true
			}
		}, "no ID token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newIssuer(t)
			test.set(i)
			w := newWorld(t, i)
			ticket, state := w.begin(i)
			_, err := w.finish(ticket, Answer{State: state, Code: "good"})
			refused(t, err, pratique.ErrDenied, "could not be verified", test.reason)
		})
	}
}

func TestACodeThatIsNotOursIsNotTaken(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	w := newWorld(t, i)
	ticket, state := w.begin(i)
	_, err := w.finish(ticket, Answer{State: state, Code: "of somebody else"})
	refused(t, err, pratique.ErrDenied, "could not be verified", "invalid_grant")
	ticket, state = w.begin(i)
	_, err = w.finish(ticket, Answer{State: state, Code: "good", Issuer: "https://evil.example.com"})
	refused(t, err, pratique.ErrDenied, "could not be verified", "another issuer")
	ticket, state = w.begin(i)
	_, err = w.finish(ticket, Answer{State: state, Error: "access_denied\x1b[2J"})
	refused(t, err, pratique.ErrDenied, "corp did not sign you in", "access_denied?")
}

func TestAProviderThatFailsIsOneSentence(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		found  http.HandlerFunc
		doc    map[string]any
		reason string
	}{
		"another issuer": {doc: map[string]any{"issuer": "https://evil.example.com"}, reason: "issuer"},
		"keys in clear":  {doc: map[string]any{"jwks_uri": "http://keys.example.com/"}, reason: "https://"},
		"sends in clear": {doc: map[string]any{"authorization_endpoint": "http://login.example.com/"}, reason: "https://"},
		"no address":     {doc: map[string]any{"token_endpoint": "javascript:alert(1)"}, reason: "an address"},
		"redirects":      {found: http.RedirectHandler("http://localhost:1/", http.StatusFound).ServeHTTP, reason: "redirects"},
		"a huge answer":  {found: func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 2<<20)) }, reason: "too large"},
		"an error":       {found: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, reason: "500"},
		"something else": {found: func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, reason: "discovery"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newIssuer(t)
			i.found, i.doc = test.found, test.doc
			w := newWorld(t, i)
			_, _, err := w.Begin(t.Context(), "acc", w.idp, redirect)
			refused(t, err, pratique.ErrUnavailable, "corp cannot be reached", test.reason)
		})
	}
}

func TestASlowProviderIsGivenUp(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	i.found = func(http.ResponseWriter, *http.Request) { <-release }
	w := newWorld(t, i)
	begun := time.Now()
	_, _, err := w.Begin(t.Context(), "acc", w.idp, redirect)
	refused(t, err, pratique.ErrUnavailable, "corp cannot be reached", "")
	if took := time.Since(begun); took > 2*patience {
		t.Errorf("it was waited for %s", took)
	}
}

func TestAProviderIsAskedOnceByAll(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	w := newWorld(t, i)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, _, err := w.Begin(t.Context(), "acc", w.idp, redirect); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := i.asked.Load(); n != 1 {
		t.Errorf("it was asked %d times", n)
	}
	w.clock = w.clock.Add(cacheLife)
	if _, _, err := w.Begin(t.Context(), "acc", w.idp, redirect); err != nil || i.asked.Load() != 2 {
		t.Errorf("asked %d times, %v", i.asked.Load(), err)
	}
}

func TestASecretIsShownToNoOtherIssuer(t *testing.T) {
	t.Parallel()
	i, evil := newIssuer(t), newIssuer(t)
	w := newWorld(t, i)
	w.idp.Issuer = evil.URL
	_, _, err := w.Begin(t.Context(), "acc", w.idp, redirect)
	refused(t, err, pratique.ErrUnavailable, "cannot be reached", "the client secret")
}

func TestAddressesAreLookedAtWhenTheyAreDialled(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	w := newWorld(t, i)
	w.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("not this address") }
	_, _, err := w.Begin(t.Context(), "acc", w.idp, redirect)
	refused(t, err, pratique.ErrUnavailable, "cannot be reached", "not this address")
}
