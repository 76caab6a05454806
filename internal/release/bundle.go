package release

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/pratique-iam/pratique"
)

// Bundle is a set of objects that belong together by a label, with no chart and no record of Helm: those of an add-on. Which there are is known
// elsewhere.
type Bundle struct {
	Noun     string           // for sentences: "add-on"
	Name     string           // as people know it: "mse-ingress-controller"
	Label    string           // key of the label that all of them carry; its value is Name
	Manager  string           // of the fields that are applied
	Objects  []map[string]any // what is wanted. They are labelled, and not otherwise modified
	Before   []map[string]any // of the version that is there, which is put back when the new one fails; what of it is not wanted goes
	Workload *Workload        // is waited for; nil: nothing is

	// Confirm is asked when everything has been tried, right before the first object is applied. An error is the end, and nothing was changed.
	Confirm func(ctx context.Context) error
	// Then is done when everything is applied, before the workload is waited for. When it fails, all is taken back.
	Then func(ctx context.Context) error
}

// LeftError says that something failed, and that not all of it could be taken back.
type LeftError struct{ told *pratique.Error }

// Error is the sentence.
func (e *LeftError) Error() string { return e.told.Error() }

// Unwrap gives the sentence for people.
func (e *LeftError) Unwrap() error { return e.told }

// ApplyBundle tries everything without effect, and then applies it: definitions first, then namespaces and the rights of the controller, then the
// rest. It waits until the pods of the workload run. When it fails, or the context ends, what was applied is taken back; what was there before
// stays, and is as it was. An object that is there without the label belongs to somebody else: a namespace or a definition is shared and
// left as it is, anything else is a conflict. A ForbiddenError lists what whoever asked may not do.
func (t *Target) ApplyBundle(ctx context.Context, b *Bundle) error {
	t.manager, t.noun = b.Manager, b.Noun
	p, err := t.bundlePlan(ctx, b)
	if err != nil {
		return err
	}
	if err := t.check(ctx, p); err != nil {
		return err
	}
	if b.Confirm != nil {
		if err := b.Confirm(ctx); err != nil {
			return err
		}
	}
	j := &journal{}
	cause := t.actBundle(ctx, b, p, j)
	if cause == nil {
		return nil
	}
	if len(j.created) == 0 && !j.changed {
		return cause
	}
	if left := t.undo(ctx, j, p); left != nil {
		return &LeftError{&pratique.Error{
			Kind: pratique.ErrUnavailable, Message: fmt.Sprintf("%v; and not all of it could be taken back: %v", cause, left),
			Hint: "install it again, or uninstall it",
		}}
	}
	t.say(context.WithoutCancel(ctx), "everything is as it was before")
	return cause
}

func (t *Target) actBundle(ctx context.Context, b *Bundle, p *plan, j *journal) error {
	if err := t.applyCRDs(ctx, j, p.crds); err != nil {
		return err
	}
	if err := t.applyAll(ctx, j, p.objects, false); err != nil {
		return err
	}
	if b.Then != nil {
		if err := b.Then(ctx); err != nil {
			return err
		}
	}
	if b.Workload != nil {
		if err := t.await(ctx, b.Workload); err != nil {
			return err
		}
	}
	j.changed = j.changed || len(p.gone) > 0
	for _, o := range slices.Backward(p.gone) {
		if _, err := t.drop(ctx, b, o); err != nil {
			return err
		}
	}
	return nil
}

// bundlePlan places everything.
func (t *Target) bundlePlan(ctx context.Context, b *Bundle) (*plan, error) {
	p := &plan{release: b.Name, namespace: t.Namespace, mine: b.owns}
	wanted := b.labelled(b.Objects)
	all, err := t.place(ctx, wanted, wanted)
	if err != nil {
		return nil, err
	}
	for _, o := range all {
		shared, err := t.shared(ctx, b, o)
		if err != nil {
			return nil, err
		}
		if shared {
			p.crds = append(p.crds, o)
			continue
		}
		p.objects = append(p.objects, o)
	}
	slices.SortStableFunc(p.objects, func(x, y *object) int { return cmp.Compare(rank(x), rank(y)) })
	old, err := t.known(ctx, b, b.Before)
	p.before = old
	for _, o := range old {
		if !slices.ContainsFunc(all, o.same) {
			p.gone = append(p.gone, o)
		}
	}
	return p, err
}

// rank is the order in which kinds are applied: what others need comes first.
func rank(o *object) int {
	order := []string{"CustomResourceDefinition", "Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"}
	if at := slices.Index(order, o.GetKind()); at >= 0 {
		return at
	}
	return len(order)
}

