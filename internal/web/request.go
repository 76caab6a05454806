package web

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/pratique-iam/pratique"
)

// trace is what the middle knows of a request and the log line tells in the end.
type trace struct {
	id          string
	correlation string
	who         pratique.Principal
}

type traceKey struct{}

func traceOf(ctx context.Context) *trace {
	if t, ok := ctx.Value(traceKey{}).(*trace); ok {
		return t
	}
	return &trace{} // outside of Edge.Wrap, in a test
}

// RequestID is the server's own name for the request. A client cannot choose it: two requests with one id would hide behind each other in
// the log.
func RequestID(ctx context.Context) string { return traceOf(ctx).id }

// Identify tells the log who turned out to be asking.
func Identify(ctx context.Context, who pratique.Principal) { traceOf(ctx).who = who }

func newID() string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // documented never to fail
	return "req_" + strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}

// RequestIDHeader carries the id of a request. The answer holds what the client sent there, as AuthZEN demands, or else our own id.
const RequestIDHeader = "X-Request-Id"

// correlation is the id that the client sent, when it is harmless: short and printable, so that it can be given back and logged.
func correlation(r *http.Request) string {
	sent := r.Header.Get(RequestIDHeader)
	if len(sent) > 128 {
		return ""
	}
	for _, c := range []byte(sent) {
		if c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return ""
		}
	}
	return sent
}

// Source is the network address of the client, without its port: that of the connection. Forwarded headers are ignored, because anybody
// can write them. A local socket has no address.
func Source(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return ""
	}
	return addr.Unmap().WithZone("").String()
}

// Bearer is the secret that a request shows, "" when it shows none. Exactly one Authorization header is read; the scheme is compared without
// regard to case (RFC 9110).
func Bearer(r *http.Request) (string, error) {
	sent := r.Header.Values("Authorization")
	if len(sent) == 0 {
		return "", nil
	}
	scheme, secret, _ := strings.Cut(sent[0], " ")
	if len(sent) > 1 || !strings.EqualFold(scheme, "Bearer") || len(secret) > maxBearer || strings.ContainsAny(secret, " ,\t") || secret == "" {
		return "", &pratique.Error{Kind: ErrUnauthenticated, Message: "the Authorization header must be: Bearer TOKEN"}
	}
	return secret, nil
}

// maxBearer caps a token before anybody looks at it.
const maxBearer = 512
