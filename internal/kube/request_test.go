package kube_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pratique-iam/pratique/internal/kube"
)

func fromRequest(t *testing.T, method, address string) (*kube.Review, error) {
	t.Helper()
	u, err := url.ParseRequestURI(address)
	if err != nil {
		t.Fatal(err)
	}
	return kube.FromRequest(method, u)
}

func TestAPathSaysWhatIsAsked(t *testing.T) {
	t.Parallel()
	// The wanted request is written as in the other tests: see world.review.
	for address, want := range map[string]string{
		"GET /api/v1/namespaces/dev/pods/web":                                   "get pods web -n dev",
		"HEAD /api/v1/namespaces/dev/pods/web":                                  "get pods web -n dev",
		"GET /api/v1/namespaces/dev/pods":                                       "list pods -n dev",
		"GET /api/v1/namespaces/dev/pods/":                                      "list pods -n dev",
		"GET /api/v1/pods":                                                      "list pods",
		"GET /api/v1/pods?watch=true":                                           "watch pods",
		"GET /api/v1/pods?watch=1":                                              "watch pods",
		"GET /api/v1/pods?watch=false":                                          "list pods",
		"GET /api/v1/watch/namespaces/dev/pods":                                 "watch pods -n dev",
		"GET /api/v1/watch/namespaces/dev/pods/web":                             "watch pods web -n dev",
		"POST /apis/apps/v1/namespaces/dev/deployments":                         "create deployments.apps -n dev",
		"PUT /apis/apps/v1/namespaces/dev/deployments/web/scale":                "update deployments.apps/scale web -n dev",
		"PATCH /apis/apps/v1/namespaces/dev/deployments/web":                    "patch deployments.apps web -n dev",
		"DELETE /api/v1/namespaces/dev/pods/web":                                "delete pods web -n dev",
		"DELETE /api/v1/namespaces/dev/pods":                                    "deletecollection pods -n dev",
		"GET /api/v1/namespaces/dev/pods/web/exec?command=sh":                   "get pods/exec web -n dev",
		"POST /api/v1/namespaces/dev/pods/web/exec":                             "create pods/exec web -n dev",
		"GET /api/v1/namespaces/dev/pods/web/log?follow=true":                   "get pods/log web -n dev",
		"GET /api/v1/namespaces/dev":                                            "get namespaces dev -n dev",
		"PUT /api/v1/namespaces/dev/finalize":                                   "update namespaces/finalize dev -n dev",
		"PUT /api/v1/namespaces/dev/status":                                     "update namespaces/status dev -n dev",
		"GET /api/v1/nodes/n1/proxy/metrics/cadvisor":                           "get nodes/proxy n1",
		"POST /api/v1/namespaces/dev/services/https:web:443/proxy/a%2Fb//c":     "create services/proxy https:web:443 -n dev",
		"GET /api/v1/proxy/namespaces/dev/pods/web/a/b":                         "proxy pods web -n dev",
		"GET /api/v1/namespaces/dev/secrets?fieldSelector=metadata.name%3Da":    "list secrets a -n dev --field metadata.name=a",
		"GET /api/v1/secrets?fieldSelector=metadata.name%3D%3Da&watch=1":        "watch secrets a --field metadata.name=a",
		"DELETE /api/v1/namespaces/dev/secrets?fieldSelector=metadata.name%3Da": "deletecollection secrets -n dev --field metadata.name=a",
		"GET /api/v1/pods?labelSelector=team%3Da,tier+in+(web,api)":             "list pods -l team=a -l tier=api,web",
		"GET /api/v1/pods?labelSelector=team%3D%3D%3D":                          "list pods",
		"GET /api/v1/namespaces/dev/pods/web?labelSelector=team%3Da":            "get pods web -n dev",
		"GET /healthz":      "get /healthz",
		"POST /apis":        "post /apis",
		"GET /apis/apps/v1": "get /apis/apps/v1",
		"GET /openapi/v3":   "get /openapi/v3",
		"GET /version":      "get /version",
		"GET /":             "get /",
	} {
		method, path, _ := strings.Cut(address, " ")
		got, err := fromRequest(t, method, path)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		w := &world{t: t}
		wanted := w.plain(want)
		if diff := cmp.Diff(wanted, got, exported, cmpopts.IgnoreFields(kube.Review{}, "User", "Version"), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s", address, diff)
		}
	}
}

func TestAPathThatCanBeReadInTwoWaysIsRefused(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"/api/v1/namespaces//pods", "//api/v1/pods", "/api/v1/namespaces/dev/pods/../secrets", "/api/v1/namespaces/dev/pods/%2e%2e/secrets",
		"/api/v1/namespaces/dev/pods/.", "/api/v1/namespaces/dev%2Fpods/web", "/api/v1/namespaces/dev/pods/a%2Fexec", "/api/v1/namespaces/dev/pods/a%5cb",
		"/api/v1/namespaces/dev/pods/a%00", "/api/v1/namespaces/dev%2Fpods/web/x/proxy", "/api/v1/namespaces/dev/services%2Fweb/proxy/x",
		"/api/v1/namespaces/dev/services/web/proxy/../../secrets", "/api/v1/namespaces/dev/services/web/proxy/a%2F..%2Fb",
		"/api/v1/namespaces/dev//services/web/proxy/x", "/healthz/../api/v1/pods", "/healthz//x", "/api/v1/watch", "/api/v1/proxy",
	} {
		if got, err := fromRequest(t, http.MethodGet, path); err == nil {
			t.Errorf("%s is taken for %+v", path, got)
		}
	}
}

func TestASelectorWithTooManyRequirementsIsRefused(t *testing.T) {
	t.Parallel()
	got, err := fromRequest(t, http.MethodGet, "/api/v1/pods?labelSelector="+strings.Repeat("a,", 65)+"b")
	if err != nil || got.Refused == "" {
		t.Errorf("got %+v, error %v", got, err)
	}
}

// FuzzFromRequest asks that no address is read in two ways: what is accepted has the same segments before and after decoding.
func FuzzFromRequest(f *testing.F) {
	for _, s := range []string{"/api/v1/pods", "/api/v1/namespaces/a/pods/b/exec", "/apis/x/v1/namespaces/a/services/b/proxy/c%2Fd", "/a%2fb"} {
		f.Add("GET", s)
	}
	f.Fuzz(func(t *testing.T, method, address string) {
		u, err := url.ParseRequestURI(address)
		if err != nil {
			return
		}
		r, err := kube.FromRequest(method, u)
		if err != nil || !r.IsResource || r.Subresource == "proxy" || r.Verb == "proxy" {
			return
		}
		if strings.Count(u.EscapedPath(), "/") != strings.Count(u.Path, "/") {
			t.Errorf("%s: %+v", address, r)
		}
	})
}
