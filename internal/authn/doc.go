// Package authn answers who is asking. It turns a credential (a password, a bearer secret, a signature) into a pratique.Principal, or into
// a Refusal that tells the outside nothing but no. It makes new credentials, too, and never keeps one: callers store what it returns
// through the Gate.
//
//	password ──► brake ──► pool ──► argon2id ──┐
//	bearer secret ──► SHA-256 ──► session ─────┼──► alive ──► Principal
//	signature ──► canonical form ──► HMAC ─────┘
//
// Whichever way somebody comes in, one function decides whether that principal may act now: alive. It does not own what a principal may
// do (internal/access), nor the wire: what arrives here has been parsed from the request already.
package authn
