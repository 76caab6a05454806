package kube

import (
	"strings"

	"github.com/pratique-iam/pratique/internal/access"
)

// How much text of one query is kept: more than any name of Kubernetes has.
const (
	keptText      = 1 << 10 // of one value
	keptResource  = 4 << 10
	keptSelectors = 8 << 10 // of all selectors together
	keptBody      = 4 << 10 // of a body, kept whole for the strings that are parts of it
)

// Lasting copies the query so that it may be kept: it shares nothing with the question that will change, values longer than any name are cut,
// and selectors are left out beyond a budget. Whoever fills the memory of decisions with the largest reviews must not fill the machine's: only a
// small body is kept for the sake of its parts, which costs less than copying them.
func (q *Question) Lasting() access.Query {
	share := len(q.asked.r.decoder.s) <= keptBody
	out := q.Query
	out.Principal.ID = lasting(q.Principal.ID, keptText, share)
	out.Action, out.Resource = lasting(q.Action, keptText, share), lasting(q.Resource, keptResource, share)
	out.Lookup = nil
	list, selectors := q.asked.attributes()
	fixed := len(q.asked.always) // of the place, which never change
	spent := 0
	for i := fixed; i < len(list); i++ {
		values := list[i].Values
		for j := range values {
			values[j] = lasting(values[j], keptText, share)
			spent += len(values[j])
		}
		if spent += len(list[i].Key); i >= selectors && spent > keptSelectors {
			list = list[:i:i] // the single values, which come first, are the request itself
		}
	}
	out.Context = list
	return out
}

// lasting is a text that may be kept.
func lasting(s string, limit int, share bool) string {
	switch {
	case len(s) > limit:
		return strings.ToValidUTF8(s[:limit], "") + "…"
	case share:
		return s
	default:
		return strings.Clone(s)
	}
}
