// Package proxy is the door for kubectl where a kube-apiserver knows nothing of us: it takes requests at /clusters/<id or name>/…, asks the
// same gate as the webhook, and passes them on as the person who asks.
//
//	headers ─▶ who ─▶ cluster ─▶ path ─▶ kube.Query ─▶ kube.Decide ─▶ record ─▶ identity ─▶ backend
//	                                          ▲                                               │
//	                                          └── asked again while a stream is open ◀────────┘
//
// The credential with which we reach a cluster may impersonate anybody there, so a request that leaves without an identity acts as us. That
// is why everything that can fail comes before the request is passed on, why what goes out is written anew from lists of headers instead
// of cleaned up, and why the identity is looked at once more on the last step before the wire (security rules §1.2, §1.3, §2.A).
//
// It takes requests before any mux: a mux tidies paths up by redirecting, and what is decided on must be what is done. It does not own what
// Kubernetes' RBAC says of the person (internal/rbacsync), how clusters are reached (internal/cluster), or what is kept of a record.
package proxy
