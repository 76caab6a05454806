package proxy_test

import (
	"encoding/json"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pratique-iam/pratique/internal/proxy"
)

// backend is the kube-apiserver of the tests: a real HTTPS server that answers what it is asked to.
type backend struct {
	*httptest.Server
	mu    sync.Mutex
	seen  []*http.Request
	ended chan struct{} // one value for each stream that ended here
	feed  chan string   // what a watch says next

	poured atomic.Int64 // bytes that /flood has got rid of
}

func newBackend(tb testing.TB) *backend { tb.Helper(); return newBackendOf(tb, true) }

func newBackendOf(tb testing.TB, http2 bool) *backend {
	tb.Helper()
	b := &backend{ended: make(chan struct{}, 16), feed: make(chan string)}
	b.Server = httptest.NewUnstartedServer(b)
	b.EnableHTTP2 = http2
	b.StartTLS()
	tb.Cleanup(func() {
		b.CloseClientConnections()
		b.Close()
	})
	return b
}

func (b *backend) access() proxy.Access {
	return proxy.Access{Server: b.URL, CA: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: b.Certificate().Raw}), Token: "proxy-credential"}
}

func (b *backend) requests() []*http.Request { b.mu.Lock(); defer b.mu.Unlock(); return b.seen }

func (b *backend) last(tb testing.TB) *http.Request {
	tb.Helper()
	all := b.requests()
	if len(all) == 0 {
		tb.Fatal("nothing has reached the cluster")
	}
	return all[len(all)-1]
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	b.seen = append(b.seen, r)
	b.mu.Unlock()
	switch {
	case strings.Contains(r.URL.Path, "/unasked"):
		switchTo(w, "Upgrade: SPDY/3.1\r\nConnection: Upgrade\r\n", nil)
	case strings.Contains(r.URL.Path, "/redirect"):
		http.Redirect(w, r, "https://elsewhere.test/", http.StatusTemporaryRedirect)
	case strings.Contains(r.URL.Path, "/expired"):
		w.WriteHeader(http.StatusUnauthorized)
	case strings.Contains(r.URL.Path, "/by-both"):
		b.forbid(w, `pods "both" is forbidden: User "`+r.Header.Get("Impersonate-User")+`" cannot get resource "pods" in API group "" in the namespace "dev": `+
			`you may see the cluster, but hold no namespace permission in it; why: pratique why alice get pods -n dev --cluster prod`)
	case strings.Contains(r.URL.Path, "/by-rbac"):
		b.forbid(w, `pods "rbac" is forbidden: User "`+r.Header.Get("Impersonate-User")+`" cannot get resource "pods" in API group "" in the namespace "dev"`)
	case strings.Contains(r.URL.Path, "/powerless"):
		b.forbid(w, `users "x" is forbidden: User "system:serviceaccount:a:b" cannot impersonate resource "users" in API group "" at the cluster scope`)
	case strings.Contains(r.URL.Path, "/quota"):
		b.forbid(w, `pods "quota" is forbidden: exceeded quota: small`)
	case strings.Contains(r.URL.Path, "/slow"):
		<-r.Context().Done()
	case r.Header.Get("Upgrade") != "":
		b.upgrade(w, r)
	case r.URL.Query().Get("watch") != "" || r.URL.Query().Get("follow") != "":
		b.watch(w, r)
	default:
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Set-Cookie", "stolen=yes")
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Audit-Id", r.Header.Get("Audit-Id"))
		data, _ := io.ReadAll(r.Body)
		_ = json.NewEncoder(w).Encode(map[string]any{"uri": r.RequestURI, "method": r.Method, "body": string(data)})
	}
}

// say feeds a watch with an event, if there is one.
func (b *backend) say(tb testing.TB, event string) {
	tb.Helper()
	select {
	case b.feed <- event:
	case <-time.After(10 * time.Second):
		tb.Fatal("nobody watches any more")
	}
}

// pour writes until it cannot.
func (b *backend) pour(to io.Writer) {
	data := make([]byte, 64<<10)
	for {
		n, err := to.Write(data)
		b.poured.Add(int64(n))
		if err != nil {
			return
		}
	}
}

func (b *backend) forbid(w http.ResponseWriter, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusForbidden)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403, "message": message,
		"details": map[string]string{"name": "web", "kind": "pods"},
	})
}

func (b *backend) watch(w http.ResponseWriter, r *http.Request) {
	defer func() { b.ended <- struct{}{} }()
	w.Header().Set("Content-Type", "application/json;stream=watch")
	w.WriteHeader(http.StatusOK)
	rc := http.NewResponseController(w)
	_ = rc.Flush()
	if strings.Contains(r.URL.Path, "/flood") {
		b.pour(w)
		return
	}
	for {
		select {
		case <-r.Context().Done():
			return
		case event := <-b.feed:
			_, _ = io.WriteString(w, event+"\n")
			_ = rc.Flush()
		}
	}
}

// upgrade switches protocols and says back whatever it hears.
func (b *backend) upgrade(w http.ResponseWriter, r *http.Request) {
	defer func() { b.ended <- struct{}{} }()
	head := "Upgrade: " + r.Header.Get("Upgrade") + "\r\nConnection: Upgrade\r\nSet-Cookie: stolen=yes\r\n"
	if key := r.Header.Get("Sec-Websocket-Key"); key != "" {
		protocol, _, _ := strings.Cut(r.Header.Get("Sec-Websocket-Protocol"), ",")
		head += "Sec-WebSocket-Accept: " + accept(key) + "\r\nSec-WebSocket-Protocol: " + protocol + "\r\n"
	}
	switchTo(w, head, func(conn net.Conn, in io.Reader) {
		if strings.Contains(r.URL.Path, "/flood") {
			b.pour(conn)
			return
		}
		_, _ = io.Copy(conn, in)
	})
}

func switchTo(w http.ResponseWriter, head string, talk func(net.Conn, io.Reader)) {
	conn, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n"+head+"\r\n")
	if talk != nil {
		talk(conn, buf)
	}
}
