package api_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/kube"
)

func (p person) kube(q apiv1.KubeQuestion) apiv1.KubeAnswer {
	p.Helper()
	var a apiv1.KubeAnswer
	p.post("/v1/kube/why", q).want(200).into(&a)
	return a
}

func inProd(user, verb, resource, namespace string) apiv1.KubeQuestion {
	return apiv1.KubeQuestion{Subject: apiv1.Subject{ID: user}, Cluster: "prod", Verb: verb, Resource: resource, Namespace: namespace, Explanation: true}
}

func TestBothLayersAnswer(t *testing.T) {
	t.Parallel()
	w := harbour(t)
	for name, c := range map[string]struct {
		user, verb, resource, namespace string
		allowed, gate, rbac             bool
		says, smallest                  string
	}{
		"both allow":             {"bob", "get", "pods", "dev", true, true, true, "RBAC allows it", ""},
		"another namespace":      {"bob", "get", "pods", "prod", false, true, false, "no namespace permission of user bob does", "RBAC: a namespace permission with ClusterRole view in namespace prod of cluster prod, for user bob"},
		"no permission":          {"alice", "get", "pods", "dev", false, true, false, "may see the cluster, but holds no namespace permission in it", "ClusterRole view in namespace dev"},
		"no policy":              {"dora", "get", "pods", "dev", false, false, false, "the gate refuses it: no statement in force allows cce:kubernetes:get", "gate: "},
		"short names":            {"bob", "list", "deploy", "dev", true, true, true, "", ""},
		"an administrator":       {"carol", "delete", "nodes", "", true, true, false, "administrators of every cluster", ""},
		"the root":               {"root", "delete", "namespaces", "", true, true, false, "never restricted", ""},
		"an unknown ClusterRole": {"alice", "get", "widgets.example.com", "dev", false, true, false, "", "no ClusterRole of the cluster allows this"},
	} {
		t.Run(name, func(t *testing.T) {
			got := w.root.on(t).kube(inProd(c.user, c.verb, c.resource, c.namespace))
			if got.Allowed != c.allowed || got.Gate.Allowed != c.gate || got.RBAC.Allowed != c.rbac || !strings.Contains(got.Reason, c.says) ||
				!strings.Contains(strings.Join(got.Smallest, "\n"), c.smallest) || got.Allowed != (len(got.Smallest) == 0) || got.Gate.Decision == "" {
				t.Errorf("answer: %+v", got)
			}
		})
	}
}

func TestTheBindingThatAllowsIsNamed(t *testing.T) {
	t.Parallel()
	w := harbour(t)
	got := w.as("bob").kube(inProd("", "get", "pods", "dev"))
	if !strings.Contains(got.RBAC.Reason, "gives ClusterRole view to group bob-group (namespace permission bob-dev)") {
		t.Errorf("reason: %s", got.RBAC.Reason)
	}
	near := w.as("bob").kube(inProd("", "delete", "pods", "dev"))
	if !strings.Contains(near.RBAC.Reason, "nearest: ") || !strings.Contains(near.RBAC.Reason, "it allows get, list, watch there, not delete") {
		t.Errorf("reason: %s", near.RBAC.Reason)
	}
}

func TestAskingAboutOthersInsideAClusterNeedsSimulate(t *testing.T) {
	t.Parallel()
	w := harbour(t)
	w.as("alice").post("/v1/kube/why", inProd("bob", "get", "pods", "dev")).problem(403, "denied")
	w.as("alice").post("/v1/kube/whocan", inProd("", "get", "pods", "dev")).problem(403, "denied")
	if !w.as("inspector").kube(inProd("bob", "get", "pods", "dev")).Allowed {
		t.Error("the inspector is told wrong")
	}
}

