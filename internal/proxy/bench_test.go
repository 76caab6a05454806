package proxy_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/pratique-iam/pratique/internal/proxy"
)

// BenchmarkAddedLatency measures one request after the other, straight to a server that answers at once and through the proxy to the same
// server, in turns. It prints the medians and their difference: what the proxy costs, decision and second hop included.
func BenchmarkAddedLatency(b *testing.B) {
	be := newBackend(b)
	w := newWorld(b, be.access())
	w.Log = slog.New(slog.DiscardHandler)
	straight := asker{client: trusting(b, be.access()), url: be.URL + "/api/v1/namespaces/dev/pods"}
	through := asker{client: w.client, url: "https://" + w.addr + pods, token: w.as("alice").secret}
	compare(b, straight.ask, through.ask)
}

// BenchmarkAddedWatchLatency measures how long an event takes from the server to a client that watches.
func BenchmarkAddedWatchLatency(b *testing.B) {
	be := newBackend(b)
	w := newWorld(b, be.access())
	w.Log = slog.New(slog.DiscardHandler)
	direct := newBackend(b)
	straight := asker{client: trusting(b, direct.access()), url: direct.URL + "/api/v1/pods?watch=true"}
	lines := w.as("alice").watch(pods + "?watch=true")
	res := straight.open(b)
	defer func() { _ = res.Close() }()
	event := make([]byte, len("event\n"))
	hear := func(b *testing.B, from *backend, r io.Reader) {
		b.Helper()
		from.say(b, "event")
		if _, err := io.ReadFull(r, event); err != nil {
			b.Fatal(err)
		}
	}
	compare(b, func(b *testing.B) { b.Helper(); hear(b, direct, res) }, func(b *testing.B) { b.Helper(); hear(b, be, lines) })
}

// compare times two things in turns and reports the medians.
func compare(b *testing.B, straight, through func(*testing.B)) {
	b.Helper()
	for range 20 {
		straight(b)
		through(b)
	}
	var direct, proxied []time.Duration
	for b.Loop() {
		begun := time.Now()
		straight(b)
		between := time.Now()
		through(b)
		direct, proxied = append(direct, between.Sub(begun)), append(proxied, time.Since(between))
	}
	d, p := median(direct), median(proxied)
	b.ReportMetric(d, "direct-µs")
	b.ReportMetric(p, "proxied-µs")
	b.ReportMetric(p-d, "added-µs")
	b.ReportMetric(0, "ns/op")
}

func median(v []time.Duration) float64 {
	slices.Sort(v)
	return float64(v[len(v)/2]) / float64(time.Microsecond)
}

type asker struct {
	client     *http.Client
	url, token string
}

func (a asker) open(b *testing.B) io.ReadCloser {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, a.url, nil)
	if err != nil {
		b.Fatal(err)
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	res, err := a.client.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		b.Fatal(res.Status)
	}
	return res.Body
}

func (a asker) ask(b *testing.B) {
	b.Helper()
	body := a.open(b)
	if _, err := io.Copy(io.Discard, body); err != nil {
		b.Fatal(err)
	}
	_ = body.Close()
}

// trusting is a client that reaches what an access reaches, as itself.
func trusting(tb testing.TB, a proxy.Access) *http.Client {
	tb.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(a.CA)
	config := &tls.Config{RootCAs: roots}
	if len(a.ClientCert) > 0 {
		pair, err := tls.X509KeyPair(a.ClientCert, a.ClientKey)
		if err != nil {
			tb.Fatal(err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	t := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
	tb.Cleanup(t.CloseIdleConnections)
	return &http.Client{Transport: t}
}
