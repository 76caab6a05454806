// Package cluster knows the Kubernetes clusters of the directory from the inside: how to reach each, whether it answers, and, for those that
// Pratique runs itself, that it runs.
//
//	kubeconfig ──ParseKubeconfig──▶ Access ──sealed──▶ directory ──unsealed──┐
//	                                 plane of internal/cluster/local ────────┴──▶ Conn ──▶ rbacsync, proxy, api
//
// A Manager has one keeper per cluster. The keeper starts, stops and removes a local control plane, looks at the cluster every ten seconds, and
// gives its creator the binding that creators get, once. EnforcementFiles writes what makes a kube-apiserver ask Pratique.
//
// What it does not own: which clusters there are (the directory), what is in them (rbacsync, proxy), and how a local control plane runs
// (internal/cluster/local).
package cluster
