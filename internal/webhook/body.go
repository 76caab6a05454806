package webhook

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pratique-iam/pratique/internal/strictjson"
)

// maxBody is how much of a body is read: a review with all the selectors that an address can hold is smaller.
const maxBody = 1 << 20

// keep is the largest buffer that is kept for the next request.
const keep = 64 << 10

// read reads the body into v.in, but for its last byte when the length is known. It answers what cannot be read.
//
// The byte is held back because net/http begins to watch a connection for a hang-up as soon as a body has been read to its end, and watching while
// a handler works costs as much as the whole decision. kube-apiserver ends a body with the end of a line, so that nothing is missing.
func (v *visit) read(rw http.ResponseWriter, r *http.Request) bool {
	v.held = false
	if media := r.Header["Content-Type"]; len(media) != 1 || !isJSON(media[0]) || len(r.Header["Content-Encoding"]) > 0 {
		refuse(rw, http.StatusUnsupportedMediaType, "the body must be application/json, not compressed")
		return false
	}
	if cap(v.in) > keep {
		v.in = nil
	}
	return v.report(rw, v.fill(r))
}

// rest reads the byte that was held back.
func (v *visit) rest(rw http.ResponseWriter, r *http.Request) bool {
	if !v.held {
		return true
	}
	v.held = false
	n := len(v.in)
	v.in = v.in[:n+1]
	_, err := io.ReadFull(r.Body, v.in[n:])
	return v.report(rw, err)
}

// ended refuses a body that goes on behind the review.
func (v *visit) ended(rw http.ResponseWriter) bool {
	switch v.in[len(v.in)-1] {
	case ' ', '\t', '\n', '\r':
		return true
	}
	refuse(rw, http.StatusBadRequest, "invalid JSON: something follows the review")
	return false
}

func (v *visit) report(rw http.ResponseWriter, err error) bool {
	switch {
	case errors.Is(err, errTooLarge):
		refuse(rw, http.StatusRequestEntityTooLarge, err.Error())
	case err != nil:
		refuse(rw, http.StatusBadRequest, "the request body ended early")
	}
	return err == nil
}

var errTooLarge = errors.New("the body is larger than the " + strconv.Itoa(maxBody) + " bytes that are accepted here")

func (v *visit) fill(r *http.Request) (err error) {
	n := r.ContentLength
	if n > maxBody {
		return errTooLarge
	}
	if n > 1 {
		if int64(cap(v.in)) < n {
			v.in = make([]byte, n)
		}
		v.in, v.held = v.in[:n-1], true
		_, err = io.ReadFull(r.Body, v.in)
		return err
	}
	if v.in, err = io.ReadAll(io.LimitReader(r.Body, maxBody+1)); len(v.in) > maxBody {
		return errTooLarge
	}
	return err
}

func isJSON(media string) bool {
	if media == "application/json" { // what kube-apiserver sends
		return true
	}
	media, params, err := mime.ParseMediaType(media)
	charset := params["charset"]
	return err == nil && media == "application/json" && (charset == "" || strings.EqualFold(charset, "utf-8"))
}

// failure is a metav1.Status: what kube-apiserver's client reads, so that the sentence reaches its log.
type failure struct {
	Kind       string `json:"kind"`
	APIVersion string `json:"apiVersion"`
	Status     string `json:"status"`
	Message    string `json:"message"`
	Code       int    `json:"code"`
}

// refuse answers a request that is no review.
func refuse(rw http.ResponseWriter, code int, message string) {
	body, err := strictjson.Marshal(failure{Kind: "Status", APIVersion: "v1", Status: "Failure", Message: message, Code: code})
	if err != nil {
		body = []byte(`{"kind":"Status","apiVersion":"v1","status":"Failure"}`)
	}
	if code == http.StatusUnauthorized {
		rw.Header().Set("WWW-Authenticate", `Bearer realm="pratique"`)
	}
	answer(rw, code, body)
}

// answer writes a whole answer. A caller that has gone away needs none. There is one header, because each costs a kube-apiserver and us as much
// as a part of the decision; none of those that are meant for browsers means anything here, where no browser gets in.
func answer(rw http.ResponseWriter, code int, body []byte) {
	answerAs(rw, code, []string{"application/json"}, body)
}

// answerAs is answer with the value of its header, which nobody may change afterwards.
func answerAs(rw http.ResponseWriter, code int, media []string, body []byte) {
	rw.Header()["Content-Type"] = media
	rw.WriteHeader(code)
	_, _ = rw.Write(body)
}

// appendText appends a JSON string.
func appendText(b []byte, s string) []byte {
	return append(appendPart(append(b, '"'), s), '"')
}

// appendPart appends a part of a JSON string. It escapes what is not printable ASCII, or means something in HTML, so that no byte of a name
// that somebody chose is more than text.
func appendPart(b []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			b = append(b, s[start:i]...)
			r, size := utf8.DecodeRuneInString(s[i:])
			b = appendEscape(b, r)
			i += size - 1
			start = i + 1
		}
	}
	return append(b, s[start:]...)
}

func appendEscape(b []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	if r > 0xffff {
		r = utf8.RuneError // what is beyond needs two escapes, and no name of Kubernetes has it
	}
	return append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}
