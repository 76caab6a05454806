package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/go-json-experiment/json"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
)

// ErrSignedOut is what a ProblemError wraps when the server does not know who is asking: the session has ended, or there never was one.
var ErrSignedOut = errors.New("not signed in")

// ProblemError is what a server answers instead of what was asked for. Unwrap gives one of the five sentinels of package pratique,
// ErrSignedOut, or nothing.
type ProblemError struct {
	apiv1.Problem
}

// Error is the server's sentence and its hint.
func (e *ProblemError) Error() string {
	text := e.Detail
	if text == "" {
		text = e.Title
	}
	if text == "" {
		text = fmt.Sprintf("the server answered %d %s", e.Status, http.StatusText(e.Status))
	}
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return text
}

// Unwrap sorts the problem by its status.
func (e *ProblemError) Unwrap() error {
	switch e.Status {
	case http.StatusUnauthorized:
		return ErrSignedOut
	case http.StatusForbidden:
		return pratique.ErrDenied
	case http.StatusNotFound:
		return pratique.ErrNotFound
	case http.StatusConflict, http.StatusPreconditionFailed:
		return pratique.ErrConflict
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge:
		return pratique.ErrInvalid
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return pratique.ErrUnavailable
	default:
		return nil
	}
}

// UnreachableError says that no answer came. Unwrap gives the cause.
type UnreachableError struct {
	Server string
	Cause  string // in a few words
	Err    error
}

func (e *UnreachableError) Error() string { return "cannot reach " + e.Server + ": " + e.Cause }

// Unwrap gives the error of the network.
func (e *UnreachableError) Unwrap() error { return e.Err }

// UntrustedError says that the server's certificate does not prove that it is the server. Nothing was sent to it.
type UntrustedError struct {
	Server  string
	Unknown bool // nobody that we trust has signed it; otherwise it is for another name or time
	Err     error
}

func (e *UntrustedError) Error() string {
	if e.Unknown {
		return "the certificate of " + e.Server + " is signed by an authority that is not known here"
	}
	return "the certificate of " + e.Server + " is not good: " + strings.TrimPrefix(e.Err.Error(), "x509: ")
}

// Unwrap gives the error of the check.
func (e *UntrustedError) Unwrap() error { return e.Err }

// failed sorts what went wrong before there was an answer.
func (c *Client) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	server := c.base.String()
	if certificate, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
		return &UntrustedError{Server: server, Unknown: unknown, Err: certificate.Err}
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // its text repeats the whole address
	}
	return &UnreachableError{Server: server, Cause: cause(err), Err: err}
}

// cause is the end of a network error's chain, which is what a person needs.
func cause(err error) string {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return "no such host: " + dns.Name
	}
	if number, ok := errors.AsType[syscall.Errno](err); ok {
		return number.Error()
	}
	if n, ok := errors.AsType[net.Error](err); ok && n.Timeout() {
		return "no answer in time"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || strings.Contains(err.Error(), "HTTP response to HTTPS client") {
		return "it does not speak TLS"
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "it closed the connection without an answer"
	}
	return err.Error()
}

// problemOf reads an error body. Whatever does not look like ours came from something between us and the server.
func problemOf(c *Client, resp *http.Response) error {
	if to := resp.Header.Get("Location"); resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return fmt.Errorf("%s sends us on to %q, and a token is never sent after a redirect; use the address of the server itself", c.base, to)
	}
	const most = 1 << 20
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")) // empty when it cannot be read
	if kind == "application/problem+json" {
		p := &ProblemError{}
		if err := json.UnmarshalRead(io.LimitReader(resp.Body, most), &p.Problem); err == nil {
			p.Status = resp.StatusCode
			return p
		}
	}
	if resp.StatusCode == http.StatusUnauthorized {
		return &ProblemError{apiv1.Problem{Status: resp.StatusCode, Title: "not signed in"}}
	}
	return fmt.Errorf("%s answered %s, and not as Pratique does; check the address", c.base, resp.Status)
}
