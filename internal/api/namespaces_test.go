package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	kuberest "k8s.io/client-go/rest"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
)

// hall is a cluster in which everybody may read the pods of dev, and the root all namespaces.
type hall struct{ server *httptest.Server }

func (h hall) AsKubectl(_ *pratique.Snapshot, who pratique.Principal, _ string, _ *pratique.Cluster) (*kuberest.Config, error) {
	return &kuberest.Config{Host: h.server.URL, Transport: asking{who.Name}}, nil
}

type asking struct{ who string }

func (a asking) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Who", a.who)
	return http.DefaultTransport.RoundTrip(r)
}

func newHall(t *testing.T) hall {
	t.Helper()
	return hall{httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		who, path := r.Header.Get("Who"), r.URL.Path
		switch {
		case path == "/api/v1/namespaces" && who == "root":
			_, _ = w.Write([]byte(`{"kind":"NamespaceList","apiVersion":"v1","metadata":{},"items":[{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"test"}},{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"dev"}}]}`))
		case path == "/api/v1/namespaces/dev/pods" && r.URL.Query().Get("limit") == "1":
			_, _ = w.Write([]byte(`{"kind":"PodList","apiVersion":"v1","metadata":{"continue":"x","remainingItemCount":41},"items":[{"kind":"Pod","apiVersion":"v1","metadata":{"name":"one"}}]}`))
		default:
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","message":"no","code":403}`))
		}
	}))}
}

func TestOneLooksIntoTheNamespacesThatOnesPermissionsName(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice", "bob"), grant("a1", "alice-group", "CCE ReadOnlyAccess", "{project: local-1}"), grant("b1", "bob-group", "CCE ReadOnlyAccess", "{project: local-1}"))
	w.root.post("/v1/clusters", apiv1.NewCluster{Name: "shop", Type: "cce-standard", Kubeconfig: kubeconfig(t)}).want(201)
	w.root.apply("kind: NamespacePermission\nmetadata: {name: p}\nspec: {user: alice, clusterRole: view, clusters: [shop], namespaces: [dev]}").want(200)
	h := newHall(t)
	t.Cleanup(h.server.Close)
	w.api.Kubectl = h
	see := func(p person) (out []string, note string) {
		var list apiv1.Namespaces
		p.get("/v1/clusters/shop/namespaces").want(200).into(&list)
		for _, n := range list.Items {
			out = append(out, n.Name)
			for _, r := range n.Resources {
				if n.Name == "dev" && r.Resource == "pods" && r.Count != 42 {
					t.Errorf("dev holds %+v", r)
				}
				if n.Name == "test" && r.Refused == "" {
					t.Errorf("of test is told %+v", r)
				}
			}
		}
		return out, list.Note
	}
	if all, _ := see(w.root); !cmp.Equal(all, []string{"dev", "test"}) {
		t.Errorf("the root looks into %v", all)
	}
	if hers, note := see(w.as("alice")); !cmp.Equal(hers, []string{"dev"}) || note != "" {
		t.Errorf("alice looks into %v: %s", hers, note)
	}
	if his, note := see(w.as("bob")); his != nil || !strings.Contains(note, "hold no namespace permission") {
		t.Errorf("bob, who holds no namespace permission, looks into %v: %s", his, note)
	}
}
