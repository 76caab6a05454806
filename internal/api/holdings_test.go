package api_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pratique-iam/pratique/apiv1"
)

func TestWhatReachesSomebodyIsShownToThemAndToWhoeverSeesGrantsAndGroups(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice", "secu"),
		grant("sa", "secu-group", "Security Administrator", "{account: true}"),
		grant("a1", "alice-group", "CCE ReadOnlyAccess", "{project: local-1}"),
		"kind: Grant\nmetadata: {name: a2}\nspec: {user: alice, policy: AliyunCSReadOnlyAccess, scope: {account: true}}",
		"kind: Grant\nmetadata: {name: a3}\nspec: {user: alice, policy: CCE FullAccess, scope: {account: true}}")
	want := apiv1.Holdings{Groups: []string{"alice-group"}, Grants: []apiv1.EffectiveGrant{
		{Grant: "a2", Policy: "AliyunCSReadOnlyAccess", Scope: "the account", Via: "directly"},
		{
			Grant: "a3", Policy: "CCE FullAccess", Scope: "the account", Via: "directly",
			Void: "holds actions of project-level services; at account scope they have no effect; use scope {allProjects: true} or {project: NAME}",
		},
		{Grant: "a1", Policy: "CCE ReadOnlyAccess", Scope: "project local-1", Via: "group alice-group"},
	}}
	alice, secu := w.as("alice"), w.as("secu")
	for who, path := range map[*person]string{&alice: "/v1/holdings", &secu: "/v1/holdings?user=ALICE", &w.root: "/v1/holdings?user=alice"} {
		var got apiv1.Holdings
		who.get(path).want(200).into(&got)
		got.Revision = 0
		if diff := cmp.Diff(want, got, cmpopts.SortSlices(func(x, y apiv1.EffectiveGrant) bool { return x.Grant < y.Grant })); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	alice.get("/v1/holdings?user=secu").problem(403, "denied")
	alice.get("/v1/holdings?user=nobody").problem(403, "denied")
	secu.get("/v1/holdings?user=nobody").problem(404, "not-found")
	var root apiv1.Holdings
	secu.get("/v1/holdings?user=root").want(200).into(&root)
	if !root.Unlimited {
		t.Errorf("the root holds %+v", root)
	}
}

func TestOldAccessKeysAreFoundByWhoeverSeesAllKeys(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice", "bob", "secu"), grant("sa", "secu-group", "Security Administrator", "{account: true}"))
	var keys [2]apiv1.AccessKey
	for i, name := range []string{"alice", "bob"} {
		w.root.post("/v1/accesskeys", apiv1.NewAccessKey{User: name}).want(201).into(&keys[i])
	}
	found := func(query string) (out []string) {
		for path := "/v1/accesskeys?all=true&limit=1" + query; path != ""; {
			var list apiv1.List[apiv1.AccessKey]
			w.root.get(path).want(200).into(&list)
			for _, k := range list.Items {
				out = append(out, k.User)
			}
			path = ""
			if list.Next != "" {
				path = "/v1/accesskeys?all=true&limit=1" + query + "&page=" + list.Next
			}
		}
		return out
	}
	if got := found(""); len(got) != 2 {
		t.Errorf("all keys are those of %v", got)
	}
	if got := found("&olderThan=90"); got != nil {
		t.Errorf("the keys of %v count as old on the day on which they were made", got)
	}
	w.root.send("PATCH", "/v1/accesskeys/"+keys[1].ID, "application/json", apiv1.AccessKeyState{Disabled: true}).want(204)
	w.api.Now = func() time.Time { return time.Now().AddDate(0, 0, 91) }
	if diff := cmp.Diff([]string{"alice"}, found("&olderThan=90")); diff != "" {
		t.Errorf("after 91 days, with bob's key disabled: %s", diff)
	}
	w.api.Now = time.Now
	alice := w.as("alice")
	alice.get("/v1/accesskeys?all=true").problem(403, "denied")
	alice.get("/v1/accesskeys?user=alice").want(200)
	for _, bad := range []string{"all=true&user=bob", "olderThan=90", "all=true&olderThan=-1", "limit=3"} {
		w.root.get("/v1/accesskeys?"+bad).problem(400, "invalid")
	}
}

func TestHowFarClustersAreIsToldOfThoseWhosePermissionsOneMaySee(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice", "carol"), grant("a1", "alice-group", "CCE ReadOnlyAccess", "{project: local-1}"))
	w.api.RBAC = bindings{}
	w.root.post("/v1/clusters", apiv1.NewCluster{Name: "shop", Type: "cce-standard", Kubeconfig: kubeconfig(t)}).want(201)
	var list apiv1.List[apiv1.RBACState]
	w.as("carol").get("/v1/rbac").want(200).into(&list)
	if len(list.Items) != 0 {
		t.Errorf("carol, who holds nothing, is told of %+v", list.Items)
	}
	w.root.get("/v1/rbac").want(200).into(&list)
	if len(list.Items) != 1 || list.Items[0].Cluster != "shop" {
		t.Errorf("the root is told of %+v", list.Items)
	}
}
