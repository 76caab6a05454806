package addon

import (
	"strings"

	"github.com/pratique-iam/pratique/catalog"
)

// plurals are the resources of the kinds that the objects define themselves.
func plurals(objects []catalog.Object) map[string]string {
	out := map[string]string{}
	for _, o := range objects {
		if o.Kind() != "CustomResourceDefinition" {
			continue
		}
		spec, _ := o["spec"].(map[string]any)
		names, _ := spec["names"].(map[string]any)
		kind, _ := names["kind"].(string)
		plural, _ := names["plural"].(string)
		out[kind] = plural
	}
	return out
}

// resource is the word for a kind in URLs and rules: as its definition says, or as English does, which holds for all of Kubernetes' own kinds but
// Endpoints. Asking the cluster would be exact, and would need one that answers.
func (i *inside) resource(kind string) string {
	low := strings.ToLower(kind)
	switch {
	case i.plurals[kind] != "":
		return i.plurals[kind]
	case low == "endpoints":
		return low
	case strings.HasSuffix(low, "s"), strings.HasSuffix(low, "x"), strings.HasSuffix(low, "ch"):
		return low + "es"
	case strings.HasSuffix(low, "y") && !strings.HasSuffix(low, "ay"):
		return strings.TrimSuffix(low, "y") + "ies"
	default:
		return low + "s"
	}
}
