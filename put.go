package pratique

import (
	"fmt"
	"slices"
	"strings"
)

// Put creates an object or makes it what the manifest says. Putting what is there already changes nothing.
type Put struct{ Manifest }

// Delete removes an object. Without Cascade it is refused while something holds on to the object; with it, what holds on goes too.
type Delete struct {
	Kind    Kind   `json:"kind"`
	Name    string `json:"name"` // or the id
	Cascade bool   `json:"cascade,omitzero"`
}

func (c Put) apply(e *editor) error {
	if c.APIVersion != APIVersion {
		return invalid("apiVersion %q is not known", c.APIVersion).hint("write apiVersion: %s", APIVersion)
	}
	switch c.Kind {
	case KindProject:
		return e.putProject(c.Manifest)
	case KindEnterpriseProject:
		return e.putEnterpriseProject(c.Manifest)
	case KindUser:
		return e.putUser(c.Manifest)
	case KindGroup:
		return e.putGroup(c.Manifest)
	case KindRole:
		return e.putRole(c.Manifest)
	case KindPolicy:
		return e.putPolicy(c.Manifest)
	case KindGrant:
		return e.putGrant(c.Manifest)
	case KindNamespacePermission:
		return e.putNamespacePermission(c.Manifest)
	default:
		return invalid("kind %q cannot be written as a manifest", c.Kind).hint("known kinds: %v", ManifestKinds())
	}
}

func (c Delete) apply(e *editor) error {
	switch c.Kind {
	case KindProject:
		return e.deleteProject(c)
	case KindEnterpriseProject:
		return e.deleteEnterpriseProject(c)
	case KindUser:
		return e.deleteUser(c)
	case KindGroup:
		return e.deleteGroup(c)
	case KindRole:
		return e.deleteRole(c)
	case KindPolicy:
		return e.deletePolicy(c)
	case KindGrant:
		return e.deleteGrant(c)
	case KindNamespacePermission:
		return e.deleteNamespacePermission(c)
	default:
		return invalid("kind %q cannot be deleted like this", c.Kind).hint("known kinds: %v", ManifestKinds())
	}
}

// holders collects what keeps an object from being deleted, and refuses unless the deletion cascades.
type holders []string

func (h *holders) add(k Kind, name string) { *h = append(*h, k.Word()+" "+name) }

func (h holders) refuse(c Delete, name string) error {
	if c.Cascade || len(h) == 0 {
		return nil
	}
	const shown = 10
	listed := slices.Clone(h[:min(len(h), shown)])
	slices.Sort(listed)
	text := strings.Join(listed, ", ")
	if more := len(h) - shown; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return conflict("%s %q is held by %s", c.Kind.Word(), name, text).hint("delete those first, or cascade to delete them with it")
}
