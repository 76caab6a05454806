package directory

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pratique-iam/pratique"
)

// kinds lists every kind that is stored, and the constant that stands for it: a kind read from a key is a copy, and a million grants
// need not keep a million copies.
func kinds() []pratique.Kind {
	return slices.Concat([]pratique.Kind{pratique.KindAccount}, pratique.ManifestKinds(),
		[]pratique.Kind{pratique.KindAccessKey, pratique.KindPassword, pratique.KindSession})
}

// decoder reads stored objects. It is safe for concurrent use.
type decoder struct {
	keys  keys
	kinds map[string]pratique.Kind
}

func newDecoder(k keys) *decoder {
	d := &decoder{keys: k, kinds: map[string]pratique.Kind{}}
	for _, kind := range kinds() {
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
	m := metaOf(o)
	if m == nil || m.ID != string(p.id) {
		return nil, w, damaged(string(key), errors.New("it holds an object with another id"))
	}
	return p.account, pratique.Write{Kind: kind, ID: m.ID, Object: o}, nil
}

func metaOf(o any) *pratique.Meta {
	switch o := o.(type) {
	case *pratique.Account:
		return &o.Meta
	case *pratique.Project:
		return &o.Meta
	case *pratique.EnterpriseProject:
		return &o.Meta
	case *pratique.User:
		return &o.Meta
	case *pratique.Group:
		return &o.Meta
	case *pratique.Role:
		return &o.Meta
	case *pratique.Policy:
		return &o.Meta
	case *pratique.Grant:
		return &o.Meta
	case *pratique.AccessKey:
		return &o.Meta
	case *pratique.Password:
		return &o.Meta
	case *pratique.Session:
		return &o.Meta
	default:
		return nil
	}
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
	for _, kind := range kinds() {
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
	case *pratique.User, *pratique.Role, *pratique.Project, *pratique.EnterpriseProject:
		m := metaOf(o)
		m.ID = in.one(m.ID)
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
