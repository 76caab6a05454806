package local

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// makeNodes creates the Node objects; KWOK makes them ready. Nodes that are there already stay as they are.
func (p *Plane) makeNodes(ctx context.Context) error {
	for i := 1; i <= p.cfg.Nodes; i++ {
		name := fmt.Sprintf("%s-node-%d", p.cfg.Name, i)
		status, body, err := p.call(ctx, http.MethodPost, "/api/v1/nodes", "application/json", Node(name, nil))
		if err != nil {
			return fmt.Errorf("make node %s: %w", name, err)
		}
		if status != http.StatusCreated && status != http.StatusConflict {
			return unavailable("make node %s: kube-apiserver answers %d: %s", name, status, body[:min(len(body), 300)])
		}
	}
	return nil
}

// moveNodes tells kube-apiserver where KWOK listens, when that is not where it was: a node that is ready already is not told by KWOK.
func (p *Plane) moveNodes(ctx context.Context) error {
	type endpoints struct {
		Kubelet struct {
			Port int `json:"Port"`
		} `json:"kubeletEndpoint"`
	}
	type status struct {
		Endpoints endpoints `json:"daemonEndpoints"`
	}
	var list struct {
		Items []struct {
			Metadata struct {
				Name string `json:"name"`
			} `json:"metadata"`
			Status status `json:"status"`
		} `json:"items"`
	}
	code, body, err := p.call(ctx, http.MethodGet, "/api/v1/nodes", "", nil)
	if err == nil && code != http.StatusOK {
		err = unavailable("kube-apiserver answers %d: %s", code, body[:min(len(body), 300)])
	}
	if err == nil {
		err = json.Unmarshal(body, &list)
	}
	if err != nil {
		return fmt.Errorf("list the nodes: %w", err)
	}
	for _, n := range list.Items {
		// A node without a port is not ready yet, and will be told.
		if port := n.Status.Endpoints.Kubelet.Port; port == 0 || port == p.state.Ports.Kubelet {
			continue
		}
		var patch struct {
			Status status `json:"status"`
		}
		patch.Status.Endpoints.Kubelet.Port = p.state.Ports.Kubelet
		path := "/api/v1/nodes/" + url.PathEscape(n.Metadata.Name) + "/status"
		code, body, err := p.call(ctx, http.MethodPatch, path, "application/merge-patch+json", patch)
		switch {
		case err != nil:
			return fmt.Errorf("move node %s: %w", n.Metadata.Name, err)
		case code != http.StatusOK && code != http.StatusNotFound:
			return unavailable("move node %s: kube-apiserver answers %d: %s", n.Metadata.Name, code, body[:min(len(body), 300)])
		}
	}
	return nil
}

// Node describes a simulated node of some size, with further labels. Annotation and labels are those by which KWOK's own tools know their
// nodes; KWOK makes it ready.
func Node(name string, labels map[string]string) *corev1.Node {
	room := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("32"), corev1.ResourceMemory: resource.MustParse("256Gi"), corev1.ResourcePods: resource.MustParse("110"),
	}
	n := &corev1.Node{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Node"},
		ObjectMeta: metav1.ObjectMeta{
			Name:        name,
			Annotations: map[string]string{"kwok.x-k8s.io/node": "fake", "node.alpha.kubernetes.io/ttl": "0"},
			Labels:      map[string]string{},
		},
		Status: corev1.NodeStatus{Allocatable: room, Capacity: room},
	}
	maps.Copy(n.Labels, labels)
	maps.Copy(n.Labels, map[string]string{
		"type": "kwok", corev1.LabelHostname: name, corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64",
		"node-role.kubernetes.io/worker": "",
	})
	return n
}
