package nodepool_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/nodepool"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func pool(count int, labels ...string) *pratique.NodePool {
	p := &pratique.NodePool{Pool: "web", Count: count, Labels: map[string]string{}}
	for i := 0; i+1 < len(labels); i += 2 {
		p.Labels[labels[i]] = labels[i+1]
	}
	return p
}

// node is one of a pool, made so many minutes after noon.
func node(name, pool string, minutes int, ready bool) corev1.Node {
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	return corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Labels: map[string]string{nodepool.LabelPool: pool}, CreationTimestamp: metav1.NewTime(noon.Add(time.Duration(minutes) * time.Minute)),
		},
		Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: status}}},
	}
}

// counting gives 1, 2, 3 as the ends of names.
func counting() func() string {
	n := 0
	return func() string { n++; return fmt.Sprint(n) }
}

func names(p nodepool.Plan) (made, gone []string) {
	for _, n := range p.Create {
		made = append(made, n.Name)
	}
	return made, p.Delete
}

func TestMissingNodesAreMade(t *testing.T) {
	t.Parallel()
	plan := nodepool.Diff([]*pratique.NodePool{pool(3, "disk", "ssd")}, []corev1.Node{node("web-a", "web", 0, true)}, counting())
	made, gone := names(plan)
	if diff := cmp.Diff([]string{"web-1", "web-2"}, made); diff != "" || len(gone) > 0 {
		t.Errorf("gone %v; %s", gone, diff)
	}
	for _, n := range plan.Create {
		if n.Labels[nodepool.LabelPool] != "web" || n.Labels["disk"] != "ssd" || n.Labels["type"] != "kwok" || !nodepool.Owned(n) {
			t.Errorf("labels of %s: %v", n.Name, n.Labels)
		}
	}
}

func TestOfTooManyTheUnreadyGoFirstAndThenTheNewest(t *testing.T) {
	t.Parallel()
	nodes := []corev1.Node{
		node("web-new", "web", 9, true), node("web-old", "web", 1, true), node("web-sick", "web", 0, false), node("web-mid", "web", 5, true),
	}
	for count, want := range map[int][]string{
		4: nil, 3: {"web-sick"}, 2: {"web-new", "web-sick"}, 1: {"web-mid", "web-new", "web-sick"}, 0: {"web-mid", "web-new", "web-old", "web-sick"},
	} {
		plan := nodepool.Diff([]*pratique.NodePool{pool(count)}, nodes, counting())
		made, gone := names(plan)
		slices.Sort(gone)
		if diff := cmp.Diff(want, gone); diff != "" || len(made) > 0 {
			t.Errorf("of %d: made %v, %s", count, made, diff)
		}
	}
}

func TestNodesOfAPoolThatIsGoneGoAndThoseOfOthersStay(t *testing.T) {
	t.Parallel()
	stranger := node("shop-node-1", "old", 0, true) // labelled by somebody; its name says that no pool made it
	leaving := node("web-leaving", "web", 0, true)
	leaving.DeletionTimestamp = new(metav1.NewTime(noon))
	plan := nodepool.Diff([]*pratique.NodePool{pool(1)}, []corev1.Node{node("old-a", "old", 0, true), stranger, leaving, {}}, counting())
	made, gone := names(plan)
	if diff := cmp.Diff([]string{"old-a"}, gone); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"web-1"}, made); diff != "" { // one that is leaving does not count
		t.Error(diff)
	}
}

func TestNewLabelsReachTheNodesThatAreThere(t *testing.T) {
	t.Parallel()
	first := nodepool.Diff([]*pratique.NodePool{pool(1, "disk", "ssd")}, nil, counting())
	made := *first.Create[0]
	made.Labels = maps.Clone(made.Labels)
	made.Labels["mine"] = "stays"
	if plan := nodepool.Diff([]*pratique.NodePool{pool(1, "disk", "ssd")}, []corev1.Node{made}, counting()); plan.Changes() {
		t.Errorf("nothing has changed, and yet: %+v", plan)
	}
	plan := nodepool.Diff([]*pratique.NodePool{pool(1, "zone", "b")}, []corev1.Node{made}, counting())
	want := `{"metadata":{"annotations":{"pratique.dev/nodepool-labels":"{\"zone\":\"b\"}"},"labels":{"disk":null,"zone":"b"}}}`
	if diff := cmp.Diff(map[string]string{"web-1": want}, map[string]string{"web-1": string(plan.Patch["web-1"])}); diff != "" || len(plan.Create)+len(plan.Delete) > 0 {
		t.Errorf("%s %+v", diff, plan)
	}
}
