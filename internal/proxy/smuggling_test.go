package proxy_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const pods = "/clusters/prod/api/v1/namespaces/dev/pods"

// line is a request with one more header line.
func line(a as, extra string) string {
	return "GET " + pods + " HTTP/1.1\nHost: iam.test\nAuthorization: Bearer " + a.secret + "\n" + extra + "\n\n"
}

func TestNoHeaderOfAClientReachesTheClusterAsAnIdentity(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	alice := w.as("alice")
	for name, extra := range map[string]string{
		"user":                     "Impersonate-User: root",
		"lower case":               "impersonate-user: root",
		"upper case":               "IMPERSONATE-GROUP: system:masters",
		"underscore":               "Impersonate_User: root",
		"dot":                      "Impersonate.Group: system:masters",
		"mixed":                    "impersonate_extra.scopes: all",
		"uid":                      "Impersonate-Uid: 1",
		"extra":                    "Impersonate-Extra-Pratique.dev%2Fsession: other",
		"operation":                "Impersonate-Extra-Pratique.dev%2Foperation: release.create",
		"operation, underscores":   "Impersonate_Extra_Pratique.dev%2Foperation: release.create",
		"unknown kind":             "Impersonate-Whatever: x",
		"empty":                    "Impersonate-User:",
		"front proxy":              "X-Remote-User: root",
		"front proxy, underscores": "X_Remote_Group: system:masters",
		"client certificate":       "X-Forwarded-Client-Cert: Subject=CN=admin",
		"client certificate, ssl":  "SSL-Client-Cert: x",
		"RFC 9440":                 "Client-Cert: :MIIB:",
		"connection drops user":    "Connection: close, Impersonate-User",
		"connection drops token":   "Connection: Authorization",
		"connection, lower case":   "connection: keep-alive,impersonate-group",
		"second connection":        "Connection: keep-alive\nConnection: impersonate-user",
		"connection drops others":  "Connection: X-Forwarded-For",
		"connection, spelling":     "Connection: impersonate_user",
		"trailer":                  "Trailer: Impersonate-User\nTransfer-Encoding: chunked\n\n0\nImpersonate-User: root",
		"trailer, credential":      "Trailer: Authorization\nTransfer-Encoding: chunked\n\n0\nAuthorization: Bearer x",
		"h2c":                      "Connection: Upgrade\nUpgrade: h2c",
		"upgrade without a word":   "Upgrade: websocket",
		"two upgrades":             "Connection: Upgrade\nUpgrade: websocket\nUpgrade: SPDY/3.1",
		"upgrade of a list":        "Connection: Upgrade\nUpgrade: websocket",
	} {
		got := w.raw(line(alice, extra))
		got.refused(t, http.StatusBadRequest, "BadRequest", "")
		if strings.Contains(name, "user") && strings.Contains(name, "lower case") && !strings.Contains(got.status.Message, "--as") {
			t.Errorf("%s: the answer does not speak of kubectl --as: %s", name, got.body)
		}
	}
	// What net/http refuses by itself never gets to us.
	for _, extra := range []string{"Impersonate User: root", "Impersonate-User : root", "Content-Length: 1\nContent-Length: 2"} {
		if got := w.raw(line(alice, extra)); got.code != http.StatusBadRequest {
			t.Errorf("%q is answered with %d", extra, got.code)
		}
	}
	if seen := b.requests(); len(seen) > 0 {
		t.Errorf("the cluster got %v", seen[0].Header)
	}
}

