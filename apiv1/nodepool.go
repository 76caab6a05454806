package apiv1

import "time"

// NewNodes asks for nodes in a cluster that the server runs itself.
type NewNodes struct {
	Name    string            `json:"name,omitempty"` // of the node; of several, what their names begin with. Empty: the name of the cluster
	Count   int               `json:"count,omitzero"` // zero: one
	Labels  map[string]string `json:"labels,omitempty"`
	Billing string            `json:"billing,omitempty"` // postpaid (default) or prepaid
}

// NodePool is a number of equal nodes that a cluster is to have, with what was seen of them just now.
type NodePool struct {
	ID              string            `json:"id"`
	Name            string            `json:"name"`
	Cluster         string            `json:"cluster"` // name
	Count           int               `json:"count"`
	Labels          map[string]string `json:"labels,omitempty"`
	Created         time.Time         `json:"created"`
	ResourceVersion string            `json:"resourceVersion"`
	Nodes           int               `json:"nodes"`           // that are there
	Ready           int               `json:"ready"`           // of those
	Error           string            `json:"error,omitempty"` // why nodes could not be counted
}

// NewNodePool adds a pool to a cluster.
type NewNodePool struct {
	Name   string            `json:"name"`
	Count  int               `json:"count"`
	Labels map[string]string `json:"labels,omitempty"`
}

// NodePoolPatch changes what is set. Labels replaces all of them; an empty one takes all off.
type NodePoolPatch struct {
	Count  *int               `json:"count,omitempty"`
	Labels *map[string]string `json:"labels,omitzero"`
}
