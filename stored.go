package pratique

import (
	"fmt"

	"github.com/pratique-iam/pratique/internal/strictjson"
)

// Encode writes an object as it is stored.
func Encode(object any) ([]byte, error) { return strictjson.Marshal(object) }

// Decode reads a stored object. An unknown kind or member is an error: it was written by a newer version, or by somebody else.
func Decode(kind Kind, data []byte) (any, error) {
	o, ok := blank(kind)
	if !ok {
		return nil, fmt.Errorf("stored kind %q is not known to this version", kind)
	}
	if err := strictjson.Unmarshal(data, o); err != nil {
		return nil, fmt.Errorf("stored %s: %w", kind.Word(), err)
	}
	if p, ok := o.(*Policy); ok {
		p.adopt()
	}
	return o, nil
}

func blank(kind Kind) (object, bool) {
	switch kind {
	case KindAccount:
		return &Account{}, true
	case KindProject:
		return &Project{}, true
	case KindEnterpriseProject:
		return &EnterpriseProject{}, true
	case KindUser:
		return &User{}, true
	case KindGroup:
		return &Group{}, true
	case KindRole:
		return &Role{}, true
	case KindPolicy:
		return &Policy{}, true
	case KindGrant:
		return &Grant{}, true
	case KindCluster:
		return &Cluster{}, true
	case KindNamespacePermission:
		return &NamespacePermission{}, true
	case KindAccessKey:
		return &AccessKey{}, true
	case KindPassword:
		return &Password{}, true
	case KindSession:
		return &Session{}, true
	case KindNodePool:
		return &NodePool{}, true
	case KindJob:
		return &Job{}, true
	case KindChart:
		return &Chart{}, true
	case KindAddonTemplate:
		return &AddonTemplate{}, true
	case KindAddon:
		return &Addon{}, true
	case KindReport:
		return &Report{}, true
	case KindMFA:
		return &MFA{}, true
	case KindIdentityProvider:
		return &IdentityProvider{}, true
	default:
		return nil, false
	}
}

// Stored replays what a store holds: it returns the snapshot with the writes applied, at the given generation. No rule is checked, because
// whoever stored them has. The receiver stays as it is.
func (s *Snapshot) Stored(generation uint64, auditHead string, writes []Write) (*Snapshot, error) {
	e := &editor{Snapshot: s.clone(), plan: &Plan{}}
	for _, w := range writes {
		if err := e.replay(w); err != nil {
			return nil, err
		}
	}
	e.Generation, e.AuditHead = generation, auditHead
	return e.Snapshot, nil
}

// Load adds one stored object to a snapshot that nobody else sees yet.
func (s *Snapshot) Load(w Write) error {
	e := &editor{Snapshot: s, plan: &Plan{}}
	return e.replay(w)
}

// Sealed returns the snapshot with the store's marks set, for the end of a load or a commit.
func (s *Snapshot) Sealed(generation uint64, auditHead string) *Snapshot {
	next := s.clone()
	next.Generation, next.AuditHead = generation, auditHead
	return next
}

func (e *editor) replay(w Write) error {
	if w.Object == nil {
		e.replayDelete(w)
		return nil
	}
	switch o := w.Object.(type) {
	case *Account:
		e.Account = *o
	case *Project:
		e.Projects.set(o)
	case *EnterpriseProject:
		e.EnterpriseProjects.set(o)
	case *User:
		old, _ := e.Users.ID(o.ID)
		e.setUser(old, o)
	case *Group:
		old, _ := e.Groups.ID(o.ID)
		e.setGroup(old, o)
	case *Role:
		e.Roles.set(o)
	case *Policy:
		e.Policies.set(o)
	case *Grant:
		old, _ := e.Grants.ID(o.ID)
		e.setGrant(old, o)
	case *Cluster:
		e.Clusters.set(o)
	case *NamespacePermission:
		e.NamespacePermissions.set(o)
	case *AccessKey:
		e.AccessKeys.set(o)
		e.keysByUser.Set(ownedID{o.User, o.ID})
	case *Password:
		e.Passwords.set(o)
	case *Session:
		e.setSession(o)
	case *NodePool:
		e.NodePools.set(o)
	case *Job:
		e.Jobs.set(o)
	case *Chart:
		e.Charts.set(o)
	case *AddonTemplate:
		e.AddonTemplates.set(o)
	case *Addon:
		e.Addons.set(o)
	case *Report:
		e.Reports.set(o)
	case *MFA:
		e.MFAs.set(o)
	case *IdentityProvider:
		e.IdentityProviders.set(o)
	default:
		return fmt.Errorf("stored object of type %T is not known", o)
	}
	return nil
}

func (e *editor) replayDelete(w Write) {
	switch w.Kind {
	case KindProject:
		drop(e.Projects, w.ID)
	case KindEnterpriseProject:
		drop(e.EnterpriseProjects, w.ID)
	case KindUser:
		if u, ok := e.Users.ID(w.ID); ok {
			e.dropUser(u)
		}
	case KindGroup:
		if g, ok := e.Groups.ID(w.ID); ok {
			e.setGroup(g, &Group{Meta: g.Meta})
			e.Groups.remove(g)
		}
	case KindRole:
		drop(e.Roles, w.ID)
	case KindPolicy:
		drop(e.Policies, w.ID)
	case KindGrant:
		if g, ok := e.Grants.ID(w.ID); ok {
			e.removeGrant(g)
		}
	case KindCluster:
		drop(e.Clusters, w.ID)
	case KindNamespacePermission:
		drop(e.NamespacePermissions, w.ID)
	case KindAccessKey:
		if k, ok := e.AccessKeys.ID(w.ID); ok {
			e.dropKey(k)
		}
	case KindPassword:
		drop(e.Passwords, w.ID)
	case KindSession:
		if s, ok := e.Sessions.ID(w.ID); ok {
			e.dropSession(s)
		}
	case KindNodePool:
		drop(e.NodePools, w.ID)
	case KindJob:
		drop(e.Jobs, w.ID)
	case KindChart:
		drop(e.Charts, w.ID)
	case KindAddonTemplate:
		drop(e.AddonTemplates, w.ID)
	case KindAddon:
		drop(e.Addons, w.ID)
	case KindReport:
		drop(e.Reports, w.ID)
	case KindMFA:
		drop(e.MFAs, w.ID)
	case KindIdentityProvider:
		drop(e.IdentityProviders, w.ID)
	case KindAccount:
	}
}

func drop[P object](t Table[P], id string) {
	if p, ok := t.ID(id); ok {
		t.remove(p)
	}
}
