package chart

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	commonutil "helm.sh/helm/v4/pkg/chart/common/util"
	v2 "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	release "helm.sh/helm/v4/pkg/release/v1"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
)

// Order is what templates learn about the release that they are rendered for.
type Order struct {
	Archive    []byte         `json:"archive"`
	Values     map[string]any `json:"values,omitempty"` // over those of the chart
	Release    string         `json:"release"`
	Namespace  string         `json:"namespace"`
	Revision   int            `json:"revision"`
	Upgrade    bool           `json:"upgrade,omitzero"`
	Kubernetes string         `json:"kubernetes"` // version that was observed in the cluster, "v1.36.2"
}

// Rendered is what came out. All of it is text that strangers wrote.
type Rendered struct {
	Manifest string          `json:"manifest"`        // YAML documents, in the order in which they are to be applied
	Hooks    []*release.Hook `json:"hooks,omitempty"` // in no order that counts
	CRDs     []string        `json:"crds,omitempty"`  // of crds/, which are not rendered
	Notes    string          `json:"notes,omitempty"`
}

// maxRendered bounds the text that comes out: a record of a release, which holds it, may have a megabyte when it is compressed.
const maxRendered = 20 << 20

// Render renders an archive in this process. Templates are programs: use Process for those of strangers. They get no cluster, no network and no
// environment. The error wraps pratique.ErrInvalid and is what the chart, or Helm, says.
func Render(ctx context.Context, o *Order) (*Rendered, error) {
	c, err := Open(o.Archive)
	if err != nil {
		return nil, err
	}
	if c.Library {
		return nil, refuse("chart %s is a library for other charts, and cannot be installed", c.Name)
	}
	caps, err := capabilities(o.Kubernetes)
	if err != nil {
		return nil, err
	}
	if want := c.helm.Metadata.KubeVersion; want != "" && !util.IsCompatibleRange(want, caps.KubeVersion.Version) {
		return nil, refuse("chart %s needs Kubernetes %s, and the cluster has %s", c.Name, quoted(want), caps.KubeVersion.Version)
	}
	values, err := valuesOf(c.helm, o, caps)
	if err != nil {
		return nil, refuse("values of chart %s: %v", c.Name, err)
	}
	files, err := engine.Engine{}.RenderWithContext(ctx, c.helm, values)
	if err != nil {
		return nil, refuse("chart %s cannot be rendered: %s", c.Name, ends(err.Error()))
	}
	return sorted(c.helm, files)
}

// valuesOf merges values as Helm does, and checks them against the schemas of the chart and those in it.
func valuesOf(c *v2.Chart, o *Order, caps *common.Capabilities) (common.Values, error) {
	own := o.Values
	if own == nil {
		own = map[string]any{}
	}
	if err := util.ProcessDependencies(c, own); err != nil {
		return nil, err
	}
	// Helm's own check of schemas would fetch what they refer to, from the network and from files of this machine.
	const skipSchemas = true
	values, err := commonutil.ToRenderValuesWithSchemaValidation(c, own, common.ReleaseOptions{
		Name: o.Release, Namespace: o.Namespace, Revision: o.Revision, IsInstall: !o.Upgrade, IsUpgrade: o.Upgrade,
	}, caps, skipSchemas)
	if err != nil {
		return nil, err
	}
	merged, err := values.Table("Values")
	if err != nil {
		return nil, err
	}
	return values, checkSchemas(c, merged)
}

func capabilities(kubernetes string) (*common.Capabilities, error) {
	caps := common.DefaultCapabilities.Copy()
	if kubernetes == "" {
		return caps, nil
	}
	v, err := common.ParseKubeVersion(kubernetes)
	if err != nil {
		return nil, refuse("the cluster says that it has version %s, which is none of Kubernetes", quoted(kubernetes))
	}
	caps.KubeVersion = *v
	return caps, nil
}

// sorted takes apart what the templates gave.
func sorted(c *v2.Chart, files map[string]string) (*Rendered, error) {
	out := &Rendered{}
	size := 0
	for name, text := range files {
		size += len(text)
		if path.Base(name) == "NOTES.txt" {
			if name == path.Join(c.Name(), "templates", "NOTES.txt") {
				out.Notes = clip(text, 10_000)
			}
			delete(files, name)
		}
	}
	if size > maxRendered {
		return nil, refuse("the manifests of chart %s have %d bytes, and may have %d", c.Name(), size, maxRendered)
	}
	hooks, manifests, err := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	if err != nil {
		return nil, refuse("the manifests of chart %s cannot be read: %v", c.Name(), err)
	}
	out.Hooks = hooks
	var b strings.Builder
	for _, m := range manifests {
		fmt.Fprintf(&b, "---\n# Source: %s\n%s\n", m.Name, m.Content)
	}
	out.Manifest = b.String()
	crds := c.CRDObjects()
	slices.SortStableFunc(crds, func(a, b v2.CRD) int { return strings.Compare(a.Filename, b.Filename) })
	for _, crd := range crds {
		out.CRDs = append(out.CRDs, string(crd.File.Data))
	}
	return out, nil
}

// ends shortens a message to its beginning and its end: templates that include each other say everything between many times.
func ends(s string) string {
	const head, tail = 300, 600
	if len(s) <= head+tail {
		return s
	}
	return strings.ToValidUTF8(s[:head]+" … "+s[len(s)-tail:], "")
}
