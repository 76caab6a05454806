package authn

import (
	"crypto/rand"
	"encoding/base32"
	"time"

	"github.com/pratique-iam/pratique"
)

// NewAccessKey makes the id and the secret of an access key: 20 and 40 capital letters and digits, as both vendors' tools expect. The
// secret holds 200 random bits. Seal it to AccessKeyPath before it is stored.
func NewAccessKey() (id, secret string) {
	var b [11 + 25]byte
	_, _ = rand.Read(b[:]) // documented never to fail
	enc := base32.StdEncoding.WithPadding(base32.NoPadding)
	return "PAK" + enc.EncodeToString(b[:11])[:17], enc.EncodeToString(b[11:])
}

// AccessKeyPath is what the secret of a key is sealed to.
func AccessKeyPath(accountID, keyID string) string {
	return "account/" + accountID + "/AccessKey/" + keyID
}

// clockSkew is how far the date of a signed request may be from our time, before or after.
const clockSkew = 15 * time.Minute

// Signed tells who signed a request. The error is a Refusal. Once accepted, a signature is not accepted again while its date would
// allow it; only reads may be repeated for a few seconds, because two equal reads in one second have equal signatures.
func (a *Authenticator) Signed(r *SignedRequest) (pratique.Principal, error) {
	c, reason := r.parse()
	if reason != "" {
		return pratique.Principal{}, refuseSignature(reason)
	}
	now := a.Now()
	if d := now.Sub(c.date); d > clockSkew || d < -clockSkew {
		return pratique.Principal{}, refuseSignature("the date of the request is more than 15 minutes off")
	}
	snap, key, secret, reason := a.secretOf(c.accessKey)
	right := c.matches(secret) // also with the secret of nobody, for the time that it takes
	var p pratique.Principal
	var dead string
	if key != nil {
		p, dead = alive(snap, pratique.Ref{Kind: pratique.KindUser, ID: key.User}, pratique.Programmatic)
	}
	switch {
	case reason != "":
	case !right:
		reason = "the signature is wrong"
	case key.Disabled:
		reason = "the access key is disabled"
	default:
		reason = dead
	}
	if reason == "" && !a.fresh(c, now) {
		reason = "the request was sent before: its signature has been seen"
	}
	if reason != "" {
		return pratique.Principal{}, refuseSignature(reason).at(snap, p)
	}
	p.Session, p.Since = key.ID, now
	return p, nil
}

// secretOf finds a key and opens its secret. With a reason, the secret is one that nobody has.
func (a *Authenticator) secretOf(id string) (snap *pratique.Snapshot, key *pratique.AccessKey, secret []byte, reason string) {
	nobody := make([]byte, 40)
	_, _ = rand.Read(nobody) // documented never to fail
	if a.Keys == nil || a.Secrets == nil {
		return nil, nil, nobody, "signed requests are not served here"
	}
	snap, ok := a.Keys.AccountOfKey(id)
	if !ok {
		return nil, nil, nobody, "the access key does not exist"
	}
	if key, ok = snap.AccessKeys.ID(id); !ok {
		return snap, nil, nobody, "the access key does not exist"
	}
	secret, err := a.Secrets.Unseal(key.Sealed, AccessKeyPath(snap.Account.ID, key.ID))
	if err != nil {
		return snap, key, nobody, "the secret of the access key: " + err.Error()
	}
	if len(secret) == 0 {
		return snap, key, nobody, "the secret of the access key is empty"
	}
	return snap, key, secret, ""
}

func (a *Authenticator) fresh(c *signed, now time.Time) bool {
	until := c.date.Add(clockSkew)
	if c.method == "GET" || c.method == "HEAD" {
		return a.reads.first(c.digest(), now, until, repeatedReads)
	}
	return a.writes.first(c.digest(), now, until, 0)
}
