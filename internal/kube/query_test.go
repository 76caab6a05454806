package kube_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/kube"
)

func TestARequestBecomesAnActionOnAResource(t *testing.T) {
	t.Parallel()
	const cce, ack = "cce:local-1:1000000000000001:", "acs:k8s:local-1:1000000000000001:cluster/c-ack/namespace/"
	w := newWorld(t)
	for _, c := range []struct{ cluster, request, action, resource string }{
		{"prod", "get pods web -n dev", "cce:kubernetes:get", cce + "pods:c-prod/dev/web"},
		{"prod", "list pods", "cce:kubernetes:list", cce + "pods:c-prod/-/-"},
		{"prod", "get nodes n1", "cce:kubernetes:get", cce + "nodes:c-prod/-/n1"},
		{"prod", "update deployments.apps/scale web -n dev", "cce:kubernetes:update", cce + "deployments.apps/scale:c-prod/dev/web"},
		{"prod", "deletecollection certificates.cert-manager.io -n dev", "cce:kubernetes:deletecollection", cce + "certificates.cert-manager.io:c-prod/dev/-"},
		{"east", "get pods web -n dev", "cce:kubernetes:get", "cce:eu-1:1000000000000001:pods:c-east/dev/web"},
		{"ack", "get pods web -n dev", "k8s:Get", ack + "dev/resource/pods/name/web"},
		{"ack", "list nodes", "k8s:List", ack + "-/resource/nodes/name/-"},
		{"ack", "deletecollection pods -n dev", "k8s:DeleteCollection", ack + "dev/resource/pods/name/-"},
		{"ack", "update deployments.apps/scale web -n dev", "k8s:Update", ack + "dev/subresource/deployments.apps/scale/name/web"},

		// WebSocket and SPDY, by GET and by POST, are one thing.
		{"prod", "get pods/exec web -n dev", "cce:kubernetes:create", cce + "pods/exec:c-prod/dev/web"},
		{"prod", "create pods/exec web -n dev", "cce:kubernetes:create", cce + "pods/exec:c-prod/dev/web"},
		{"prod", "get pods/attach web -n dev", "cce:kubernetes:create", cce + "pods/attach:c-prod/dev/web"},
		{"prod", "get pods/portforward web -n dev", "cce:kubernetes:create", cce + "pods/portforward:c-prod/dev/web"},
		{"ack", "get pods/exec web -n dev", "k8s:Create", ack + "dev/subresource/pods/exec/name/web"},
		{"prod", "get pods/log web -n dev", "cce:kubernetes:get", cce + "pods/log:c-prod/dev/web"},
		{"prod", "get pods/proxy web -n dev", "cce:kubernetes:get", cce + "pods/proxy:c-prod/dev/web"},
		{"prod", "get pods.metrics.k8s.io/exec web -n dev", "cce:kubernetes:get", cce + "pods.metrics.k8s.io/exec:c-prod/dev/web"},

		// What somebody chose stays where it is.
		{"prod", "get services/proxy https:web:443 -n dev", "cce:kubernetes:get", cce + "services/proxy:c-prod/dev/https%3Aweb%3A443"},
		{"prod", "get roles.rbac.authorization.k8s.io a*?%/b -n dev", "cce:kubernetes:get", cce + "roles.rbac.authorization.k8s.io:c-prod/dev/a%2A%3F%25%2Fb"},
		{"ack", "get secrets x/name/y -n dev", "k8s:Get", ack + "dev/resource/secrets/name/x%2Fname%2Fy"},
		{"prod", "* *.* -n dev", "cce:kubernetes:%2A", cce + "%2A.%2A:c-prod/dev/-"},
		{"ack", "* * -n dev", "k8s:%2A", ack + "dev/resource/%2A/name/-"},

		// Verbs of others.
		{"prod", "fly pods web -n dev", "cce:kubernetes:fly", cce + "pods:c-prod/dev/web"},
		{"prod", "a:b pods", "cce:kubernetes:a%3Ab", cce + "pods:c-prod/-/-"},
		{"ack", "fly pods", "k8s:Fly", ack + "-/resource/pods/name/-"},
		{"prod", "impersonate users pratique:x", "cce:kubernetes:impersonate", cce + "users:c-prod/-/pratique%3Ax"},
		{"prod", "bind clusterroles.rbac.authorization.k8s.io admin", "cce:kubernetes:bind", cce + "clusterroles.rbac.authorization.k8s.io:c-prod/-/admin"},

		{"prod", "get /healthz", "cce:kubernetes:get", cce + "nonresource:c-prod/-/%2Fhealthz"},
		{"ack", "get /metrics/x", "k8s:Get", ack + "-/nonresource/name/%2Fmetrics%2Fx"},

		// A list of one is about that one.
		{"prod", "list secrets -n dev --field metadata.name=a", "cce:kubernetes:list", cce + "secrets:c-prod/dev/a"},
		{"prod", "list secrets a -n dev --field metadata.name=a", "cce:kubernetes:list", cce + "secrets:c-prod/dev/a"},
		{"prod", "deletecollection secrets -n dev --field metadata.name=a", "cce:kubernetes:deletecollection", cce + "secrets:c-prod/dev/a"},
		{"prod", "list secrets -n dev --field metadata.name=a --field metadata.name=b", "cce:kubernetes:list", cce + "secrets:c-prod/dev/-"},
		{"prod", "list secrets -n dev --field metadata.name=a,b", "cce:kubernetes:list", cce + "secrets:c-prod/dev/-"},
		{"prod", "create secrets -n dev --field metadata.name=a", "cce:kubernetes:create", cce + "secrets:c-prod/dev/-"},
	} {
		q := kube.Query(w.Snapshot, w.cluster(c.cluster), w.review("alice", c.request), noon)
		if q.Action != c.action || q.Resource != c.resource {
			t.Errorf("%s on %s asks %s\n\t     on %s\n\twant %s\n\t     on %s", c.request, c.cluster, q.Action, q.Resource, c.action, c.resource)
		}
	}
}

func TestADotInAResourceIsNoGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := &kube.Review{User: "pratique:x", IsResource: true, Verb: "get", Resource: "deployments.apps"}
	const want = "cce:local-1:1000000000000001:deployments%2Eapps:c-prod/-/-"
	if got := kube.Query(w.Snapshot, w.cluster("prod"), r, noon).Resource; got != want {
		t.Errorf("resource %s, want %s", got, want)
	}
}

// The catalogue says how the resources of its operations look; for every verb that it knows the query must look so.
func TestTheResourcesAreThoseOfTheCatalogue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seen := 0
	for _, op := range w.Decider.Rules.Catalog.Operations {
		if op.Kind != "kubernetes" {
			continue
		}
		seen++
		verb := op.ID[len("kubernetes."):]
		for _, sub := range []string{"", "/status"} {
			r := w.review("alice", verb+" widgets.example.com"+sub+" a:b -n dev")
			kind := "resource/"
			if sub != "" {
				kind = "subresource/"
			}
			values := map[string]string{
				"region": "local-1", "account": w.Account.ID, "resource": "widgets.example.com" + sub,
				"object": kind + "widgets.example.com" + sub, "namespace": "dev", "name": "a:b",
			}
			for cluster, want := range map[string][2]string{"c-prod": {op.Huawei, op.HuaweiResource}, "c-ack": {op.RAM, op.RAMResource}} {
				values["cluster"] = cluster
				c, _ := w.Clusters.ID(cluster)
				q := kube.Query(w.Snapshot, c, r, noon)
				if q.Action != want[0] || q.Resource != catalog.Fill(want[1], values) {
					t.Errorf("%s: got %s on %s, want %s on %s", op.ID, q.Action, q.Resource, want[0], catalog.Fill(want[1], values))
				}
			}
		}
	}
	if seen == 0 {
		t.Error("the catalogue has no operations of Kubernetes")
	}
}

