package console_test

import (
	"encoding/base32"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/authn"
)

// viewers is a group that mei is in, with a permission.
func (b *browser) viewers() {
	b.Helper()
	b.post("/console/groups/new", "name", "viewers").want(http.StatusSeeOther)
	b.post("/console/groups/viewers/members", "user", "mei").goes("/console/groups/viewers")
	b.post("/console/grants/new?group=viewers", "policy", "CCE ReadOnlyAccess", "scope", "project", "project", "local-1").want(http.StatusSeeOther)
}

func TestAUsersPageShowsWhatReachesThemByWhichWay(t *testing.T) {
	t.Parallel()
	root := newWorld(t).root()
	mei := root.mei()
	root.viewers()
	root.get("/console/users/mei").want(http.StatusOK, "Effective permissions", "CCE ReadOnlyAccess", "project local-1", `<a href="/console/groups/viewers">group viewers</a>`, "Member of")
	mei.get("/console/my-access").want(http.StatusOK, "CCE ReadOnlyAccess", "Until", "it is revoked", "Please let user mei", "- CCE ReadOnlyAccess in the project local-1 (group viewers)")
}

func TestAnAdministratorEndsSessionsAndTakesALostFactorAway(t *testing.T) {
	t.Parallel()
	root := newWorld(t).root()
	mei := root.mei()
	made, err := mei.api().EnrollMFA(t.Context(), apiv1.EnrollMFA{})
	if err != nil {
		t.Fatal(err)
	}
	seed, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(made.Seed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mei.api().ConfirmMFA(t.Context(), apiv1.ConfirmMFA{Code: authn.CodeAt(seed, time.Now())}); err != nil {
		t.Fatal(err)
	}
	page := root.get("/console/users/mei").want(http.StatusOK, "Remove second factor…", "Sessions")
	mei.post("/console/users/"+pratique.RootID+"/mfa/remove", "confirm", "root").want(http.StatusForbidden)
	root.get("/console/users/mei/mfa/remove").want(http.StatusOK, "password alone")
	root.post("/console/users/mei/mfa/remove", "confirm", "me").want(http.StatusUnprocessableEntity, "nothing was removed")
	root.post("/console/users/mei/mfa/remove", "confirm", "mei").goes("/console/users/mei")
	if m, err := root.api().MFA(t.Context(), "mei"); err != nil || m.Enrolled {
		t.Errorf("the factor is %+v, %v", m, err)
	}
	end := page.finds(`action="(/console/users/mei/sessions/[^"]+/end)"`)
	root.post(end).goes("/console/users/mei")
	mei.get("/console/my-access").want(http.StatusUnauthorized, "Sign in")
}

func TestTheOverviewTellsWhatNeedsAttention(t *testing.T) {
	t.Parallel()
	root := newWorld(t).root()
	mei := root.mei()
	root.post("/console/grants/new?user=mei", "policy", "AdministratorAccess", "scope", "account").want(http.StatusSeeOther)
	for range 4 {
		root.browser().post("/console/login", "user", "mei", "password", "wrong")
	}
	root.get("/console/").want(http.StatusOK, "Administrators whom only a password protects", "set up yours", `<a href="/console/users/mei">mei</a>`, "Recent changes", "grant mei-AdministratorAccess")
	mei.get("/console/").want(http.StatusOK, "set up yours")
}

func TestTheTrailIsNarrowedByWhoWhatWhereAndDecision(t *testing.T) {
	t.Parallel()
	root := newWorld(t).root()
	mei := root.mei()
	mei.post("/console/groups/new", "name", "secret-plans").want(http.StatusForbidden)
	root.get("/console/audit?decision=refused&where=plans&actor=mei&event=directory.change-denied").want(http.StatusOK, "refused", "mei")
	none := root.get("/console/audit?decision=done&where=plans").want(http.StatusOK, "No such record", `value="plans"`)
	if strings.Contains(none.html, "<td>") {
		t.Error("what was refused is shown as done")
	}
	export := root.get("/console/audit/export?decision=refused&where=plans").want(http.StatusOK, "secret-plans")
	if n := strings.Count(export.html, "\n"); n != 1 {
		t.Errorf("%d records are exported, want 1", n)
	}
}
