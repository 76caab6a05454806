package release

import (
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// undoWithin is how long taking something back may last. It has its own time, because what is taken back was often out of it.
const undoWithin = 2 * time.Minute

// journal remembers what an operation has done, so that it can be taken back.
type journal struct {
	created []deed
	changed bool // something that was there before is otherwise, or gone
}

// deed is an object that was made. The uid keeps us from deleting one that somebody has made since.
type deed struct {
	*object
	uid types.UID
}

// apply writes an object, and notes it.
func (t *Target) apply(ctx context.Context, j *journal, o *object, force bool) error {
	got, err := t.at(o).Patch(ctx, o.GetName(), types.ApplyPatchType, o.body(), metav1.PatchOptions{FieldManager: t.fieldManager(), Force: &force})
	if err != nil {
		return t.failed("apply "+o.String(), err)
	}
	if !o.existed && alone(got, t.fieldManager()) {
		j.created = append(j.created, deed{o, got.GetUID()})
	} else {
		j.changed = true
	}
	return nil
}

// alone reports whether nobody else has written an object: then it was not there before.
func alone(u *unstructured.Unstructured, manager string) bool {
	return !slices.ContainsFunc(u.GetManagedFields(), func(f metav1.ManagedFieldsEntry) bool {
		return f.Subresource == "" && (f.Manager != manager || f.Operation != metav1.ManagedFieldsOperationApply)
	})
}

// applyAll writes definitions first, and waits until the cluster knows their kinds.
func (t *Target) applyAll(ctx context.Context, j *journal, all []*object, force bool) error {
	for i, o := range all {
		t.say(ctx, "apply %s (%d of %d)", o, i+1, len(all))
		if err := t.apply(ctx, j, o, force); err != nil {
			return err
		}
		if isCRD(o.Unstructured) {
			if err := t.established(ctx, o); err != nil {
				return err
			}
		}
	}
	return nil
}

// applyCRDs makes the definitions of crds/ that are not there.
func (t *Target) applyCRDs(ctx context.Context, j *journal, crds []*object) error {
	missing := slices.DeleteFunc(slices.Clone(crds), func(o *object) bool { return o.existed })
	return t.applyAll(ctx, j, missing, false)
}

func (t *Target) established(ctx context.Context, o *object) error {
	return t.wait(ctx, o, "be established", func(u *unstructured.Unstructured) bool { return condition(u, "Established") })
}

// remove deletes an object of a release, unless it belongs to somebody else by now. One that is not there is fine.
func (t *Target) remove(ctx context.Context, o *object, release string) error {
	there, err := t.at(o).Get(ctx, o.GetName(), metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return t.failed("look at "+o.String(), err)
	case !owned(there, release, t.Namespace):
		t.say(ctx, "%s stays: it does not belong to the release any more", o)
		return nil
	case kept(there):
		t.say(ctx, "%s stays: its chart says so", o)
		return nil
	}
	t.say(ctx, "delete %s", o)
	return t.delete(ctx, o, there.GetUID())
}

func (t *Target) delete(ctx context.Context, o *object, uid types.UID) error {
	background := metav1.DeletePropagationBackground
	err := t.at(o).Delete(ctx, o.GetName(), metav1.DeleteOptions{PropagationPolicy: &background, Preconditions: &metav1.Preconditions{UID: &uid}})
	if err == nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err) { // a conflict is another object of that name
		return nil
	}
	return t.failed("delete "+o.String(), err)
}

// removeAll deletes in the reverse order, and tries all.
func (t *Target) removeAll(ctx context.Context, all []*object, release string) error {
	var failed []error
	for _, o := range slices.Backward(all) {
		failed = append(failed, t.remove(ctx, o, release))
	}
	return together(failed...)
}

// undo takes back what an operation did: what it made is deleted, what it changed is as before. The error says what could not be.
func (t *Target) undo(ctx context.Context, j *journal, p *plan) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoWithin)
	defer cancel()
	t.say(ctx, "take back what was done")
	var failed []error
	for _, d := range slices.Backward(j.created) {
		if !slices.ContainsFunc(p.before, d.same) {
			failed = append(failed, t.delete(ctx, d.object, d.uid))
		}
	}
	if j.changed {
		failed = append(failed, t.applyAll(ctx, &journal{}, p.before, true))
	}
	return together(failed...)
}

// wait looks at an object until it is as it should be.
func (t *Target) wait(ctx context.Context, o *object, what string, done func(*unstructured.Unstructured) bool) error {
	const pause = 500 * time.Millisecond
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		there, err := t.at(o).Get(ctx, o.GetName(), metav1.GetOptions{})
		switch {
		case err == nil && done(there):
			return nil
		case err != nil && !apierrors.IsNotFound(err):
			return t.failed("look at "+o.String(), err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s did not %s: %w", o, what, context.Cause(ctx))
		case <-tick.C:
		}
	}
}

// condition reports whether a condition of the status is true.
func condition(u *unstructured.Unstructured, name string) bool {
	all, _, _ := unstructured.NestedSlice(u.Object, "status", "conditions")
	return slices.ContainsFunc(all, func(c any) bool {
		m, ok := c.(map[string]any)
		return ok && m["type"] == name && m["status"] == "True"
	})
}
