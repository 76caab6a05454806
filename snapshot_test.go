package pratique_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
)

func verbs(p *pratique.Plan) []string {
	var out []string
	for _, s := range p.Steps {
		out = append(out, string(s.Verb)+" "+s.Kind.Word()+" "+s.Name)
	}
	return out
}

func TestApplyingTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	s, first := apply(t, newAccount(t), people)
	if len(first.Writes) != 5 {
		t.Errorf("the first time writes %d objects, want 5", len(first.Writes))
	}
	_, second := apply(t, s, people)
	if len(second.Writes) != 0 {
		t.Errorf("the second time writes %v", verbs(second))
	}
	for _, step := range second.Steps {
		if step.Verb != pratique.Unchanged {
			t.Errorf("the second time has the step %s %s", step.Verb, step.Name)
		}
	}
}

func TestTheOrderOfAManifestDoesNotMatter(t *testing.T) {
	t.Parallel()
	changes := puts(t, people)
	slices.Reverse(changes)
	if _, _, err := newAccount(t).With(pratique.At(noon), changes...); err != nil {
		t.Error(err)
	}
}

func TestAListIsAppliedWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	s := newAccount(t)
	refuse(t, s, pratique.ErrNotFound, `user "carol" does not exist`, puts(t, people+`
---
kind: Group
metadata: {name: broken}
spec: {members: [carol]}`)...)
	if s.Users.Len() != 0 || s.Generation != 1 {
		t.Errorf("the snapshot was touched: %d users, generation %d", s.Users.Len(), s.Generation)
	}
}

