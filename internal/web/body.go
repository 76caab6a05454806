package web

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

// How much of a body is read.
const (
	ChangesLimit = 2 << 20  // a list of changes
	BodyLimit    = 64 << 10 // everything else
)

// ReadJSON reads the body of a request into v, a pointer: at most limit bytes of application/json, strictly. Errors are for the client.
//
// The media type is demanded, not guessed: a form on another site can send text/plain without asking, application/json it cannot.
func ReadJSON(w http.ResponseWriter, r *http.Request, limit int64, v any) error {
	if err := checkMediaType(r); err != nil {
		return err
	}
	if r.ContentLength > limit {
		return tooLarge(limit)
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return tooLarge(limit)
	}
	if err != nil {
		return fmt.Errorf("read the request body: %w", &pratique.Error{Kind: pratique.ErrInvalid, Message: "the request body ended early"})
	}
	if len(data) == 0 {
		return Invalid("the request has no body")
	}
	if err := strictjson.Unmarshal(data, v); err != nil {
		return Invalid("request body: %v", err)
	}
	return nil
}

func checkMediaType(r *http.Request) error {
	sent := r.Header.Get("Content-Type")
	media, params, err := mime.ParseMediaType(sent)
	charset := params["charset"]
	if err != nil || media != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return &pratique.Error{Kind: ErrMediaType, Message: fmt.Sprintf("the body is %q and must be application/json", clip(sent, 64)), Hint: "set Content-Type: application/json"}
	}
	if enc := r.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return &pratique.Error{Kind: ErrMediaType, Message: "compressed bodies are not read", Hint: "leave Content-Encoding out"}
	}
	return nil
}

func tooLarge(limit int64) error {
	return &pratique.Error{Kind: ErrTooLarge, Message: fmt.Sprintf("the body is larger than the %d bytes that are accepted here", limit), Hint: "split it"}
}

// clip shortens text that came from outside, for sentences and logs.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}
