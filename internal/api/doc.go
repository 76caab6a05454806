// Package api is the native API: JSON over HTTPS, and AuthZEN 1.0.
//
//	request ─▶ web.Edge ─▶ route ─▶ who is asking ─▶ guard of the route ─▶ input struct ─▶ handler ─▶ answer, or error ─▶ Problem
//
// Routes lists everything on one screen: the mux, /openapi.json and the tests are made from that list. A handler gets a Call, which names a
// principal that internal/authn has vouched for, and an input that has been parsed; it never sees an HTTP request. It changes things
// through access.Gate only.
//
// It does not own what anything means: the nouns and their rules are the root package's, decisions are internal/access's.
package api
