// Command kube builds a Kubernetes control plane for tests and demos from its Go modules: etcd, kube-apiserver, kube-controller-manager,
// kube-scheduler, kubectl, and KWOK, which plays the nodes. It needs Go and its module proxy, and neither a container engine nor
// anybody's binaries.
//
//	go -C test/kube run . [-out DIR] [-v]
//
// The binaries go to a directory that is named after the version of Kubernetes, and are built once: a manifest beside them says from what
// each was made, and only what has changed is built again. A build that is interrupted goes on where it stopped, and two that run at once
// take turns. The last line of the output, and all of the standard output, is the directory.
//
// What is built is said by three module files: kubernetes.mod, kwok.mod and etcd.mod, each with its sums. They are apart because the three
// do not agree on their dependencies, and are not this module's go.mod because the command itself needs none of them. To change a
// version:
//
//	go -C test/kube get -modfile=kwok.mod sigs.k8s.io/kwok@v0.8.0
//	go -C test/kube mod tidy -modfile=kwok.mod
//
// A new Kubernetes needs its staging modules in kubernetes.mod set to the release of the same number: v1.36.3 goes with v0.36.3.
package main
