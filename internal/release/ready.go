package release

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// ready waits until what runs pods has them all, in its newest form.
func (t *Target) ready(ctx context.Context, all []*object) error {
	for _, o := range all {
		if !waitedFor(o.GetKind()) {
			continue
		}
		t.say(ctx, "wait for %s", o)
		if err := t.wait(ctx, o, "become ready", isReady); err != nil {
			return err
		}
	}
	return nil
}

func waitedFor(kind string) bool {
	switch kind {
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod", "Job", "PersistentVolumeClaim":
		return true
	default:
		return false
	}
}

func isReady(u *unstructured.Unstructured) bool {
	seen := number(u, 0, "status", "observedGeneration")
	switch u.GetKind() {
	case "Deployment", "StatefulSet", "ReplicaSet":
		want := number(u, 1, "spec", "replicas")
		updated := u.GetKind() == "ReplicaSet" || number(u, 0, "status", "updatedReplicas") == want
		return seen >= u.GetGeneration() && updated && number(u, 0, "status", "readyReplicas") == want && number(u, 0, "status", "replicas") == want
	case "DaemonSet":
		want := number(u, 0, "status", "desiredNumberScheduled")
		return seen >= u.GetGeneration() && number(u, 0, "status", "numberReady") == want && number(u, 0, "status", "updatedNumberScheduled") == want
	case "Pod":
		return condition(u, "Ready")
	case "Job":
		return condition(u, "Complete")
	case "PersistentVolumeClaim":
		phase, _, _ := unstructured.NestedString(u.Object, "status", "phase")
		return phase == "Bound"
	default:
		return true
	}
}

func number(u *unstructured.Unstructured, otherwise int64, path ...string) int64 {
	n, ok, err := unstructured.NestedInt64(u.Object, path...)
	if !ok || err != nil {
		return otherwise
	}
	return n
}
