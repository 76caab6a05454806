// Package etcd starts the store inside the process, or reaches one outside.
//
// The embedded server opens no socket at all: its one member has no peers, and its client calls it in process. So there is nothing for
// another user of the machine to connect to, and no certificate to keep. (The other ways were a unix socket, whose path may have at most
// 107 bytes, and loopback, which every local user can reach.)
//
// What this package does not own: what is kept in the store (internal/directory).
package etcd
