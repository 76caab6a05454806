package federation

import (
	"strings"

	"github.com/pratique-iam/pratique"
)

// Failure is a sign-in that came to nothing. Its text is one sentence for the person; it wraps pratique.ErrDenied, or pratique.ErrUnavailable
// when it is the provider that fails. Find it with errors.AsType to log and audit the reason.
type Failure struct { //nolint:errname // an answer that happens to be an error
	Reason   string // for the operator: holds no secret
	Account  string // id; empty when it is not known
	Provider string // name

	outward *pratique.Error
}

// Error is what may be shown to the person.
func (f *Failure) Error() string { return f.outward.Error() }

// Unwrap gives the same as a pratique.Error.
func (f *Failure) Unwrap() error { return f.outward }

func (f *Failure) of(account string) *Failure {
	f.Account = account
	return f
}

func fail(idp *pratique.IdentityProvider, kind error, reason, message, hint string) *Failure {
	return &Failure{Reason: clean(reason), Provider: idp.Name, outward: &pratique.Error{Kind: kind, Message: message, Hint: hint}}
}

// stale is for a ticket that does not fit: a bookmark, a button pressed twice, or somebody who was sent here by a stranger.
func stale(reason string) *Failure {
	return &Failure{Reason: reason, outward: &pratique.Error{
		Kind: pratique.ErrDenied, Message: "this sign-in was begun in another browser, is finished, or took too long", Hint: "begin again",
	}}
}

func cancelled(idp *pratique.IdentityProvider, said string) *Failure {
	return fail(idp, pratique.ErrDenied, "the provider answers "+word(said),
		idp.Title()+" did not sign you in", "begin again; if it stays like this, ask whoever looks after "+idp.Title())
}

func unproven(idp *pratique.IdentityProvider, reason string) *Failure {
	return fail(idp, pratique.ErrDenied, reason,
		"what "+idp.Title()+" says about you could not be verified", "begin again; if it stays like this, an administrator finds the reason in the audit log")
}

func unavailable(idp *pratique.IdentityProvider, reason string) *Failure {
	return fail(idp, pratique.ErrUnavailable, reason,
		idp.Title()+" cannot be reached or does not answer as it should", "try again in a minute, or sign in with a password")
}

// word is an error code that somebody else wrote, fit for a record.
func word(s string) string {
	if s == "" {
		return "nothing"
	}
	return clean(s[:min(len(s), 64)])
}

// clean keeps text that holds words of strangers on one line, in visible ASCII.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s[:min(len(s), 300)])
}
