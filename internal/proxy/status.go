package proxy

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

// refusal is an answer that is an error: a Status object of Kubernetes (meta/v1). Its message is for people.
type refusal struct {
	code    int
	reason  string
	message string
	details *details
}

func (r *refusal) Error() string { return r.message }

type statusObject struct {
	Kind       string   `json:"kind"`
	APIVersion string   `json:"apiVersion"`
	Metadata   struct{} `json:"metadata"`
	Status     string   `json:"status"`
	Message    string   `json:"message"`
	Reason     string   `json:"reason"`
	Details    *details `json:"details,omitempty"`
	Code       int      `json:"code"`
}

type details struct {
	Name  string `json:"name,omitempty"`
	Group string `json:"group,omitempty"`
	Kind  string `json:"kind,omitempty"`
	Retry int    `json:"retryAfterSeconds,omitzero"`
}

// The reasons of Kubernetes. Clients look at them more than at the code.
const (
	reasonBadRequest  = "BadRequest"
	reasonUnknown     = "Unauthorized"
	reasonForbidden   = "Forbidden"
	reasonNotFound    = "NotFound"
	reasonMethod      = "MethodNotAllowed"
	reasonConflict    = "Conflict"
	reasonTooMany     = "TooManyRequests"
	reasonInternal    = "InternalError"
	reasonUnavailable = "ServiceUnavailable"
)

func badRequest(format string, args ...any) *refusal {
	return &refusal{code: http.StatusBadRequest, reason: reasonBadRequest, message: fmt.Sprintf(format, args...)}
}

func unauthorized(message string) *refusal {
	return &refusal{code: http.StatusUnauthorized, reason: reasonUnknown, message: message}
}

func badGateway(format string, args ...any) *refusal {
	return &refusal{code: http.StatusBadGateway, reason: reasonInternal, message: fmt.Sprintf(format, args...)}
}

func unavailable(format string, args ...any) *refusal {
	return &refusal{code: http.StatusServiceUnavailable, reason: reasonUnavailable, message: fmt.Sprintf(format, args...)}
}

// refusalOf is what the client is told of an error. A sentence leaves the server only when it was written for people; everything else is a
// fault of ours, of which strangers learn nothing.
func refusalOf(err error) *refusal {
	if told, ok := errors.AsType[*refusal](err); ok {
		return told
	}
	code, reason := http.StatusInternalServerError, reasonInternal
	switch {
	case errors.Is(err, pratique.ErrNotFound):
		code, reason = http.StatusNotFound, reasonNotFound
	case errors.Is(err, pratique.ErrConflict):
		code, reason = http.StatusConflict, reasonConflict
	case errors.Is(err, pratique.ErrInvalid):
		code, reason = http.StatusBadRequest, reasonBadRequest
	case errors.Is(err, pratique.ErrDenied):
		code, reason = http.StatusForbidden, reasonForbidden
	case errors.Is(err, pratique.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		code, reason = http.StatusServiceUnavailable, reasonUnavailable
	}
	out := &refusal{code: code, reason: reason, message: "something went wrong inside Pratique; its log has the details"}
	if told, ok := errors.AsType[*pratique.Error](err); ok && code != http.StatusInternalServerError {
		out.message = told.Message
		if told.Hint != "" {
			out.message += "; " + told.Hint
		}
	} else if code != http.StatusInternalServerError {
		out.message = "Pratique cannot do this at the moment"
	}
	return out
}

// write answers with the Status object, or as kubectl's discovery can show it.
func (r *refusal) write(w http.ResponseWriter, asked *http.Request) {
	media := "application/json"
	body, err := strictjson.Marshal(statusObject{
		Kind: "Status", APIVersion: "v1", Status: "Failure", Message: printable(r.message), Reason: r.reason, Details: r.details, Code: r.code,
	})
	if err != nil {
		body = []byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","message":"internal error","reason":"InternalError","code":500}`)
	}
	code := r.code
	if discovers(asked) {
		media, code, body = "text/plain; charset=utf-8", shown(code), []byte(printable(r.message))
	}
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	harden(h)
	switch {
	case r.code == http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="pratique"`)
	case r.details != nil && r.details.Retry > 0:
		h.Set("Retry-After", strconv.Itoa(r.details.Retry))
	}
	w.WriteHeader(code)
	_, _ = w.Write(body) //nolint:gosec // JSON or plain text, and no browser may take it for more: see harden
}

// discovers reports whether kubectl, or another program with client-go, asks what there is in the cluster. It does so before the first thing that
// it is told to do, so that most people meet a refusal here.
func discovers(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "apidiscovery.k8s.io")
}

// shown is the nearest code whose text discovery shows to people. It reads no Status object, prints "unknown" for one, and has sentences of
// its own for most codes; 403 is shown as it is, 502 is quoted (seen with kubectl 1.36).
func shown(code int) int {
	switch code {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusConflict:
		return http.StatusForbidden
	case http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return http.StatusBadGateway
	default:
		return code
	}
}

// harden keeps a browser from making a page of an answer: the programs in a cluster answer through here too, from the same origin as our
// own pages.
func harden(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
}

// printable makes of a message what a JSON string and a terminal take: names in it were chosen by whoever asked.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c >= 0x7f && c < 0xa0 || c == 0x2028 || c == 0x2029 || c >= 0x202a && c <= 0x202e || c >= 0x2066 && c <= 0x2069 {
			return '\uFFFD'
		}
		return c
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// clip shortens text that came from outside.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}
