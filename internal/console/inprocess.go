package console

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"github.com/pratique-iam/pratique/client"
)

// inProcess is a client of the native API that makes no connection. The server's own address does not matter: it is never dialled.
func inProcess(api http.Handler) (*client.Client, error) {
	return client.New(client.Config{
		Server: "https://console.invalid", UserAgent: "pratique-console", HTTP: &http.Client{Transport: transport{api}},
	})
}

// transport hands requests to a handler.
type transport struct{ handler http.Handler }

// source carries the network address of the browser to the API, whose records and conditions speak of it.
type source struct{}

func withSource(ctx context.Context, remoteAddr string) context.Context {
	return context.WithValue(ctx, source{}, remoteAddr)
}

// RoundTrip answers in the caller's goroutine.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.RequestURI = in.URL.RequestURI()
	in.RemoteAddr, _ = r.Context().Value(source{}).(string)
	if in.Body == nil {
		in.Body = http.NoBody
	}
	out := &reply{header: http.Header{}, status: http.StatusOK}
	t.handler.ServeHTTP(out, in)
	return &http.Response{
		Status: http.StatusText(out.status), StatusCode: out.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: out.header, Body: io.NopCloser(&out.body), ContentLength: int64(out.body.Len()), Request: r,
	}, nil
}

// reply keeps an answer.
type reply struct {
	header http.Header
	body   bytes.Buffer
	status int
	wrote  bool
}

func (r *reply) Header() http.Header { return r.header }

func (r *reply) WriteHeader(status int) {
	if !r.wrote && status >= http.StatusOK {
		r.status, r.wrote = status, true
	}
}

func (r *reply) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}
