package webhook_test

import (
	"strings"
	"testing"
)

// The proxy has decided on an operation, and acts for somebody; the kube-apiserver asks again.
func TestWhatBelongsToAnOperationIsNoOpinionUnlessDenied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, alice, session := w.apiserver("prod"), w.user("alice"), w.login("alice")
	within := func(operation string) string {
		return strings.Replace(review(alice, session, podWeb), `"pratique.dev/session"`, `"pratique.dev/operation":["`+operation+`"],"pratique.dev/session"`, 1)
	}
	want(t, a.authorize(review(alice, session, podWeb)), false, true, "no statement in force allows cce:kubernetes:get")
	want(t, a.authorize(within("release.create")), false, false, "")
	want(t, a.authorize(within("addonInstance.create")), false, false, "")
	want(t, a.authorize(within("cluster.get")), false, true, "no statement in force allows cce:kubernetes:get")
	w.apply("kind: Policy\nmetadata: {name: no-pods}\nspec: {document: {Version: \"1.1\", Statement: [{Effect: Deny, Action: [\"cce:kubernetes:*\"], Resource: [\"cce:*:*:pods:*\"]}]}}")
	w.grant("no-pods")
	want(t, a.authorize(within("release.create")), false, true, `denied by statement 1 of policy "no-pods"`)
}

// A person who may impersonate in a cluster cannot open the gate with it.
func TestNobodyIsLetSayThatAnOperationCoversThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("Tenant Administrator")
	a, alice, session := w.apiserver("prod"), w.user("alice"), w.login("alice")
	const claim = `"resourceAttributes":{"group":"authentication.k8s.io","resource":"userextras","subresource":"pratique.dev/operation","verb":"impersonate","name":"release.create"}`
	want(t, a.authorize(review(alice, session, claim)), false, true, "only Pratique itself")
}
