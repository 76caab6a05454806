// Package web is what all doors share: handlers that return errors, the one function that answers them, strict request bodies, the
// middle that every request passes, and a server with limits.
//
//	Serve ─▶ Edge.Wrap (id, log, panics, headers, paths, origins, crowd, time) ─▶ mux ─▶ Handler ─▶ answer, or error ─▶ Problem
//
// It knows nothing of routes, of who is asking, or of what is answered: that is the business of each door.
package web
