// Package rbacsync makes namespace permissions into RBAC objects, in every cluster.
//
//	Snapshot ──Desired──┐
//	                    ├──Diff──▶ Plan ──Apply──▶ kube-apiserver
//	cluster ──View──────┘
//
// A plan is a value that people can read; showing one and applying it is the same code. A Fleet runs one Controller per cluster, which plans
// again whenever the directory or the cluster changes, so that drift does not last.
//
// The View that a controller keeps also answers what Kubernetes' own rules say: what a subject holds, why a request would be refused, who
// may do it. The package writes bindings and nothing else: roles are applied by an operator, so that Pratique needs `bind` on the roles
// in use and never `escalate`.
package rbacsync
