package authn

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// SignedRequest is a request as it came in, with what of it is signed. The caller reads the request from the same value afterwards,
// so that what was verified and what is done are one.
type SignedRequest struct {
	Method   string
	Path     string              // as in the request line: still escaped, without the query
	Query    map[string][]string // decoded
	Header   map[string][]string // with Host, which net/http keeps elsewhere
	BodyHash string              // SHA-256 of the body, in hex

	// UnsignedBody is set for the few routes that take bodies which the signature does not cover, such as uploads.
	UnsignedBody bool
}

const (
	signatureAlgorithm = "SDK-HMAC-SHA256"
	signatureDate      = "20060102T150405Z"
	unsignedPayload    = "UNSIGNED-PAYLOAD"
	maxAuthorization   = 4096
	maxSignedHeaders   = 64
)

// signed is a request whose parts have been checked, but not its signature.
type signed struct {
	method    string
	accessKey string
	date      time.Time
	signature []byte
	toSign    string
}

// parse checks everything that can be checked without the key, and computes what the key has signed. A reason says what is wrong.
//
// The algorithm is Huawei's SDK-HMAC-SHA256 (reference: signer.go of its SDKs). Its derived-key, SM3 and ECDSA variants are refused.
func (r *SignedRequest) parse() (*signed, string) {
	headers, reason := r.headers()
	if reason != "" {
		return nil, reason
	}
	c := &signed{method: r.Method}
	names, reason := c.readAuthorization(headers["authorization"])
	if reason != "" {
		return nil, reason
	}
	if reason := checkNames(names, headers); reason != "" {
		return nil, reason
	}
	if c.date, reason = parseDate(headers["x-sdk-date"]); reason != "" {
		return nil, reason
	}
	if _, ok := headers["x-security-token"]; ok {
		return nil, "temporary access keys are not served"
	}
	body, reason := r.body(headers)
	if reason != "" {
		return nil, reason
	}
	canonical, reason := r.canonical(headers, names, body)
	if reason != "" {
		return nil, reason
	}
	sum := sha256.Sum256([]byte(canonical))
	c.toSign = signatureAlgorithm + "\n" + headers["x-sdk-date"] + "\n" + hex.EncodeToString(sum[:])
	return c, ""
}

// matches reports whether the signature was made with a secret.
func (c *signed) matches(secret []byte) bool {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(c.toSign))
	return hmac.Equal(mac.Sum(nil), c.signature)
}

// digest names the signature of the key among those that were seen.
func (c *signed) digest() [16]byte {
	sum := sha256.Sum256([]byte(c.accessKey + "\x00" + string(c.signature)))
	return [16]byte(sum[:16])
}

// readAuthorization reads "SDK-HMAC-SHA256 Access=…, SignedHeaders=…, Signature=…", in this order, each once.
func (c *signed) readAuthorization(text string) (names []string, reason string) {
	if len(text) > maxAuthorization {
		return nil, "the Authorization header is too long"
	}
	rest, ok := strings.CutPrefix(text, signatureAlgorithm+" ")
	if !ok {
		return nil, "the Authorization header is not of the algorithm " + signatureAlgorithm
	}
	parts := strings.Split(rest, ",")
	if len(parts) != 3 {
		return nil, "the Authorization header does not have three parts"
	}
	var values [3]string
	for i, prefix := range []string{"Access=", "SignedHeaders=", "Signature="} {
		if values[i], ok = strings.CutPrefix(strings.TrimLeft(parts[i], " "), prefix); !ok {
			return nil, "the Authorization header lacks " + prefix
		}
	}
	c.accessKey = values[0]
	if !validKeyID(c.accessKey) {
		return nil, "the access key has the wrong form"
	}
	if len(values[2]) != 2*sha256.Size || values[2] != strings.ToLower(values[2]) {
		return nil, "the signature has the wrong form"
	}
	var err error
	if c.signature, err = hex.DecodeString(values[2]); err != nil {
		return nil, "the signature has the wrong form"
	}
	return strings.Split(values[1], ";"), ""
}

func validKeyID(id string) bool {
	return len(id) == 20 && !strings.ContainsFunc(id, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '0' || r > '9') })
}

// checkNames wants the signed headers sorted, each once and present, and those among them that tie a request to a server and a time.
func checkNames(names []string, headers map[string]string) string {
	if len(names) > maxSignedHeaders {
		return "too many headers are signed"
	}
	for i, name := range names {
		if i > 0 && names[i-1] >= name {
			return "the signed headers are not sorted, or one is named twice"
		}
		if _, ok := headers[name]; !ok || name == "authorization" {
			return "a signed header is missing"
		}
	}
	for _, needed := range []string{"host", "x-sdk-date"} {
		if !slices.Contains(names, needed) {
			return "the header " + needed + " is not signed"
		}
	}
	return ""
}

func parseDate(text string) (time.Time, string) {
	date, err := time.Parse(signatureDate, text)
	if err != nil || date.Format(signatureDate) != text {
		return time.Time{}, "the header X-Sdk-Date is not a date such as 20261121T150405Z"
	}
	return date, ""
}

// body gives the body's hash as it was signed, having seen that it is that of the body.
func (r *SignedRequest) body(headers map[string]string) (hash, reason string) {
	if len(r.BodyHash) != 2*sha256.Size {
		return "", "the hash of the body is not known"
	}
	claimed, ok := headers["x-sdk-content-sha256"]
	switch {
	case !ok || claimed == r.BodyHash:
		return r.BodyHash, ""
	case claimed == unsignedPayload && r.UnsignedBody:
		return unsignedPayload, ""
	case claimed == unsignedPayload:
		return "", "the body is not signed"
	default:
		return "", "the body is not the one that was signed"
	}
}
