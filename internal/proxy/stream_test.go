package proxy_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/proxy"
)

func accept(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func selfSigned(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{SerialNumber: big.NewInt(1)}, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
}

// upgraded sends a request for an upgrade and returns the connection behind the answer.
func (w *world) upgraded(text string) (net.Conn, *bufio.Reader, http.Header) {
	w.tb.Helper()
	conn := w.dial()
	if _, err := io.WriteString(conn, strings.ReplaceAll(text, "\n", "\r\n")); err != nil {
		w.tb.Fatal(err)
	}
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, nil) //nolint:bodyclose // an answer that switches protocols has none
	if err != nil {
		w.tb.Fatal(err)
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		data, _ := io.ReadAll(res.Body)
		w.tb.Fatalf("%d %s", res.StatusCode, data)
	}
	return conn, in, res.Header
}

func talk(t *testing.T, conn net.Conn, in *bufio.Reader, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(text))
	if _, err := io.ReadFull(in, got); err != nil || string(got) != text {
		t.Fatalf("said %q, heard %q (%v)", text, got, err)
	}
}

const handshake = "GET " + pods + "/web/exec?command=sh HTTP/1.1\nHost: x\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n"

func TestWebSocketsAreCarriedAndATokenInTheProtocolGoesNoFurther(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	secret := w.as("alice").secret
	hidden := "base64url.bearer.authorization.k8s.io." + base64.RawURLEncoding.EncodeToString([]byte(secret))
	conn, in, header := w.upgraded(handshake + "Sec-WebSocket-Protocol: v5.channel.k8s.io, " + hidden + "\nSec-WebSocket-Protocol: v4.channel.k8s.io\nOrigin: https://x\n\n")
	if header.Get("Sec-Websocket-Accept") != accept("dGhlIHNhbXBsZSBub25jZQ==") || header.Get("Sec-Websocket-Protocol") != "v5.channel.k8s.io" {
		t.Errorf("the handshake is answered with %v", header)
	}
	if header.Get("Set-Cookie") != "" {
		t.Error("the client gets a cookie of the cluster")
	}
	talk(t, conn, in, "\x81\x05hello")
	r := b.last(t)
	if got := r.Header.Get("Sec-Websocket-Protocol"); got != "v5.channel.k8s.io, v4.channel.k8s.io" || r.Header.Get("Impersonate-User") != w.user("alice") {
		t.Errorf("the cluster is offered %q by %q", got, r.Header.Get("Impersonate-User"))
	}
	if r.ProtoMajor != 1 || r.Header.Get("Authorization") != "Bearer proxy-credential" || r.Header.Get("Origin") != "" {
		t.Errorf("the cluster got %v", r.Header)
	}
	_ = conn.Close()
	within(t, "the cluster's side ends with the client's", signal(b.ended))
	if strings.Contains(w.log.String(), secret) || strings.Contains(w.log.String(), hidden[40:]) {
		t.Error("the token is in the log")
	}
	if all := w.recorded(); len(all) != 1 || all[0].Event != "kubernetes.exec" {
		t.Errorf("recorded %+v", all)
	}
}

func TestTokensInTheProtocolAreReadAsStrictlyAsKubernetesDoes(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	secret := w.as("alice").secret
	hidden := "base64url.bearer.authorization.k8s.io." + base64.RawURLEncoding.EncodeToString([]byte(secret))
	for name, c := range map[string]struct {
		lines string
		code  int
	}{
		"two tokens":      {"Sec-WebSocket-Protocol: v5.channel.k8s.io, " + hidden + ", " + hidden, 401},
		"alone":           {"Sec-WebSocket-Protocol: " + hidden, 400},
		"padded":          {"Sec-WebSocket-Protocol: v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.eA==", 401},
		"empty":           {"Sec-WebSocket-Protocol: v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.", 401},
		"line break":      {"Sec-WebSocket-Protocol: v5.channel.k8s.io, base64url.bearer.authorization.k8s.io." + base64.RawURLEncoding.EncodeToString([]byte("x\r\ny")), 401},
		"and a header":    {"Sec-WebSocket-Protocol: v5.channel.k8s.io, " + hidden + "\nAuthorization: Bearer " + secret, 400},
		"in another case": {"Sec-WebSocket-Protocol: v5.channel.k8s.io, BASE64URL.bearer.authorization.k8s.io.eA", 401},
	} {
		if got := w.raw(handshake + c.lines + "\n\n"); got.code != c.code || got.status.Kind != "Status" {
			t.Errorf("%s: %d %s", name, got.code, got.body)
		}
	}
	if len(b.requests()) > 0 {
		t.Error("something reached the cluster")
	}
}

