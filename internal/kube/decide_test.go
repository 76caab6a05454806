package kube_test

import (
	"strings"
	"testing"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/kube"
)

func TestTheGateOfCCEIsClosedAndThatOfACKIsOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.denied("prod", "alice", "get pods web -n dev", "list nodes", "get /healthz", "fly pods")
	w.open("ack", "alice", "get pods web -n dev", "list nodes", "get /healthz", "fly pods")
}

func TestAnAllowOpensTheGateAndADenyClosesIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("alice", "{allProjects: true}", "CCE ReadOnlyAccess")
	w.open("prod", "alice", "get pods web -n dev", "delete pods web -n dev", "impersonate users x", "fly pods")
	w.denied("prod", "bob", "get pods web -n dev")

	w.custom("alice", "no-secrets", "1.1", "{Effect: Deny, Action: ['cce:kubernetes:*'], Resource: ['cce:*:*:secrets:*']}")
	w.denied("prod", "alice", "get secrets x -n dev", "list secrets", "deletecollection secrets -n dev")
	w.open("prod", "alice", "get configmaps x -n dev")

	w.custom("bob", "no-nodes", "1", "{Effect: Deny, Action: ['k8s:Delete*'], Resource: ['acs:k8s:*:*:cluster/c-ack/namespace/-/resource/nodes/name/*']}")
	w.denied("ack", "bob", "delete nodes n1", "deletecollection nodes")
	w.open("ack", "bob", "get nodes n1", "delete pods x -n dev")
}

func TestAGrantInAnotherProjectOpensNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("alice", "{project: eu-1}", "CCE ReadOnlyAccess")
	w.open("east", "alice", "get pods web -n dev")
	w.denied("prod", "alice", "get pods web -n dev")
}

func TestPodsNeverSlideToTheirSubresources(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.custom("alice", "pods", "1.1", "{Effect: Allow, Action: ['cce:kubernetes:*'], Resource: ['cce:*:*:pods:*']}")
	w.open("prod", "alice", "get pods web -n dev", "create pods -n dev", "delete pods web -n dev")
	w.denied("prod", "alice", "get pods/exec web -n dev", "create pods/exec web -n dev", "get pods/log web -n dev", "get pods.metrics.k8s.io web -n dev")

	w.custom("bob", "no-pods", "1", "{Effect: Deny, Action: ['k8s:*'], Resource: ['acs:k8s:*:*:cluster/*/namespace/*/resource/pods/name/*']}")
	w.denied("ack", "bob", "get pods web -n dev")
	w.open("ack", "bob", "create pods/exec web -n dev", "get pods/log web -n dev", "get secrets pods -n dev", "get secrets x/resource/pods/name/y -n dev")
}

func TestExecIsCreateHoweverItArrives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.custom("alice", "read", "1.1", "{Effect: Allow, Action: ['cce:kubernetes:get', 'cce:kubernetes:list']}")
	w.denied("prod", "alice", "get pods/exec web -n dev", "get pods/attach web -n dev", "get pods/portforward web -n dev")
	w.open("prod", "alice", "get pods/log web -n dev")
}

func TestNamesWithSpecialCharactersStayNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.custom("alice", "one", "1.1", "{Effect: Allow, Action: ['cce:kubernetes:get'], Resource: ['cce:*:*:secrets:*/dev/app-*']}")
	w.open("prod", "alice", "get secrets app-1 -n dev", "get secrets app-a:b -n dev")
	w.denied("prod", "alice", "get secrets x/dev/app-1 -n prod", "get secrets * -n dev", "get secrets web -n dev/app-1")
}

// Story 3: create on pods/exec is denied in clusters tagged env=prod, whatever RBAC says; only the Tenant Administrator passes.
func TestExecIsDeniedWhereTheClusterIsTaggedProd(t *testing.T) {
	t.Parallel()
	const when = "Condition: {StringEquals: {'g:ResourceTag/env': [prod]}}"
	w := newWorld(t)
	for _, who := range []string{"alice", "bob"} {
		w.grant(who, "{allProjects: true}", "CCE FullAccess")
		w.custom(who, "no-exec-"+who, "1.1", "{Effect: Deny, Action: ['cce:kubernetes:create'], Resource: ['cce:*:*:pods/exec:*'], "+when+"}")
	}
	w.grant("bob", "{allProjects: true}", "Tenant Administrator")
	w.denied("prod", "alice", "create pods/exec web -n dev", "get pods/exec web -n dev")
	w.open("prod", "alice", "create pods -n dev", "create pods/attach web -n dev")
	w.open("dev", "alice", "create pods/exec web -n dev")
	w.allowed("prod", "bob", "create pods/exec web -n dev")

	w.custom("carol", "no-exec-ram", "1", "{Effect: Deny, Action: ['k8s:Create'], Resource: ['*'], "+
		"Condition: {StringEquals: {'acs:ResourceTag/env': [prod], 'k8s:Subresource': [exec]}}}")
	w.denied("ack", "carol", "get pods/exec web -n dev")
	w.open("ack", "carol", "create pods -n dev")
}

func TestTheRootAndTheAdministratorsAreAllowedOutright(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("alice", "{project: local-1}", "CCE Administrator", "Tenant Guest", "Server Administrator", "ELB Administrator", "SFS Administrator",
		"SWR Admin", "APM FullAccess", "VPC Administrator", "NAT Gateway Administrator")
	w.grant("alice", "{account: true}", "OBS Administrator", "OBS Buckets Viewer")
	w.grant("bob", "{allProjects: true}", "Tenant Administrator")
	w.allowed("prod", "root", "delete nodes n1", "get /metrics")
	w.allowed("ack", "root", "delete nodes n1")
	w.allowed("prod", "bob", "delete nodes n1")
	w.allowed("east", "bob", "delete nodes n1")
	w.allowed("prod", "alice", "delete nodes n1")
	w.denied("east", "alice", "delete nodes n1")
	w.open("ack", "bob", "delete nodes n1") // Huawei's roles are nothing in RAM

	w.custom("bob", "nothing", "1.1", "{Effect: Deny, Action: ['cce:*:*']}")
	w.allowed("prod", "bob", "delete nodes n1")
}

