package release

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

// Workload is an object with pods: a Deployment, a StatefulSet or a DaemonSet.
type Workload struct {
	Kind      string
	Namespace string
	Name      string
}

// Pods is what was seen of a workload's pods.
type Pods struct {
	There   bool // the workload is
	Wanted  int
	Ready   int
	Done    bool   // all of them run, and in the newest form
	Message string // why they do not
}

// restartedAt is the annotation with which kubectl restarts pods.
const restartedAt = "kubectl.kubernetes.io/restartedAt"

// Observe looks at a workload. The error is the cluster's.
func Observe(ctx context.Context, client kubernetes.Interface, w *Workload) (Pods, error) {
	var out Pods
	text, err := client.CoreV1().RESTClient().Get().AbsPath(w.path()).SetHeader("Accept", "application/json").Do(ctx).Raw()
	if apierrors.IsNotFound(err) {
		return Pods{Message: w.Kind + " " + w.Name + " is not there"}, nil
	}
	if err != nil {
		return out, err
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(text); err != nil {
		return out, fmt.Errorf("read %s %s: %w", w.Kind, w.Name, err)
	}
	out.There, out.Done = true, isReady(u)
	out.Wanted, out.Ready = int(number(u, 1, "spec", "replicas")), int(number(u, 0, "status", "readyReplicas"))
	if w.Kind == "DaemonSet" {
		out.Wanted, out.Ready = int(number(u, 0, "status", "desiredNumberScheduled")), int(number(u, 0, "status", "numberReady"))
	}
	if out.Done {
		return out, nil
	}
	selector, err := metav1.LabelSelectorAsSelector(selectorOf(u))
	if err != nil {
		return out, nil //nolint:nilerr // then nobody can say why
	}
	pods, err := client.CoreV1().Pods(w.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector.String(), Limit: 50})
	if err != nil {
		return out, nil //nolint:nilerr // whoever may see the workload need not be allowed to see its pods
	}
	out.Message = "there are no pods yet"
	if len(pods.Items) > 0 {
		out.Message = whyNot(pods.Items)
	}
	return out, nil
}

func (w *Workload) path() string {
	return "/apis/apps/v1/namespaces/" + w.Namespace + "/" + strings.ToLower(w.Kind) + "s/" + w.Name
}

func selectorOf(u *unstructured.Unstructured) *metav1.LabelSelector {
	labels, _, _ := unstructured.NestedStringMap(u.Object, "spec", "selector", "matchLabels")
	return &metav1.LabelSelector{MatchLabels: labels}
}

// whyNot is the reason of the first pod that has one.
func whyNot(pods []corev1.Pod) string {
	for i := range pods {
		p := &pods[i]
		for _, c := range p.Status.Conditions {
			if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
				return "pod " + p.Name + ": " + c.Message
			}
		}
		for _, c := range p.Status.ContainerStatuses {
			if w := c.State.Waiting; w != nil {
				return strings.TrimSuffix("pod "+p.Name+": "+w.Reason+": "+w.Message, ": ")
			}
		}
	}
	return ""
}

// await waits until all pods of a workload run in their newest form.
func (t *Target) await(ctx context.Context, w *Workload) error {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		seen, err := Observe(ctx, t.client, w)
		if err != nil {
			return t.failed("look at "+w.Kind+" "+w.Name, err)
		}
		if !seen.There {
			return &pratique.Error{Kind: pratique.ErrConflict, Message: fmt.Sprintf("%s %s in cluster %q was deleted meanwhile", w.Kind, w.Name, t.Cluster)}
		}
		status := fmt.Sprintf("%s %s has %d of %d pods ready", w.Kind, w.Name, seen.Ready, seen.Wanted)
		if seen.Message != "" {
			status += ": " + seen.Message
		}
		t.say(ctx, "%s", status)
		if seen.Done {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", status, context.Cause(ctx))
		case <-tick.C:
		}
	}
}

// Redeploy makes all pods of a workload anew, one after the other, and waits until they run.
func (t *Target) Redeploy(ctx context.Context, w *Workload, manager string) error {
	patch, err := strictjson.Marshal(map[string]any{"spec": map[string]any{"template": map[string]any{"metadata": map[string]any{
		"annotations": map[string]string{restartedAt: t.Now().UTC().Format(time.RFC3339)},
	}}}})
	if err != nil {
		return err
	}
	r := schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: strings.ToLower(w.Kind) + "s"}
	_, err = t.objects.Resource(r).Namespace(w.Namespace).Patch(ctx, w.Name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: manager})
	if err != nil {
		return t.failed("restart "+w.Kind+" "+w.Name, err)
	}
	t.say(ctx, "the pods of %s %s are made anew", w.Kind, w.Name)
	return t.await(ctx, w)
}
