package pratique

import (
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/pratique-iam/pratique/internal/strictjson"
)

// Manifest writes a stored object as people write it. withServer adds what the server knows: id, version, creation time.
func (s *Snapshot) Manifest(o any, withServer bool) (Manifest, error) {
	var spec any
	switch o := o.(type) {
	case *Project:
		spec = o.ProjectSpec
	case *EnterpriseProject:
		spec = o.EnterpriseProjectSpec
	case *User:
		spec = o.UserSpec
	case *Group:
		spec = s.groupSpec(o)
	case *Role:
		spec = o.RoleSpec
	case *Policy:
		spec = o.spec()
	case *Grant:
		spec = s.grantSpec(o)
	case *NamespacePermission:
		spec = s.namespacePermissionSpec(o)
	case *IdentityProvider:
		spec = s.identityProviderSpec(o)
	default:
		return Manifest{}, fmt.Errorf("%T has no manifest", o)
	}
	thing, ok := o.(object)
	if !ok {
		return Manifest{}, fmt.Errorf("%T is no object", o)
	}
	data, err := strictjson.Marshal(spec)
	if err != nil {
		return Manifest{}, fmt.Errorf("write %s %s: %w", thing.kind().Word(), thing.meta().Name, err)
	}
	m := Manifest{APIVersion: APIVersion, Kind: thing.kind(), Metadata: Metadata{Name: thing.meta().Name}, Spec: data}
	if withServer {
		meta := thing.meta()
		m.Metadata.ID, m.Metadata.Created = meta.ID, meta.Created.Time()
		m.Metadata.ResourceVersion = strconv.FormatUint(meta.Generation, 10)
		if p, ok := o.(*IdentityProvider); ok {
			if m.Status, err = identityProviderStatus(p); err != nil {
				return Manifest{}, fmt.Errorf("write the status of identity provider %s: %w", p.Name, err)
			}
		}
	}
	return m, nil
}

// Objects walks all objects of a kind that has manifests, in the order of their names, from the given name on. System policies come with
// the others in name order only when system is set.
func (s *Snapshot) Objects(k Kind, from string, system bool) iter.Seq[any] {
	n, ok := nounOf(k)
	switch {
	case !ok:
		return func(func(any) bool) {}
	case k == KindPolicy && system:
		return s.policiesFrom(from)
	default:
		return n.from(s, from)
	}
}

// Object finds one object that has a manifest, by name or id.
func (s *Snapshot) Object(k Kind, nameOrID string) (any, error) {
	n, ok := nounOf(k)
	if !ok {
		return nil, notFound(k, nameOrID)
	}
	o, ok := n.find(s, nameOrID)
	if !ok {
		return nil, notFound(k, nameOrID)
	}
	return o, nil
}

// Export writes everything that has a manifest, in the order in which it can be applied to an empty account. What every account has from
// the start is left out.
func (s *Snapshot) Export() ([]Manifest, error) {
	var out []Manifest
	for _, k := range ManifestKinds() {
		for o := range s.Objects(k, "", false) {
			if s.given(o) {
				continue
			}
			m, err := s.Manifest(o, false)
			if err != nil {
				return nil, err
			}
			out = append(out, m)
		}
	}
	return out, nil
}

// given reports whether an object is there from the start and says nothing of its own, or came with something that no manifest makes: a
// cluster's worker role, a service's role, and what such roles hold.
func (s *Snapshot) given(o any) bool {
	switch o := o.(type) {
	case *Role:
		return o.Service != "" || o.Cluster != ""
	case *Grant:
		r, ok := s.Roles.ID(o.Principal.ID)
		return ok && s.given(r)
	case *NamespacePermission:
		r, ok := s.Roles.ID(o.Principal.ID)
		return ok && s.given(r)
	case *Project:
		return o.Default() && o.Description == ""
	case *EnterpriseProject:
		return o.Name == DefaultEnterpriseProject && o.Description == ""
	default:
		return false
	}
}

func anys[P object](seq iter.Seq[P]) iter.Seq[any] {
	return func(yield func(any) bool) {
		for p := range seq {
			if !yield(p) {
				return
			}
		}
	}
}

// policiesFrom merges the account's policies with the system's in name order.
func (s *Snapshot) policiesFrom(from string) iter.Seq[any] {
	return func(yield func(any) bool) {
		system := s.rules.listed
		i := 0
		for i < len(system) && strings.Compare(Fold(system[i].Name), Fold(from)) < 0 {
			i++
		}
		for p := range s.Policies.From(from) {
			for i < len(system) && Fold(system[i].Name) < Fold(p.Name) {
				if !yield(system[i]) {
					return
				}
				i++
			}
			if !yield(p) {
				return
			}
		}
		for ; i < len(system); i++ {
			if !yield(system[i]) {
				return
			}
		}
	}
}
