package proxy

import (
	"encoding/base64"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/kube"
)

// maxToken caps a credential before anybody looks at it.
const maxToken = 8 << 10

// bearerProtocol begins the WebSocket subprotocol in which programs that cannot set headers hide a token, encoded as base64url. Kubernetes has
// defined it.
const bearerProtocol = "base64url.bearer.authorization.k8s.io." //nolint:gosec // the name of a protocol

// credential takes the one credential out of a request, and the WebSocket subprotocols that are left without it. Two credentials are refused:
// it would not be clear which was proven.
func credential(r *http.Request, upgrade string) (token string, protocols []string, err error) {
	header, err := authorization(r)
	if err != nil {
		return "", nil, err
	}
	hidden := ""
	if upgrade == webSocket {
		if hidden, protocols, err = subprotocols(r); err != nil {
			return "", nil, err
		}
	}
	switch {
	case header != "" && hidden != "":
		return "", nil, badRequest("the request shows two credentials")
	case header == "" && hidden == "":
		return "", nil, unauthorized("nobody is signed in: this needs Authorization: Bearer TOKEN; run: pratique login")
	default:
		return header + hidden, protocols, nil
	}
}

// authorization is the bearer token of the Authorization header, "" when there is none.
func authorization(r *http.Request) (string, error) {
	sent := r.Header.Values("Authorization")
	if len(sent) == 0 {
		return "", nil
	}
	scheme, token, _ := strings.Cut(sent[0], " ")
	if len(sent) > 1 || !strings.EqualFold(scheme, "Bearer") || !tokenLike(token) {
		return "", unauthorized("the Authorization header must be, once: Bearer TOKEN")
	}
	return token, nil
}

func tokenLike(s string) bool {
	return s != "" && len(s) <= maxToken && !strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' || c == ',' })
}

// subprotocols separates a hidden token from the protocols proper. The rules are those of kube-apiserver; the prefix is looked for in any case,
// because whatever looks like it must not go on.
func subprotocols(r *http.Request) (token string, rest []string, err error) {
	for _, value := range r.Header["Sec-Websocket-Protocol"] {
		for protocol := range strings.SplitSeq(value, ",") {
			protocol = strings.TrimSpace(protocol)
			if len(protocol) < len(bearerProtocol) || !strings.EqualFold(protocol[:len(bearerProtocol)], bearerProtocol) {
				if protocol != "" {
					rest = append(rest, protocol)
				}
				continue
			}
			raw, err := base64.RawURLEncoding.Strict().DecodeString(protocol[len(bearerProtocol):])
			if err != nil || !utf8.Valid(raw) || !tokenLike(string(raw)) || token != "" {
				return "", nil, unauthorized("the token in Sec-WebSocket-Protocol cannot be read, or there are several")
			}
			token = string(raw)
		}
	}
	if token != "" && len(rest) == 0 {
		return "", nil, badRequest("Sec-WebSocket-Protocol must name a protocol beside the token") // the server has to choose one
	}
	return token, rest, nil
}

// identify tells who asks, and finds the cluster that they mean. Nobody learns of a cluster without having shown a credential of its account.
func (p *Proxy) identify(r *http.Request, v *visit) error {
	token := v.token
	v.token = ""
	if strings.Count(token, ".") == 2 && strings.HasPrefix(token, "eyJ") {
		return p.byClusterToken(r, v, token)
	}
	who, _, err := p.Callers.Bearer(token)
	if err != nil {
		return unauthorized(refusalOf(err).message)
	}
	s, ok := p.Accounts.Account(who.Account)
	if !ok {
		return unauthorized("the account does not exist")
	}
	v.who, v.ref = who, access.PrincipalRef(who)
	return v.find(s)
}

// byClusterToken is identify for a token of our issuer. The account that it names before it has been verified only says where to look for the
// cluster; the verified one must be the same.
func (p *Proxy) byClusterToken(r *http.Request, v *visit, token string) error {
	bad := unauthorized("the token is not valid for this cluster, or has run out; run: pratique login")
	if p.Tokens == nil {
		return bad
	}
	s, ok := p.Accounts.Account(accountIn(token))
	if !ok {
		return bad
	}
	if err := v.find(s); err != nil {
		return bad // the same as for a wrong token: nobody has been proven yet
	}
	claims, err := p.Tokens.Verify(r.Context(), token, v.cluster.ID)
	if err != nil || claims.Account != s.Account.ID || claims.Cluster != v.cluster.ID || claims.Session == "" {
		return bad
	}
	// The subject is a bare id, as the user name in the cluster is, and is looked up as the webhook looks that up.
	v.who = pratique.Principal{Account: s.Account.ID, Type: pratique.PrincipalUser, ID: claims.Subject, Name: claims.Name, Session: claims.Session}
	v.ref = kube.Identity{ID: claims.Subject}.Principal(s)
	switch {
	case claims.Subject == pratique.RootID:
		v.who.Type = pratique.PrincipalRoot
	case v.ref.Kind == pratique.KindRole:
		v.who.Type = pratique.PrincipalRole
	}
	return nil
}

// accountIn reads what a token says of its account. It proves nothing.
func accountIn(token string) string {
	parts := strings.Split(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var hint struct {
		Account string `json:"account"`
	}
	if json.Unmarshal(raw, &hint) != nil {
		return ""
	}
	return hint.Account
}
