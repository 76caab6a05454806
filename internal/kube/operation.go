package kube

import (
	"strings"

	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/access"
)

// ExtraOperation is the key of what goes with a user for whom this server itself acts: the id of the catalogue operation that was decided on
// before, such as "release.create". What no statement decides is then covered by that operation, so that whoever may install charts need not
// hold cce:kubernetes:* as well; a Deny still denies, and RBAC decides behind it.
//
// No token carries it, and nobody but the credential of this server may add it: see claimed.
const ExtraOperation = "pratique.dev/operation"

// extras is what every key of ours begins with.
const extras = "pratique.dev/"

// covering lists the kinds of operation that consist of requests inside a cluster.
func covering(kind string) bool { return kind == "release" || kind == "addonInstance" }

// Covers reports whether an operation covers the single requests that it consists of.
func Covers(c *catalog.Catalog, operation string) bool {
	op, ok := c.Operation(operation)
	return ok && covering(op.Kind)
}

// covered reports whether the request belongs to an operation that was decided on, and no statement says anything about the request itself.
// Operations that read cover reading; none covers acting as somebody else.
func (r *Review) covered(c *catalog.Catalog, d *access.Decision) bool {
	if d.Cause != access.Implicit || r.impersonates() {
		return false
	}
	for i := range r.Extra {
		e := &r.Extra[i]
		if e.Key != ExtraOperation {
			continue
		}
		if len(e.Values) != 1 || !Covers(c, e.Values[0]) {
			return false
		}
		op, _ := c.Operation(e.Values[0])
		return !op.Access.Reads() || r.reads()
	}
	return false
}

// reads reports whether the request changes nothing.
func (r *Review) reads() bool { return r.Verb == "get" || r.Verb == "list" || r.Verb == "watch" }

// claimed is the refusal of an identity of ours that wants to say about another what only this server says: whose session it is, and which
// operation covers it. kube-apiserver asks so about Impersonate-Extra headers. No right allows it, not even that of administrators: there is
// nothing that they would need it for.
func (r *Review) claimed() string {
	key := r.Subresource
	if !r.impersonates() || r.Resource != "userextras" || !strings.HasPrefix(key, extras) {
		return ""
	}
	return "only Pratique itself says what stands under " + extras + " of an identity"
}

// impersonates reports whether the request is to act as somebody else: by the verb that covers everything, or by one of the narrower ones that
// Kubernetes has beside it ("impersonate:user-info", "impersonate-on:user-info:get").
func (r *Review) impersonates() bool { return strings.HasPrefix(r.Verb, "impersonate") }
