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
	default:
		return Manifest{}, fmt.Errorf("%T has no manifest", o)
	}
	noun := o.(object)
	data, err := strictjson.Marshal(spec)
	if err != nil {
		return Manifest{}, fmt.Errorf("write %s %s: %w", noun.kind().Word(), noun.meta().Name, err)
	}
	m := Manifest{APIVersion: APIVersion, Kind: noun.kind(), Metadata: Metadata{Name: noun.meta().Name}, Spec: data}
	if withServer {
		meta := noun.meta()
		m.Metadata.ID, m.Metadata.Created = meta.ID, meta.Created
		m.Metadata.ResourceVersion = strconv.FormatUint(meta.Generation, 10)
	}
	return m, nil
}

// Objects walks all objects of a kind that has manifests, in the order of their names, from the given name on. System policies come with
// the others in name order only when system is set.
func (s *Snapshot) Objects(k Kind, from string, system bool) iter.Seq[any] {
	switch k {
	case KindProject:
		return anys(s.Projects.From(from))
	case KindEnterpriseProject:
		return anys(s.EnterpriseProjects.From(from))
	case KindUser:
		return anys(s.Users.From(from))
	case KindGroup:
		return anys(s.Groups.From(from))
	case KindRole:
		return anys(s.Roles.From(from))
	case KindGrant:
		return anys(s.Grants.From(from))
	case KindNamespacePermission:
		return anys(s.NamespacePermissions.From(from))
	case KindPolicy:
		if system {
			return s.policiesFrom(from)
		}
		return anys(s.Policies.From(from))
	default:
		return func(func(any) bool) {}
	}
}

// Object finds one object that has a manifest, by name or id.
func (s *Snapshot) Object(k Kind, nameOrID string) (any, error) {
	var o any
	var ok bool
	switch k {
	case KindProject:
		o, ok = s.Projects.Find(nameOrID)
	case KindEnterpriseProject:
		o, ok = s.EnterpriseProjects.Find(nameOrID)
	case KindUser:
		o, ok = s.Users.Find(nameOrID)
	case KindGroup:
		o, ok = s.Groups.Find(nameOrID)
	case KindRole:
		o, ok = s.Roles.Find(nameOrID)
	case KindPolicy:
		o, ok = s.Policy(nameOrID)
	case KindGrant:
		o, ok = s.Grants.Find(nameOrID)
	case KindNamespacePermission:
		o, ok = s.NamespacePermissions.Find(nameOrID)
	default:
	}
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
			if given(o) {
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

// given reports whether an object is there from the start and says nothing of its own.
func given(o any) bool {
	switch o := o.(type) {
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
