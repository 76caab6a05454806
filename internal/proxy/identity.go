package proxy

import (
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/kube"
)

// ClusterAdmins is the group in which those come whom no gate stops. Where kube-apiserver asks our webhook, that allows them outright; here a
// ClusterRoleBinding of this group to cluster-admin must stand in the cluster. It is not system:masters: that could not be taken away, and
// nobody would see in the cluster who holds it.
const ClusterAdmins = kube.AdministratorsGroup

// authenticated is the one group of Kubernetes' own that is passed on.
const authenticated = "system:authenticated"

// maxGroups bounds how many groups are passed on: each is a header, and one more question for kube-apiserver.
const maxGroups = 200

// identity is who a request is passed on as.
type identity struct {
	user    string
	uid     string
	groups  []string
	session string
	name    string

	operation string // kube.ExtraOperation, of what this server does for somebody
}

// identityOf is how a cluster knows a principal: by ids, in the groups that namespace permissions of the cluster mention. Those whom the gate
// allows outright come as administrators, and need no other group.
func (p *Proxy) identityOf(s *pratique.Snapshot, c *pratique.Cluster, ref pratique.Ref, outcome kube.Outcome) (identity, error) {
	id := identity{user: kube.UserName(ref.ID), uid: ref.ID, name: s.PrincipalName(ref)}
	if outcome == kube.Allowed {
		id.groups = []string{ClusterAdmins, authenticated}
		return id, nil
	}
	mentioned := p.mentions.in(s, c.ID)
	if len(mentioned) > 0 {
		for g := range s.GroupsOf(ref.ID) {
			// An id that would spell the administrators' group is never given out; if one ever is, it must not be worth anything.
			if name := kube.GroupName(g.ID); mentioned[g.ID] && name != ClusterAdmins {
				id.groups = append(id.groups, name)
			}
		}
	}
	if len(id.groups) > maxGroups {
		return identity{}, &refusal{
			code: http.StatusForbidden, reason: reasonForbidden,
			message: "you are in more groups than can be passed on to a cluster; leave some that namespace permissions of this cluster name",
		}
	}
	id.groups = append(id.groups, authenticated)
	return id, nil
}

// subjects are the names by which bindings of the cluster may mean the identity.
func (id *identity) subjects() []string { return append([]string{id.user}, id.groups...) }

// stamp writes the identity into outbound headers, which must hold none yet.
func (id *identity) stamp(h http.Header) {
	h.Set("Impersonate-User", id.user)
	h.Set("Impersonate-Uid", id.uid)
	h["Impersonate-Group"] = slices.Clone(id.groups)
	extra(h, kube.ExtraSession, id.session)
	extra(h, kube.ExtraName, id.name)
	extra(h, kube.ExtraOperation, id.operation)
}

// extra writes one key of what goes with the user. kube-apiserver takes the name of a header in lower case and decodes it.
func extra(h http.Header, key, value string) {
	if value == "" || strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c > '~' }) {
		return
	}
	h.Set("Impersonate-Extra-"+strings.ReplaceAll(key, "/", "%2F"), value)
}

// checkIdentity is the last look at what goes out: exactly one user, ours, and no group but ours and that of everybody. Without a user,
// kube-apiserver would run the request as us (security rules §1.3).
func checkIdentity(h http.Header) error {
	users := h["Impersonate-User"]
	if len(users) != 1 || !ours(users[0]) {
		return errNoIdentity
	}
	for _, g := range h["Impersonate-Group"] {
		if g != authenticated && !ours(g) {
			return errNoIdentity
		}
	}
	return nil
}

// ours reports whether a name is one of ours: the prefix and an id that a header can hold.
func ours(name string) bool {
	id, ok := strings.CutPrefix(name, kube.Prefix)
	return ok && id != "" && !strings.ContainsFunc(id, func(c rune) bool { return c <= ' ' || c > '~' })
}

// mentions remembers which groups the namespace permissions of a cluster mention. The zero value is empty.
type mentions struct {
	mu       sync.Mutex
	clusters map[string]mentioned // by account and id
}

type mentioned struct {
	of     *pratique.Snapshot
	groups map[string]bool
}

// in gives the ids of the groups. The map must not be modified.
func (m *mentions) in(s *pratique.Snapshot, clusterID string) map[string]bool {
	key := s.Account.ID + "/" + clusterID
	m.mu.Lock()
	defer m.mu.Unlock()
	if have, ok := m.clusters[key]; ok && have.of == s {
		return have.groups
	}
	groups := map[string]bool{}
	for perm := range s.NamespacePermissions.All() {
		if perm.Principal.Kind == pratique.KindGroup && perm.On(clusterID) {
			groups[perm.Principal.ID] = true
		}
	}
	if m.clusters == nil || len(m.clusters) >= maxClusters {
		m.clusters = map[string]mentioned{}
	}
	m.clusters[key] = mentioned{s, groups}
	return groups
}
