// Package local runs a Kubernetes control plane as child processes: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, and KWOK,
// which plays the nodes. It is for tests, demos and development; a pod runs in name only. The programs come from a directory that
// `go -C test/kube run .` fills.
//
// A Plane lives in one directory, and all that there is of it is there: to start again on the directory goes on where it stopped, and to
// remove the directory removes the cluster.
//
//	DIR/etcd/           the data
//	DIR/pki/            two authorities, what they issued, the service accounts' key
//	DIR/config/         the structured authentication and authorization of kube-apiserver, and what KWOK plays
//	DIR/kubeconfig/     one file for each component, and admin.yaml
//	DIR/log/            what the components say; pods.log is what every container says
//	DIR/state.json      the ports, and whether the nodes were made
//	DIR/lock            held while the plane runs
//
// Everything listens on loopback, and everything that matters asks for a certificate. The etcd is the plane's own: with Pratique's etcd
// shared under a prefix, a busy cluster would fill the store that decides about all of them, and a cluster could not be deleted by
// deleting its directory. It trusts an authority of its own, because the cluster's authority also signs what the cluster asks for.
//
// The package does not know Kubernetes' types: it needs two requests, which net/http can make. What it does not own: which clusters there
// are, and what their nodes are called later (internal/cluster).
package local