// keys are the condition keys of a request.
func (w *world) keys(cluster, text string) map[string][]string {
	w.t.Helper()
	out := map[string][]string{}
	for _, a := range kube.Query(w.Snapshot, w.cluster(cluster), w.review("alice", text), noon).Context {
		if _, twice := out[a.Key]; twice {
			w.t.Errorf("%s: the key %s stands twice, and only the first counts", text, a.Key)
		}
		out[a.Key] = slices.Clone(a.Values)
	}
	return out
}

func TestConditionKeysGiveThePartsOneByOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := map[string][]string{
		"cce:ClusterId": {"c-prod"}, "cce:ClusterName": {"prod"}, "cce:ClusterType": {"cce-standard"}, "cce:Verb": {"create"},
		"cce:Namespace": {"dev"}, "cce:Resource": {"pods"}, "cce:Subresource": {"exec"}, "cce:Name": {"a/b"},
		"cce:ClusterTag/env": {"prod"}, "g:ResourceTag/env": {"prod"},
	}
	if diff := cmp.Diff(want, w.keys("prod", "get pods/exec a/b -n dev")); diff != "" {
		t.Error(diff)
	}
	want = map[string][]string{
		"k8s:ClusterId": {"c-ack"}, "k8s:ClusterName": {"ack"}, "k8s:ClusterType": {"ack-managed"}, "k8s:Verb": {"list"},
		"k8s:Resource": {"deployments"}, "k8s:ApiGroup": {"apps"}, "k8s:ClusterTag/env": {"prod"}, "acs:ResourceTag/env": {"prod"},
		"k8s:LabelSelector/team": {"a"}, "k8s:FieldSelector/status.phase": {"Running"},
	}
	if diff := cmp.Diff(want, w.keys("ack", "list deployments.apps -l team=a --field status.phase=Running")); diff != "" {
		t.Error(diff)
	}
	want = map[string][]string{
		"cce:ClusterId": {"c-east"}, "cce:ClusterName": {"east"}, "cce:ClusterType": {"cce-turbo"}, "cce:Verb": {"get"}, "cce:Path": {"/healthz"},
	}
	if diff := cmp.Diff(want, w.keys("east", "get /healthz")); diff != "" {
		t.Error(diff)
	}
}

func TestASelectorShowsOnlyWhatItDemands(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for request, want := range map[string][]string{
		"list pods -l team=a":             {"a"},
		"watch pods -l team=a":            {"a"},
		"deletecollection pods -l team=a": {"a"},
		"list pods -l team=a -l team=b":   {"a", "b"}, // both hold, so that nothing but a is listed
		"list pods -l team=a,b":           nil,        // a choice
		"list pods -l Team=a":             nil,        // another label
		"list pods":                       nil,
		"get pods -l team=a":              nil, // the server would not honour it
		"create pods -l team=a":           nil,
	} {
		if diff := cmp.Diff(want, w.keys("dev", request)["cce:LabelSelector/team"]); diff != "" {
			t.Errorf("%s: %s", request, diff)
		}
	}
	r := w.review("alice", "list pods")
	for _, o := range []kube.Operator{kube.NotIn, kube.Exists, kube.DoesNotExist, "", "Like"} {
		r.Labels = []kube.Requirement{{Key: "team", Operator: o, Values: []string{"a"}}}
		for _, a := range kube.Query(w.Snapshot, w.cluster("dev"), r, noon).Context {
			if a.Key == "cce:LabelSelector/team" {
				t.Errorf("operator %q demands %v", o, a.Values)
			}
		}
	}
}

