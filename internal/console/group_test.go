package console_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
)

func TestAGroupLeadsThroughPermissionsToUsers(t *testing.T) {
	t.Parallel()
	root := newWorld(t).root()
	current := func(path string) string {
		return root.get(path).want(http.StatusOK).finds(`aria-current="step">([^<]+)<`)
	}
	if got := current("/console/groups/new"); got != "User group" {
		t.Errorf("the first step is %s", got)
	}
	root.post("/console/groups/new", "name", "viewers").goes("/console/groups/viewers")
	if got := current("/console/groups/viewers"); got != "Permissions" {
		t.Errorf("after the group comes %s", got)
	}
	root.post("/console/grants/new?group=viewers", "policy", "CCE ReadOnlyAccess", "scope", "project", "project", "local-1").goes("/console/groups/viewers")
	if got := current("/console/groups/viewers"); got != "Users" {
		t.Errorf("after the permissions come %s", got)
	}
	for _, n := range []string{"mei", "ben"} {
		root.post("/console/users/new", "name", n).goes("/console/users/" + n)
	}
	root.post("/console/groups/viewers/members", "user", "mei, nobody").want(http.StatusNotFound)
	root.post("/console/groups/viewers/members", "user", "mei, ben").goes("/console/groups/viewers")
	if page := root.get("/console/groups/viewers").want(http.StatusOK, "CCE ReadOnlyAccess"); strings.Contains(page.html, `class="steps"`) {
		t.Error("a group that has everything still shows steps")
	}
}

func TestTheMembersOfALargeGroupComeInPages(t *testing.T) {
	t.Parallel()
	root := newWorld(t).root()
	var changes apiv1.Changes
	var members []string
	for i := range 60 {
		name := fmt.Sprintf("user-%03d", i)
		members = append(members, `"`+name+`"`)
		changes.Changes = append(changes.Changes, apiv1.Change{Put: &pratique.Manifest{APIVersion: pratique.APIVersion, Kind: pratique.KindUser, Metadata: pratique.Metadata{Name: name}}})
	}
	changes.Changes = append(changes.Changes, apiv1.Change{Put: &pratique.Manifest{
		APIVersion: pratique.APIVersion, Kind: pratique.KindGroup, Metadata: pratique.Metadata{Name: "all"}, Spec: []byte(`{"members":[` + strings.Join(members, ",") + `]}`),
	}})
	if _, err := root.api().Change(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
	first := root.get("/console/groups/all").want(http.StatusOK, "user-049", "Next page")
	if strings.Contains(first.html, "user-050</a>") {
		t.Error("the first page shows more than fifty")
	}
	root.get("/console/groups/all?page=user-050").want(http.StatusOK, "user-050", "user-059", "First page")
	root.get("/console/groups/all?q=059").want(http.StatusOK, "user-059")
}
