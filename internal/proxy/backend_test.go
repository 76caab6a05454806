package proxy_test

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pratique-iam/pratique/internal/proxy"
)

func TestAClusterThatCannotAnswerIsAStatus(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	w.Timeout = 200 * time.Millisecond
	alice := w.as("alice")
	alice.get(pods+"/redirect").refused(t, http.StatusBadGateway, "InternalError", "redirect")
	alice.get(pods+"/expired").refused(t, http.StatusBadGateway, "InternalError", "no longer accepts the credential")
	alice.get(pods+"/slow").refused(t, http.StatusGatewayTimeout, "Timeout", "did not answer in time")

	set := func(a proxy.Access) { w.mu.Lock(); defer w.mu.Unlock(); w.reach["prod"] = a }
	other := newBackend(t)
	foreign := b.access()
	foreign.CA = selfSigned(t)
	set(foreign)
	alice.get(pods).refused(t, http.StatusBadGateway, "InternalError", "does not have the certificate")
	for name, change := range map[string]func(*proxy.Access){
		"no authority":  func(a *proxy.Access) { a.CA = nil },
		"no credential": func(a *proxy.Access) { a.Token = "" },
		"no TLS":        func(a *proxy.Access) { a.Server = strings.Replace(a.Server, "https", "http", 1) },
		"no address":    func(a *proxy.Access) { a.Server = "" },
	} {
		a := other.access()
		change(&a)
		set(a)
		got := alice.get(pods)
		got.refused(t, http.StatusServiceUnavailable, "ServiceUnavailable", "cannot be reached with what is known of it")
		if len(other.requests()) > 0 {
			t.Errorf("%s: it was asked nevertheless", name)
		}
	}
	down := b.access()
	down.Server = "https://" + unused(t)
	set(down)
	got := alice.get(pods)
	got.refused(t, http.StatusServiceUnavailable, "ServiceUnavailable", `cluster "prod" cannot be reached`)
	if strings.Contains(got.body, "127.0.0.1") || !strings.Contains(w.log.String(), "connection refused") {
		t.Errorf("the cause belongs into the log and not into the answer: %s", got.body)
	}
	w.mu.Lock()
	delete(w.reach, "prod")
	w.mu.Unlock()
	alice.get(pods).refused(t, http.StatusServiceUnavailable, "ServiceUnavailable", "does not run here")
}

func TestAnUnaskedSwitchOfProtocolsIsNotCarried(t *testing.T) {
	t.Parallel()
	b := newBackendOf(t, false)
	w := newWorld(t, b.access())
	got := w.as("alice").get(pods + "/unasked")
	got.refused(t, http.StatusBadGateway, "InternalError", "switched protocols without having been asked")
}

func TestASwitchToAnotherProtocolThanAskedIsNotCarried(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	got := w.raw(strings.Replace(handshake, "/web/exec", "/unasked/exec", 1) + "Authorization: Bearer " + w.as("alice").secret + "\n\n")
	if got.code < http.StatusInternalServerError || got.status.Kind != "Status" {
		t.Errorf("%d %s", got.code, got.body)
	}
}

func TestANewCredentialIsUsedAtOnce(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	alice := w.as("alice")
	alice.get(pods)
	next := b.access()
	next.Token, next.Server = "second", next.Server+"/base/path/"
	w.mu.Lock()
	w.reach["prod"] = next
	w.mu.Unlock()
	alice.get(pods)
	if r := b.last(t); r.Header.Get("Authorization") != "Bearer second" || r.RequestURI != "/base/path/api/v1/namespaces/dev/pods" {
		t.Errorf("asked for %s with %q", r.RequestURI, r.Header.Get("Authorization"))
	}
}

func TestBodiesPassThrough(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	text := strings.Repeat("x", 1<<20)
	got := w.as("alice").do("POST", pods, strings.NewReader(text))
	if got.code != http.StatusOK || !strings.Contains(got.body, text) {
		t.Errorf("%d, %d bytes", got.code, len(got.body))
	}
}

func unused(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}
