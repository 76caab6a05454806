package pratique

import (
	"iter"
	"sync"

	"github.com/tidwall/btree"
)

// Snapshot is one account's directory at one generation. It is never modified after it has been built, and safe for concurrent use.
type Snapshot struct {
	Account    Account
	Generation uint64 // counts the changes of the account; users know it as the revision
	AuditHead  string // hash of the newest audit record: the end of the account's chain

	Projects             Table[*Project]
	EnterpriseProjects   Table[*EnterpriseProject]
	Users                Table[*User]
	Groups               Table[*Group]
	Roles                Table[*Role]
	Policies             Table[*Policy] // custom ones; Policy finds the system's as well
	Grants               Table[*Grant]
	Clusters             Table[*Cluster]
	NamespacePermissions Table[*NamespacePermission]
	AccessKeys           Table[*AccessKey]
	Passwords            Table[*Password]
	Sessions             Table[*Session]
	NodePools            Table[*NodePool] // named "<cluster id>/<name>"
	Jobs                 Table[*Job]      // named by their ids
	Charts               Table[*Chart]    // named "<name>-<version>"
	AddonTemplates       Table[*AddonTemplate]
	Addons               Table[*Addon]  // named "<cluster id>/<name>"
	Reports              Table[*Report] // named by their ids
	MFAs                 Table[*MFA]    // named by the ids of their users
	IdentityProviders    Table[*IdentityProvider]

	memberships   *btree.BTreeG[membership] // by member, then group
	byPrincipal   *btree.BTreeG[*Grant]
	byPolicy      *btree.BTreeG[*Grant]
	byScope       *btree.BTreeG[*Grant]
	keysByUser    *btree.BTreeG[ownedID]
	sessionsBy    *btree.BTreeG[ownedID]
	sessionHashes *btree.Map[string, *Session]
	identities    *btree.Map[string, *User] // by folded provider and subject

	rules   *Rules
	copying *sync.Mutex // copying a tree marks the original; readers do not look at the mark, other copiers do
}

type membership struct{ member, group string }

// ownedID orders things by their owner: the access keys and the sessions of a principal.
type ownedID struct{ owner, id string }

// NewSnapshot returns the empty directory of an account, at generation 0.
func NewSnapshot(rules *Rules, account Account) *Snapshot {
	options := btree.Options{NoLocks: true}
	grants := func(key func(*Grant) string) *btree.BTreeG[*Grant] {
		return btree.NewBTreeGOptions(func(a, b *Grant) bool {
			if ka, kb := key(a), key(b); ka != kb {
				return ka < kb
			}
			return a.ID < b.ID
		}, options)
	}
	owned := func(a, b ownedID) bool { return a.owner < b.owner || a.owner == b.owner && a.id < b.id }
	return &Snapshot{
		Account:  account,
		Projects: newTable[*Project](), EnterpriseProjects: newTable[*EnterpriseProject](),
		Users: newTable[*User](), Groups: newTable[*Group](), Roles: newTable[*Role](),
		Policies: newTable[*Policy](), Grants: newTable[*Grant](),
		Clusters: newTable[*Cluster](), NamespacePermissions: newTable[*NamespacePermission](),
		AccessKeys: newTable[*AccessKey](), Passwords: newTable[*Password](), Sessions: newTable[*Session](),
		NodePools: newTable[*NodePool](), Jobs: newTable[*Job](), Charts: newTable[*Chart](),
		AddonTemplates: newTable[*AddonTemplate](), Addons: newTable[*Addon](), Reports: newTable[*Report](),
		MFAs: newTable[*MFA](), IdentityProviders: newTable[*IdentityProvider](),
		memberships: btree.NewBTreeGOptions(func(a, b membership) bool {
			return a.member < b.member || a.member == b.member && a.group < b.group
		}, options),
		byPrincipal:   grants(func(g *Grant) string { return g.Principal.ID }),
		byPolicy:      grants(func(g *Grant) string { return g.Policy }),
		byScope:       grants(func(g *Grant) string { return g.Scope.ID }),
		keysByUser:    btree.NewBTreeGOptions(owned, options),
		sessionsBy:    btree.NewBTreeGOptions(owned, options),
		sessionHashes: &btree.Map[string, *Session]{},
		identities:    &btree.Map[string, *User]{},
		rules:         rules,
		copying:       new(sync.Mutex),
	}
}