// What is read out of a review when a condition asks is what a kept query holds, and nothing else.
func TestEveryKeyIsFoundWhenItIsAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tags := map[string]string{"env": "prod", "Env": "dev", "Team": ""}
	w.change(pratique.ClusterUpdate{Name: "dev", Tags: &tags})
	requests := []string{
		"get pods/exec a/b -n dev", "list deployments.apps -l team=a -l team=b -l tier=x --field status.phase=Running", "get /healthz",
		"deletecollection pods --field metadata.name=x -l team=a,b -l Team=c", "create secrets -n dev -l team=a", "list pods -l empty=",
	}
	all := map[string]bool{"cce:Nothing": true, "g:UserName": true, "k8s:": true, "cce:LabelSelector/": true, "cce:ClusterTag/env/": true}
	for _, cluster := range []string{"prod", "dev", "ack", "east"} {
		for _, text := range requests {
			for key := range w.keys(cluster, text) {
				all[key] = true
			}
		}
	}
	for _, cluster := range []string{"prod", "dev", "ack", "east"} {
		place := kube.PlaceOf(w.Snapshot, w.cluster(cluster))
		for _, text := range requests {
			var q kube.Question
			place.Ask(&q, w.Snapshot, w.review("alice", text), noon)
			kept := w.keys(cluster, text)
			for key := range all {
				for _, asked := range []string{key, strings.ToUpper(key), strings.ToLower(key)} {
					one, many := q.Lookup(asked)
					if one != "" {
						many = []string{one}
					}
					var want []string
					for k, values := range kept {
						if strings.EqualFold(k, key) {
							want = values
						}
					}
					if diff := cmp.Diff(want, many); diff != "" {
						t.Errorf("%s on %s, %s: %s", text, cluster, asked, diff)
					}
				}
			}
		}
	}
}

func TestTagsThatDifferInCaseAreOneKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tags := map[string]string{"env": "prod", "Env": "dev"}
	w.change(pratique.ClusterUpdate{Name: "dev", Tags: &tags})
	keys := w.keys("dev", "list pods")
	if diff := cmp.Diff([]string{"dev", "prod"}, keys["g:ResourceTag/Env"]); diff != "" {
		t.Error(diff)
	}
}

func TestAPlaceIsCurrentUntilItsClusterChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := kube.PlaceOf(w.Snapshot, w.cluster("dev"))
	w.apply("kind: User\nmetadata: {name: dora}")
	if !p.Current(w.Snapshot, w.cluster("dev")) {
		t.Error("a new user made the place of a cluster old")
	}
	w.change(pratique.ClusterUpdate{Name: "dev", Tags: &map[string]string{}})
	if p.Current(w.Snapshot, w.cluster("dev")) {
		t.Error("the place of a cluster survived its tags")
	}
}

func TestALastingQueryIsTheSameAndBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var q kube.Question
	place := kube.PlaceOf(w.Snapshot, w.cluster("prod"))
	place.Ask(&q, w.Snapshot, w.review("alice", "list pods -n dev -l team=a"), noon)
	kept := q.Lasting()
	want := kube.Query(w.Snapshot, w.cluster("prod"), w.review("alice", "list pods -n dev -l team=a"), noon)
	place.Ask(&q, w.Snapshot, w.review("bob", "get secrets x -n prod"), noon)
	if diff := cmp.Diff(want, kept); diff != "" {
		t.Errorf("the next question changed it: %s", diff)
	}
	huge := w.review("alice", "list pods")
	huge.Name = string(make([]byte, 1<<20))
	huge.Labels = []kube.Requirement{{Key: "a", Operator: kube.In, Values: []string{string(make([]byte, 1<<20))}}}
	place.Ask(&q, w.Snapshot, huge, noon)
	kept = q.Lasting()
	size := len(kept.Resource)
	for _, a := range kept.Context {
		for _, v := range a.Values {
			size += len(v)
		}
	}
	if size > 16<<10 {
		t.Errorf("it holds %d bytes", size)
	}
	if last := kept.Context[len(kept.Context)-1].Key; last != "cce:LabelSelector/a" {
		t.Errorf("the last key is %s", last)
	}
	huge.Labels = nil
	for i := range 60 {
		huge.Labels = append(huge.Labels, kube.Requirement{Key: fmt.Sprint("k", i), Operator: kube.In, Values: []string{strings.Repeat("x", 1000)}})
	}
	place.Ask(&q, w.Snapshot, huge, noon)
	if kept := q.Lasting(); len(kept.Context) > 18 || len(kept.Context) < 10 {
		t.Errorf("it holds %d keys", len(kept.Context))
	}
}
