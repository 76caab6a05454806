package cluster_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/pratique-iam/pratique/internal/cluster"
)

// The power that a cluster gives away is golden: no right comes or goes without showing in a diff.
func TestTheManifestIsGolden(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]cluster.Onboarding{
		"onboarding.yaml":       {ClusterRoles: cluster.DefaultClusterRoles()},
		"onboarding-least.yaml": {ClusterRoles: []string{"view"}, Without: cluster.Parts()},
		"onboarding-proxy.yaml": {ClusterRoles: []string{"view"}, Without: []cluster.Part{cluster.PartAdministrators, cluster.PartNodes, cluster.PartStorage, cluster.PartAddons, cluster.PartTokens}},
	} {
		path, got := filepath.Join("testdata", name), o.Manifest()
		if os.Getenv("UPDATE_GOLDEN") != "" {
			if err := os.WriteFile(path, got, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s differs; if that is meant: make golden\n%s", name, diff)
		}
	}
}

// documents reads a manifest as Kubernetes does.
func documents(t *testing.T, manifest []byte) []map[string]any {
	t.Helper()
	var out []map[string]any
	d := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifest), 4096)
	for {
		var object map[string]any
		if err := d.Decode(&object); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			t.Fatal(err)
		}
		if object != nil {
			out = append(out, object)
		}
	}
}

func TestTheManifestHoldsTheRightsAndNobodyElse(t *testing.T) {
	t.Parallel()
	o := cluster.Onboarding{ClusterRoles: []string{"view", "edit", "view", `strange "role`}}
	kinds := map[string]int{}
	for _, object := range documents(t, o.Manifest()) {
		kind, _ := object["kind"].(string)
		kinds[kind]++
		if kind != "ClusterRole" {
			continue
		}
		rules, _ := object["rules"].([]any)
		if want := o.ClusterRole().Rules; len(rules) != len(want) {
			t.Errorf("the manifest has %d rules, and the ClusterRole %d", len(rules), len(want))
		}
	}
	want := map[string]int{"Namespace": 1, "ServiceAccount": 1, "Secret": 1, "ClusterRole": 1, "ClusterRoleBinding": 1, "Role": 1, "RoleBinding": 1}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Error(diff)
	}
}

func TestOnboardingNeverEscalates(t *testing.T) {
	t.Parallel()
	o := cluster.Onboarding{ClusterRoles: []string{"view", "edit", "view"}, Without: []cluster.Part{cluster.PartAdministrators}}
	var bound []string
	for _, r := range o.Rights() {
		for _, resource := range r.Rule.Resources {
			if has(r.Rule, "escalate") || has(r.Rule, "*") || resource == "*" || resource == "secrets" {
				t.Errorf("it may %v on %v", r.Rule.Verbs, r.Rule.Resources)
			}
			if strings.HasSuffix(resource, "roles") && (has(r.Rule, "create") || has(r.Rule, "update") || has(r.Rule, "patch")) {
				t.Errorf("it may change roles: %v", r.Rule)
			}
		}
		if has(r.Rule, "bind") {
			bound = append(bound, r.Rule.ResourceNames...)
		}
		if has(r.Rule, "impersonate") && r.Part != cluster.PartProxy {
			t.Errorf("it may impersonate to %s", r.For)
		}
	}
	if !slices.Equal(bound, []string{"edit", "view"}) {
		t.Errorf("it may bind %v", bound)
	}
	for _, r := range (cluster.Onboarding{}).Rights() {
		if has(r.Rule, "bind") && len(r.Rule.ResourceNames) == 0 {
			t.Error("without names it may bind every role")
		}
	}
}

func has(rule rbacv1.PolicyRule, verb string) bool { return slices.Contains(rule.Verbs, verb) }

// allowing is a kube-apiserver that answers questions about rights as a function says.
func allowing(allowed func(question string) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" {
			answer(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		said := "false"
		if allowed(string(body)) {
			said = "true"
		}
		_, _ = w.Write([]byte(`{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{},"status":{"allowed":` + said + `}}`))
	}
}

func TestWhatTheCredentialLacksIsSaid(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    []string
	}{
		"nothing": {allowing(func(string) bool { return true }), nil},
		"impersonation": {allowing(func(q string) bool { return !strings.Contains(q, "impersonate") }), []string{
			"the credential may not impersonate users, impersonate groups, which is needed to let people in through the access proxy",
			"the credential may not impersonate uids, impersonate userextras/pratique.dev/session, impersonate userextras/pratique.dev/name, impersonate userextras/pratique.dev/operation, " +
				"which is needed to say in the cluster's own audit log who they are",
			"give it what it lacks, as an administrator of the cluster: pratique cluster manifest prod | kubectl apply -f -",
		}},
		"nobody knows": {answer, []string{"what the credential may do cannot be found out: the server could not find the requested resource (post selfsubjectaccessreviews.authorization.k8s.io)"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, sealer := newTown(t), newSealer(t)
			w.attach(t, sealer, "prod", serve(t, c.handler))
			m := &cluster.Manager{Directory: w, Sealer: sealer, Networks: loopback()}
			s, cl := w.cluster(t, "prod")
			conn, err := m.Connect(s, cl)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, cluster.CheckRights(t.Context(), conn, s, cl)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
