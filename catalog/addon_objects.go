package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// MaxAddonFile is how large an add-on file may be: it is kept in the directory as one value.
const MaxAddonFile = 512 << 10

// maxObjects is how many objects the manifests of a version may hold.
const maxObjects = 200

// Object is a Kubernetes object as it stands in a manifest.
type Object map[string]any

// APIVersion is "apps/v1".
func (o Object) APIVersion() string { return text(o["apiVersion"]) }

// Kind is "Deployment".
func (o Object) Kind() string { return text(o["kind"]) }

// Name is that of the metadata.
func (o Object) Name() string { return text(o.metadata()["name"]) }

// Namespace is that of the metadata; empty for what is in none.
func (o Object) Namespace() string { return text(o.metadata()["namespace"]) }

// Group is the part of the apiVersion before the slash; empty for the core group.
func (o Object) Group() string {
	group, _, grouped := strings.Cut(o.APIVersion(), "/")
	if !grouped {
		return ""
	}
	return group
}

func (o Object) metadata() map[string]any {
	m, _ := o["metadata"].(map[string]any)
	return m
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// Objects reads the manifests of a version, in their order. Every document must be an object with apiVersion, kind and a name, and none may stand
// there twice. A version that is a chart has none here: its objects depend on the values.
func (v AddonVersion) Objects() ([]Object, error) {
	var out []Object
	seen := map[[4]string]bool{}
	for i, document := range documents(v.Manifests) {
		var o Object
		if err := yaml.UnmarshalStrict([]byte(document), &o); err != nil {
			return nil, fmt.Errorf("manifests: document %d: %w", i+1, err)
		}
		key := [4]string{o.Group(), o.Kind(), o.Namespace(), o.Name()}
		switch {
		case len(o) == 0:
			continue // comments alone
		case o.APIVersion() == "" || o.Kind() == "" || o.Name() == "":
			return nil, fmt.Errorf("manifests: document %d has no apiVersion, kind or metadata.name", i+1)
		case seen[key]:
			return nil, fmt.Errorf("manifests: %s %s stands there twice", o.Kind(), o.Name())
		case len(out) == maxObjects:
			return nil, fmt.Errorf("manifests hold more than %d objects", maxObjects)
		}
		seen[key] = true
		out = append(out, o)
	}
	return out, nil
}

// documents splits a YAML stream at its separators.
func documents(stream string) []string {
	var out []string
	var current strings.Builder
	for line := range strings.Lines(stream) {
		if rest, ok := strings.CutPrefix(line, "---"); ok && strings.TrimSpace(rest) == "" {
			out = append(out, current.String())
			current.Reset()
			continue
		}
		current.WriteString(line)
	}
	return append(out, current.String())
}

// Set reports whether a path leads to something in the object. What is absent, null, false, or an empty text or list is not set; an empty object
// is, because a block that stands there turns on what it is about.
func (o Object) Set(path string) bool {
	var at any = map[string]any(o)
	for step := range strings.SplitSeq(path, ".") {
		m, ok := at.(map[string]any)
		if !ok {
			return false
		}
		at = m[step]
	}
	switch v := at.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	default:
		return true
	}
}

// Paths lists the settings that permissions of the add-on depend on, sorted.
func (a *Addon) Paths() []string {
	paths := map[string]bool{}
	for _, p := range a.Permissions {
		if p.When != "" {
			paths[p.When] = true
		}
	}
	return slices.Sorted(maps.Keys(paths))
}
