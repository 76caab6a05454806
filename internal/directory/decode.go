package directory

import (
	"errors"
	"fmt"

	"github.com/pratique-iam/pratique"
)

// decoder reads stored objects. It is safe for concurrent use. It keeps the constant that stands for every kind: one read from a key is a
// copy, and a million grants need not keep a million copies.
type decoder struct {
	keys  keys
	kinds map[string]pratique.Kind
}

func newDecoder(k keys) *decoder {
	d := &decoder{keys: k, kinds: map[string]pratique.Kind{}}
	for _, kind := range pratique.StoredKinds() {
		d.kinds[string(kind)] = kind
	}
	return d
}

// decode reads the object that a data key holds. The object must have the id that the key says: a value copied to another key by hand
// would otherwise be in memory under one id and in the store under another.
func (d *decoder) decode(key, value []byte) (account []byte, w pratique.Write, err error) {
	p, ok := d.keys.place(key)
	if !ok || p.head() {
		return nil, w, damaged(string(key), errors.New("its name is not that of an object"))
	}
	kind, ok := d.kinds[string(p.kind)]
	if !ok {
		return nil, w, damaged(string(key), fmt.Errorf("kind %q is not known to this version", p.kind))
	}
	o, err := pratique.Decode(kind, value)
	if err != nil {
		return nil, w, damaged(string(key), err)
	}
	m, ok := pratique.MetaOf(o)
	if !ok || m.ID != string(p.id) {
		return nil, w, damaged(string(key), errors.New("it holds an object with another id"))
	}
	return p.account, pratique.Write{Kind: kind, ID: m.ID, Object: o}, nil
}

// ids keeps one copy of every id and other word that stands in many objects. A grant names three other objects; without this, the
// names would take as much memory as the grant.
type ids map[string]string

func newIDs() ids {
	in := ids{}
	for _, word := range []string{
		string(pratique.ScopeAccount), string(pratique.ScopeAllProjects), string(pratique.ScopeProject), string(pratique.ScopeEnterpriseProject),
	} {
		in[word] = word
	}
	for _, kind := range pratique.StoredKinds() {
		in[string(kind)] = string(kind)
	}
	return in
}

func (in ids) one(s string) string {
	if s == "" {
		return ""
	}
	if kept, ok := in[s]; ok {
		return kept
	}
	in[s] = s
	return s
}

func (in ids) ref(r *pratique.Ref) {
	r.Kind, r.ID = pratique.Kind(in.one(string(r.Kind))), in.one(r.ID)
}

// share replaces the words of an object that nobody else sees yet. Ids of grants, keys and sessions are left out: nothing names them.
func (in ids) share(o any) {
	switch o := o.(type) {
	case *pratique.Grant:
		in.ref(&o.Principal)
		o.Policy = in.one(o.Policy)
		o.Scope.Kind, o.Scope.ID = pratique.ScopeKind(in.one(string(o.Scope.Kind))), in.one(o.Scope.ID)
	case *pratique.Group:
		o.ID = in.one(o.ID)
		for i, m := range o.Members {
			o.Members[i] = in.one(m)
		}
	case *pratique.Policy:
		o.ID, o.Default = in.one(o.ID), in.one(o.Default)
		for i, v := range o.Versions {
			o.Versions[i].ID = in.one(v.ID)
		}
	case *pratique.Session:
		in.ref(&o.Principal)
	case *pratique.AccessKey:
		o.User = in.one(o.User)
	case *pratique.User:
		o.ID = in.one(o.ID)
	case *pratique.Role:
		o.ID = in.one(o.ID)
	case *pratique.Project:
		o.ID = in.one(o.ID)
	case *pratique.EnterpriseProject:
		o.ID = in.one(o.ID)
	}
}

// knowing takes the words that an object will share from a snapshot that has them.
func (in ids) knowing(s *pratique.Snapshot, o any) {
	g, ok := o.(*pratique.Grant)
	if !ok {
		return
	}
	for other := range s.GrantsOf(g.Principal.ID) {
		in[other.Principal.ID] = other.Principal.ID
		break
	}
	if p, ok := s.Policy(g.Policy); ok {
		in[p.ID] = p.ID
	}
	if p, ok := s.Projects.ID(g.Scope.ID); ok {
		in[p.ID] = p.ID
	}
	if p, ok := s.EnterpriseProjects.ID(g.Scope.ID); ok {
		in[p.ID] = p.ID
	}
}
