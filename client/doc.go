// Package client is the Go client of Pratique's native API. The command line uses nothing else.
//
// A Client speaks to one server as one identity. It holds no state beyond connections, is safe for concurrent use, and does what its caller
// could not easily do right:
//
//   - it refuses plain HTTP to anything but this machine, and never follows a redirect, which would carry the token to another host;
//   - it repeats a request only when that is harmless: a read, answered 503 with Retry-After, while the context lasts;
//   - it turns answers into errors that say what to do: ProblemError for what the server says, UnreachableError and UntrustedError for what
//     happens before it can say anything.
//
// What it does not own: where tokens are kept (cmd/pratique), and what the requests and answers look like (apiv1).
package client
