package local

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

// makeNodes creates the Node objects; KWOK makes them ready. Nodes that are there already stay as they are.
func (p *Plane) makeNodes(ctx context.Context) error {
	for i := 1; i <= p.cfg.Nodes; i++ {
		name := fmt.Sprintf("%s-node-%d", p.cfg.Name, i)
		status, body, err := p.call(ctx, http.MethodPost, "/api/v1/nodes", "application/json", node(name))
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

// node describes a node of some size. Annotation and label are those by which KWOK's own tools know their nodes.
func node(name string) any {
	type object map[string]any
	room := object{"cpu": "32", "memory": "256Gi", "pods": "110"}
	return object{
		"apiVersion": "v1", "kind": "Node",
		"metadata": object{
			"name":        name,
			"annotations": object{"kwok.x-k8s.io/node": "fake", "node.alpha.kubernetes.io/ttl": "0"},
			"labels": object{
				"type": "kwok", "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
				"node-role.kubernetes.io/worker": "",
			},
		},
		"status": object{"allocatable": room, "capacity": room},
	}
}
