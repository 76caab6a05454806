package api_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
)

func TestListsAreSortedAndPagesJoinInEveryOrder(t *testing.T) {
	t.Parallel()
	w := settled(t)
	made := []string{"Dora", "alice", "Bob", "carol", "eve", "Frank", "gus"}
	for _, n := range made {
		w.root.apply("kind: User\nmetadata: {name: " + n + "}").want(200)
	}
	byName := []string{"alice", "Bob", "carol", "Dora", "eve", "Frank", "gus"}
	backwards := func(names []string) []string {
		names = slices.Clone(names)
		slices.Reverse(names)
		return names
	}
	for sort, want := range map[string][]string{"": byName, "name": byName, "-name": backwards(byName), "created": made, "-created": backwards(made)} {
		for _, limit := range []string{"1", "2", "7", "100"} {
			var joined []string
			for next, more := "", true; more; {
				var page apiv1.List[pratique.Manifest]
				w.root.get("/v1/users?limit=" + limit + "&sort=" + sort + "&page=" + next).want(200).into(&page)
				for _, m := range page.Items {
					joined = append(joined, m.Metadata.Name)
				}
				next, more = page.Next, page.Next != ""
			}
			if diff := cmp.Diff(want, joined); diff != "" {
				t.Errorf("sort %q, %s a page: %s", sort, limit, diff)
			}
		}
	}
	if diff := cmp.Diff([]string{"eve", "alice"}, w.root.names("/v1/users?sort=-name&name=e")); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"-", "size", "--name", "Name"} {
		w.root.get("/v1/users?sort="+bad).problem(400, "invalid")
		w.root.get("/v1/clusters?sort="+bad).problem(400, "invalid")
	}
	w.root.get("/v1/policies?sort=-created&limit=500").want(200)
}

func TestNamespacePermissionsAreListedByTheClusterThatTheyReach(t *testing.T) {
	t.Parallel()
	w := harbour(t)
	w.root.apply("kind: NamespacePermission\nmetadata: {name: bob-everywhere}\nspec: {group: bob-group, clusterRole: view, clusters: [\"*\"], namespaces: [dev]}").want(200)
	for path, want := range map[string][]string{
		"/v1/namespacepermissions?cluster=prod":               {"bob-dev", "bob-everywhere"},
		"/v1/namespacepermissions?cluster=lab":                {"bob-everywhere"},
		"/v1/namespacepermissions?cluster=prod&sort=-created": {"bob-everywhere", "bob-dev"},
		"/v1/namespacepermissions?cluster=none":               nil,
	} {
		if diff := cmp.Diff(want, w.root.names(path)); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
}
