package kube_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/kube"
)

func TestBehindAnOpenGateTheReasonNamesNamespacePermissions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var b kube.Behind
	now := noon
	reason := func(cluster, who, text string) string {
		r := w.review(who, text)
		ref := pratique.Ref{Kind: pratique.KindUser, ID: w.id(who)}
		return string(b.Reason(nil, w.Snapshot, w.cluster(cluster), r, ref, now))
	}
	const none = "you may see the cluster, but hold no namespace permission in it"
	const some = "cluster permissions let this through, but no namespace permission allows it"
	check := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	check(reason("prod", "alice", "get pods web -n dev"), none+"; why: pratique why alice get pods -n dev --cluster prod")

	w.apply("kind: NamespacePermission\nmetadata: {name: view-dev}\nspec: {group: alice-group, clusterRole: view, clusters: [prod], namespaces: [dev]}")
	now = now.Add(2 * time.Second)
	check(reason("prod", "alice", "update deployments.apps/scale web -n prod"),
		some+"; why: pratique why alice update deployments.apps/scale -n prod --cluster prod")
	check(reason("prod", "bob", "get pods -n dev"), none+"; why: pratique why bob get pods -n dev --cluster prod")
	check(reason("dev", "alice", "list nodes"), none+"; why: pratique why alice list nodes --cluster dev")
	check(reason("prod", "alice", "get /metrics"), some+"; why: pratique why")

	w.as("ses-1", "", "prod", "get pods web -n dev")
	role, _ := w.Roles.Name("ops")
	r := w.plain("get pods web -n dev")
	check(string(b.Reason(nil, w.Snapshot, w.cluster("prod"), r, pratique.Ref{Kind: pratique.KindRole, ID: role.ID}, now)),
		none+"; why: pratique why role/ops get pods -n dev --cluster prod")
}

func TestNothingForAShellStandsInACommand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var b kube.Behind
	for _, text := range []string{"get;reboot pods", "get $(reboot)", "get -f", "* *"} {
		got := string(b.Reason(nil, w.Snapshot, w.cluster("prod"), w.review("alice", text), pratique.Ref{Kind: pratique.KindUser, ID: w.id("alice")}, noon))
		if want := "you may see the cluster, but hold no namespace permission in it; why: pratique why"; got != want {
			t.Errorf("%s: got %s", text, got)
		}
	}
}

func TestAReasonNeedsNoEscapes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var b kube.Behind
	who := pratique.Ref{Kind: pratique.KindUser, ID: w.id("alice")}
	for c := range 256 {
		bad := "a" + string([]byte{byte(c)}) + "b"
		for _, r := range []*kube.Review{
			{IsResource: true, Verb: bad, Resource: "pods"},
			{IsResource: true, Verb: "get", Resource: bad},
			{Verb: "get", Path: bad},
			{IsResource: true, Verb: "get", Resource: "pods", Group: bad, Subresource: bad, Namespace: bad, Name: bad},
		} {
			got := string(b.Reason(nil, w.Snapshot, w.cluster("prod"), r, who, noon))
			if strings.ContainsFunc(got, func(c rune) bool { return c < ' ' || c > '~' || strings.ContainsRune(`"\\<>&`, c) }) {
				t.Errorf("%+v: %q", r, got)
			}
		}
	}
}
