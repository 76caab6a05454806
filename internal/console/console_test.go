package console

import (
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/jba/templatecheck"
)

// every page, so that each template is checked against the struct that it shows.
func everyPage() []page {
	return append([]page{
		&failurePage{}, &loginPage{}, &resumePage{}, &overviewPage{}, &deletePage{}, &groupsPage{}, &newGroupPage{}, &groupPage{},
		&passwordPage{}, &myAccessPage{}, &simulatorPage{}, &decisionPage{}, &whoCanPage{}, &auditPage{}, &auditRecordPage{},
		&usersPage{}, &newUserPage{}, &userPage{}, &stalePage{}, &rolesPage{}, &rolePage{}, &grantPage{}, &placesPage{}, &placePage{}, &policiesPage{}, &policyPage{}, &editorPage{},
		&clustersPage{}, &clusterPage{}, &nodesPage{}, &jobsPage{}, &jobPage{}, &connectPage{},
		&clusterLevelPage{}, &namespaceLevelPage{}, &newPermissionPage{}, &addonsPage{}, &addonPage{}, &clusterAddonPage{}, &reportPage{},
		&authorizationPage{}, &wizardPage{},
	}, morePages()...)
}

func TestTemplatesFitTheirPages(t *testing.T) {
	t.Parallel()
	all, err := readPages()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, p := range everyPage() {
		seen[p.template()] = true
		set, ok := all.byName[p.template()]
		if !ok {
			t.Errorf("page %T has no template %q", p, p.template())
			continue
		}
		layout := set.Lookup("layout")
		if err := templatecheck.CheckHTML(layout, p); err != nil {
			t.Errorf("template %s: %v", p.template(), err)
		}
	}
	names, err := fs.Glob(pageFiles, "pages/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if n := strings.TrimSuffix(path.Base(name), ".html"); !seen[n] {
			t.Errorf("no page in everyPage has the template %q", n)
		}
	}
}

func morePages() []page { return append(append(factorPages(), providerPages()...), &namespacesPage{}) }
