package rbacsync_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pratique-iam/pratique/internal/rbacsync"
)

// street is a cluster in which ann views everything in dev, bob edits there, the group ops is cluster-admin, and a robot looks after one
// configuration.
func street() *rbacsync.View {
	v := empty("dev", "prod")
	bind(v, rbacsync.Key{Namespace: "dev", Name: "ann-views"}, map[string]string{rbacsync.LabelPermission: "nsp-1"}, "view", user("ann"))
	bind(v, rbacsync.Key{Namespace: "dev", Name: "bob-edits"}, nil, "edit", user("bob"))
	bind(v, rbacsync.Key{Name: "ops"}, nil, "cluster-admin", group("ops"))
	bind(v, rbacsync.Key{Namespace: "dev", Name: "dangling"}, nil, "nothing", user("eve"))
	v.Roles = append(v.Roles, &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Name: "one-map", Namespace: "dev"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"configmaps"}, ResourceNames: []string{"settings"}, Verbs: []string{"get"}}},
	})
	v.RoleBindings = append(v.RoleBindings, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "robot", Namespace: "dev"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "one-map"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: "robot"}},
	})
	v.ClusterRoles = append(v.ClusterRoles, &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: "system:discovery"},
		Rules:      []rbacv1.PolicyRule{{NonResourceURLs: []string{"/version", "/api/*"}, Verbs: []string{"get"}}},
	})
	bind(v, rbacsync.Key{Name: "system:discovery"}, nil, "system:discovery", group("system:authenticated"))
	return v
}

// ask reads "get pods/log@dev name" and "get /version".
func ask(text string) rbacsync.Request {
	verb, rest, _ := strings.Cut(text, " ")
	if strings.HasPrefix(rest, "/") {
		return rbacsync.Request{Verb: verb, Path: rest}
	}
	rest, name, _ := strings.Cut(rest, " ")
	rest, ns, _ := strings.Cut(rest, "@")
	resource, sub, _ := strings.Cut(rest, "/")
	resource, api, _ := strings.Cut(resource, ".")
	return rbacsync.Request{Verb: verb, Group: api, Resource: resource, Subresource: sub, Namespace: ns, Name: name}
}

func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	v := street()
	const robot = "system:serviceaccount:dev:robot"
	for _, c := range []struct {
		who    string
		groups []string
		what   string
		by     string // binding; empty: refused
	}{
		{"ann", nil, "get pods@dev", "ann-views"},
		{"ann", nil, "get pods/log@dev", "ann-views"},
		{"ann", nil, "get pods/exec@dev", ""},
		{"ann", nil, "get pods@prod", ""},
		{"ann", nil, "list pods", ""},
		{"ann", nil, "delete pods@dev", ""},
		{"ann", nil, "get pods.metrics.k8s.io@dev", ""},
		{"bob", nil, "create pods/exec@dev", "bob-edits"},
		{"eve", nil, "get pods@dev", ""},
		{"zoe", []string{"ops"}, "delete nodes", "ops"},
		{"zoe", []string{"ops"}, "get /metrics", "ops"},
		{"zoe", []string{"ops"}, "create pods/exec@prod", "ops"},
		{"ann", nil, "get /metrics", ""},
		{"ann", nil, "get /version", "system:discovery"},
		{"ann", nil, "get /api/v1", "system:discovery"},
		{"ann", nil, "post /version", ""},
		{"", nil, "get /version", ""},
		{robot, nil, "get configmaps@dev settings", "robot"},
		{robot, nil, "get configmaps@dev other", ""},
		{robot, nil, "list configmaps@dev", ""},
		{"system:serviceaccount:prod:robot", nil, "get configmaps@dev settings", ""},
	} {
		a := v.Evaluate(c.who, c.groups, ask(c.what))
		got := ""
		if a.Allowed {
			got = a.By.Name
		}
		if got != c.by {
			t.Errorf("%s %v: %s: by %q, want %q", c.who, c.groups, c.what, got, c.by)
		}
	}
}

func TestMastersAreNotStopped(t *testing.T) {
	t.Parallel()
	if a := street().Evaluate("x", []string{"system:masters"}, ask("delete nodes")); !a.Allowed || a.By != nil {
		t.Errorf("the answer is %+v", a)
	}
}

