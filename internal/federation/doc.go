// Package federation signs people in through OpenID Connect providers: it is the relying party. It sends a browser to a provider, takes
// what comes back, and answers who the provider says somebody is, or why not.
//
//	Begin ──► state, nonce, PKCE verifier, sealed into a ticket that the browser keeps ──► provider
//	provider ──► code, state ──► Finish: ticket, state, code for token, signature, issuer, audience, expiry, nonce ──► Assertion
//
// It does not own who the person is here (pratique.SignInThrough), nor the cookie (internal/console).
package federation