// clone returns a snapshot that may be written to until it is published.
func (s *Snapshot) clone() *Snapshot {
	s.copying.Lock()
	defer s.copying.Unlock()
	next := *s
	next.Projects, next.EnterpriseProjects = s.Projects.copy(), s.EnterpriseProjects.copy()
	next.Users, next.Groups, next.Roles = s.Users.copy(), s.Groups.copy(), s.Roles.copy()
	next.Policies, next.Grants = s.Policies.copy(), s.Grants.copy()
	next.Clusters, next.NamespacePermissions = s.Clusters.copy(), s.NamespacePermissions.copy()
	next.AccessKeys, next.Passwords, next.Sessions = s.AccessKeys.copy(), s.Passwords.copy(), s.Sessions.copy()
	next.NodePools, next.Jobs, next.Charts = s.NodePools.copy(), s.Jobs.copy(), s.Charts.copy()
	next.AddonTemplates, next.Addons, next.Reports = s.AddonTemplates.copy(), s.Addons.copy(), s.Reports.copy()
	next.MFAs, next.IdentityProviders = s.MFAs.copy(), s.IdentityProviders.copy()
	next.memberships = s.memberships.Copy()
	next.byPrincipal, next.byPolicy, next.byScope = s.byPrincipal.Copy(), s.byPolicy.Copy(), s.byScope.Copy()
	next.keysByUser, next.sessionsBy = s.keysByUser.Copy(), s.sessionsBy.Copy()
	next.sessionHashes, next.identities = s.sessionHashes.Copy(), s.identities.Copy()
	next.copying = new(sync.Mutex)
	return &next
}

// Rules gives the rules under which the snapshot was built.
func (s *Snapshot) Rules() *Rules { return s.rules }

// Policy finds a custom or a system policy by name, alias or id.
func (s *Snapshot) Policy(nameOrID string) (*Policy, bool) {
	if p, ok := s.Policies.Find(nameOrID); ok {
		return p, true
	}
	return s.rules.systemPolicy(nameOrID)
}

// GroupsOf walks the groups that a user or role is a member of, in the order of their ids.
func (s *Snapshot) GroupsOf(memberID string) iter.Seq[*Group] {
	return func(yield func(*Group) bool) {
		s.memberships.Ascend(membership{member: memberID}, func(m membership) bool {
			if m.member != memberID {
				return false
			}
			g, ok := s.Groups.ID(m.group)
			return !ok || yield(g)
		})
	}
}

// Member reports whether a user is in a group.
func (s *Snapshot) Member(userID, groupID string) bool {
	_, ok := s.memberships.Get(membership{userID, groupID})
	return ok
}

// GrantsOf walks the grants that a principal holds itself, in the order of their ids.
func (s *Snapshot) GrantsOf(principalID string) iter.Seq[*Grant] {
	return ascend(s.byPrincipal, &Grant{Principal: Ref{ID: principalID}}, func(g *Grant) bool { return g.Principal.ID == principalID })
}

// GrantsWith walks the grants of a policy.
func (s *Snapshot) GrantsWith(policyID string) iter.Seq[*Grant] {
	return ascend(s.byPolicy, &Grant{Policy: policyID}, func(g *Grant) bool { return g.Policy == policyID })
}

// GrantsIn walks the grants whose scope is a project or an enterprise project.
func (s *Snapshot) GrantsIn(scopeID string) iter.Seq[*Grant] {
	return ascend(s.byScope, &Grant{Scope: Scope{ID: scopeID}}, func(g *Grant) bool { return g.Scope.ID == scopeID })
}

// KeysOf walks the access keys of a user.
func (s *Snapshot) KeysOf(userID string) iter.Seq[*AccessKey] {
	return owned(s.keysByUser, userID, s.AccessKeys)
}

// SessionsOf walks the sessions and tokens of a principal.
func (s *Snapshot) SessionsOf(principalID string) iter.Seq[*Session] {
	return owned(s.sessionsBy, principalID, s.Sessions)
}

// SessionByHash finds the session whose secret has the given SHA-256, in hex.
func (s *Snapshot) SessionByHash(hash string) (*Session, bool) { return s.sessionHashes.Get(hash) }

func ascend[T any](tree *btree.BTreeG[T], pivot T, within func(T) bool) iter.Seq[T] {
	return func(yield func(T) bool) {
		tree.Ascend(pivot, func(item T) bool { return within(item) && yield(item) })
	}
}

func owned[P object](index *btree.BTreeG[ownedID], owner string, table Table[P]) iter.Seq[P] {
	return func(yield func(P) bool) {
		index.Ascend(ownedID{owner: owner}, func(o ownedID) bool {
			if o.owner != owner {
				return false
			}
			p, ok := table.ID(o.id)
			return !ok || yield(p)
		})
	}
}
