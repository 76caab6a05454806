// Package webhook is the door for kube-apiservers: they ask it who shows a token (TokenReview) and whether somebody may do something
// (SubjectAccessReview).
//
//	credential of a cluster ─▶ body ─▶ kube.Decode ─▶ identity, session ─▶ kube.Query ─▶ kube.Decide ─▶ status
//
// A kube-apiserver takes every answer but 200 for a failure, tries again for seconds, and shows a person an internal error. So whatever
// can be decided is answered with 200 and a verdict, also when something is wrong with us; other codes are for callers that are not a
// kube-apiserver of ours or do not speak v1.
package webhook
