//go:build kube

package rbacsync_test

import (
	"testing"
	"time"

	"github.com/pratique-iam/pratique"
)

// Whoever opened something by a binding before it was gone can be told from those who came later.
func TestALossIsKnownFromTheMomentAtWhichTheClusterHasSeenIt(t *testing.T) {
	t.Parallel()
	s := newSite(t, admin(t))
	s.namespace("taken")
	s.permit("a", `user: alice, clusterRole: edit, clusters: [prod], namespaces: [taken$]`)
	alice := s.alice(t)
	unsettled := func(user string, at time.Time) bool {
		return s.fleet.Unsettled(s.id, []string{user, "system:authenticated"}, at)
	}
	s.eventually("the API server lets alice in", func() bool { return s.reviews(alice, nil, "create", s.in("taken")) })
	if unsettled(alice, time.Now()) {
		t.Error("getting something is taken for losing it")
	}
	s.apply(t, pratique.Delete{Kind: pratique.KindNamespacePermission, Name: "a"})
	var last time.Time // at which the API server still let her in
	s.eventually("it no longer does", func() bool {
		at := time.Now()
		in := s.reviews(alice, nil, "create", s.in("taken"))
		if in {
			last = at
		}
		return !in
	})
	if !unsettled(alice, last) {
		t.Errorf("what was opened at %s would go on", last)
	}
	if unsettled("pratique:usr-x", last) {
		t.Error("somebody else loses something")
	}
	s.eventually("what is opened from now on is not doubted", func() bool { return !unsettled(alice, time.Now()) })
}