func TestARefusalSaysWhatComesNearestAndWhatWouldHelp(t *testing.T) {
	t.Parallel()
	v := street()
	for what, want := range map[string]string{
		"ann: delete pods@dev":      "ann-views: it allows get, list, watch there, not delete | a namespace permission with ClusterRole edit in namespace dev",
		"ann: get pods@prod":        "ann-views: it holds in namespace dev, not in prod | a namespace permission with ClusterRole view in namespace prod",
		"ann: list pods":            "ann-views: it holds in namespace dev alone, and this is about all of the cluster | a namespace permission with ClusterRole view in all namespaces",
		"ann: get secrets@dev":      "ann-views: it says nothing about this | a namespace permission with ClusterRole edit in namespace dev",
		"eve: get pods@dev":         "dangling: the ClusterRole does not exist | a namespace permission with ClusterRole view in namespace dev",
		"zoe: get pods@dev":         " | a namespace permission with ClusterRole view in namespace dev",
		"zoe: delete nodes":         " | a namespace permission with ClusterRole cluster-admin in all namespaces",
		"ann: get /metrics":         " | a namespace permission with ClusterRole cluster-admin in all namespaces",
		"robot: get configmaps@dev": "robot: it allows this for settings alone | a namespace permission with ClusterRole cluster-admin in namespace dev",
	} {
		who, request, _ := strings.Cut(what, ": ")
		if who == "robot" {
			who = "system:serviceaccount:dev:robot"
		}
		a := v.Evaluate(who, nil, ask(request))
		var near []string
		for _, n := range a.Near {
			near = append(near, n.Name+": "+n.Lacks)
		}
		got := strings.Join(near, "; ") + " | " + a.Advice.String()
		if a.Allowed || got != want {
			t.Errorf("%s:\n got %s\nwant %s", what, got, want)
		}
	}
}

func TestWhoCanListsTheSubjects(t *testing.T) {
	t.Parallel()
	v := street()
	for what, want := range map[string][]string{
		"get pods@dev":                {"Group ops by ops", "User ann by ann-views", "User bob by bob-edits"},
		"delete pods@dev":             {"Group ops by ops", "User bob by bob-edits"},
		"get pods@prod":               {"Group ops by ops"},
		"get configmaps@dev settings": {"Group ops by ops", "ServiceAccount robot by robot"},
		"get /version":                {"Group ops by ops", "Group system:authenticated by system:discovery"},
	} {
		var got []string
		for _, h := range v.WhoCan(ask(what)) {
			got = append(got, fmt.Sprintf("%s %s by %s", h.Subject.Kind, h.Subject.Name, h.By.Name))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
}

// Whoever WhoCan lists is allowed by Evaluate, and nobody else is: two ways to one answer.
func TestTheTwoDirectionsAgree(t *testing.T) {
	t.Parallel()
	v := street()
	people := map[string][]string{"ann": nil, "bob": nil, "eve": nil, "zoe": {"ops"}, "system:serviceaccount:dev:robot": nil}
	for _, what := range []string{"get pods@dev", "delete pods@dev", "create pods/exec@dev", "get pods@prod", "delete nodes", "get configmaps@dev settings", "get /version", "get /metrics"} {
		request := ask(what)
		for who, groups := range people {
			listed := false
			for _, h := range v.WhoCan(request) {
				s := h.Subject
				listed = listed || s.Kind == "User" && s.Name == who || s.Kind == "ServiceAccount" && "system:serviceaccount:"+s.Namespace+":"+s.Name == who ||
					s.Kind == "Group" && (s.Name == "system:authenticated" || len(groups) > 0 && s.Name == groups[0])
			}
			if allowed := v.Evaluate(who, groups, request).Allowed; allowed != listed {
				t.Errorf("%s: %s is allowed %v and listed %v", what, who, allowed, listed)
			}
		}
	}
}

func TestBindingsAreThoseOfANamespace(t *testing.T) {
	t.Parallel()
	v := street()
	names := func(held []rbacsync.Held) string {
		var out []string
		for _, h := range held {
			out = append(out, h.Name)
		}
		return strings.Join(out, " ")
	}
	if got := names(v.Bindings("ann", []string{"ops"}, "dev")); got != "ops system:discovery ann-views" {
		t.Errorf("in dev: %s", got)
	}
	if got := names(v.Bindings("ann", nil, "prod")); got != "system:discovery" {
		t.Errorf("in prod: %s", got)
	}
	if held := v.Bindings("ann", nil, "dev"); held[len(held)-1].Permission != "nsp-1" {
		t.Errorf("the binding does not say what it stands for: %+v", held)
	}
}
