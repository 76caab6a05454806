// Package directory keeps the accounts in etcd: it loads them, follows what other servers write, and commits what this one decides.
//
// Everything is in memory as one pratique.Snapshot per account, read without a lock. The store is asked only to write, and once a second
// whether it still is there.
//
//	Open ── load all at one revision ──▶ snapshots ◀── watch from the next revision on
//	                                        ▲
//	Update ──▶ queue of the account ──▶ committer: fold, If(head unchanged) Then(objects, head, audit) ── answer
//
// The keys, below a prefix:
//
//	head/<account>                 generation, audit head and number of objects; its etcd revision is what a commit compares
//	data/<account>/<Kind>/<id>     one object, as pratique.Encode writes it
//	audit/<account>/<seq>-<n>      one record; seq is the generation, 20 digits wide so that keys sort by it
//	blob/<account>/<digest>/<part> archive of a chart, in parts; not watched
//	names/<folded name>            id of the account that has the name
//	server/<name>                  what belongs to the server and to no account
//	changed                        written by every commit: its revision is what a snapshot must have reached to be fresh
//
// A transaction writes the head of its account with everything else. So one etcd revision is one step of one account, a reader that has
// the head has all of it, and the number of objects in the head tells a partial read from a small account.
//
// What this package does not own: who may change what (internal/access), what a record says (internal/audit), where etcd runs
// (internal/etcd).
package directory
