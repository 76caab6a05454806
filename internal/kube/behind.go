package kube

import (
	"strings"
	"sync"
	"time"

	"github.com/pratique-iam/pratique"
)

// Behind says what stands behind an open gate: the reason that goes with no opinion. kube-apiserver shows it only when RBAC, too, does not allow
// the request, and then it is true. It is safe for concurrent use; the zero value is ready.
type Behind struct {
	mu       sync.RWMutex
	clusters map[string]*holders // by id
}

// holders are the principals with a namespace permission in a cluster, as of a snapshot.
type holders struct {
	seen *pratique.Snapshot
	at   time.Time
	of   map[string]bool
}

// refresh is how long the holders are kept while the directory changes. Only the choice of words depends on them.
const refresh = time.Second

// The words.
const (
	withSome = "cluster permissions let this through, but no namespace permission allows it"
	withNone = "you may see the cluster, but hold no namespace permission in it"
)

// Reason appends the reason to b, and the command that explains it. All of it is printable ASCII without quotation marks, backslashes and what
// means something in HTML, whatever the review says: it may stand in a JSON string as it is.
func (h *Behind) Reason(b []byte, s *pratique.Snapshot, c *pratique.Cluster, r *Review, who pratique.Ref, now time.Time) []byte {
	text := withNone
	if h.some(s, c.ID, who, now) {
		text = withSome
	}
	b = append(b, text...)
	b = append(b, "; why: pratique why"...)
	return command(b, s, c, r, who)
}

// some reports whether a principal holds a namespace permission in a cluster, itself or through a group.
func (h *Behind) some(s *pratique.Snapshot, cluster string, who pratique.Ref, now time.Time) bool {
	h.mu.RLock()
	have := h.clusters[cluster]
	h.mu.RUnlock()
	if have == nil || have.seen != s && now.Sub(have.at) >= refresh {
		have = h.gather(s, cluster, now)
	}
	if have.of[who.ID] {
		return true
	}
	if len(have.of) == 0 || who.Kind != pratique.KindUser {
		return false
	}
	for g := range s.GroupsOf(who.ID) {
		if have.of[g.ID] {
			return true
		}
	}
	return false
}

func (h *Behind) gather(s *pratique.Snapshot, cluster string, now time.Time) *holders {
	have := &holders{seen: s, at: now, of: map[string]bool{}}
	for p := range s.NamespacePermissions.All() {
		if p.On(cluster) {
			have.of[p.Principal.ID] = true
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.clusters == nil {
		h.clusters = map[string]*holders{}
	}
	for id := range h.clusters {
		if _, ok := s.Clusters.ID(id); !ok && h.clusters[id].seen.Account.ID == s.Account.ID {
			delete(h.clusters, id)
		}
	}
	h.clusters[cluster] = have
	return have
}

// command appends the arguments that ask again. What could mean something to a shell is left out: people paste what they are told to.
func command(b []byte, s *pratique.Snapshot, c *pratique.Cluster, r *Review, who pratique.Ref) []byte {
	name := s.PrincipalName(who)
	object := r.Resource
	if !r.IsResource || !plain(name) || !plain(r.Verb) || !plain(object) || !plain(c.Name) {
		return b
	}
	b = append(b, ' ')
	if who.Kind == pratique.KindRole {
		b = append(b, "role/"...)
	}
	b = append(b, name...)
	for _, word := range [...]string{r.Verb, object} {
		b = append(append(b, ' '), word...)
	}
	if r.Group != "" && plain(r.Group) {
		b = append(append(b, '.'), r.Group...)
	}
	if r.Subresource != "" && plain(r.Subresource) {
		b = append(append(b, '/'), r.Subresource...)
	}
	if r.Namespace != "" && plain(r.Namespace) {
		b = append(append(b, " -n "...), r.Namespace...)
	}
	return append(append(b, " --cluster "...), c.Name...)
}

// plain reports whether a word means itself in a shell and is no option.
func plain(s string) bool {
	if s == "" || len(s) > 253 || s[0] == '-' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte("._@-", c) < 0 {
			return false
		}
	}
	return true
}
