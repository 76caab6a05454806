package proxy

import (
	"net/http"
	"strings"
)

// passedOn are the request headers that a cluster gets from a client. What is not here stays: credentials, cookies, and whatever a program in
// the cluster might take for the word of a proxy.
func passedOn() []string {
	return []string{
		"Accept", "Accept-Encoding", "Accept-Language", "Content-Encoding", "Content-Type", "If-Match", "If-Modified-Since", "If-None-Match",
		"If-Unmodified-Since", "Kubectl-Command", "Kubectl-Session", "Range", "User-Agent",
	}
}

// passedUp are those that belong to an upgrade. Sec-WebSocket-Protocol is written apart, because a token may hide in it.
func passedUp() []string {
	return []string{"Sec-Websocket-Extensions", "Sec-Websocket-Key", "Sec-Websocket-Version", "X-Stream-Protocol-Version"}
}

// passedBack are the response headers that a client gets from a cluster: enough for Kubernetes and for what its proxy subresource serves, and
// none that would set something in a browser, or send it elsewhere.
func passedBack() []string {
	return []string{
		"Accept-Ranges", "Age", "Allow", "Audit-Id", "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Length",
		"Content-Range", "Content-Type", "Date", "Etag", "Expires", "Last-Modified", "Retry-After", "Vary", "Warning",
		"X-Kubernetes-Pf-Flowschema-Uid", "X-Kubernetes-Pf-Prioritylevel-Uid", "X-Stream-Protocol-Version",
	}
}

// passedBackUp are those of a switched connection.
func passedBackUp() []string {
	return []string{"Connection", "Upgrade", "Sec-Websocket-Accept", "Sec-Websocket-Extensions", "Sec-Websocket-Protocol"}
}

// keep copies the listed headers.
func keep(to, from http.Header, names []string) {
	for _, name := range names {
		if values := from[name]; len(values) > 0 {
			to[name] = values
		}
	}
}

// outbound writes the headers that a cluster gets: what is listed of the client's, then ours, the identity last.
func (v *visit) outbound(in http.Header, token string) http.Header {
	h := http.Header{}
	keep(h, in, passedOn())
	if v.upgrade != "" {
		keep(h, in, passedUp())
		h.Set("Connection", "Upgrade")
		h.Set("Upgrade", v.upgrade)
		if len(v.protocols) > 0 {
			h.Set("Sec-Websocket-Protocol", strings.Join(v.protocols, ", "))
		}
	}
	if v.source != "" {
		h.Set("X-Forwarded-For", v.source)
	}
	h.Set("Audit-Id", v.id)
	if token != "" {
		h.Set("Authorization", "Bearer "+token)
	}
	v.identity.session = v.who.Session
	v.identity.stamp(h)
	return h
}
