// Package release installs what charts render in clusters, as the person who asked for it, and keeps the records that Helm keeps: `helm list`
// shows what this package installed, and the other way round.
//
//	rendered ── check: dry run of everything, as the one who asked ──▶ record: pending ── CRDs ── hooks ── objects ── hooks ──▶ record: deployed
//	                     │ all that is forbidden, one by one                      └────────── an error, or Ctrl-C ──────────▶ all of it taken back
//	                     ▼ nothing has changed
//
// A Target is reached by a rest.Config that decides who asks and what they may; this package has no rights of its own and holds no credentials.
// It applies with server-side apply, because that alone can be tried first: what the dry run accepted is what is carried out.
//
// Helm's own actions are not used: they take no context (a cancelled installation goes on in the background), look things up in the cluster while
// they render, and find out what is forbidden half-way. Its records, its templates and its order of kinds are (see docs/decisions/dependencies.md).
package release
