// Package pratique holds the nouns of the product and the rules between them: accounts, users, groups, roles, policies, grants, projects,
// credentials.
//
// A Snapshot is everything in one account at one generation, and never changes. Snapshot.With applies a list of Changes and gives the
// next Snapshot together with a Plan: what would be written, which operations each step needs, what a person should know. It does no
// I/O, reads no clock and takes ids and time from a Moment, so a dry run is the same code as the real thing.
//
// What this package does not own: who is asking (internal/authn), whether they may (internal/access), where it is kept
// (internal/directory).
package pratique
