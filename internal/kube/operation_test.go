package kube_test

import (
	"testing"

	"github.com/pratique-iam/pratique/internal/kube"
)

// within decides on a request that belongs to an operation which was decided on.
func (w *world) within(operation, cluster, who, text string) kube.Verdict {
	w.t.Helper()
	r, c := w.review(who, text), w.cluster(cluster)
	r.Extra = []kube.Extra{{Key: kube.ExtraOperation, Values: []string{operation}}}
	q := kube.Query(w.Snapshot, c, r, noon)
	v, _ := kube.Decide(w.Decider, w.Snapshot, c, &q, r)
	return v
}

func TestAnOperationCoversWhatNoStatementSaysAnythingAbout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.custom("alice", "no-secrets", "1.1", `{Effect: Deny, Action: ['cce:kubernetes:*'], Resource: ['cce:*:*:secrets:*']}`)
	for name, c := range map[string]struct {
		operation, text string
		want            kube.Outcome
	}{
		"nothing covers it":                  {"", "create configmaps web -n dev", kube.Denied},
		"covered":                            {"release.create", "create configmaps web -n dev", kube.NoOpinion},
		"covered by an add-on":               {"addonInstance.create", "create configmaps web -n dev", kube.NoOpinion},
		"a deny still denies":                {"release.create", "create secrets web -n dev", kube.Denied},
		"reading covers reading":             {"release.list", "list configmaps -n dev", kube.NoOpinion},
		"reading covers no writing":          {"release.list", "create configmaps web -n dev", kube.Denied},
		"another kind of operation":          {"node.create", "create configmaps web -n dev", kube.Denied},
		"an operation that does not exist":   {"release.anything", "create configmaps web -n dev", kube.Denied},
		"none covers acting as others":       {"release.create", "impersonate users root", kube.Denied},
		"nor by the narrower verbs":          {"release.create", "impersonate:user-info users root", kube.Denied},
		"nor what somebody else may have":    {"release.create, release.create", "create configmaps web -n dev", kube.Denied},
		"the verb of a role is no opinion":   {"release.create", "bind clusterroles.rbac.authorization.k8s.io view", kube.NoOpinion},
		"what is no resource is covered too": {"release.create", "get /version", kube.NoOpinion},
	} {
		if v := w.within(c.operation, "prod", "alice", c.text); v.Outcome != c.want {
			t.Errorf("%s: %s (%s), want %s", name, v.Outcome, v.Reason, c.want)
		}
	}
}

func TestSeveralOperationsCoverNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, c := w.review("alice", "create configmaps web -n dev"), w.cluster("prod")
	r.Extra = []kube.Extra{{Key: kube.ExtraOperation, Values: []string{"release.create", "release.update"}}}
	q := kube.Query(w.Snapshot, c, r, noon)
	if v, _ := kube.Decide(w.Decider, w.Snapshot, c, &q, r); v.Outcome != kube.Denied {
		t.Errorf("it is %s", v.Outcome)
	}
}

// Whoever could add the operation to an identity could open the gate for themselves.
func TestNobodyClaimsWhatOnlyThisServerSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.custom("alice", "everything", "1.1", `{Effect: Allow, Action: ['cce:*:*']}`)
	w.grant("bob", "{allProjects: true}", "Tenant Administrator")
	for _, who := range []string{"alice", "bob", "root"} {
		for _, cluster := range []string{"prod", "ack"} {
			w.denied(cluster, who,
				"impersonate userextras/pratique.dev/operation.authentication.k8s.io release.create",
				"impersonate:user-info userextras/pratique.dev/operation.authentication.k8s.io release.create",
				"impersonate userextras/pratique.dev/session.authentication.k8s.io ses-1")
		}
	}
	w.open("prod", "alice", "impersonate userextras/scopes.authentication.k8s.io view")
}

func TestASessionPolicyThatAllowsTheOperationNeedNotNameItsRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const narrow = `{"Effect":"Allow","Action":["cs:CreateRelease"],"Resource":["*"]}`
	if v := w.as("ses-1", narrow, "ack", "create configmaps web -n dev"); v.Outcome != kube.Denied {
		t.Fatalf("by itself it is %s", v.Outcome)
	}
	role, _ := w.Roles.Name("ops")
	ask := func(session, operation string) kube.Outcome {
		r, c := w.plain("create configmaps web -n dev"), w.cluster("ack")
		r.User = kube.UserName(role.ID)
		r.Extra = []kube.Extra{{Key: kube.ExtraSession, Values: []string{session}}, {Key: kube.ExtraOperation, Values: []string{operation}}}
		q := kube.Query(w.Snapshot, c, r, noon)
		v, _ := kube.Decide(w.Decider, w.Snapshot, c, &q, r)
		return v.Outcome
	}
	if got := ask("ses-1", "release.create"); got != kube.NoOpinion {
		t.Errorf("within the operation it is %s", got)
	}
	w.as("ses-2", narrow+`,{"Effect":"Deny","Action":["k8s:Create"],"Resource":["*"]}`, "ack", "get pods web -n dev")
	if got := ask("ses-2", "release.create"); got != kube.Denied {
		t.Errorf("what the session policy denies is %s", got)
	}
}
