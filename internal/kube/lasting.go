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
)

// Lasting copies the query so that it may be kept: it shares no memory with the question or with the body that it came in, values longer than any
// name are cut, and selectors are left out beyond a budget. Whoever fills the memory of decisions with the largest reviews must not fill the
// machine's.
func (q *Question) Lasting() access.Query {
	out := q.Query
	out.Principal.ID = strings.Clone(q.Principal.ID)
	out.Action, out.Resource = strings.Clone(shorten(q.Action, keptText)), strings.Clone(shorten(q.Resource, keptResource))
	out.Lookup = nil
	list, selectors := q.asked.attributes()
	fixed := len(q.asked.always) // of the place, which never change
	spent := 0
	for i := fixed; i < len(list); i++ {
		values := list[i].Values
		for j := range values {
			values[j] = strings.Clone(shorten(values[j], keptText))
			spent += len(values[j])
		}
		if spent += len(list[i].Key); i >= selectors && spent > keptSelectors {
			list = list[:i:i] // the single values, which come first, are the request itself
		}
	}
	out.Context = list
	return out
}

func shorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}
