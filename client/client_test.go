package client_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/policy"
)

// serve answers with a handler over TLS and gives a client that trusts it.
func serve(t *testing.T, h http.HandlerFunc) *client.Client {
	t.Helper()
	s := httptest.NewTLSServer(h)
	t.Cleanup(s.Close)
	c, err := client.New(client.Config{Server: s.URL, Token: "prt_secret", CA: caOf(s)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func caOf(s *httptest.Server) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	if status >= 400 {
		w.Header().Set("Content-Type", "application/problem+json")
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func TestPlainHTTPOnlyToThisMachine(t *testing.T) {
	t.Parallel()
	for server, want := range map[string]string{
		"https://iam.example.com":       "",
		"https://iam.example.com:8443/": "",
		"http://localhost:8443":         "",
		"http://127.0.0.1:8443":         "",
		"http://[::1]:8443":             "",
		"http://127.1.2.3":              "",
		"http://iam.example.com":        "not encrypted",
		"http://10.0.0.1:8443":          "not encrypted",
		"http://localhost.example.com":  "not encrypted",
		"http://127.0.0.1.example.com":  "not encrypted",
		"iam.example.com":               "write https://iam.example.com",
		"localhost:8443":                "write https://localhost:8443",
		"ftp://iam.example.com":         "scheme",
		"https://":                      "not an address",
		"":                              "no server is named",
		"https://u:p@iam.example.com":   "user name",
		"https://iam.example.com?x=1":   "more than an address",
		"https://iam.example.com#x":     "more than an address",
	} {
		_, err := client.New(client.Config{Server: server})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: error %v, want %q", server, err, want)
		}
		if err != nil && strings.Contains(err.Error(), ":p@") {
			t.Errorf("%q: the error shows the password: %v", server, err)
		}
	}
}

func TestTokensNeverFollowARedirect(t *testing.T) {
	t.Parallel()
	var stolen atomic.Bool
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stolen.Store(true) }))
	t.Cleanup(thief.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		c := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, thief.URL, status) })
		_, err := c.Me(t.Context())
		if err == nil || !strings.Contains(err.Error(), "never sent after a redirect") {
			t.Errorf("%d: error %v", status, err)
		}
	}
	own, err := client.New(client.Config{Server: thief.URL, HTTP: &http.Client{}})
	if err != nil || own.Server() != thief.URL {
		t.Fatalf("%v, %v", own, err)
	}
	if stolen.Load() {
		t.Error("the request went to where it was sent on to")
	}
}

func TestRequestsSayWhoAsks(t *testing.T) {
	t.Parallel()
	var got http.Header
	var path string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got, path = r.Header, r.URL.EscapedPath()
		answer(w, http.StatusOK, `{"kind":"User","apiVersion":"x","metadata":{"name":"a"},"newer":"member"}`)
	})
	m, err := c.Get(t.Context(), pratique.KindUser, "../a/b c?")
	if err != nil || m.Metadata.Name != "a" {
		t.Fatalf("%+v, %v", m, err)
	}
	if got.Get("Authorization") != "Bearer prt_secret" || got.Get("User-Agent") != "pratique-client" {
		t.Errorf("headers %v", got)
	}
	if want := "/v1/users/..%2Fa%2Fb%20c%3F"; path != want {
		t.Errorf("path %s, want %s: a name must stay one segment", path, want)
	}
	if _, err := c.WithToken("").Get(t.Context(), pratique.KindUser, "a"); err != nil || got.Get("Authorization") != "" {
		t.Errorf("without a token: %v, %v", err, got)
	}
	if _, err := client.New(client.Config{Server: "https://x", Token: "a\r\nX: y"}); err == nil {
		t.Error("a token with a line break is accepted")
	}
}

