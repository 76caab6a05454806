package proxy

import (
	"net/http"
	"slices"
	"strings"
)

// noImpersonation is the answer to kubectl --as.
const noImpersonation = "kubectl --as is not carried by the access proxy: the header %q is refused; sign in as the one who you want to be, " +
	"or ask what somebody may do with: pratique can NAME"

// checkHeaders refuses headers that could reach the cluster as an identity, in whatever spelling some server on the way may take for one. They are
// refused and not just dropped: who sends them expects something, and must not believe to have got it.
func checkHeaders(r *http.Request) error {
	for name := range r.Header {
		switch plain := normal(name); {
		case strings.HasPrefix(plain, "impersonate"):
			return badRequest(noImpersonation, clip(name, 64))
		case forged(plain):
			return badRequest("the header %q would claim an identity, which this server takes from the token alone", clip(name, 64))
		}
	}
	for name := range r.Trailer {
		if plain := normal(name); strings.HasPrefix(plain, "impersonate") || forged(plain) || plain == "authorization" {
			return badRequest("the trailer %q is refused", clip(name, 64))
		}
	}
	return checkConnection(r)
}

// normal is a header name as servers behind CGI and some proxies read it: lower case, with everything between words a hyphen.
func normal(name string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '_' || c == '.' || c == ' ':
			return '-'
		case 'A' <= c && c <= 'Z':
			return c + 'a' - 'A'
		default:
			return c
		}
	}, name)
}

// forged reports whether a header (in normal form) carries what a proxy in front says about the client: the front-proxy headers of
// kube-apiserver, and client certificates.
func forged(name string) bool {
	for _, prefix := range [...]string{"x-remote-", "x-ssl-client", "ssl-client", "x-client-cert", "x-forwarded-client-cert", "x-amzn-mtls-", "x-arr-clientcert"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return name == "client-cert" || name == "client-cert-chain" || name == "x-forwarded-user" || name == "x-forwarded-groups"
}

// checkConnection refuses a Connection header that names anything but the connection itself. Headers that it names are taken out on the way,
// also those that we add: so a client could make us act in the cluster as ourselves (security rules §1.2).
func checkConnection(r *http.Request) error {
	for _, value := range r.Header["Connection"] {
		for token := range strings.SplitSeq(value, ",") {
			switch strings.ToLower(strings.TrimSpace(token)) {
			case "", "close", "keep-alive", "upgrade", "te":
			default:
				return badRequest("the Connection header names %q, and only close, keep-alive and upgrade are taken", clip(token, 64))
			}
		}
	}
	return nil
}

// The protocols that a connection may be switched to. HTTP/2 in the clear is not among them: it would carry further requests past the gate.
const (
	webSocket = "websocket"
	spdy      = "SPDY/3.1"
)

// upgradeOf is the protocol that a request asks to switch to, "" for none.
func upgradeOf(r *http.Request) (string, error) {
	asked := r.Header.Values("Upgrade")
	connection := slices.ContainsFunc(r.Header.Values("Connection"), func(v string) bool {
		return slices.ContainsFunc(strings.Split(v, ","), func(token string) bool { return strings.EqualFold(strings.TrimSpace(token), "upgrade") })
	})
	switch {
	case len(asked) == 0 && !connection:
		return "", nil
	case len(asked) != 1 || !connection:
		return "", badRequest("an upgrade needs one Upgrade header, and Connection: Upgrade")
	case r.ProtoMajor != 1 || r.ProtoMinor != 1:
		return "", badRequest("an upgrade needs HTTP/1.1")
	case strings.EqualFold(asked[0], webSocket) && r.Method == http.MethodGet:
		return webSocket, nil
	case strings.EqualFold(asked[0], spdy) && (r.Method == http.MethodPost || r.Method == http.MethodGet):
		return spdy, nil
	default:
		return "", badRequest("%s with an upgrade to %q is not carried; websocket (GET) and SPDY/3.1 (GET, POST) are", clip(r.Method, 16), clip(asked[0], 64))
	}
}
