package webhook_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pratique-iam/pratique/internal/pki"
	"github.com/pratique-iam/pratique/internal/web"
)

// load asks the same thing on several connections as fast as it is answered.
type load struct {
	conns   [connections]*tls.Conn
	request []byte
	answer  int // bytes, which are the same number every time
}

// newLoad starts the server that Pratique runs, with a handler alone, and connects to it.
func newLoad(b *testing.B, h http.Handler, path, secret, body string) *load {
	b.Helper()
	authority, err := pki.Ensure(b.TempDir(), nil, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	served := make(chan error, 1)
	go func() {
		srv := web.Server{Handler: h, TLS: authority.TLS(), Log: slog.New(slog.DiscardHandler)}
		served <- srv.Serve(ctx, ln)
	}()
	l := &load{request: fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/json\r\n"+
		"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s", path, secret, len(body), body)}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.CAPEM())
	config := &tls.Config{RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}}
	for i := range l.conns {
		if l.conns[i], err = tls.Dial("tcp", ln.Addr().String(), config); err != nil {
			b.Fatal(err)
		}
	}
	b.Cleanup(func() {
		for _, c := range l.conns {
			_ = c.Close()
		}
		stop()
		if err := <-served; err != nil {
			b.Error(err)
		}
	})
	l.measure(b)
	l.run(b, 100*time.Millisecond)
	return l
}

// measure asks once and finds out how long an answer is.
func (l *load) measure(b *testing.B) {
	b.Helper()
	if _, err := l.conns[0].Write(l.request); err != nil {
		b.Fatal(err)
	}
	var raw bytes.Buffer
	res, err := http.ReadResponse(bufio.NewReader(io.TeeReader(l.conns[0], &raw)), nil)
	if err != nil {
		b.Fatal(err)
	}
	_, err = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	if l.answer = raw.Len(); err != nil || res.StatusCode != http.StatusOK || res.ContentLength < 0 {
		b.Fatalf("answer %s (%v)", raw.String(), err)
	}
}

// run asks for a while and tells the rate, and the processor time of one request, the client's included.
func (l *load) run(b *testing.B, during time.Duration) (rate, cpu float64) {
	b.Helper()
	var done atomic.Int64
	var all sync.WaitGroup
	start, used := time.Now(), processor(b)
	for _, c := range l.conns {
		all.Go(func() {
			answer, n := make([]byte, l.answer), int64(0)
			for ; time.Since(start) < during; n++ {
				if err := l.ask(c, answer); err != nil {
					b.Error(err)
					return
				}
			}
			done.Add(n)
		})
	}
	all.Wait()
	n := float64(done.Load())
	return n / time.Since(start).Seconds(), (processor(b) - used) / n
}

func (l *load) ask(c *tls.Conn, answer []byte) error {
	if _, err := c.Write(l.request); err != nil {
		return err
	}
	if _, err := io.ReadFull(c, answer); err != nil {
		return err
	}
	if !bytes.HasPrefix(answer, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("answer %s", answer)
	}
	return nil
}

// processor is the processor time that this process has used, in seconds.
func processor(b *testing.B) float64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}