func TestProblemsSayWhatAndWhatNext(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]error{
		401: client.ErrSignedOut, 403: pratique.ErrDenied, 404: pratique.ErrNotFound, 409: pratique.ErrConflict,
		400: pratique.ErrInvalid, 422: pratique.ErrInvalid, 413: pratique.ErrInvalid, 429: pratique.ErrUnavailable, 500: nil,
	} {
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			answer(w, status, fmt.Sprintf(`{"type":"x","title":"T","status":%d,"detail":"it is so","hint":"do this","decision":"dec_1","newer":1}`, status))
		})
		_, err := c.Me(t.Context())
		p, ok := errors.AsType[*client.ProblemError](err)
		if !ok || p.Decision != "dec_1" || err.Error() != "it is so; do this" {
			t.Errorf("%d: %#v", status, err)
			continue
		}
		if want != nil && !errors.Is(err, want) {
			t.Errorf("%d: %v is no %v", status, err, want)
		}
	}
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<h1>oops</h1>", http.StatusBadGateway) })
	if _, err := c.Me(t.Context()); err == nil || !strings.Contains(err.Error(), "502 Bad Gateway, and not as Pratique does") {
		t.Errorf("somebody else's error: %v", err)
	}
	c = serve(t, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, `{"account":"a","account":"b"}`)
	})
	if _, err := c.Me(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("a duplicate member: %v", err)
	}
}

func TestCertificatesAreChecked(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	c, err := client.New(client.Config{Server: s.URL, Token: "prt_secret"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Me(t.Context())
	if u, ok := errors.AsType[*client.UntrustedError](err); !ok || !u.Unknown || !strings.Contains(err.Error(), "an authority that is not known here") {
		t.Errorf("an unknown authority: %v", err)
	}
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	c, err = client.New(client.Config{Server: "https://localhost:" + port, Token: "prt_secret", CA: caOf(s)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Me(t.Context())
	if u, ok := errors.AsType[*client.UntrustedError](err); !ok || u.Unknown || !strings.Contains(err.Error(), "localhost") {
		t.Errorf("another name: %v", err)
	}
	if _, err := client.New(client.Config{Server: s.URL, CA: []byte("no certificate")}); err == nil || !strings.Contains(err.Error(), "ca.crt") {
		t.Errorf("a CA file that is none: %v", err)
	}
}

func TestUnreachableServersAreNamed(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := "https://" + l.Addr().String()
	_ = l.Close()
	c, err := client.New(client.Config{Server: server})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Me(t.Context())
	if want := "cannot reach " + server + ": connection refused"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if _, ok := errors.AsType[*client.UnreachableError](err); !ok {
		t.Errorf("%T is no UnreachableError", err)
	}
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	c, err = client.New(client.Config{Server: strings.Replace(plain.URL, "http:", "https:", 1)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = c.Me(t.Context()); err == nil || !strings.Contains(err.Error(), "does not speak TLS") {
		t.Errorf("a server without TLS: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Me(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestListsGoOverAllPages(t *testing.T) {
	t.Parallel()
	var queries []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		queries = append(queries, r.URL.RawQuery)
		if r.URL.Query().Get("page") == "" {
			answer(w, http.StatusOK, `{"items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}],"next":"p&2"}`)
			return
		}
		answer(w, http.StatusOK, `{"items":[{"metadata":{"name":"c"}}]}`)
	})
	var got []string
	for m, err := range c.All(t.Context(), pratique.KindGrant, client.ListOptions{Limit: 2, Group: "g"}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, m.Metadata.Name)
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"group=g&limit=2", "group=g&limit=2&page=p%262"}, queries); diff != "" {
		t.Error(diff)
	}
}

// TestExplanationsComeBack: effects are words in JSON.
func TestExplanationsComeBack(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, `{"allowed":false,"explanation":{"walks":[{"trace":{"decision":{"effect":"Deny"},
			"tiers":[{"name":"project","effect":"Deny","deciding":{"effect":"Deny","position":{"line":3}}},{"effect":"Undecided"},{"effect":"Allow"}]}}]}}`)
	})
	a, err := c.Decision(t.Context(), "dec_1")
	if err != nil {
		t.Fatal(err)
	}
	trace := a.Explanation.Walks[0].Trace
	if trace.Decision.Effect != policy.Deny || trace.Tiers[0].Deciding.Position.Line != 3 ||
		trace.Tiers[1].Effect != policy.Undecided || trace.Tiers[2].Effect != policy.Allow {
		t.Errorf("%+v", trace)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.TLS = &tls.Config{MaxVersion: tls.VersionTLS11}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	c, err := client.New(client.Config{Server: s.URL, CA: caOf(s)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Me(t.Context()); err == nil {
		t.Error("TLS 1.1 is accepted")
	}
}
