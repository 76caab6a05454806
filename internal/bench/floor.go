package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"sync"

	"github.com/pratique-iam/pratique/internal/pki"
	"github.com/pratique-iam/pratique/internal/web"
)

// The addresses of the floor of reviews.
const (
	constantPath = "/constant" // answers every request with the same words
	readPath     = "/read"     // reads the body before it does
)

// ballast is beside what a server holds that has a directory. An almost empty process would collect its garbage all the time, which would make the
// floor lower than it is.
const ballast = 64 << 20

// verdictChild serves what an authorizer costs that decides nothing, through the listener of the server and with its TLS. One address reads the
// body, as anybody must who wants to know what is asked; the other leaves that to net/http, which does it after the answer and cheaper: while a
// handler works on a body that has been read, net/http watches the connection for a hang-up.
func verdictChild(ctx context.Context, dir string, out io.Writer) error {
	authority, err := pki.Ensure(dir, nil, now)
	if err != nil {
		return err
	}
	var listen net.ListenConfig
	ln, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "  server   https://%s\n", ln.Addr()); err != nil {
		return err
	}
	held := make([]byte, ballast)
	defer runtime.KeepAlive(held)
	s := &web.Server{Handler: constant(), TLS: authority.TLS(), Log: slog.New(slog.DiscardHandler)}
	return s.Serve(ctx, ln)
}

func constant() http.Handler {
	const most = 64 << 10
	verdict := []byte(`{"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","status":{"allowed":false,"reason":""}}` + "\n")
	buffers := sync.Pool{New: func() any { return new([most]byte) }}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == readPath && 0 < r.ContentLength && r.ContentLength <= most {
			if b, ok := buffers.Get().(*[most]byte); ok {
				_, _ = io.ReadFull(r.Body, b[:r.ContentLength]) // what is missing is not missed
				buffers.Put(b)
			}
		}
		w.Header()["Content-Type"] = []string{"application/json"}
		_, _ = w.Write(verdict)
	})
}
