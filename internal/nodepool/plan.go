package nodepool

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/cluster/local"
)

// What marks the nodes of pools.
const (
	LabelPool = "pratique.dev/nodepool" // = name of the pool

	annotationLabels = "pratique.dev/nodepool-labels" // what the pool has put on the node, as JSON: to take off what it does not want any more
)

// Plan is what makes the nodes of a cluster what its pools say. The zero value changes nothing.
type Plan struct {
	Create []*corev1.Node
	Patch  map[string][]byte // by node: a JSON merge patch of its labels
	Delete []string
}

// Changes reports whether there is anything to do.
func (p *Plan) Changes() bool { return len(p.Create)+len(p.Patch)+len(p.Delete) > 0 }

// Diff compares pools with the nodes of their cluster; suffix makes the end of a name, a new one each time. Of too many nodes those that are not
// ready go first, then the newest: what has run longest has most to lose.
func Diff(pools []*pratique.NodePool, nodes []corev1.Node, suffix func() string) Plan {
	var plan Plan
	of := map[string][]*corev1.Node{}
	for i := range nodes {
		if n := &nodes[i]; Owned(n) && n.DeletionTimestamp.IsZero() {
			of[n.Labels[LabelPool]] = append(of[n.Labels[LabelPool]], n)
		}
	}
	for _, p := range pools {
		have := of[p.Pool]
		delete(of, p.Pool)
		slices.SortFunc(have, worthKeeping)
		for _, n := range have[min(p.Count, len(have)):] {
			plan.Delete = append(plan.Delete, n.Name)
		}
		for _, n := range have[:min(p.Count, len(have))] {
			plan.relabel(n, p.Labels)
		}
		for range p.Count - len(have) {
			plan.Create = append(plan.Create, node(p, suffix()))
		}
	}
	for _, pool := range slices.Sorted(maps.Keys(of)) { // pools that are gone
		for _, n := range of[pool] {
			plan.Delete = append(plan.Delete, n.Name)
		}
	}
	return plan
}

// Owned reports whether a node is one of a pool's. Somebody who only sets the label on a node of theirs does not give it away.
func Owned(n *corev1.Node) bool {
	pool := n.Labels[LabelPool]
	return pool != "" && strings.HasPrefix(n.Name, pool+"-")
}

// Ready reports whether a node says that it is.
func Ready(n *corev1.Node) bool {
	return slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	})
}

// worthKeeping orders nodes: ready ones first, then the older ones.
func worthKeeping(a, b *corev1.Node) int {
	if ra, rb := Ready(a), Ready(b); ra != rb {
		if ra {
			return -1
		}
		return 1
	}
	if c := a.CreationTimestamp.Compare(b.CreationTimestamp.Time); c != 0 {
		return c
	}
	return strings.Compare(a.Name, b.Name)
}

func node(p *pratique.NodePool, suffix string) *corev1.Node {
	labels := maps.Clone(p.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	labels[LabelPool] = p.Pool
	n := local.Node(fmt.Sprintf("%s-%s", p.Pool, suffix), labels)
	n.Annotations[annotationLabels] = string(encode(p.Labels))
	return n
}

// relabel notes what of a node's labels the pool has changed since it last wrote them. What others have put there stays.
func (p *Plan) relabel(n *corev1.Node, want map[string]string) {
	var was map[string]string
	_ = json.Unmarshal([]byte(n.Annotations[annotationLabels]), &was) // somebody broke it: then nothing was put there
	if maps.Equal(was, want) {
		return
	}
	labels := map[string]any{}
	for k := range was {
		labels[k] = nil
	}
	for k, v := range want {
		labels[k] = v
	}
	if p.Patch == nil {
		p.Patch = map[string][]byte{}
	}
	p.Patch[n.Name] = encode(map[string]any{"metadata": map[string]any{
		"labels": labels, "annotations": map[string]string{annotationLabels: string(encode(want))},
	}})
}

// encode writes what can always be written: maps of strings.
func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		return []byte("{}")
	}
	return data
}
