package pratique

import (
	"errors"
	"fmt"
)

// The five kinds of failure. Every error that leaves a package of this module wraps one of them, or is a fault of ours.
var (
	ErrNotFound    = errors.New("not found")
	ErrConflict    = errors.New("conflict")
	ErrInvalid     = errors.New("invalid")
	ErrDenied      = errors.New("denied")
	ErrUnavailable = errors.New("unavailable")
)

// Error is a failure with a sentence for the person who caused it. Kind is one of the five sentinels; Unwrap gives it.
type Error struct {
	Kind    error
	Message string // what is wrong, complete in itself
	Hint    string // what to do next; may be empty
}

// Error returns the message and, where there is one, the hint.
func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + "; " + e.Hint
}

// Unwrap returns the sentinel.
func (e *Error) Unwrap() error { return e.Kind }

func invalid(format string, args ...any) *Error {
	return &Error{Kind: ErrInvalid, Message: fmt.Sprintf(format, args...)}
}

func notFound(kind Kind, name string) *Error {
	return &Error{Kind: ErrNotFound, Message: fmt.Sprintf("%s %q does not exist", kind.Word(), name)}
}

func conflict(format string, args ...any) *Error {
	return &Error{Kind: ErrConflict, Message: fmt.Sprintf(format, args...)}
}

func (e *Error) hint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}
