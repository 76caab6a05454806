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
	n, ok := nounOf(c.Kind)
	if !ok {
		return invalid("kind %q cannot be written as a manifest", c.Kind).hint("known kinds: %v", ManifestKinds())
	}
	return n.put(e, c.Manifest)
}

func (c Delete) apply(e *editor) error {
	n, ok := nounOf(c.Kind)
	if !ok {
		return invalid("kind %q cannot be deleted like this", c.Kind).hint("known kinds: %v", ManifestKinds())
	}
	return n.remove(e, c)
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
