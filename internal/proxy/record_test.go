package proxy_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestWhatReadsASecretIsRecordedBeforeItHappens(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	alice := w.as("alice")
	reached := -1
	w.onRecord = func() { reached = len(b.requests()) }
	for i, c := range []struct{ method, path, event, detail string }{
		{"GET", "/api/v1/namespaces/dev/secrets/key", "kubernetes.secret-read", "cce:kubernetes:get secrets key -n dev in cluster prod"},
		{"GET", "/api/v1/secrets", "kubernetes.secret-read", "cce:kubernetes:list secrets in cluster prod"},
		{"HEAD", "/api/v1/namespaces/dev/secrets/key", "kubernetes.secret-read", "cce:kubernetes:get"},
		{"PATCH", "/api/v1/namespaces/dev/secrets/key", "kubernetes.secret-read", "cce:kubernetes:patch"},
		{"DELETE", "/api/v1/namespaces/dev/secrets", "kubernetes.secret-read", "cce:kubernetes:deletecollection"},
		{"POST", "/api/v1/namespaces/dev/pods/web/exec?command=/bin/sh&command=-c&command=echo+hunter2&container=app", "kubernetes.exec", "pods/exec web -n dev in cluster prod: /bin/sh in container app"},
		{"POST", "/api/v1/namespaces/dev/pods/web/attach", "kubernetes.exec", "pods/attach web"},
		{"POST", "/api/v1/namespaces/dev/pods/web/portforward", "kubernetes.exec", "pods/portforward web"},
		{"GET", "/api/v1/namespaces/dev/services/web/proxy/", "kubernetes.exec", "services/proxy web"},
		{"GET", "/api/v1/nodes/n1/proxy/exec/dev/web/app", "kubernetes.exec", "nodes/proxy n1"},
		{"POST", "/api/v1/namespaces/dev/serviceaccounts/default/token", "kubernetes.token-mint", "serviceaccounts/token default"},
	} {
		reached = -1
		if got := alice.do(c.method, "/clusters/prod"+c.path, nil); got.code != http.StatusOK {
			t.Fatalf("%s %s: %d %s", c.method, c.path, got.code, got.body)
		}
		all := w.recorded()
		if len(all) != i+1 || reached != i {
			t.Fatalf("%s %s: %d records, the cluster had got %d", c.method, c.path, len(all), reached)
		}
		r := all[i]
		if string(r.Event) != c.event || !strings.Contains(r.Detail, c.detail) || r.Actor.Name != "alice" || r.Actor.Session == "" || r.Source != "127.0.0.1" ||
			r.Request != b.last(t).Header.Get("Audit-Id") || r.Account != accountID || len(r.Checks) != 1 {
			t.Errorf("%s %s is recorded as %+v", c.method, c.path, r)
		}
		if strings.Contains(r.Detail, "hunter2") {
			t.Errorf("the record holds an argument: %s", r.Detail)
		}
	}
	before := len(w.recorded())
	alice.get("/clusters/prod/api/v1/pods")
	alice.get("/clusters/prod/apis/other.example/v1/secrets")
	alice.do("POST", "/clusters/prod/api/v1/namespaces/dev/secrets", nil)
	if len(w.recorded()) != before {
		t.Error("what reads no Secret is recorded as well")
	}
}

func TestWhatCannotBeRecordedDoesNotHappen(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	w.trailErr = errNotKept
	alice := w.as("alice")
	alice.get("/clusters/prod/api/v1/secrets").refused(t, http.StatusServiceUnavailable, "ServiceUnavailable", "not done without a record")
	if len(b.requests()) > 0 {
		t.Error("the cluster was asked")
	}
	if got := alice.get("/clusters/prod/api/v1/pods"); got.code != http.StatusOK {
		t.Errorf("reading pods needs no record, and gets %d", got.code)
	}
}
