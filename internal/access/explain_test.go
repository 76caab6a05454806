package access_test

import (
	"strings"
	"testing"

	"github.com/pratique-iam/pratique/internal/access"
)

func (w *world) explain(t *testing.T, who, action string) access.Explanation {
	t.Helper()
	q := w.ask(t, who, action)
	return w.Explain(w.Snapshot, &q)
}

func hinted(t *testing.T, e access.Explanation, sentence string) {
	t.Helper()
	if all := strings.Join(e.Hints, "\n"); !strings.Contains(all, sentence) {
		t.Errorf("the hints do not say %q:\n%s", sentence, all)
	}
}

func TestAnExplanationNamesTheDecidingStatementAndTheGrantBehindIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(t, "alice")
	w.custom(t, "no-delete", `{"Version": "1.1", "Statement": [{"Effect": "Allow", "Action": ["cce:node:get"]}, {"Effect": "Deny", "Action": ["cce:node:delete"]}]}`)
	w.grant(t, "alice", "{project: local-1}", "CCE FullAccess", "no-delete")
	e := w.explain(t, "alice", "cce:node:delete")
	reason := e.Decision.Reason()
	for _, part := range []string{"denied by statement 2", `"no-delete" v1`, "group alice-group", "project local-1"} {
		if !strings.Contains(reason, part) {
			t.Errorf("the reason %q does not name %q", reason, part)
		}
	}
	hinted(t, e, "only taking the denying statement or its grant away opens this")
	if n := len(e.Walks); n != 1 {
		t.Fatalf("%d walks, want 1", n)
	}
}

func TestAnImplicitDenyNamesWhatWouldBeNeeded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(t, "alice")
	w.grant(t, "alice", "{project: local-1}", "CCE ReadOnlyAccess")
	e := w.explain(t, "alice", "cce:cluster:create")
	if want := "no statement in force allows cce:cluster:create"; !strings.Contains(e.Decision.Reason(), want) {
		t.Errorf("the reason is %q, want %q", e.Decision.Reason(), want)
	}
	hinted(t, e, "a statement that allows cce:cluster:create")
}

func TestAGrantInAnotherScopeIsPointedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "kind: EnterpriseProject\nmetadata: {name: payments}")
	w.user(t, "alice")
	w.grant(t, "alice", "{project: eu-1}", "CCE FullAccess")
	hinted(t, w.explain(t, "alice", "cce:cluster:create"), `policy "CCE FullAccess" would allow it, but it is granted on project eu-1, not on the project`)

	w.user(t, "bob")
	w.grant(t, "bob", "{enterpriseProject: payments}", "CCE FullAccess")
	hinted(t, w.explain(t, "bob", "cce:cluster:create"), "which the request does not name")
	hinted(t, w.explain(t, "bob", "cce:chart:upload"), "does not support enterprise projects")

	w.user(t, "carol")
	w.grant(t, "carol", "{account: true}", "CCE FullAccess")
	hinted(t, w.explain(t, "carol", "cce:cluster:create"), "reaches global services only")
}

func TestARoleThatDoesNotWorkIsPointedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(t, "david")
	w.grant(t, "david", "{allProjects: true}", "CCE Administrator")
	hinted(t, w.explain(t, "david", "cce:cluster:create"), "does not work until these are granted")
}

func TestAMisspeltActionIsCorrected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(t, "alice")
	hinted(t, w.explain(t, "alice", "cce:cluster:creat"), "cce:cluster:create")
}

func TestWhoCanAgreesWithEveryDecision(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "kind: EnterpriseProject\nmetadata: {name: payments}")
	w.custom(t, "no-delete", `{"Version": "1.1", "Statement": [{"Effect": "Deny", "Action": ["cce:node:delete"]}]}`)
	w.custom(t, "own", `{"Version": "1.1", "Statement": [{"Effect": "Allow", "Action": ["cce:*:*"], "Condition": {"StringEquals": {"g:UserName": ["ann"]}}}]}`)
	for _, name := range []string{"ann", "ben", "cleo", "dan"} {
		w.user(t, name)
	}
	w.grant(t, "ann", "{project: local-1}", "own")
	w.grant(t, "ben", "{project: local-1}", "CCE FullAccess", "no-delete")
	w.grant(t, "cleo", "{allProjects: true}", "CCE FullAccess")
	w.grant(t, "dan", "{enterpriseProject: payments}", "own")
	for action, want := range map[string]string{
		"cce:node:delete": "ann cleo", "cce:node:get": "ann ben cleo", "iam:users:listUsers": "", "cce:nonsense:get": "ann ben cleo",
	} {
		q := w.ask(t, "root", action)
		var got []string
		for ref := range w.WhoCan(w.Snapshot, q) {
			got = append(got, w.PrincipalName(ref))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("who can %s: %v, want %q", action, got, want)
		}
		for u := range w.Users.All() {
			one := w.ask(t, u.Name, action)
			d := w.Decide(w.Snapshot, &one)
			if listed := strings.Contains(" "+want+" ", " "+u.Name+" "); d.Allowed() != listed {
				t.Errorf("%s for %s: decision %v, listed %v", action, u.Name, d.Allowed(), listed)
			}
		}
	}
}

func TestACachedProgramFollowsTheDirectory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(t, "alice")
	w.grant(t, "alice", "{project: local-1}", "CCE FullAccess")
	w.allow(t, "alice", "cce:node:delete")
	before := w.Snapshot
	w.custom(t, "later", `{"Version": "1.1", "Statement": [{"Effect": "Deny", "Action": ["cce:node:delete"]}]}`)
	w.allow(t, "alice", "cce:node:delete")
	w.grant(t, "alice", "{project: local-1}", "later")
	w.deny(t, "alice", "cce:node:delete")
	w.custom(t, "later", `{"Version": "1.1", "Statement": [{"Effect": "Deny", "Action": ["cce:node:update"]}]}`)
	w.allow(t, "alice", "cce:node:delete")
	w.deny(t, "alice", "cce:node:update")
	w.apply(t, "kind: Group\nmetadata: {name: alice-group}\nspec: {members: []}")
	w.deny(t, "alice", "cce:node:delete")
	w.Snapshot = before // an answer belongs to the snapshot that was asked, even when it is an old one
	w.allow(t, "alice", "cce:node:delete")
}

func TestDecidingAllocatesNothingOnceCompiled(t *testing.T) {
	w := newWorld(t)
	w.user(t, "alice")
	w.grant(t, "alice", "{project: local-1}", "CCE FullAccess")
	q := w.ask(t, "alice", "cce:node:delete", on("cce:local-1:1:node:n1"))
	w.Decide(w.Snapshot, &q)
	if n := testing.AllocsPerRun(100, func() { w.Decide(w.Snapshot, &q) }); n != 0 {
		t.Errorf("a decision allocates %v times", n)
	}
}
