package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/pratique-iam/pratique"
)

// Handler does one request. Either it writes the whole answer and returns nil, or it writes nothing and returns an error; doing neither is
// answered as a fault of ours, because net/http would make an empty 200 of it.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Edge is the middle that every request passes on its way to a door. One Edge serves one door; it is safe for concurrent use.
type Edge struct {
	Log     *slog.Logger
	Now     func() time.Time
	Timeout time.Duration // for one request; zero: 30 s
	Crowd   int           // requests at a time; zero: 1,024; the next one is told to come back
	Probes  []string      // paths that are answered however large the crowd: /livez
}

// Handle makes an http.Handler that answers the errors of h.
func (e *Edge) Handle(h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen, ok := w.(*recorder)
		if !ok {
			seen = &recorder{ResponseWriter: w}
		}
		err := h(seen, r)
		if err == nil && seen.status == 0 {
			err = errors.New("the handler neither answered nor failed")
		}
		if err != nil {
			e.fail(seen, r, err)
		}
	})
}

// fail answers an error and logs those that are ours.
func (e *Edge) fail(w *recorder, r *http.Request, err error) {
	t := traceOf(r.Context())
	if kindOf(err).status >= http.StatusInternalServerError {
		e.Log.ErrorContext(r.Context(), "request failed", "request", t.id, "route", r.Pattern, "error", err.Error())
	}
	if w.status != 0 {
		return // half an answer is out; nothing true can be added to it
	}
	answerError(w, err, t.id)
}

// Wrap puts the middle around a mux.
func (e *Edge) Wrap(mux *http.ServeMux) http.Handler {
	origins := http.NewCrossOriginProtection()
	origins.SetDenyHandler(e.Handle(func(http.ResponseWriter, *http.Request) error { return ErrCrossOrigin }))
	inner := origins.Handler(e.routed(mux))
	crowd := make(chan struct{}, or(e.Crowd, 1024))
	return http.HandlerFunc(func(rw http.ResponseWriter, given *http.Request) {
		t := &trace{id: newID(), correlation: correlation(given)}
		ctx, cancel := context.WithTimeout(context.WithValue(given.Context(), traceKey{}, t), or(e.Timeout, 30*time.Second))
		defer cancel()
		r, w, start := given.WithContext(ctx), &recorder{ResponseWriter: rw}, e.Now()
		defer e.log(w, r, t, start)
		defer e.recover(w, r)
		secure(w.Header(), r)
		w.Header().Set(RequestIDHeader, or(t.correlation, t.id))
		switch err := clean(r); {
		case err != nil:
			e.fail(w, r, err)
		case slices.Contains(e.Probes, r.URL.Path):
			inner.ServeHTTP(w, r)
		default:
			select {
			case crowd <- struct{}{}:
				defer func() { <-crowd }()
				inner.ServeHTTP(w, r)
			default:
				e.fail(w, r, ErrTooMany)
			}
		}
	})
}

// clean refuses paths that can be read in two ways, instead of tidying them up: what is decided on must be what is done.
// (security rules §2.E.)
func clean(r *http.Request) error {
	raw := r.URL.EscapedPath()
	low := strings.ToLower(raw)
	for _, bad := range []string{"//", "/./", "/../", "%2f", "%5c", "%00", "\\"} {
		if strings.Contains(low, bad) {
			return Invalid("the path holds %q, which is refused", bad)
		}
	}
	if raw == "" || raw[0] != '/' || strings.HasSuffix(raw, "/.") || strings.HasSuffix(raw, "/..") {
		return Invalid("the path is not absolute or not clean")
	}
	return nil
}

// secure sets what keeps a browser from making anything but data of an answer. Doors with pages set their own policy over it.
func secure(h http.Header, r *http.Request) {
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	if r.TLS != nil {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// recover turns a panic into a 500: a fault in one request must not end the others, and must not look like an answer.
func (e *Edge) recover(w *recorder, r *http.Request) {
	switch cause := recover(); cause {
	case nil:
	case http.ErrAbortHandler:
		panic(cause) //nolint:forbidigo // net/http asks for it: close the connection, say nothing
	default:
		e.Log.ErrorContext(r.Context(), "panic", "request", traceOf(r.Context()).id, "stack", string(debug.Stack()))
		e.fail(w, r, fmt.Errorf("panic: %v", cause))
	}
}

// log writes the access log: no headers, no query, no body, for those may hold secrets.
func (e *Edge) log(w *recorder, r *http.Request, t *trace, start time.Time) {
	attrs := []slog.Attr{
		slog.String("request", t.id), slog.String("method", clip(r.Method, 16)), slog.String("route", r.Pattern),
		slog.Int("status", w.status), slog.Int64("bytes", w.bytes), slog.Duration("took", e.Now().Sub(start)), slog.String("source", Source(r)),
	}
	if t.correlation != "" {
		attrs = append(attrs, slog.String("correlation", t.correlation))
	}
	if !t.who.IsZero() {
		attrs = append(attrs, slog.String("account", t.who.Account), slog.String("principal", t.who.ID))
	}
	e.Log.LogAttrs(r.Context(), slog.LevelInfo, "request", attrs...)
}

// routed is the mux with problem bodies where it finds no route.
func (e *Edge) routed(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r) // again, so that path values and r.Pattern are set
			return
		}
		said := &recorder{ResponseWriter: &deaf{header: http.Header{}}}
		h.ServeHTTP(said, r)
		e.Handle(func(http.ResponseWriter, *http.Request) error {
			if said.status != http.StatusMethodNotAllowed {
				return &pratique.Error{Kind: pratique.ErrNotFound, Message: "there is nothing at this address", Hint: "see /openapi.json"}
			}
			allow := said.Header().Get("Allow")
			w.Header().Set("Allow", allow)
			return &pratique.Error{Kind: ErrMethod, Message: "this address takes " + allow + " only"}
		}).ServeHTTP(w, r)
	})
}

// or is the first value unless it is zero.
func or[T comparable](v, fallback T) T {
	var zero T
	if v != zero {
		return v
	}
	return fallback
}
