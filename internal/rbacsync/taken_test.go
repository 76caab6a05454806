package rbacsync

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/pratique-iam/pratique"
)

func TestWhatIsTakenCountsUntilTheClusterHasCaughtUp(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	var all taken
	check := func(at time.Duration, want bool, subjects ...string) {
		t.Helper()
		if got := all.counted(subjects, noon.Add(at)); got != want {
			t.Errorf("for %v at %s: %v", subjects, at, got)
		}
	}
	check(0, false, "pratique:usr-1")
	all.begin([]string{"pratique:usr-1"})
	check(time.Hour, true, "pratique:usr-1", "system:authenticated") // for as long as nobody knows that it is gone
	check(0, false, "pratique:usr-2")
	all.settle(noon)
	check(-time.Hour, true, "pratique:usr-1")
	check(catchUp-time.Millisecond, true, "pratique:usr-1")
	check(catchUp, false, "pratique:usr-1")
	all.begin([]string{"pratique:usr-2"})
	all.settle(noon.Add(takenFor))
	check(0, true, "pratique:usr-1")
	all.settle(noon.Add(takenFor + time.Second))
	check(0, false, "pratique:usr-1")
	check(0, true, "pratique:usr-2")
}

func TestThoseLoseWhomTheDirectoryOrThePlanTakesSomethingFrom(t *testing.T) {
	t.Parallel()
	of := func(id string) *pratique.NamespacePermission {
		return &pratique.NamespacePermission{Principal: pratique.Ref{Kind: pratique.KindUser, ID: id}}
	}
	live := func(names ...string) *Binding {
		b := &Binding{}
		for _, name := range names {
			b.Subjects = append(b.Subjects, rbacv1.Subject{Kind: rbacv1.UserKind, Name: name})
		}
		return b
	}
	kept := of("kept")
	plan := &Plan{Steps: []Step{
		{Verb: Delete, live: live("deleted")},
		{Verb: Replace, live: live("replaced"), Object: Object{Subject: rbacv1.Subject{Kind: rbacv1.UserKind, Name: "replaced"}}},
		{Verb: Update, live: live("added-by-hand", "rightful"), Object: Object{Subject: rbacv1.Subject{Kind: rbacv1.UserKind, Name: "rightful"}}},
		{Verb: Create},
		{Verb: Unchanged, live: live("unchanged")},
		{Verb: Waiting},
	}}
	got := losers([]*pratique.NamespacePermission{kept, of("gone")}, []*pratique.NamespacePermission{kept, of("new")}, plan)
	if diff := cmp.Diff([]string{"pratique:gone", "deleted", "replaced", "added-by-hand"}, got); diff != "" {
		t.Error(diff)
	}
}
