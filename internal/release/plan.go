package release

import (
	"context"
	"slices"
	"strings"
	"time"

	helm "helm.sh/helm/v4/pkg/release/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/pratique-iam/pratique/internal/chart"
)

// plan is what an operation is about to do. It is made without changing anything.
type plan struct {
	release   string
	namespace string
	crds      []*object // of crds/: created when they are not there, and otherwise left alone
	objects   []*object // in the order in which they are applied
	before    []*object // of the revision that is there, as it was applied
	gone      []*object // of before, and no longer wanted
	hooks     []*hook

	mine func(*unstructured.Unstructured) bool // whether an object that is there belongs here; nil: when it says that it is the release's
}

// hook is an object that is made, waited for and deleted at a step of an operation.
type hook struct {
	*helm.Hook
	objects []*object
}

// planOf places everything of a chart.
func (t *Target) planOf(ctx context.Context, release string, r *chart.Rendered, before *record) (*plan, error) {
	p := &plan{release: release, namespace: t.Namespace}
	crds, err := parse(strings.Join(r.CRDs, "\n---\n"))
	if err != nil {
		return nil, err
	}
	wanted, err := parse(r.Manifest)
	if err != nil {
		return nil, err
	}
	defs := slices.Concat(crds, wanted)
	if p.crds, err = t.place(ctx, crds, nil); err != nil {
		return nil, err
	}
	for _, o := range p.crds {
		if !isCRD(o.Unstructured) {
			return nil, invalid("crds/ of the chart holds %s, which is no CustomResourceDefinition", o)
		}
	}
	if p.objects, err = t.place(ctx, wanted, defs); err != nil {
		return nil, err
	}
	if err := distinct(slices.Concat(p.crds, p.objects)); err != nil {
		return nil, err
	}
	for _, o := range p.objects {
		own(o.Unstructured, release, t.Namespace)
	}
	for _, h := range r.Hooks {
		if err := p.addHook(ctx, t, h, defs); err != nil {
			return nil, err
		}
	}
	return p, p.replace(ctx, t, before)
}

func distinct(all []*object) error {
	seen := map[string]bool{}
	for _, o := range all {
		if seen[o.String()] {
			return invalid("the chart makes %s twice", o)
		}
		seen[o.String()] = true
	}
	return nil
}

// addHook places a hook. Those for tests are kept in the record and never run here.
func (p *plan) addHook(ctx context.Context, t *Target, h *helm.Hook, defs []*unstructured.Unstructured) error {
	if !slices.ContainsFunc(h.Events, func(e helm.HookEvent) bool { return e != helm.HookTest }) {
		return nil
	}
	all, err := parse(h.Manifest)
	if err != nil {
		return err
	}
	objects, err := t.place(ctx, all, defs)
	if err != nil {
		return err
	}
	for _, o := range objects {
		o.hook = true
	}
	p.hooks = append(p.hooks, &hook{h, objects})
	return nil
}

// replace compares with the revision that is there.
func (p *plan) replace(ctx context.Context, t *Target, before *record) error {
	if before == nil {
		return nil
	}
	old, err := t.objectsOf(ctx, before)
	if err != nil {
		return err
	}
	p.before = old
	for _, o := range old {
		wanted := slices.ContainsFunc(p.objects, o.same)
		if !wanted && !kept(o.Unstructured) {
			p.gone = append(p.gone, o)
		}
	}
	return nil
}

// objectsOf are those of a revision. Kinds that the cluster no longer has are left out: their objects went with them.
func (t *Target) objectsOf(ctx context.Context, r *record) ([]*object, error) {
	all, err := parse(r.Manifest)
	if err != nil {
		return nil, err
	}
	var known []*unstructured.Unstructured
	for _, u := range all {
		_, ok, err := t.kind(ctx, u.GroupVersionKind())
		if err != nil {
			return nil, err
		}
		if ok {
			known = append(known, u)
		}
	}
	out, err := t.place(ctx, known, nil)
	for _, o := range out {
		own(o.Unstructured, r.Name, r.Namespace)
	}
	return out, err
}

// kept reports whether a chart wants an object to stay when its release goes.
func kept(u *unstructured.Unstructured) bool {
	return strings.EqualFold(strings.TrimSpace(u.GetAnnotations()[resourcePolicy]), "keep")
}

// all is everything that is going to be applied.
func (p *plan) all() []*object {
	out := slices.Concat(p.crds, p.objects)
	for _, h := range p.hooks {
		out = append(out, h.objects...)
	}
	return out
}

// mayTake reports whether an object that is there may be changed: it belongs to the release, is a definition that stays as it is, or was made by
// a hook.
func (p *plan) mayTake(o *object, there *unstructured.Unstructured) bool {
	switch {
	case o.hook:
		return isHook(there)
	case p.leaves(o):
		return true
	case p.mine != nil:
		return p.mine(there)
	default:
		return owned(there, p.release, p.namespace)
	}
}

// leaves reports whether an object stays as it is when it is there already: definitions in crds/ are shared by whoever has objects of them.
func (p *plan) leaves(o *object) bool { return slices.Contains(p.crds, o) }

// makesNamespace reports whether a namespace comes with the chart.
func (p *plan) makesNamespace(name string) bool {
	return name != "" && slices.ContainsFunc(p.objects, func(o *object) bool {
		return o.resource.Resource == "namespaces" && o.resource.Group == "" && o.GetName() == name && !o.existed
	})
}

// deadline is when an operation has stopped at the latest.
func (t *Target) deadline(ctx context.Context) time.Time {
	if at, ok := ctx.Deadline(); ok {
		return at.Add(undoWithin + time.Minute)
	}
	return t.Now().Add(time.Hour)
}