// shared reports whether an object is a namespace or a definition that somebody else has made. One that is on its way out is waited for.
func (t *Target) shared(ctx context.Context, b *Bundle, o *object) (bool, error) {
	if o.pending || !isCRD(o.Unstructured) && o.GetKind() != "Namespace" {
		return false, nil
	}
	there, err := t.at(o).Get(ctx, o.GetName(), metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err), apierrors.IsForbidden(err): // the second is for the check to tell
		return false, nil
	case err != nil:
		return false, t.failed("look at "+o.String(), err)
	case there.GetDeletionTimestamp() != nil:
		t.say(ctx, "wait until the %s of before is gone", o)
		return false, t.gone(ctx, o, there)
	}
	return !b.owns(there), nil
}

// known places objects whose kinds the cluster has; the others went with their definitions.
func (t *Target) known(ctx context.Context, b *Bundle, objects []map[string]any) ([]*object, error) {
	var known []*unstructured.Unstructured
	for _, u := range b.labelled(objects) {
		_, ok, err := t.kind(ctx, u.GroupVersionKind())
		if err != nil {
			return nil, err
		}
		if ok {
			known = append(known, u)
		}
	}
	return t.place(ctx, known, nil)
}

// labelled copies objects and marks them.
func (b *Bundle) labelled(objects []map[string]any) []*unstructured.Unstructured {
	var out []*unstructured.Unstructured
	for _, o := range objects {
		u := (&unstructured.Unstructured{Object: o}).DeepCopy()
		labels := u.GetLabels()
		if labels == nil {
			labels = map[string]string{}
		}
		labels[b.Label] = b.Name
		u.SetLabels(labels)
		out = append(out, u)
	}
	return out
}

// owns reports whether an object that is there belongs to the bundle.
func (b *Bundle) owns(u *unstructured.Unstructured) bool { return u.GetLabels()[b.Label] == b.Name }

// RemoveBundle deletes what carries the label: the given objects, and what else there is of their kinds, as far as whoever asked may list it. A
// namespace or a definition that holds something of others stays, with its label, so that a later removal takes it. It gives a sentence for each
// thing that stays. A ForbiddenError comes before anything is deleted; after any other error it can be done again.
func (t *Target) RemoveBundle(ctx context.Context, b *Bundle) (stays []string, err error) {
	t.manager, t.noun = b.Manager, b.Noun
	all, err := t.known(ctx, b, b.Objects)
	if err != nil {
		return nil, err
	}
	all, err = t.strays(ctx, b, all)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(x, y *object) int { return cmp.Compare(rank(x), rank(y)) })
	f := &findings{}
	for _, o := range all {
		if err := t.tryDelete(ctx, f, o); err != nil {
			return nil, err
		}
	}
	if err := f.conclude(t, b.Name); err != nil {
		return nil, err
	}
	var failed []error
	for _, o := range slices.Backward(all) {
		reason, err := t.drop(ctx, b, o)
		failed = append(failed, err)
		if reason != "" {
			stays = append(stays, reason)
			t.say(ctx, "%s", reason)
		}
	}
	if err := together(failed...); err != nil {
		return stays, err
	}
	return stays, t.cleared(ctx, all)
}

// cleared waits for namespaces that are on their way out: until then nothing could be installed in them again.
func (t *Target) cleared(ctx context.Context, all []*object) error {
	for _, o := range all {
		if o.GetKind() != "Namespace" {
			continue
		}
		there, err := t.at(o).Get(ctx, o.GetName(), metav1.GetOptions{})
		if err != nil || there.GetDeletionTimestamp() == nil {
			continue // it is gone, or stays
		}
		t.say(ctx, "wait until %s is gone", o)
		if err := t.gone(ctx, o, there); err != nil {
			return err
		}
	}
	return nil
}

// strays adds what carries the label and is in no manifest any more.
func (t *Target) strays(ctx context.Context, b *Bundle, all []*object) ([]*object, error) {
	out := slices.Clone(all)
	seen := map[string]bool{}
	for _, o := range all {
		if seen[o.resource.String()] {
			continue
		}
		seen[o.resource.String()] = true
		list, err := t.objects.Resource(o.resource).List(ctx, metav1.ListOptions{LabelSelector: b.Label + "=" + b.Name})
		if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, t.failed("list "+o.resource.Resource, err)
		}
		for i := range list.Items {
			found := &object{Unstructured: &list.Items[i], resource: o.resource, namespaced: o.namespaced}
			if !slices.ContainsFunc(out, found.same) {
				out = append(out, found)
			}
		}
	}
	return out, nil
}

// drop deletes an object of the bundle, unless it belongs to somebody else, or others have something in it; then it says so.
func (t *Target) drop(ctx context.Context, b *Bundle, o *object) (stays string, err error) {
	there, err := t.at(o).Get(ctx, o.GetName(), metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return "", nil
	case err != nil:
		return "", t.failed("look at "+o.String(), err)
	case !b.owns(there):
		return o.String() + " stays: it was not made for the add-on", nil
	}
	if reason, err := t.inhabited(ctx, b, there); err != nil || reason != "" {
		if reason != "" {
			reason = o.String() + " stays: " + reason
		}
		return reason, err
	}
	t.say(ctx, "delete %s", o)
	return "", t.delete(ctx, o, there.GetUID())
}