func TestSPDYIsCarried(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	for _, sub := range []string{"portforward", "exec?command=sh", "attach"} {
		conn, in, header := w.upgraded("POST " + pods + "/web/" + sub + " HTTP/1.1\nHost: x\nConnection: Upgrade\nUpgrade: SPDY/3.1\nContent-Length: 0\n" +
			"X-Stream-Protocol-Version: portforward.k8s.io\nX-Stream-Protocol-Version: v4.channel.k8s.io\nAuthorization: Bearer " + w.as("alice").secret + "\n\n")
		if header.Get("Upgrade") != "SPDY/3.1" || len(b.last(t).Header["X-Stream-Protocol-Version"]) != 2 {
			t.Errorf("%v after %v", header, b.last(t).Header)
		}
		talk(t, conn, in, "\x80\x03\x00\x01frame")
		_ = conn.Close()
		within(t, "the cluster's side ends with the client's", signal(b.ended))
	}
}

func signal(c <-chan struct{}) <-chan struct{} {
	out := make(chan struct{})
	go func() {
		<-c
		close(out)
	}()
	return out
}

// watch opens a watch and returns its lines.
func (a as) watch(path string) *bufio.Reader {
	a.w.tb.Helper()
	ctx, cancel := context.WithTimeout(a.w.tb.Context(), 20*time.Second) // so that a stream that should have ended fails a test
	a.w.tb.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+a.w.addr+path, nil)
	if err != nil {
		a.w.tb.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.secret)
	res, err := a.w.client.Do(req)
	if err != nil {
		a.w.tb.Fatal(err)
	}
	a.w.tb.Cleanup(func() { _ = res.Body.Close() })
	if res.StatusCode != http.StatusOK {
		data, _ := io.ReadAll(res.Body)
		a.w.tb.Fatalf("%d %s", res.StatusCode, data)
	}
	return bufio.NewReader(res.Body)
}

func TestWatchesFlushAndOutliveTheTimeOutsOfTheServer(t *testing.T) {
	t.Parallel()
	for _, http2 := range []bool{true, false} {
		t.Run(map[bool]string{true: "HTTP/2", false: "HTTP/1.1"}[http2], func(t *testing.T) {
			t.Parallel()
			outlive(t, http2)
		})
	}
}

func outlive(t *testing.T, http2 bool) {
	t.Helper()
	b := newBackendOf(t, http2)
	w := newWorld(t, b.access())
	if !http2 {
		transport, ok := w.client.Transport.(*http.Transport)
		if !ok {
			t.Fatal("the client has another transport")
		}
		transport.Protocols = new(http.Protocols)
		transport.Protocols.SetHTTP1(true)
	}
	lines := w.as("alice").watch(pods + "?watch=true")
	begun := time.Now()
	for i := 0; time.Since(begun) < 3*time.Second; i++ { // the server's time-outs are 2 s
		b.say(t, "event")
		if line, err := lines.ReadString('\n'); err != nil || line != "event\n" {
			t.Fatalf("event %d arrives as %q (%v)", i, line, err)
		}
	}
	if proto := b.last(t).ProtoMajor; (proto == 2) != http2 {
		t.Errorf("the cluster is asked with HTTP/%d", proto)
	}
}