func TestTheClusterGetsListedHeadersAndOneIdentity(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	secret, session := w.token("alice")
	got := w.raw(line(as{w, secret}, strings.Join([]string{
		"Accept: application/json", "User-Agent: kubectl/v1", "Kubectl-Command: kubectl get", "Cookie: a=b", "Proxy-Authorization: Basic eDp5",
		"X-Forwarded-For: 6.6.6.6", "Forwarded: for=6.6.6.6", "X-Api-Key: k", "X-Original-Url: /api/v1/secrets", "X-Http-Method-Override: DELETE",
		"Audit-Id: theirs", "TE: trailers", "Connection: keep-alive, TE", "Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.eA", "Host-Override: x",
	}, "\n")))
	if got.code != http.StatusOK {
		t.Fatalf("%d %s", got.code, got.body)
	}
	r := b.last(t)
	id := r.Header.Get("Audit-Id")
	want := http.Header{
		"Accept": {"application/json"}, "User-Agent": {"kubectl/v1"}, "Kubectl-Command": {"kubectl get"},
		"Authorization": {"Bearer proxy-credential"}, "X-Forwarded-For": {"127.0.0.1"}, "Audit-Id": {id},
		"Impersonate-User": {w.user("alice")}, "Impersonate-Uid": {w.principal("alice").ID}, "Impersonate-Group": {"system:authenticated"},
		"Impersonate-Extra-Pratique.dev%2fsession": {session}, "Impersonate-Extra-Pratique.dev%2fname": {"alice"},
	}
	if diff := cmp.Diff(want, r.Header); diff != "" {
		t.Error(diff)
	}
	if !strings.HasPrefix(id, "req_") || got.header.Get("Audit-Id") != id {
		t.Errorf("the cluster knows the request as %q, the client as %q", id, got.header.Get("Audit-Id"))
	}
	for _, name := range []string{"Set-Cookie", "Access-Control-Allow-Origin"} {
		if got.header.Get(name) != "" {
			t.Errorf("the client gets %s from the cluster", name)
		}
	}
	if csp := got.header.Get("Content-Security-Policy"); !strings.Contains(csp, "sandbox") {
		t.Errorf("a browser may make a page of it: %q", csp)
	}
}

func TestGroupsArePassedOnThatNamespacePermissionsMention(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	w.apply(`
kind: Group
metadata: {name: devs}
spec: {members: [alice]}
---
kind: Group
metadata: {name: others}
spec: {members: [alice]}
---
kind: NamespacePermission
metadata: {name: devs-view}
spec: {group: devs, clusterRole: view, clusters: [prod], namespaces: [dev]}
---
kind: NamespacePermission
metadata: {name: others-view}
spec: {group: others, clusterRole: view, clusters: [ack], namespaces: [dev]}`)
	w.as("alice").get(pods)
	want := []string{w.group("devs"), "system:authenticated"}
	if diff := cmp.Diff(want, b.last(t).Header["Impersonate-Group"]); diff != "" {
		t.Error(diff)
	}
}

func TestWhomNothingStopsComesAsClusterAdminAndNeverAsMaster(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	w.apply("kind: User\nmetadata: {name: adam}\n---\nkind: Group\nmetadata: {name: admins}\nspec: {members: [adam]}")
	for _, role := range []string{"Tenant Guest", "Tenant Administrator", "Server Administrator"} {
		if _, ok := w.snapshot.Policy(role); !ok {
			continue
		}
		name := strings.ReplaceAll(strings.ToLower(role), " ", "-")
		w.apply("kind: Grant\nmetadata: {name: " + name + "}\nspec: {group: admins, policy: " + role + ", scope: {allProjects: true}}")
	}
	for _, name := range []string{"adam", "root"} {
		if got := w.as(name).get(pods); got.code != http.StatusOK {
			t.Fatalf("%s: %d %s", name, got.code, got.body)
		}
		h := b.last(t).Header
		want := []string{"pratique:cluster-admins", "system:authenticated"}
		if diff := cmp.Diff(want, h["Impersonate-Group"]); diff != "" || h.Get("Impersonate-User") != w.user(name) {
			t.Errorf("%s comes as %q: %s", name, h.Get("Impersonate-User"), diff)
		}
	}
	if slices.ContainsFunc(b.requests(), func(r *http.Request) bool { return slices.Contains(r.Header["Impersonate-Group"], "system:masters") }) {
		t.Error("system:masters was passed on")
	}
}

