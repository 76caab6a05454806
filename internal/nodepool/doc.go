// Package nodepool keeps the nodes of node pools at the number that the directory says, in the clusters that this server runs itself. It plans
// first, as a value, and then does what the plan says:
//
//	directory ─┐
//	           ├─ Diff ─ Plan ─ apply ─ nodes of the cluster
//	nodes ─────┘
//
// It owns the nodes that carry the label of a pool and whose names begin with the pool's; others it neither counts nor touches. Clusters that are
// attached have machines behind their nodes, which somebody else makes; they get no controller.
package nodepool
