package console_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/pratique-iam/pratique"
)

// mei is somebody who holds nothing.
func (b *browser) mei() *browser {
	b.Helper()
	b.post("/console/users/new", "name", "mei", "password", rootPassword).goes("/console/users/mei")
	m := b.browser()
	m.post("/console/login", "user", "mei", "password", rootPassword).goes("/console/")
	return m
}

func TestWhoeverMayNotIsToldWhyAndTheAPIRefusesTheFormAllTheSame(t *testing.T) {
	t.Parallel()
	root := newWorld(t).root()
	mei := root.mei()
	mei.get("/console/clusters").want(http.StatusOK, "Why not?", "cce:cluster:create")
	mei.get("/console/clusters/new").want(http.StatusOK, "You may not create this cluster", "a Security Administrator")
	for path, fields := range map[string][]string{
		"/console/groups/new":                             {"name", "mine"},
		"/console/users/new":                              {"name", "mine"},
		"/console/roles/new":                              {"name", "mine", "trust", `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":["cs.aliyuncs.com"]}}]}`},
		"/console/grants/new?user=mei":                    {"policy", "AdministratorAccess", "scope", "account"},
		"/console/users/" + pratique.RootID + "/password": {"password", rootPassword},
		"/console/users/mei/delete":                       {"confirm", "mei"},
		"/console/enterprise-projects/new":                {"name", "mine"},
		"/console/permissions/namespaces/new":             {"kind", "user", "who", "mei", "cluster", "*", "namespaces", "*", "preset", "cluster-admin"},
	} {
		if got := mei.post(path, fields...); got.status != http.StatusForbidden && got.status != http.StatusNotFound {
			t.Errorf("%s of somebody without rights is answered %d:\n%s", path, got.status, got.html)
		}
	}
	for _, kind := range []pratique.Kind{pratique.KindGroup, pratique.KindRole, pratique.KindGrant, pratique.KindNamespacePermission} {
		if _, err := root.api().Get(t.Context(), kind, "mine"); err == nil {
			t.Errorf("a %s was made", kind.Word())
		}
	}
}

func TestAFormThatIsSentTwiceIsAnsweredTwiceAndDoneOnce(t *testing.T) {
	t.Parallel()
	root := newWorld(t).root()
	number := root.get("/console/groups/new").want(http.StatusOK).finds(`name="form" value="([0-9a-f]+)"`)
	for range 2 {
		root.post("/console/groups/new", "form", number, "name", "twins").goes("/console/groups/twins")
	}
	root.post("/console/groups/new", "form", "another", "name", "twins").want(http.StatusUnprocessableEntity, "exists already")
}

func TestWhatIsTypedIsShownAndNeverRead(t *testing.T) {
	t.Parallel()
	root := newWorld(t).root()
	const typed = `</p><script>alert(1)</script>{{.Frame}}" onload="x`
	root.post("/console/groups/new", "name", "odd", "description", typed).goes("/console/groups/odd")
	for _, path := range []string{"/console/groups/odd", "/console/groups", "/console/groups?q=" + "%3Cscript%3E", "/console/simulator?subject=%3Cscript%3Ealert(1)%3C/script%3E&action=x"} {
		page := root.get(path)
		if strings.Contains(page.html, "<script>") || strings.Contains(page.html, `" onload=`) {
			t.Errorf("%s holds what was typed as it was typed:\n%s", path, page.html)
		}
	}
	root.get("/console/groups/odd").want(http.StatusOK, "{{.Frame}}", "&lt;script&gt;")
	root.post("/console/groups/new", "name", strings.Repeat("x", 65_536)).want(http.StatusBadRequest, "Create user group")
	root.post("/console/groups/new", "name", "big", "description", strings.Repeat("x", 2<<20)).want(http.StatusUnprocessableEntity, "too large")
}

func TestWhatDoesNotExistIsNotFoundOnAWholePage(t *testing.T) {
	t.Parallel()
	root := newWorld(t).root()
	for _, path := range []string{"users/none", "groups/none", "clusters/none", "jobs/none", "reports/none", "audit/123456", "decisions/none", "grants/none/delete", "nowhere"} {
		root.get("/console/"+path).want(http.StatusNotFound, "Overview", "Sign out")
	}
}

func TestWhatBelongsToEveryAccountSaysThatItStays(t *testing.T) {
	t.Parallel()
	root := newWorld(t).root()
	root.get("/console/enterprise-projects/default/delete").want(http.StatusOK, "You may not do this", "belongs to every account")
}

// An order keeps what was chosen on the way to the authorization and back.
func TestTheWayThroughTheAuthorizationKeepsTheOrder(t *testing.T) {
	t.Parallel()
	root := newWorld(t).root()
	order := root.post("/console/clusters/new", "do", "confirm", "name", "fresh", "type", "ack-managed", "nodes", "3", "tags", "env=prod", "addon", "mse-ingress-controller").
		want(http.StatusOK, "Dependency check", "Failed", "Authorize now")
	way := strings.ReplaceAll(order.finds(`class="button primary" href="([^"]+)">Authorize now`), "&amp;", "&")
	form := root.get(way).want(http.StatusOK, "Quick authorization", "Back to the order")
	form.want(http.StatusOK, "mse:ListTagResources", "cs.aliyuncs.com", "AliyunServiceRolePolicyForMSE") // the whole of what is given, to be read before
	back := strings.ReplaceAll(form.finds(`name="back" value="([^"]+)"`), "&amp;", "&")
	done := root.post(strings.Split(way, "?")[0], "back", back)
	done.goes(back)
	root.get(done.to).want(http.StatusOK, `name="nodes" value="3"`, `name="tags" value="env=prod"`, "Passed")
	root.post(strings.Split(way, "?")[0], "back", "https://elsewhere.example/console/") // authorizes nothing more, and leads to no other site
}

func TestAnAddressOfAnotherSiteIsNeverGoneTo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	root := w.root()
	root.post("/console/theme", "theme", "dark", "next", "https://elsewhere.example/").goes("/console/")
	root.post("/console/theme", "theme", "dark", "next", "//elsewhere.example/console/").goes("/console/")
	root.post("/console/logout")
	root.post("/console/login", "user", "root", "password", rootPassword, "next", `/console/\elsewhere.example`).goes("/console/")
}

func TestAStaleFormIsNotWritten(t *testing.T) {
	t.Parallel()
	root := newWorld(t).root()
	root.post("/console/users/new", "name", "mei").goes("/console/users/mei")
	version := root.get("/console/users/mei").want(http.StatusOK).finds(`name="version" value="([^"]+)"`)
	root.post("/console/users/mei", "version", version, "description", "first").goes("/console/users/mei")
	root.post("/console/users/mei", "version", version, "description", "second").want(http.StatusConflict, "Changed meanwhile", "first", "second", "Write mine over it")
	m, err := root.api().Get(t.Context(), pratique.KindUser, "mei")
	if err != nil || !strings.Contains(string(m.Spec), "first") {
		t.Errorf("the user is %s, %v", m.Spec, err)
	}
}