// An open stream must end on both sides, whatever took the right to it away.
func TestStreamsEndWithTheRightToThem(t *testing.T) {
	t.Parallel()
	for name, revoke := range map[string]func(w *world, session string){
		"session ended": func(w *world, session string) { w.change(pratique.EndSession{ID: session}) },
		"user disabled": func(w *world, _ string) {
			w.apply("kind: User\nmetadata: {name: alice}\nspec: {disabled: true}")
		},
		"denied": func(w *world, _ string) {
			w.apply(strings.ReplaceAll(denyExec, ":secrets:", ":pods*:"))
		},
		"left the group":         func(w *world, _ string) { w.apply("kind: Group\nmetadata: {name: team}\nspec: {members: []}") },
		"permission taken away":  func(w *world, _ string) { w.change(pratique.Delete{Kind: pratique.KindNamespacePermission, Name: "p"}) },
		"permission made weaker": func(w *world, _ string) { w.apply(strings.Replace(permission, "edit", "view", 1)) },
		"policy too old":         func(w *world, _ string) { w.mu.Lock(); w.fresh = proxy.Freshness{}; w.mu.Unlock() },
		"hibernated": func(w *world, _ string) {
			stopped := true
			w.change(pratique.ClusterUpdate{Name: "prod", Stopped: &stopped})
		},
		"cluster deleted": func(w *world, _ string) { w.change(pratique.DeleteCluster{Name: "prod"}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBackend(t)
			w := newWorld(t, b.access())
			w.apply(permission)
			secret, session := w.token("alice")
			lines := as{w, secret}.watch(pods + "?watch=true")
			logs := as{w, secret}.watch(pods + "/web/log?follow=true")
			conn, in, _ := w.upgraded(handshake + "Sec-WebSocket-Protocol: v5.channel.k8s.io\nAuthorization: Bearer " + secret + "\n\n")
			talk(t, conn, in, "hello")
			begun := time.Now()
			revoke(w, session)
			for _, r := range []*bufio.Reader{lines, logs, in} {
				if line, err := r.ReadString('\n'); err == nil || line != "" {
					t.Errorf("the client still hears %q", line)
				}
			}
			for range 3 {
				within(t, "the cluster's side ends", signal(b.ended))
			}
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

const permission = "kind: NamespacePermission\nmetadata: {name: p}\nspec: {user: alice, clusterRole: edit, clusters: [prod], namespaces: [dev]}"

func TestStreamsStayWhileTheDirectoryChangesOtherwise(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	w.apply(permission)
	lines := w.as("alice").watch(pods + "?watch=true")
	for i, change := range []string{
		"kind: User\nmetadata: {name: bob}",
		"kind: NamespacePermission\nmetadata: {name: q}\nspec: {user: alice, clusterRole: view, clusters: [prod], namespaces: [test]}",
		"kind: NamespacePermission\nmetadata: {name: r}\nspec: {user: bob, clusterRole: view, clusters: [prod], namespaces: [test]}",
		"kind: Group\nmetadata: {name: more}\nspec: {members: [alice]}",
	} {
		w.apply(change)
		time.Sleep(200 * time.Millisecond) // longer than two looks
		b.say(t, "event")
		if line, err := lines.ReadString('\n'); err != nil {
			t.Fatalf("change %d ended the stream: %q %v %s", i, line, err, w.log.String())
		}
	}
}

func TestALostAdministratorsStreamEndsThoughTheGateLetsItThrough(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	w.apply(`
kind: Grant
metadata: {name: guest}
spec: {group: team, policy: Tenant Guest, scope: {allProjects: true}}
---
kind: Grant
metadata: {name: admin}
spec: {group: team, policy: Tenant Administrator, scope: {allProjects: true}}`)
	lines := w.as("alice").watch(pods + "?watch=true")
	if got := b.last(t).Header["Impersonate-Group"]; got[0] != proxy.ClusterAdmins {
		t.Fatalf("she comes in %v", got)
	}
	w.change(pratique.Delete{Kind: pratique.KindGrant, Name: "admin"})
	if _, err := lines.ReadString('\n'); err == nil {
		t.Error("the stream goes on")
	}
	within(t, "the cluster's side ends", signal(b.ended))
}

// A client that takes nothing must not keep its stream open by that: the proxy waits for it in a write.
func TestAClientThatTakesNothingIsCutOffToo(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(w *world, secret string){
		"tunnel": func(w *world, secret string) {
			w.upgraded(strings.Replace(handshake, "/web/", "/flood/", 1) + "Authorization: Bearer " + secret + "\n\n")
		},
		"watch over HTTP/2": func(w *world, secret string) {
			as{w, secret}.watch("/clusters/prod/api/v1/namespaces/flood/pods?watch=true")
		},
		"watch over HTTP/1.1": func(w *world, secret string) {
			conn := w.dial()
			_, _ = io.WriteString(conn, "GET /clusters/prod/api/v1/namespaces/flood/pods?watch=true HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+secret+"\r\n\r\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBackend(t)
			w := newWorld(t, b.access())
			w.PerUser = 1
			secret, session := w.token("alice")
			open(w, secret)
			for before := int64(-1); b.poured.Load() == 0 || b.poured.Load() != before; {
				before = b.poured.Load()
				time.Sleep(300 * time.Millisecond) // nothing tells that a pipe is full
			}
			w.change(pratique.EndSession{ID: session})
			within(t, "the cluster's side ends", signal(b.ended))
			again := w.as("alice")
			for begun := time.Now(); again.get("/clusters/ack/api/v1/pods").code != http.StatusOK; time.Sleep(20 * time.Millisecond) {
				if time.Since(begun) > 5*time.Second {
					t.Fatal("the proxy still holds the stream")
				}
			}
		})
	}
}

func TestStreamsEndWithTheConnectionToTheCluster(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	done := make(chan struct{})
	a := b.access()
	a.Done = done
	w := newWorld(t, a)
	lines := w.as("alice").watch(pods + "?watch=true")
	close(done)
	if _, err := lines.ReadString('\n'); err == nil {
		t.Error("the stream goes on")
	}
}

func TestOnePrincipalCannotTakeAllTheRoom(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	w.PerUser = 2
	alice := w.as("alice")
	alice.watch(pods + "?watch=true")
	alice.watch(pods + "?watch=true")
	got := alice.get(pods)
	got.refused(t, http.StatusTooManyRequests, "TooManyRequests", "too many")
	if got.header.Get("Retry-After") == "" {
		t.Error("the answer does not say when to try again")
	}
	w.apply("kind: User\nmetadata: {name: bob}")
	if got := w.as("bob").get("/clusters/ack/api/v1/pods"); got.code != http.StatusOK {
		t.Errorf("bob gets %d", got.code)
	}
}
