package web

import (
	"errors"
	"net/http"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

// ProblemType begins the type of every problem; the last segment tells which.
const ProblemType = "https://pratique.dev/problems/"

// ProblemOf turns an error into what the client is told (RFC 9457). A sentence leaves the server only when it was written for people: that of
// a pratique.Error or of a denial. Everything else gets the general sentence of its kind, because a chain of wrapped errors may name
// files, addresses or strangers.
func ProblemOf(err error) apiv1.Problem {
	k := kindOf(err)
	p := apiv1.Problem{Type: ProblemType + k.slug, Title: k.title, Status: k.status, Detail: k.detail}
	if k.status == http.StatusInternalServerError {
		return p
	}
	if told, ok := errors.AsType[*pratique.Error](err); ok {
		p.Detail, p.Hint = told.Message, told.Hint
	}
	if denied, ok := errors.AsType[*access.DeniedError](err); ok {
		p.Detail = denied.Error()
	}
	if decided, ok := errors.AsType[*decidedError](err); ok {
		p.Decision = decided.id
		if p.Hint == "" {
			p.Hint = "run: pratique why " + decided.id
		}
	}
	if reported, ok := errors.AsType[*reportedError](err); ok {
		p.Report = reported.id
	}
	if pending, ok := errors.AsType[*ticketError](err); ok {
		p.Ticket = pending.ticket
	}
	return p
}

// answerError writes a problem. Instance names the request, so that what a person reads can be found in the log.
func answerError(w http.ResponseWriter, err error, requestID string) {
	p := ProblemOf(err)
	if requestID != "" {
		p.Instance = "urn:pratique:request:" + requestID
	}
	body, marshalErr := strictjson.Marshal(p)
	if marshalErr != nil {
		body = []byte(`{"title":"Internal error","status":500}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	switch p.Status {
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		h.Set("Retry-After", "1")
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="pratique"`)
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // a client that has gone away needs no answer
}

// JSON answers with a value. An error means that nothing was written.
func JSON(w http.ResponseWriter, status int, v any) error {
	body, err := strictjson.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // a client that has gone away needs no answer
	return nil
}
