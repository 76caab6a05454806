package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
)

func (p person) names(path string) []string {
	p.Helper()
	var list apiv1.List[pratique.Manifest]
	p.get(path).want(200).into(&list)
	var out []string
	for _, m := range list.Items {
		out = append(out, m.Metadata.Name)
	}
	return out
}

func TestPagesJoinToTheWholeList(t *testing.T) {
	t.Parallel()
	w := settled(t, users("Dora", "alice", "Bob", "carol", "eve"))
	all := w.root.names("/v1/users")
	if diff := cmp.Diff([]string{"alice", "Bob", "carol", "Dora", "eve"}, all); diff != "" {
		t.Error(diff)
	}
	var joined []string
	for path := "/v1/users?limit=2"; path != ""; {
		var page apiv1.List[pratique.Manifest]
		w.root.get(path).want(200).into(&page)
		for _, m := range page.Items {
			joined = append(joined, m.Metadata.Name)
		}
		path = ""
		if page.Next != "" {
			path = "/v1/users?limit=2&page=" + page.Next
		}
	}
	if diff := cmp.Diff(all, joined); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"limit=501", "limit=-1", "limit=many", "page=%20", "colour=red", "name=a&name=b"} {
		w.root.get("/v1/users?"+bad).problem(400, "invalid")
	}
}

func TestListsCanBeFiltered(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice", "bob"),
		"kind: Policy\nmetadata: {name: mine}\nspec: {document: {Version: \"1.1\", Statement: [{Effect: Allow, Action: [\"cce:cluster:get\"]}]}}",
		grant("a1", "alice-group", "mine", "{project: local-1}"),
		grant("a2", "alice-group", "CCE ReadOnlyAccess", "{project: local-1}"),
		grant("b1", "bob-group", "mine", "{allProjects: true}"))
	for path, want := range map[string][]string{
		"/v1/policies?type=custom":                 {"mine"},
		"/v1/policies?type=system&name=cce%20read": {"CCE ReadOnlyAccess"},
		"/v1/users?name=LIC":                       {"alice"},
		"/v1/grants":                               {"a1", "a2", "b1"},
		"/v1/grants?group=alice-group":             {"a1", "a2"},
		"/v1/grants?policy=mine":                   {"a1", "b1"},
		"/v1/grants?policy=mine&group=alice-group": {"a1"},
		"/v1/grants?group=nobody":                  nil,
		"/v1/grants?user=alice":                    nil,
		"/v1/enterpriseprojects":                   {"default"},
		"/v1/projects":                             {"local-1"},
	} {
		if diff := cmp.Diff(want, w.root.names(path)); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	w.root.get("/v1/policies?type=other").problem(400, "invalid")
	w.root.get("/v1/policies/Tenant%20Administrator").want(200)
}

func TestOnlySecurityAdministratorsSeeGroupsAndGrants(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice", "secu"),
		grant("sa", "secu-group", "Security Administrator", "{account: true}"),
		grant("full", "alice-group", "CCE FullAccess", "{allProjects: true}"))
	alice, secu := w.as("alice"), w.as("secu")
	for _, path := range []string{"/v1/groups", "/v1/grants", "/v1/users", "/v1/groups/alice-group", "/v1/grants/full", "/v1/export"} {
		alice.get(path).problem(403, "denied")
		secu.get(path).want(200)
	}
}

func TestMeTellsWhatReachesMe(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice"), grant("reads", "alice-group", "CCE ReadOnlyAccess", "{project: local-1}"))
	var me apiv1.Me
	w.as("alice").get("/v1/me").want(200).into(&me)
	want := []apiv1.EffectiveGrant{{Grant: "reads", Policy: "CCE ReadOnlyAccess", Scope: "project local-1", Via: "group alice-group"}}
	if diff := cmp.Diff(want, me.Grants); diff != "" || me.Name != "alice" || me.Unlimited || me.Expires.IsZero() {
		t.Errorf("me is %+v %s", me, diff)
	}
}

func TestAnExportCanBeAppliedElsewhere(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice", "bob"), grant("reads", "alice-group", "CCE ReadOnlyAccess", "{project: local-1}"))
	var there, here apiv1.List[pratique.Manifest]
	w.root.get("/v1/export").want(200).into(&there)
	other := settled(t)
	var list apiv1.Changes
	for i := range there.Items {
		list.Changes = append(list.Changes, apiv1.Change{Put: &there.Items[i]})
	}
	other.root.post("/v1/changes", list).want(200)
	other.root.get("/v1/export").want(200).into(&here)
	if diff := cmp.Diff(fmt.Sprint(there.Items), fmt.Sprint(here.Items)); diff != "" {
		t.Error(diff)
	}
}

func TestStrangersReachNothing(t *testing.T) {
	t.Parallel()
	w := settled(t)
	for _, r := range w.api.Routes() {
		path := strings.NewReplacer("{name}", "x", "{id}", "x").Replace(r.Path)
		got := w.stranger().send(r.Method, path, "application/json", "{}")
		if strings.HasPrefix(r.Guard, "public:") {
			continue
		}
		got.problem(401, "unauthenticated")
		if got.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: a 401 does not say how to sign in", r.Path)
		}
		person{town: w, token: "prt_0000000001000001_" + strings.Repeat("A", 43)}.send(r.Method, path, "application/json", "{}").problem(401, "unauthenticated")
	}
}
