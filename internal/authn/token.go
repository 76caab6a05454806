package authn

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/pratique-iam/pratique"
)

// A bearer secret is a prefix that scanners of source code can look for, the id of the account, and 256 random bits:
//
//	prt_account-f3k7…_c2Vjcm…   session or API token
//	prb_account-f3k7…_c2Vjcm…   bootstrap secret
//
// The account stands in it so that one look-up finds the session, without an index over all accounts.
const (
	tokenPrefix     = "prt_"
	bootstrapPrefix = "prb_"
	randomBytes     = 32
	randomChars     = 43 // of base64url without padding
	maxAccountID    = 64
	maxToken        = len(tokenPrefix) + maxAccountID + 1 + randomChars
)

// errToken is every way in which a text is not a bearer secret. It says no more, because the text may be half of one.
var errToken = errors.New("not a bearer secret of this server")

// Token is what a bearer secret says about itself. It proves nothing.
type Token struct {
	Account   string // id
	Bootstrap bool
}

// ParseToken reads a bearer secret. The length is checked before anything else, so that a long text costs nothing.
func ParseToken(text string) (Token, error) {
	if len(text) > maxToken || len(text) < len(tokenPrefix)+1+1+randomChars {
		return Token{}, errToken
	}
	var t Token
	body, ok := strings.CutPrefix(text, tokenPrefix)
	if !ok {
		if body, ok = strings.CutPrefix(text, bootstrapPrefix); !ok {
			return Token{}, errToken
		}
		t.Bootstrap = true
	}
	at := len(body) - randomChars - 1 // not at an underscore: the random part may hold some
	if body[at] != '_' || !validAccountID(body[:at]) {
		return Token{}, errToken
	}
	var (
		chars [randomChars]byte // on the stack, like what they stand for: every request comes here
		bytes [randomBytes]byte
	)
	copy(chars[:], body[at+1:])
	if n, err := base64.RawURLEncoding.Strict().Decode(bytes[:], chars[:]); err != nil || n != randomBytes {
		return Token{}, errToken // of a line break too: the decoder passes over it, and then there are too few
	}
	t.Account = body[:at]
	return t, nil
}

func validAccountID(id string) bool {
	if id == "" || len(id) > maxAccountID {
		return false
	}
	for _, c := range []byte(id) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// Hash is how a bearer secret is stored and looked up: SHA-256 of all of it, in hex. A slow hash would gain nothing over 256 random bits.
func Hash(secret string) string {
	var text [2 * sha256.Size]byte
	sum := sum(secret)
	hex.Encode(text[:], sum[:])
	return string(text[:])
}

// sum takes no memory for what is not longer than a bearer secret.
func sum(secret string) [sha256.Size]byte {
	var short [maxToken]byte
	return sha256.Sum256(append(short[:0], secret...))
}

func newToken(kind pratique.SessionType, account string) string {
	prefix := tokenPrefix
	if kind == pratique.SessionBootstrap {
		prefix = bootstrapPrefix
	}
	var b [randomBytes]byte
	_, _ = rand.Read(b[:]) // documented never to fail
	return prefix + account + "_" + base64.RawURLEncoding.EncodeToString(b[:])
}
