package authn

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // RFC 6238 with HMAC-SHA-1 is what authenticators speak; HMAC does not need a hash without collisions
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// Codes of a second factor: TOTP (RFC 6238) in the one form that every authenticator knows.
const (
	totpPeriod = 30 * time.Second
	totpDigits = 6
	totpWindow = 1  // steps before and after the present one, for clocks that are off
	seedBytes  = 20 // as RFC 4226 recommends
)

// totp is the code of a seed at a step.
func totp(seed []byte, step int64) string {
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step)) //nolint:gosec // G115: time since 1970 is not negative
	mac := hmac.New(sha1.New, seed)
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0x0f
	number := binary.BigEndian.Uint32(sum[at:at+4]) & 0x7fffffff
	return fmt.Sprintf("%0*d", totpDigits, number%1_000_000)
}

// CodeAt is what an authenticator with the seed shows at a time.
func CodeAt(seed []byte, t time.Time) string { return totp(seed, stepOf(t)) }

// stepOf counts the periods since 1970.
func stepOf(t time.Time) int64 { return t.Unix() / int64(totpPeriod/time.Second) }

// matchStep finds the step within the window whose code was typed. It always compares with all of them, and takes the newest: the same
// code could belong to two.
func matchStep(seed []byte, code string, now time.Time) (step int64, ok bool) {
	for s := stepOf(now) - totpWindow; s <= stepOf(now)+totpWindow; s++ {
		if subtle.ConstantTimeCompare([]byte(totp(seed, s)), []byte(code)) == 1 {
			step, ok = s, true
		}
	}
	return step, ok
}

// NewSeed makes the secret of a second factor. Seal it to FactorPath before it is stored.
func NewSeed() []byte {
	b := make([]byte, seedBytes)
	_, _ = rand.Read(b) // documented never to fail
	return b
}

// SeedText is a seed as authenticators take it.
func SeedText(seed []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(seed)
}

// FactorPath is what the seed of a user's second factor is sealed to.
func FactorPath(accountID, userID string) string { return "account/" + accountID + "/MFA/" + userID }

// recoveryCodes is how many there are; each has 80 random bits, so that its hash can be a fast one.
const recoveryCodes = 10

// NewRecoveryCodes makes codes for when the authenticator is lost, and the hashes to store.
func NewRecoveryCodes() (codes, hashes []string) {
	for range recoveryCodes {
		var b [10]byte
		_, _ = rand.Read(b[:]) // documented never to fail
		text := strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
		code := text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:]
		codes, hashes = append(codes, code), append(hashes, hashCode(code))
	}
	return codes, hashes
}

// hashCode hashes a recovery code as people may type it: without its hyphens, in any case.
func hashCode(code string) string { return Hash(plainCode(code)) }

// plainCode takes out what people put into codes to read them better.
func plainCode(code string) string {
	return strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(code))
}