func TestWhoCanCountsBothLayers(t *testing.T) {
	t.Parallel()
	w := harbour(t)
	// dora holds a namespace permission, and the gate does not let her through.
	w.root.apply("kind: NamespacePermission\nmetadata: {name: dora-dev}\nspec: {user: dora, clusterRole: view, clusters: [\"*\"], namespaces: [dev]}").want(200)
	inspector := w.as("inspector")
	var got []string
	path := "/v1/kube/whocan?limit=1"
	for path != "" {
		var list apiv1.List[apiv1.Subject]
		inspector.post(path, inProd("", "get", "pods", "dev")).want(200).into(&list)
		for _, s := range list.Items {
			got = append(got, s.Type+" "+s.ID)
		}
		path = ""
		if list.Next != "" {
			path = "/v1/kube/whocan?limit=1&page=" + list.Next
		}
	}
	if diff := cmp.Diff([]string{"user bob", "user carol"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAClusterThatDoesNotAnswerLeavesHalfAnAnswer(t *testing.T) {
	t.Parallel()
	w := harbour(t)
	q := inProd("alice", "get", "pods", "dev")
	q.Cluster = "lab" // its gate is open: nothing decides, RBAC would
	got := w.root.kube(q)
	if got.Allowed || !got.Gate.Allowed || got.RBAC.Consulted || !strings.Contains(got.Reason, "does not answer in time") ||
		!strings.Contains(got.Gate.Reason, "the gate of this type of cluster is open") {
		t.Errorf("answer: %+v", got)
	}
	w.root.post("/v1/kube/whocan", q).problem(503, "unavailable")
}

func TestADecisionOfAnotherDoorIsExplainedOverBothLayers(t *testing.T) {
	t.Parallel()
	w := harbour(t)
	memory := &access.Memory{}
	w.api.Memory = memory
	s := w.dir.Accounts()[0]
	prod, _ := s.Clusters.Name("prod")
	dora, _ := s.Users.Name("dora")
	review := &kube.Review{User: kube.UserName(dora.ID), IsResource: true, Verb: "get", Resource: "pods", Namespace: "dev"}
	q := kube.Query(s, prod, review, w.api.Now())
	id := memory.Remember(s, q, w.api.Decider.Decide(s, &q))
	var a apiv1.Answer
	w.as("dora").get("/v1/decisions/" + id).want(200).into(&a)
	if a.Allowed || a.RBAC == nil || !a.RBAC.Consulted || a.RBAC.Allowed || len(a.Smallest) != 2 {
		t.Errorf("answer: %+v %+v", a, a.RBAC)
	}
	w.as("bob").get("/v1/decisions/"+id).problem(404, "not-found")
}

func TestQuestionsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	w := harbour(t)
	for name, q := range map[string]apiv1.KubeQuestion{
		"no cluster":     {Verb: "get", Resource: "pods"},
		"no verb":        {Cluster: "prod", Resource: "pods"},
		"a command":      {Cluster: "prod", Verb: "exec", Resource: "pods"},
		"no resource":    {Cluster: "prod", Verb: "get"},
		"a wildcard":     {Cluster: "prod", Verb: "get", Resource: "*"},
		"both":           {Cluster: "prod", Verb: "get", Resource: "pods", Path: "/metrics"},
		"no path":        {Cluster: "prod", Verb: "get", Path: "metrics"},
		"a line break":   {Cluster: "prod", Verb: "get", Resource: "pods", Namespace: "a\nb"},
		"no subresource": {Cluster: "prod", Verb: "get", Resource: "pods/"},
	} {
		t.Run(name, func(t *testing.T) {
			p := w.root.on(t).post("/v1/kube/why", q).problem(400, "invalid")
			if name == "a command" && !strings.Contains(p.Hint, "create pods/exec") {
				t.Errorf("problem: %+v", p)
			}
		})
	}
	if got := w.root.kube(apiv1.KubeQuestion{Cluster: "prod", Verb: "get", Path: "/metrics"}); !got.Allowed {
		t.Errorf("answer: %+v", got)
	}
}
