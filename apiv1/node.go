package apiv1

import "time"

// Node is a node of a cluster, as its Kubernetes sees it.
type Node struct {
	Name        string            `json:"name"`
	Ready       bool              `json:"ready"`
	Schedulable bool              `json:"schedulable"`
	Version     string            `json:"version,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Created     time.Time         `json:"created"`
}

// NodePatch changes what is set. A label with an empty value is taken away.
type NodePatch struct {
	Schedulable *bool             `json:"schedulable,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
}
