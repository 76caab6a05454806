// Package kube turns requests to Kubernetes into questions that policies answer, and answers back into what a kube-apiserver understands.
//
//	SubjectAccessReview ──Decode──────┐
//	path of a request ──FromRequest───┴▶ Review ──Query──▶ access.Query ──Decide──▶ Verdict: allowed, denied, or for RBAC to say
//
// It is pure: it reads bytes and snapshots, and knows no network, no clock and no store. What it decides is the IAM gate, the first of the
// two layers; Kubernetes RBAC is the second, and both must agree.
package kube
