package authn

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"

	"golang.org/x/crypto/argon2"
)

// cost is what an argon2id hash costs to compute. It stands in every stored hash, so that the default can be raised.
type cost struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

// defaultCost is security-rules.md §4.2: 46 MiB, one pass, about 30 ms on one core.
func defaultCost() cost { return cost{memory: 46 * 1024, passes: 1, threads: 1} }

// sane bounds what a stored hash may ask for: whoever could write one would otherwise make each sign-in take 4 GiB.
func (c cost) sane() bool {
	return c.threads >= 1 && c.threads <= 4 &&
		c.passes >= 1 && c.passes <= 8 &&
		c.memory >= 8*uint32(c.threads) && c.memory <= 128*1024
}

const (
	saltSize = 16
	tagSize  = 32
)

// phc is a password hash; its text is the PHC string format.
type phc struct {
	cost
	salt [saltSize]byte
	tag  [tagSize]byte
}

// errPHC does not quote the text: it is a hash of somebody's password.
var errPHC = errors.New("not an argon2id hash that this server wrote")

const phcFormat = "$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s"

// parsePHC reads exactly what String writes, in its one spelling, with parameters within bounds.
func parsePHC(text string) (phc, error) {
	const limit = 160
	if len(text) > limit {
		return phc{}, errPHC
	}
	var h phc
	var rest string
	if _, err := fmt.Sscanf(text, "$argon2id$v=19$m=%d,t=%d,p=%d$%s", &h.memory, &h.passes, &h.threads, &rest); err != nil {
		return phc{}, errPHC
	}
	saltChars := base64.RawStdEncoding.EncodedLen(saltSize)
	if len(rest) != saltChars+1+base64.RawStdEncoding.EncodedLen(tagSize) || !h.sane() {
		return phc{}, errPHC
	}
	if _, err := base64.RawStdEncoding.Decode(h.salt[:], []byte(rest[:saltChars])); err != nil {
		return phc{}, errPHC
	}
	if _, err := base64.RawStdEncoding.Decode(h.tag[:], []byte(rest[saltChars+1:])); err != nil {
		return phc{}, errPHC
	}
	// Scanning is lenient about spaces, signs and leading zeros, and the decoder about the last bits. Writing it again is not.
	if h.String() != text {
		return phc{}, errPHC
	}
	return h, nil
}

// String is the hash as it is stored.
func (h phc) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf(phcFormat, h.memory, h.passes, h.threads, b64.EncodeToString(h.salt[:]), b64.EncodeToString(h.tag[:]))
}

func (h phc) compute(password string) []byte {
	return argon2.IDKey([]byte(password), h.salt[:], h.passes, h.memory, h.threads, tagSize)
}

func (h phc) matches(password string) bool {
	return subtle.ConstantTimeCompare(h.compute(password), h.tag[:]) == 1
}
