package release

import (
	"context"
	"slices"

	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"
)

// What Helm writes onto the objects of a release, and reads from them.
const (
	managedBy        = "app.kubernetes.io/managed-by"
	releaseName      = "meta.helm.sh/release-name"
	releaseNamespace = "meta.helm.sh/release-namespace"
	resourcePolicy   = "helm.sh/resource-policy"
	hookAnnotation   = "helm.sh/hook"

	// fieldManager is Helm's, so that whoever goes on with Helm meets no conflicts.
	fieldManager = "helm"
	maxObjects   = 2000
)

// object is one of a chart, and where it goes.
type object struct {
	*unstructured.Unstructured
	resource   schema.GroupVersionResource
	namespaced bool
	pending    bool // its kind comes with the chart itself, and the cluster does not have it yet
	existed    bool // when it was looked at
	hook       bool
}

// parse reads the documents of a manifest, in their order.
func parse(manifest string) ([]*unstructured.Unstructured, error) {
	docs := releaseutil.SplitManifests(manifest)
	keys := make([]string, 0, len(docs))
	for k := range docs {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		if releaseutil.BySplitManifestsOrder([]string{a, b}).Less(0, 1) {
			return -1
		}
		return 1
	})
	var out []*unstructured.Unstructured
	for _, k := range keys {
		var content map[string]any
		if err := yaml.Unmarshal([]byte(docs[k]), &content); err != nil {
			return nil, invalid("a manifest of the chart cannot be read: %v", err)
		}
		if len(content) == 0 {
			continue // a template that gave nothing but comments
		}
		u := &unstructured.Unstructured{Object: content}
		if !u.IsList() {
			out = append(out, u)
			continue
		}
		list, err := u.ToList()
		if err != nil {
			return nil, invalid("a list of the chart cannot be read: %v", err)
		}
		for i := range list.Items {
			out = append(out, &list.Items[i])
		}
	}
	if len(out) > maxObjects {
		return nil, invalid("the chart makes %d objects, and may make %d", len(out), maxObjects)
	}
	for _, u := range out {
		if u.GetAPIVersion() == "" || u.GetKind() == "" || u.GetName() == "" {
			return nil, invalid("an object of the chart lacks apiVersion, kind or metadata.name (apiVersion %q, kind %q, name %q)",
				u.GetAPIVersion(), u.GetKind(), u.GetName())
		}
	}
	return out, nil
}

// place finds where objects go. The kinds that CRDs of the chart define are found there, when the cluster does not have them yet.
func (t *Target) place(ctx context.Context, all []*unstructured.Unstructured, crds []*unstructured.Unstructured) ([]*object, error) {
	out := make([]*object, 0, len(all))
	for _, u := range all {
		o := &object{Unstructured: u}
		gvk := u.GroupVersionKind()
		r, ok, err := t.kind(ctx, gvk)
		if err != nil {
			return nil, err
		}
		if !ok {
			if r, ok = defined(gvk, crds); !ok {
				return nil, invalid("cluster %q has no kind %s of %s, which %s of the chart is", t.Cluster, gvk.Kind, gvk.GroupVersion(), u.GetName())
			}
			o.pending = true
		}
		o.resource, o.namespaced = gvk.GroupVersion().WithResource(r.Name), r.Namespaced
		switch {
		case !o.namespaced:
			u.SetNamespace("")
		case u.GetNamespace() == "":
			u.SetNamespace(t.Namespace)
		}
		out = append(out, o)
	}
	return out, nil
}

// defined finds a kind among definitions.
func defined(gvk schema.GroupVersionKind, crds []*unstructured.Unstructured) (r metav1.APIResource, ok bool) {
	for _, crd := range crds {
		group, _, _ := unstructured.NestedString(crd.Object, "spec", "group")
		kind, _, _ := unstructured.NestedString(crd.Object, "spec", "names", "kind")
		plural, _, _ := unstructured.NestedString(crd.Object, "spec", "names", "plural")
		scope, _, _ := unstructured.NestedString(crd.Object, "spec", "scope")
		if isCRD(crd) && group == gvk.Group && kind == gvk.Kind && plural != "" {
			return metav1.APIResource{Name: plural, Kind: kind, Namespaced: scope == "Namespaced"}, true
		}
	}
	return r, false
}

func isCRD(u *unstructured.Unstructured) bool {
	return u.GetKind() == "CustomResourceDefinition" && u.GroupVersionKind().Group == "apiextensions.k8s.io"
}

// own writes onto an object whose it is.
func own(u *unstructured.Unstructured, release, namespace string) {
	labels, annotations := u.GetLabels(), u.GetAnnotations()
	if labels == nil {
		labels = map[string]string{}
	}
	if annotations == nil {
		annotations = map[string]string{}
	}
	labels[managedBy] = "Helm"
	annotations[releaseName], annotations[releaseNamespace] = release, namespace
	u.SetLabels(labels)
	u.SetAnnotations(annotations)
}

// owned reports whether an object that is there belongs to a release.
func owned(u *unstructured.Unstructured, release, namespace string) bool {
	a := u.GetAnnotations()
	return a[releaseName] == release && a[releaseNamespace] == namespace
}

// at is the client for an object.
func (t *Target) at(o *object) dynamic.ResourceInterface {
	if o.namespaced {
		return t.objects.Resource(o.resource).Namespace(o.GetNamespace())
	}
	return t.objects.Resource(o.resource)
}

// String names the object as kubectl does, with its namespace.
func (o *object) String() string {
	name := o.resource.GroupResource().String() + " " + o.GetName()
	if o.namespaced {
		name += " -n " + o.GetNamespace()
	}
	return name
}

// same reports whether two are one object in the cluster.
func (o *object) same(p *object) bool {
	return o.resource.GroupResource() == p.resource.GroupResource() && o.GetNamespace() == p.GetNamespace() && o.GetName() == p.GetName()
}