func TestOldSnapshotsStayAsTheyWere(t *testing.T) {
	t.Parallel()
	before, _ := apply(t, newAccount(t), people)
	after, _, err := before.With(pratique.At(noon), pratique.Delete{Kind: pratique.KindGroup, Name: "viewers", Cascade: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := before.Groups.Name("viewers"); !ok || before.Grants.Len() != 1 {
		t.Error("deleting a group in the next snapshot reached the one before")
	}
	if after.Grants.Len() != 0 || after.Generation != before.Generation+1 {
		t.Errorf("after: %d grants at generation %d", after.Grants.Len(), after.Generation)
	}
}

func TestNamesAreUniqueWithoutRegardToCase(t *testing.T) {
	t.Parallel()
	s, _ := apply(t, newAccount(t), people)
	next, plan := apply(t, s, "kind: User\nmetadata: {name: ALICE}")
	if next.Users.Len() != 2 {
		t.Errorf("ALICE stands beside alice: %v", verbs(plan))
	}
	bob, _ := s.Users.Name("bob")
	refuse(t, s, pratique.ErrConflict, `a user named "alice" exists already`,
		puts(t, "kind: User\nmetadata: {name: Alice, id: "+bob.ID+"}")...)
}

func TestWhatIsHeldIsNotDeleted(t *testing.T) {
	t.Parallel()
	s, _ := apply(t, newAccount(t), people)
	refuse(t, s, pratique.ErrConflict, `user "alice" is held by group viewers`, pratique.Delete{Kind: pratique.KindUser, Name: "alice"})
	refuse(t, s, pratique.ErrConflict, `held by grant viewers-read, user alice`, pratique.Delete{Kind: pratique.KindGroup, Name: "viewers"})
	refuse(t, s, pratique.ErrConflict, `is a policy of the system`, pratique.Delete{Kind: pratique.KindPolicy, Name: "CCE FullAccess"})
	refuse(t, s, pratique.ErrConflict, `default of its region`, pratique.Delete{Kind: pratique.KindProject, Name: "local-1"})

	_, plan, err := s.With(pratique.At(noon), pratique.Delete{Kind: pratique.KindGroup, Name: "viewers", Cascade: true})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"delete grant viewers-read", "delete group viewers"}
	if diff := cmp.Diff(want, verbs(plan)); diff != "" {
		t.Errorf("cascade (-want +got):\n%s", diff)
	}
	if !plan.Steps[0].Cascaded || plan.Steps[1].Cascaded {
		t.Error("the plan does not tell what goes with what")
	}
}

func TestANewUserInheritsNothingFromAnOldOneOfTheSameName(t *testing.T) {
	t.Parallel()
	s, _ := apply(t, newAccount(t), people)
	old, _ := s.Users.Name("alice")
	s, _, err := s.With(pratique.At(noon), pratique.Delete{Kind: pratique.KindUser, Name: "alice", Cascade: true})
	if err != nil {
		t.Fatal(err)
	}
	s, _ = apply(t, s, "kind: User\nmetadata: {name: alice}")
	again, _ := s.Users.Name("alice")
	if again.ID == old.ID {
		t.Error("the id was used again")
	}
	for g := range s.GroupsOf(again.ID) {
		t.Errorf("the new alice is in group %s", g.Name)
	}
}

func TestRenamingKeepsIDAndGrants(t *testing.T) {
	t.Parallel()
	s, _ := apply(t, newAccount(t), people)
	g, _ := s.Groups.Name("viewers")
	s, plan := apply(t, s, "kind: Group\nmetadata: {name: readers, id: "+g.ID+"}\nspec: {members: [alice]}")
	if got := plan.Steps[0].Fields[0]; got.Field != "name" || string(got.After) != `"readers"` {
		t.Errorf("the plan says %+v", got)
	}
	if n := len(slices.Collect(s.GrantsOf(g.ID))); n != 1 {
		t.Errorf("the renamed group holds %d grants, want 1", n)
	}
	if _, stale := s.Groups.Name("viewers"); stale {
		t.Error("the old name is still found")
	}
}

func TestChangesThatCrossAreRefused(t *testing.T) {
	t.Parallel()
	s, _ := apply(t, newAccount(t), people)
	bob, _ := s.Users.Name("bob")
	stale := puts(t, "kind: User\nmetadata: {name: bob, resourceVersion: \"1\"}\nspec: {description: changed}")
	refuse(t, s, pratique.ErrConflict, "has changed since version 1", stale...)
	m, err := s.Manifest(bob, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.With(pratique.At(noon), pratique.Put{Manifest: m}); err != nil {
		t.Errorf("what was just read is refused: %v", err)
	}
}

func TestExportAppliedToAnEmptyAccountGivesTheSame(t *testing.T) {
	t.Parallel()
	s, _ := apply(t, newAccount(t), people+`
---
kind: EnterpriseProject
metadata: {name: payments}
---
kind: Project
metadata: {name: eu-1_shop}
spec: {description: the shop}
---
kind: Role
metadata: {name: ingress}
spec:
  trust: {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["cs.aliyuncs.com"]}}]}
---
kind: Grant
metadata: {name: ingress-mse}
spec: {role: ingress, policy: AliyunMSEFullAccess, scope: {enterpriseProject: payments}}`)
	s, _ = apply(t, s, `
kind: Policy
metadata: {name: deny-node-deletion}
spec:
  document: {"Version": "1.1", "Statement": [{"Effect": "Deny", "Action": ["cce:node:delete", "cce:nodepool:delete"]}]}`)
	first, err := s.Export()
	if err != nil {
		t.Fatal(err)
	}
	var changes []pratique.Change
	for _, m := range first {
		changes = append(changes, pratique.Put{Manifest: m})
	}
	other, _, err := newAccount(t).With(pratique.At(noon), changes...)
	if err != nil {
		t.Fatal(err)
	}
	second, err := other.Export()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("the copy differs (-first +second):\n%s", diff)
	}
}

func TestNeedsAreKnownBeforeErrorsAre(t *testing.T) {
	t.Parallel()
	s := newAccount(t)
	for _, change := range []pratique.Change{
		puts(t, "kind: Group\nmetadata: {name: g}\nspec: {members: [nobody]}")[0],
		puts(t, "kind: Grant\nmetadata: {name: g}\nspec: {group: none, policy: none, scope: {account: true}}")[0],
		pratique.Delete{Kind: pratique.KindUser, Name: "nobody"},
		pratique.SetPassword{User: "nobody"},
		pratique.AddAccessKey{User: "nobody"},
		pratique.EndSession{ID: "nothing"},
	} {
		_, plan, err := s.With(pratique.At(noon), change)
		if err == nil || len(plan.Needs) == 0 {
			t.Errorf("%T: error %v with %d needs: who may not ask would learn what exists", change, err, len(plan.Needs))
		}
	}
}

func TestNamesThatMisleadAreRefused(t *testing.T) {
	t.Parallel()
	s := newAccount(t)
	for name, sentence := range map[string]string{
		"":                       "needs a name",
		"root":                   "reserved",
		"ROOT":                   "reserved",
		"system-x":               "reserved",
		"аlice":                  "holds 'а'", // Cyrillic
		"a/b":                    "holds '/'",
		"a b":                    "holds ' '",
		".hidden":                "must start and end",
		strings.Repeat("x", 65):  "at most 64",
		"x\u202egnp.exe":         "holds",
		"{{template}}<script>x":  "holds",
		"alice\x00":              "holds",
		"alice\n":                "holds",
		"very-long\xffnot-utf-8": "holds",
	} {
		m := pratique.Manifest{APIVersion: pratique.APIVersion, Kind: pratique.KindUser, Metadata: pratique.Metadata{Name: name}}
		refuse(t, s, pratique.ErrInvalid, sentence, pratique.Put{Manifest: m})
	}
}

// Roles of clusters and of services come with what no manifest makes. They are not exported, nor is what they hold: applied elsewhere it would
// name a role that is not there.
func TestAnExportLeavesOutRolesThatCameWithSomethingElse(t *testing.T) {
	t.Parallel()
	s, _ := apply(t, newAccount(t), people)
	alone, err := s.Export()
	if err != nil {
		t.Fatal(err)
	}
	s, _ = do(t, s, cluster("lab", "ack-managed"), pratique.CreateServiceLinkedRole{Service: mseService})
	s, _ = apply(t, s, labWorker+"\n---\nkind: NamespacePermission\nmetadata: {name: worker-views}\n"+
		"spec: {role: KubernetesWorkerRole-c-lab, clusterRole: view, clusters: [lab], namespaces: [sea]}")
	exported, err := s.Export()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(alone, exported); diff != "" {
		t.Errorf("the export says more (-before +with roles):\n%s", diff)
	}
	// Applied to the account that it comes from, it changes nothing, and takes nothing from these roles.
	var changes []pratique.Change
	for _, m := range exported {
		changes = append(changes, pratique.Put{Manifest: m})
	}
	next, plan := do(t, s, changes...)
	if len(plan.Writes) > 0 {
		t.Errorf("applying it again writes %+v", plan.Steps)
	}
	worker, _ := next.WorkerRole("c-lab")
	if diff := cmp.Diff([]string{"AliyunMSEFullAccess"}, next.PoliciesOf(worker.ID)); diff != "" {
		t.Error(diff)
	}
}

// Whoever wrote such a role and its grants into a file, as get shows them, may apply the file again.
func TestRolesThatCameWithSomethingElseAreAppliedAsTheyAre(t *testing.T) {
	t.Parallel()
	s, _ := do(t, newAccount(t), cluster("lab", "ack-managed"), pratique.CreateServiceLinkedRole{Service: mseService})
	s, _ = apply(t, s, labWorker)
	var changes []pratique.Change
	for _, kind := range []pratique.Kind{pratique.KindRole, pratique.KindGrant} {
		for o := range s.Objects(kind, "", false) {
			m, err := s.Manifest(o, false)
			if err != nil {
				t.Fatal(err)
			}
			changes = append(changes, pratique.Put{Manifest: m})
		}
	}
	next, plan := do(t, s, changes...)
	if len(plan.Writes) > 0 || len(changes) < 4 {
		t.Errorf("%d manifests; applying them writes %+v", len(changes), plan.Steps)
	}
	linked, ok := next.Roles.Name("AliyunServiceRoleForMSE")
	if worker, there := next.WorkerRole("c-lab"); !there || worker.Cluster != "c-lab" || !ok || linked.Service != mseService {
		t.Error("a role has forgotten what it came with")
	}
}
