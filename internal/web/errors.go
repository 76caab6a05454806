package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/pratique-iam/pratique"
)

// Failures that only a transport knows. Each wraps one of the five sentinels of the root package, so that code that asks for those finds
// them as well.
var (
	ErrSecondFactor    = fmt.Errorf("a second factor is needed: %w", pratique.ErrDenied)
	ErrUnauthenticated = fmt.Errorf("nobody is signed in: %w", pratique.ErrDenied)
	ErrCrossOrigin     = fmt.Errorf("another site's page asked: %w", pratique.ErrDenied)
	ErrTooLarge        = fmt.Errorf("body too large: %w", pratique.ErrInvalid)
	ErrMediaType       = fmt.Errorf("unknown media type: %w", pratique.ErrInvalid)
	ErrMethod          = fmt.Errorf("method not allowed: %w", pratique.ErrInvalid)
	ErrPrecheck        = fmt.Errorf("what is needed is not there: %w", pratique.ErrConflict)
	ErrTooMany         = fmt.Errorf("too many requests: %w", pratique.ErrUnavailable)
)

// kind is one row of the table from errors to answers.
type kind struct {
	is     error
	status int
	slug   string // last segment of the problem's type: stable, clients may rely on it
	title  string
	detail string // when the error has no sentence for people
}

// kinds is the table. The first row that an error is wins, so that narrow rows stand before wide ones.
func kinds() []kind {
	return []kind{
		{ErrSecondFactor, http.StatusUnauthorized, "second-factor", "A second factor is needed", "show a code of your second factor as well"},
		{ErrUnauthenticated, http.StatusUnauthorized, "unauthenticated", "Not signed in", "this needs a valid session or token"},
		{ErrCrossOrigin, http.StatusForbidden, "cross-origin", "Asked by another site", "the browser says that a page of another site sent this"},
		{ErrTooLarge, http.StatusRequestEntityTooLarge, "too-large", "Too large", "the request is larger than is accepted"},
		{ErrMediaType, http.StatusUnsupportedMediaType, "media-type", "Wrong media type", "the body must be application/json"},
		{ErrMethod, http.StatusMethodNotAllowed, "method", "Method not allowed", "this address does not take this method"},
		{ErrTooMany, http.StatusTooManyRequests, "too-many", "Too many requests", "the server has as much to do as it can"},
		{ErrPrecheck, http.StatusConflict, "precheck", "Failed to pass the precheck", "something that is needed is missing"},
		{pratique.ErrNotFound, http.StatusNotFound, "not-found", "Not found", "there is no such thing"},
		{pratique.ErrConflict, http.StatusConflict, "conflict", "Conflict", "the directory stands against it"},
		{pratique.ErrInvalid, http.StatusBadRequest, "invalid", "Invalid", "the request cannot be understood"},
		{pratique.ErrDenied, http.StatusForbidden, "denied", "Denied", "this is not allowed"},
		{pratique.ErrUnavailable, http.StatusServiceUnavailable, "unavailable", "Unavailable", "the server cannot do this at the moment"},
		{context.DeadlineExceeded, http.StatusServiceUnavailable, "unavailable", "Unavailable", "it took too long and was given up"},
	}
}

// internal is the answer to every error that the table does not know: a fault of ours, of which strangers learn nothing.
func internal() kind {
	return kind{nil, http.StatusInternalServerError, "internal", "Internal error", "something went wrong inside the server; its log has the details"}
}

func kindOf(err error) kind {
	for _, k := range kinds() {
		if errors.Is(err, k.is) {
			return k
		}
	}
	return internal()
}

// Invalid is a pratique.ErrInvalid with a sentence.
func Invalid(format string, args ...any) *pratique.Error {
	return &pratique.Error{Kind: pratique.ErrInvalid, Message: fmt.Sprintf(format, args...)}
}

// decidedError carries the id of the decision that denied.
type decidedError struct {
	error
	id string
}

func (e *decidedError) Unwrap() error { return e.error }

// WithDecision gives an error the id of the decision behind it; the problem body shows it.
func WithDecision(err error, id string) error { return &decidedError{err, id} }

// ticketError carries what stands for a password that was right.
type ticketError struct {
	error
	ticket string
}

func (e *ticketError) Unwrap() error { return e.error }

// WithTicket gives an error the ticket with which a sign-in goes on; the problem body shows it.
func WithTicket(err error, ticket string) error { return &ticketError{err, ticket} }

// reportedError carries the id of the report that says what is missing.
type reportedError struct {
	error
	id string
}

func (e *reportedError) Unwrap() error { return e.error }

// WithReport gives an error the id of the report behind it; the problem body shows it.
func WithReport(err error, id string) error { return &reportedError{err, id} }
