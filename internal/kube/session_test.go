package kube_test

import (
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/kube"
	"github.com/pratique-iam/pratique/policy"
)

// as opens a session of a role that is administrator of every CCE cluster, and decides for it.
func (w *world) as(session, narrow, cluster, text string) kube.Verdict {
	w.t.Helper()
	const root = "acs:ram::1000000000000001:root"
	if _, ok := w.Roles.Name("ops"); !ok {
		w.apply("kind: Role\nmetadata: {name: ops}\nspec: {trust: {Version: '1', Statement: [{Effect: Allow, Action: 'sts:AssumeRole', Principal: {RAM: ['" + root + "']}}]}}")
		w.apply("kind: Grant\nmetadata: {name: ops-admin}\nspec: {role: ops, policy: Tenant Administrator, scope: {allProjects: true}}")
	}
	role, _ := w.Roles.Name("ops")
	s := pratique.Session{
		Meta: pratique.Meta{ID: session}, Type: pratique.SessionRole, Principal: pratique.Ref{Kind: pratique.KindRole, ID: role.ID},
		Hash: session, Expires: noon.Add(time.Hour), RoleSession: "test",
	}
	if narrow != "" {
		s.Policy = jsontext.Value(`{"Version":"1","Statement":[` + narrow + `]}`)
	}
	w.change(pratique.AssumeRole{Session: s, Names: []policy.Principal{{Type: "RAM", ID: root}}})
	r, c := w.plain(text), w.cluster(cluster)
	r.User, r.Extra = kube.UserName(role.ID), []kube.Extra{{Key: kube.ExtraSession, Values: []string{session}}}
	q := kube.Query(w.Snapshot, c, r, noon)
	v, _ := kube.Decide(w.Decider, w.Snapshot, c, &q, r)
	return v
}

// Neither being an administrator nor an open gate is a way round the policy of a session.
func TestASessionPolicyHoldsInsideClusters(t *testing.T) {
	t.Parallel()
	const reads = `{"Effect":"Allow","Action":["k8s:Get","k8s:List"],"Resource":["*"]}`
	for name, c := range map[string]struct {
		narrow, cluster, text string
		want                  kube.Outcome
	}{
		"an administrator, not narrowed":       {"", "prod", "delete nodes n1", kube.Allowed},
		"an administrator, narrowed":           {reads, "prod", "get pods web -n dev", kube.Denied}, // the policy speaks the other language
		"an open gate, not narrowed":           {"", "ack", "delete pods web -n dev", kube.NoOpinion},
		"an open gate, narrowed, within":       {reads, "ack", "get pods web -n dev", kube.NoOpinion},
		"an open gate, narrowed, beyond":       {reads, "ack", "delete pods web -n dev", kube.Denied},
		"an open gate, narrowed, no statement": {`{"Effect":"Deny","Action":["k8s:*"],"Resource":["*"]}`, "ack", "get pods web -n dev", kube.Denied},
	} {
		w := newWorld(t)
		if v := w.as("ses-1", c.narrow, c.cluster, c.text); v.Outcome != c.want {
			t.Errorf("%s: %s (%s), want %s", name, v.Outcome, v.Reason, c.want)
		}
	}
}

// A policy that this version cannot read may have been meant to refuse everything.
func TestASessionPolicyThatCannotBeReadDenies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.as("ses-1", `{"Effect":"Allow","Action":["*"],"Resource":["*"]}`, "ack", "get pods web -n dev")
	s, _ := w.Sessions.ID("ses-1")
	broken := *s
	broken.Policy = jsontext.Value(`{"Version":"2"}`)
	next, err := w.Stored(w.Generation+1, "", []pratique.Write{{Kind: pratique.KindSession, ID: s.ID, Object: &broken}})
	if err != nil {
		t.Fatal(err)
	}
	r, c := w.plain("get pods web -n dev"), w.cluster("ack")
	r.User, r.Extra = kube.UserName(s.Principal.ID), []kube.Extra{{Key: kube.ExtraSession, Values: []string{"ses-1"}}}
	q := kube.Query(next, c, r, noon)
	if v, _ := kube.Decide(w.Decider, next, c, &q, r); v.Outcome != kube.Denied {
		t.Errorf("it is %s", v.Outcome)
	}
}
