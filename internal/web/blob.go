package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/pratique-iam/pratique"
)

// ReadBytes reads the body of a request as it is: at most limit bytes of a media type, which is demanded as ReadJSON demands its own. Errors are for
// the client.
func ReadBytes(w http.ResponseWriter, r *http.Request, limit int64, media string) ([]byte, error) {
	if sent := r.Header.Get("Content-Type"); sent != media {
		return nil, &pratique.Error{
			Kind: ErrMediaType, Message: fmt.Sprintf("the body is %q and must be %s", clip(sent, 64), media), Hint: "set Content-Type: " + media,
		}
	}
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, tooLarge(limit)
	}
	if err != nil {
		return nil, fmt.Errorf("read the request body: %w", &pratique.Error{Kind: pratique.ErrInvalid, Message: "the request body ended early"})
	}
	if len(data) == 0 {
		return nil, Invalid("the request has no body")
	}
	return data, nil
}
