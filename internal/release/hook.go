package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	helm "helm.sh/helm/v4/pkg/release/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// runHooks makes the objects of the hooks for a step one after the other, by weight and name, and waits for Jobs and Pods to end well. What
// they make is in the journal: with an operation that fails, what its hooks made goes as well, whatever their policy.
func (t *Target) runHooks(ctx context.Context, j *journal, p *plan, event helm.HookEvent) error {
	due := slices.DeleteFunc(slices.Clone(p.hooks), func(h *hook) bool { return !slices.Contains(h.Events, event) })
	slices.SortStableFunc(due, func(a, b *hook) int {
		if a.Weight != b.Weight {
			return a.Weight - b.Weight
		}
		return compare(a.Name, b.Name)
	})
	for i, h := range due {
		t.say(ctx, "run the %s hook %s", event, h.Name)
		err := t.runHook(ctx, j, h)
		if err == nil {
			continue
		}
		cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoWithin)
		defer cancel()
		left := t.clearHook(cleanup, h, helm.HookFailed)
		for _, done := range due[:i] {
			left = errors.Join(left, t.clearHook(cleanup, done, helm.HookSucceeded))
		}
		return errors.Join(fmt.Errorf("the %s hook %s: %w", event, h.Name, err), left)
	}
	for _, h := range slices.Backward(due) {
		if err := t.clearHook(ctx, h, helm.HookSucceeded); err != nil {
			return err
		}
	}
	return nil
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}

func (t *Target) runHook(ctx context.Context, j *journal, h *hook) error {
	if len(h.DeletePolicies) == 0 {
		h.DeletePolicies = []helm.HookDeletePolicy{helm.HookBeforeHookCreation} // as Helm has it
	}
	if err := t.clearHook(ctx, h, helm.HookBeforeHookCreation); err != nil {
		return err
	}
	h.LastRun = helm.HookExecution{StartedAt: t.Now(), Phase: helm.HookPhaseRunning}
	err := t.makeHook(ctx, j, h)
	h.LastRun.CompletedAt, h.LastRun.Phase = t.Now(), helm.HookPhaseSucceeded
	if err != nil {
		h.LastRun.Phase = helm.HookPhaseFailed
	}
	return err
}

func (t *Target) makeHook(ctx context.Context, j *journal, h *hook) error {
	for _, o := range h.objects {
		if err := t.apply(ctx, j, o, false); err != nil {
			return err
		}
		if isCRD(o.Unstructured) {
			if err := t.established(ctx, o); err != nil {
				return err
			}
		}
	}
	for _, o := range h.objects {
		var failure error
		ended := func(u *unstructured.Unstructured) bool {
			var done bool
			done, failure = ended(u)
			return done
		}
		if err := t.wait(ctx, o, "end", ended); err != nil || failure != nil {
			return errors.Join(err, failure)
		}
	}
	return nil
}

// ended reports whether the object of a hook is done with, and how a Job or a Pod failed. Objects of other kinds are done when they are there.
func ended(u *unstructured.Unstructured) (bool, error) {
	phase, _, _ := unstructured.NestedString(u.Object, "status", "phase")
	switch {
	case u.GetKind() == "Job" && condition(u, "Failed"), u.GetKind() == "Pod" && phase == "Failed":
		return true, invalid("%s %s has failed", u.GetKind(), u.GetName())
	case u.GetKind() == "Job":
		return condition(u, "Complete"), nil
	case u.GetKind() == "Pod":
		return phase == "Succeeded", nil
	default:
		return true, nil
	}
}

// clearHook deletes the objects of a hook if its policy says so, and waits until they are gone. Definitions stay: everything that was made of
// them would go with them.
func (t *Target) clearHook(ctx context.Context, h *hook, policy helm.HookDeletePolicy) error {
	if !slices.Contains(h.DeletePolicies, policy) {
		return nil
	}
	for _, o := range h.objects {
		if isCRD(o.Unstructured) {
			continue
		}
		there, err := t.at(o).Get(ctx, o.GetName(), metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return t.failed("look at "+o.String(), err)
		}
		if !isHook(there) {
			return conflict("", "%s exists and was not made by a hook", o)
		}
		if err := t.delete(ctx, o, there.GetUID()); err != nil {
			return err
		}
		if err := t.gone(ctx, o, there); err != nil {
			return err
		}
		o.existed = false
	}
	return nil
}

// gone waits until an object is no longer there, or is another one.
func (t *Target) gone(ctx context.Context, o *object, was *unstructured.Unstructured) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		there, err := t.at(o).Get(ctx, o.GetName(), metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err), err == nil && there.GetUID() != was.GetUID():
			return nil
		case err != nil:
			return t.failed("look at "+o.String(), err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s did not go: %w", o, context.Cause(ctx))
		case <-tick.C:
		}
	}
}
