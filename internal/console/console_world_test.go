package console_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/server"
)

// world is a real server with an embedded store.
type world struct {
	*testing.T
	url    string
	ca     []byte
	secret string // with which root signs in the first time
}

// newWorld starts a server whose root has not signed in yet.
func newWorld(t *testing.T, settings ...func(*server.Config)) *world {
	t.Helper()
	data := t.TempDir()
	config := server.Config{Data: data, Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler), UnsafeNoFsync: true}
	for _, set := range settings {
		set(&config)
	}
	s, err := server.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-served, s.Close()); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	w := &world{T: t}
	w.url = strings.TrimSpace(w.file(data, "url"))
	w.ca, w.secret = []byte(w.file(data, "ca.crt")), strings.TrimSpace(w.file(data, "bootstrap-secret"))
	return w
}

// file waits for one that the server writes when it starts.
func (w *world) file(dir, name string) string {
	w.Helper()
	for end := time.Now().Add(30 * time.Second); ; {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil && strings.HasSuffix(string(data), "\n") {
			return string(data)
		}
		if time.Now().After(end) {
			w.Fatalf("the server writes no %s: %v", name, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// browser keeps cookies and follows nothing by itself.
type browser struct {
	*world
	http *http.Client
}

func (w *world) browser() *browser {
	w.Helper()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(w.ca)
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	w.Cleanup(transport.CloseIdleConnections)
	return &browser{w, &http.Client{
		Jar: jar, Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// shown is an answer: a page, or the way to one.
type shown struct {
	*testing.T
	status int
	to     string // where it sends the browser
	html   string
}

func (b *browser) get(path string) shown {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, b.url+path, nil)
	return b.send(req, err)
}

// post sends a form; fields are pairs of name and value.
func (b *browser) post(path string, fields ...string) shown {
	b.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, b.url+path, strings.NewReader(form.Encode()))
	if err == nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return b.send(req, err)
}

func (b *browser) send(req *http.Request, err error) shown {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
	resp, err := b.http.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	return shown{b.T, resp.StatusCode, resp.Header.Get("Location"), string(body)}
}

func (s shown) want(status int, texts ...string) shown {
	s.Helper()
	if s.status != status {
		s.Fatalf("answered %d, want %d:\n%s", s.status, status, s.html)
	}
	for _, text := range texts {
		if !strings.Contains(s.html, text) {
			s.Errorf("%q is not on the page:\n%s", text, s.html)
		}
	}
	return s
}

func (s shown) goes(to string) {
	s.Helper()
	if s.want(http.StatusSeeOther).to != to {
		s.Errorf("leads to %s, want %s", s.to, to)
	}
}

// finds gives the first group of a pattern on the page.
func (s shown) finds(pattern string) string {
	s.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(s.html)
	if found == nil {
		s.Fatalf("%s is not on the page:\n%s", pattern, s.html)
	}
	return found[1]
}

// rootPassword is what root sets at the first sign-in.
const rootPassword = "seven grey herons flying"

// root signs in the first time and sets a password.
func (w *world) root() *browser {
	w.Helper()
	b := w.browser()
	b.post("/console/login", "user", "root", "secret", w.secret).goes("/console/password")
	b.post("/console/password", "new", rootPassword, "again", rootPassword).goes("/console/mfa?first=yes")
	return b
}

// api is the native API as whoever signed in at a browser.
func (b *browser) api() *client.Client {
	b.Helper()
	at, err := url.Parse(b.url)
	if err != nil {
		b.Fatal(err)
	}
	token := ""
	for _, c := range b.http.Jar.Cookies(at) {
		if c.Name == "__Host-pratique" {
			token = c.Value
		}
	}
	c, err := client.New(client.Config{Server: b.url, CA: b.ca, Token: token})
	if err != nil {
		b.Fatal(err)
	}
	return c
}