func TestOneCredentialIsReadAndNoOtherWay(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	good := w.as("alice").secret
	for name, auth := range map[string]string{
		"none":       "",
		"basic":      "Authorization: Basic eDp5\n",
		"empty":      "Authorization: Bearer \n",
		"twice":      "Authorization: Bearer " + good + "\nAuthorization: Bearer " + good + "\n",
		"joined":     "Authorization: Bearer " + good + ", Bearer x\n",
		"wrong":      "Authorization: Bearer prt_" + accountID + "_" + strings.Repeat("A", 43) + "\n",
		"long":       "Authorization: Bearer " + strings.Repeat("a", 9000) + "\n",
		"cookie":     "Cookie: session=" + good + "\n",
		"in address": "",
		"unsigned":   "Authorization: Bearer eyJhbGciOiJub25lIn0.eyJhY2NvdW50IjoiMTAwMDAwMDAwMDAwMDAwMSJ9.\n",
	} {
		target := pods
		if name == "in address" {
			target += "?access_token=" + good
		}
		got := w.raw("GET " + target + " HTTP/1.1\nHost: iam.test\n" + auth + "\n")
		got.refused(t, http.StatusUnauthorized, "Unauthorized", "")
		if got.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: the answer does not say how to authenticate", name)
		}
	}
	if len(b.requests()) > 0 {
		t.Error("something reached the cluster")
	}
}

func TestPathsAreForwardedAsReceivedOrRefused(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	alice := w.as("alice")
	ask := func(target string) answer {
		return w.raw("GET " + target + " HTTP/1.1\nHost: iam.test\nAuthorization: Bearer " + alice.secret + "\n\n")
	}
	for _, target := range []string{
		"/clusters/prod/api/v1/namespaces/dev/../../secrets",
		"/clusters/prod/api/v1/namespaces/dev/%2e%2e/prod/pods",
		"/clusters/prod/api/v1/namespaces/dev/./pods",
		"/clusters/prod//api/v1/pods",
		"/clusters/prod/api/v1//secrets",
		"/clusters/prod/api/v1/namespaces/dev%2Fpods",
		"/clusters/prod/api/v1/namespaces%2fdev/pods",
		"/clusters/prod/api/v1/namespaces/dev%5cpods",
		"/clusters/prod/api/v1/namespaces/dev/pods%00",
		`/clusters/prod/api/v1\pods`,
		"/clusters/../clusters/prod/api",
		"/clusters/%70rod/api",
		"/clusters//api",
		"/clusters/",
		"/clusters/prod/api/v1/namespaces/dev/pods/x/proxy/../../../secrets",
		"/clusters/prod/api/v1/pods?a=b;c=d",
		"/clusters/prod/api/v1/pods?a=%zz",
	} {
		if got := ask(target); got.code != http.StatusBadRequest || got.status.Kind != "Status" {
			t.Errorf("%s is answered with %d %s", target, got.code, got.body)
		}
	}
	if seen := b.requests(); len(seen) > 0 {
		t.Fatalf("the cluster was asked for %s", seen[0].RequestURI)
	}
	for target, want := range map[string]string{
		"/clusters/prod":  "/",
		"/clusters/prod/": "/",
		"/clusters/prod/api/v1/namespaces/dev/pods?limit=5":                            "/api/v1/namespaces/dev/pods?limit=5",
		"/clusters/prod/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Aadmin": "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Aadmin",
		"/clusters/prod/api/v1/namespaces/dev/services/http:web:80/proxy/a%2Fb//c":     "/api/v1/namespaces/dev/services/http:web:80/proxy/a%2Fb//c",
		"/clusters/" + w.cluster("prod").ID + "/version":                               "/version",
		"http://elsewhere.test/clusters/prod/version":                                  "/version",
	} {
		if got := ask(target); got.code != http.StatusOK || b.last(t).RequestURI != want {
			t.Errorf("%s reaches the cluster as %s (%d %s)", target, b.last(t).RequestURI, got.code, got.body)
		}
	}
	if got := w.raw("TRACE /clusters/prod/api HTTP/1.1\nHost: x\nAuthorization: Bearer " + alice.secret + "\n\n"); got.code != http.StatusMethodNotAllowed {
		t.Errorf("TRACE is answered with %d", got.code)
	}
}
