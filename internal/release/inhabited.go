package release

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// residents are the kinds that make a namespace somebody's. What Kubernetes or Pratique puts into every namespace is none of them, and what a
// controller keeps for itself (leases, events) goes with it.
func residents() []schema.GroupVersionResource {
	of := func(group string, resources ...string) (out []schema.GroupVersionResource) {
		for _, r := range resources {
			out = append(out, schema.GroupVersionResource{Group: group, Version: "v1", Resource: r})
		}
		return out
	}
	return append(append(append(of("", "pods", "services", "secrets", "configmaps", "persistentvolumeclaims", "serviceaccounts"),
		of("apps", "deployments", "statefulsets", "daemonsets")...), of("batch", "jobs", "cronjobs")...),
		of("networking.k8s.io", "ingresses")...)
}

// inhabited says what others have in a namespace, or of a definition; "" when they have nothing, and for every other object.
func (t *Target) inhabited(ctx context.Context, b *Bundle, there *unstructured.Unstructured) (string, error) {
	switch {
	case isCRD(there):
		return t.instances(ctx, b, there)
	case there.GetKind() != "Namespace":
		return "", nil
	}
	for _, r := range residents() {
		list, err := t.objects.Resource(r).Namespace(there.GetName()).List(ctx, metav1.ListOptions{LabelSelector: b.Label + "!=" + b.Name})
		if apierrors.IsForbidden(err) {
			return "you may not see whether others have " + r.Resource + " in it", nil
		}
		if err != nil {
			return "", t.failed("list "+r.Resource+" in namespace "+there.GetName(), err)
		}
		for i := range list.Items {
			if o := &list.Items[i]; !everywhere(o) {
				return fmt.Sprintf("%s %s in it is not of the add-on", o.GetKind(), o.GetName()), nil
			}
		}
	}
	return "", nil
}

// everywhere reports whether an object is in every namespace, or goes with its owner.
func everywhere(o *unstructured.Unstructured) bool {
	switch {
	case len(o.GetOwnerReferences()) > 0:
		return true
	case o.GetKind() == "ConfigMap":
		return o.GetName() == "kube-root-ca.crt"
	default:
		return o.GetKind() == "ServiceAccount" && o.GetName() == "default"
	}
}

func (t *Target) instances(ctx context.Context, b *Bundle, crd *unstructured.Unstructured) (string, error) {
	group, _, _ := unstructured.NestedString(crd.Object, "spec", "group")
	plural, _, _ := unstructured.NestedString(crd.Object, "spec", "names", "plural")
	versions, _, _ := unstructured.NestedSlice(crd.Object, "spec", "versions")
	for _, v := range versions {
		m, ok := v.(map[string]any)
		version, named := m["name"].(string)
		if !ok || !named || m["served"] != true {
			continue
		}
		r := schema.GroupVersionResource{Group: group, Version: version, Resource: plural}
		list, err := t.objects.Resource(r).List(ctx, metav1.ListOptions{LabelSelector: b.Label + "!=" + b.Name})
		switch {
		case apierrors.IsForbidden(err):
			return "you may not see whether others have objects of it", nil
		case apierrors.IsNotFound(err):
			return "", nil
		case err != nil:
			return "", t.failed("list "+plural, err)
		case len(list.Items) > 0:
			return fmt.Sprintf("%d of its objects are not of the add-on, such as %s", len(list.Items), list.Items[0].GetName()), nil
		}
		return "", nil
	}
	return "", nil
}
