package api_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
)

const mseRole = "AliyunCSManagedMseRole"

// held is what the role of the add-on holds, and whether it is there. Grants of a role that is not there fail the test.
func (w *town) held() (grants []string, there bool) {
	w.Helper()
	s, ok := w.dir.AccountNamed("acme")
	if !ok {
		w.Fatal("no account")
	}
	for g := range s.Grants.All() {
		if g.Principal.Kind != pratique.KindRole {
			continue
		}
		r, ok := s.Roles.ID(g.Principal.ID)
		if !ok {
			w.Errorf("grant %s is of a role that is not there", g.Name)
			continue
		}
		if r.Name == mseRole {
			p, ok := s.Policy(g.Policy)
			if !ok {
				w.Errorf("grant %s is of a policy that is not there", g.Name)
				continue
			}
			grants = append(grants, p.Name)
		}
	}
	_, there = s.Roles.Name(mseRole)
	return grants, there
}

// remove deletes as the root.
func (w *town) remove(d pratique.Delete) answer {
	w.Helper()
	return w.root.post("/v1/changes", apiv1.Changes{Changes: []apiv1.Change{{Delete: &d}}})
}

// Two different people, each with their own session: one change is made, the other finds nothing left to do, and both are told that it holds.
func TestTwoPeopleWhoAuthorizeAtOnceGrantOnce(t *testing.T) {
	t.Parallel()
	w := drydock(t)
	r := w.as("cs").precheck("ack-managed")
	people := []person{w.as("boss"), w.root}
	answers := make([]answer, len(people))
	begin := make(chan struct{})
	var all sync.WaitGroup
	for i, p := range people {
		all.Go(func() {
			<-begin
			answers[i] = p.authorize(r.ID, apiv1.Authorize{})
		})
	}
	close(begin)
	all.Wait()
	changed := 0
	for _, a := range answers {
		var done apiv1.AddonAuthorization
		a.want(200).into(&done)
		if !done.Report.Passed {
			t.Errorf("%s was told that %v is missing", done.Report.By, missingOf(done.Report))
		}
		if slices.ContainsFunc(done.Steps, func(s pratique.Step) bool { return s.Verb == pratique.Create }) {
			changed++
		}
	}
	if changed != 1 {
		t.Errorf("%d of them created something", changed)
	}
	grants, there := w.held()
	if diff := cmp.Diff([]string{"mse-ingress-controller-" + mseRole}, grants); diff != "" || !there {
		t.Errorf("the role is there: %t; what it holds (-want +got):\n%s", there, diff)
	}
}

// Whichever comes first: the role is there with what it needs, or it is gone with all of it; and authorizing again gives the add-on what it lacks.
func TestARoleThatIsDeletedDuringAnAuthorizationLeavesNoHalf(t *testing.T) {
	t.Parallel()
	w := drydock(t)
	boss := w.as("boss")
	for range 4 {
		r := boss.precheck("ack-managed")
		boss.authorize(r.ID, apiv1.Authorize{}).want(200)
		// Something is left to do, so that the authorization has to change the very role that is being deleted.
		w.remove(pratique.Delete{Kind: pratique.KindGrant, Name: "mse-ingress-controller-" + mseRole}).want(200)
		var authorized, deleted answer
		begin := make(chan struct{})
		var both sync.WaitGroup
		both.Go(func() {
			<-begin
			authorized = boss.authorize(r.ID, apiv1.Authorize{})
		})
		both.Go(func() {
			<-begin
			deleted = w.remove(pratique.Delete{Kind: pratique.KindRole, Name: mseRole, Cascade: true})
		})
		close(begin)
		both.Wait()
		deleted.want(200)
		var done apiv1.AddonAuthorization
		authorized.want(200).into(&done)
		grants, there := w.held()
		if there != (len(grants) == 1) {
			t.Errorf("the role is there: %t, and holds %v", there, grants)
		}
		created := slices.ContainsFunc(done.Steps, func(s pratique.Step) bool { return s.Kind == pratique.KindRole && s.Verb == pratique.Create })
		if created != there {
			t.Errorf("the authorization created the role: %t; it is there: %t", created, there)
		}
		if again := boss.precheck("ack-managed"); again.Passed != there {
			t.Errorf("the role is there: %t; the precheck says passed: %t", there, again.Passed)
		}
		boss.authorize(r.ID, apiv1.Authorize{}).want(200).into(&done)
		if _, there := w.held(); !there || !done.Report.Passed {
			t.Errorf("authorized again, it lacks %v", missingOf(done.Report))
		}
	}
}

func TestAnAddonFileWithUnknownFieldsIsRefusedByName(t *testing.T) {
	t.Parallel()
	w := drydock(t)
	const file = "name: own\ntitle: Own\ndescription: Ours.\nnamespace: own\nworkload: {kind: Deployment, name: own, replicas: 3}\n" +
		"versions: [{version: 1.0.0, manifests: x}]\n"
	if p := w.root.post("/v1/addons", apiv1.AddonFile{File: file}).problem(400, "invalid"); !strings.Contains(p.Detail, `unknown field "replicas"`) {
		t.Errorf("%q", p.Detail)
	}
	w.root.get("/v1/addons/own").problem(404, "not-found")
}