func TestARoleThatDoesNotWorkIsNoAdministrator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("alice", "{project: local-1}", "CCE Administrator") // without the roles that it depends on
	w.grant("bob", "{project: eu-1}", "Tenant Administrator")
	w.denied("prod", "alice", "delete nodes n1")
	w.denied("prod", "bob", "delete nodes n1")
	w.allowed("east", "bob", "delete nodes n1")
}

func TestNobodyIsDeniedEverywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("alice", "{allProjects: true}", "Tenant Administrator")
	w.apply("kind: User\nmetadata: {name: alice}\nspec: {disabled: true}")
	for _, who := range []string{"alice", "usr-nobody", "", "root/x", strings.Repeat("x", 200)} {
		w.denied("prod", who, "get pods")
		w.denied("ack", who, "get pods")
	}
}

func TestAPolicyCanDemandASelector(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.custom("alice", "own", "1.1", "{Effect: Allow, Action: ['cce:kubernetes:list'], Resource: ['cce:*:*:pods:*'], "+
		"Condition: {StringEquals: {'cce:LabelSelector/team': [a]}}}, "+
		"{Effect: Allow, Action: ['cce:kubernetes:list', 'cce:kubernetes:deletecollection'], Resource: ['cce:*:*:secrets:*/dev/mine']}")
	w.open("prod", "alice", "list pods -l team=a", "list pods -l team=a -l tier=web", "list secrets -n dev --field metadata.name=mine",
		"deletecollection secrets -n dev --field metadata.name=mine")
	w.denied("prod", "alice", "list pods", "list pods -l team=b", "list pods -l team=a,b", "list pods -l Team=a", "list pods -l team=",
		"list secrets -n dev", "list secrets -n dev --field metadata.name=theirs", "list secrets -n dev --field type=mine")
}

func TestARefusedReviewIsDenied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.review("root", "get pods")
	r.Refused = "too much"
	q := kube.Query(w.Snapshot, w.cluster("ack"), r, noon)
	if v, _ := kube.Decide(w.Decider, w.Snapshot, w.cluster("ack"), &q, r); v.Outcome != kube.Denied || v.Reason != "too much" {
		t.Errorf("got %s: %s", v.Outcome, v.Reason)
	}
}

func TestAnUnknownClusterTypeIsClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("alice", "{allProjects: true}", "Tenant Administrator")
	c := &pratique.Cluster{Meta: pratique.Meta{ID: "c-x", Name: "x"}, Type: "gone", Project: w.cluster("prod").Project}
	r := w.review("bob", "get pods")
	q := kube.Query(w.Snapshot, c, r, noon)
	if v, _ := kube.Decide(w.Decider, w.Snapshot, c, &q, r); v.Outcome != kube.Denied {
		t.Errorf("got %s: %s", v.Outcome, v.Reason)
	}
}

func TestTheZeroVerdictDenies(t *testing.T) {
	t.Parallel()
	var v kube.Verdict
	if v.Outcome != kube.Denied {
		t.Error("a verdict that nobody made does not deny")
	}
}

func TestOnlyNamesWithThePrefixAreOurs(t *testing.T) {
	t.Parallel()
	session := func(values ...string) []kube.Extra { return []kube.Extra{{Key: kube.ExtraSession, Values: values}} }
	for _, c := range []struct {
		user    string
		extra   []kube.Extra
		want    kube.Identity
		ours    bool
		refused bool
	}{
		{user: "system:admin"},
		{user: ""},
		{user: "Pratique:usr-1"},
		{user: "x-pratique:usr-1"},
		{user: "pratique:usr-1", want: kube.Identity{ID: "usr-1"}, ours: true},
		{user: "pratique:usr-1", extra: session("ses-1"), want: kube.Identity{ID: "usr-1", Session: "ses-1"}, ours: true},
		{user: "pratique:", ours: true, refused: true},
		{user: "pratique:" + strings.Repeat("x", 129), ours: true, refused: true},
		{user: "pratique:usr-1", extra: session("ses-1", "ses-2"), ours: true, refused: true},
		{user: "pratique:usr-1", extra: session(), ours: true, refused: true},
		{user: "pratique:usr-1", extra: session(""), ours: true, refused: true},
	} {
		got, ours, err := kube.IdentityOf(c.user, c.extra)
		if got != c.want || ours != c.ours || (err != nil) != c.refused {
			t.Errorf("%q with %v: %+v, ours %v, error %v", c.user, c.extra, got, ours, err)
		}
	}
}

func TestARoleCarriesAnIdentityToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "kind: Role\nmetadata: {name: deployer}\nspec: {trust: {Version: '1', Statement: "+
		"[{Effect: Allow, Action: 'sts:AssumeRole', Principal: {RAM: ['acs:ram::1000000000000001:root']}}]}}")
	role, ok := w.Roles.Name("deployer")
	if !ok {
		t.Fatal("no role")
	}
	w.apply("kind: Grant\nmetadata: {name: g}\nspec: {role: deployer, policy: CCE ReadOnlyAccess, scope: {allProjects: true}}")
	w.open("prod", role.ID, "get pods")
}
