package proxy_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/oidc"
	"github.com/pratique-iam/pratique/internal/proxy"
)

const denyExec = `
kind: Policy
metadata: {name: no-secrets}
spec: {document: {Version: "1.1", Statement: [{Effect: Deny, Action: ["cce:kubernetes:*"], Resource: ["cce:*:*:secrets:*"]}]}}
---
kind: Grant
metadata: {name: team-no-secrets}
spec: {group: team, policy: no-secrets, scope: {allProjects: true}}`

func TestADenialSaysWhyAsKubernetesDoes(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	w.apply(denyExec)
	got := w.as("alice").get("/clusters/prod/api/v1/namespaces/dev/secrets/key")
	got.refused(t, http.StatusForbidden, "Forbidden",
		`secrets "key" is forbidden: User "alice" cannot get resource "secrets" in API group "" in the namespace "dev": denied by statement 1 of policy "no-secrets"`)
	if !strings.HasSuffix(got.status.Message, "; why: pratique why dec_test") {
		t.Errorf("the message does not end in the decision: %s", got.status.Message)
	}
	if d := got.status.Details; d.Name != "key" || d.Kind != "secrets" {
		t.Errorf("details %+v", d)
	}
	if len(b.requests()) > 0 || len(w.recorded()) > 0 {
		t.Error("what is denied reached the cluster, or was recorded as read")
	}
}

func TestDiscoveryIsRefusedInWordsThatKubectlShows(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newBackend(t).access())
	w.apply("kind: User\nmetadata: {name: bob}")
	discover := "\nAccept: application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json\n"
	for words, request := range map[string]string{
		"no statement in force allows cce:kubernetes:get": "GET /clusters/prod/api HTTP/1.1\nHost: x\nAuthorization: Bearer " + w.as("bob").secret + discover,
		"kubectl --as is not carried":                     "GET /clusters/prod/api HTTP/1.1\nHost: x\nImpersonate-User: root" + discover,
		"there is no cluster":                             "GET /clusters/x/api HTTP/1.1\nHost: x\nAuthorization: Bearer " + w.as("bob").secret + discover,
	} {
		got := w.raw(request + "\n")
		if got.code != http.StatusForbidden || !strings.HasPrefix(got.header.Get("Content-Type"), "text/plain") || !strings.Contains(got.body, words) {
			t.Errorf("want the text %q, got %d %s", words, got.code, got.body)
		}
	}
}

func TestTheGateOfTheClusterTypeIsOpenOrClosed(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	w.apply("kind: User\nmetadata: {name: bob}")
	bob := w.as("bob")
	bob.get("/clusters/prod/api/v1/pods").refused(t, http.StatusForbidden, "Forbidden", "no statement in force allows cce:kubernetes:list")
	if got := bob.get("/clusters/ack/api/v1/pods"); got.code != http.StatusOK {
		t.Errorf("%d %s", got.code, got.body)
	}
	bob.get("/clusters/nowhere/api/v1/pods").refused(t, http.StatusNotFound, "NotFound", `there is no cluster "nowhere"`)
}

func TestExecOverWebSocketIsCreate(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	w.apply(`
kind: Policy
metadata: {name: read}
spec: {document: {Version: "1.1", Statement: [{Effect: Allow, Action: ["cce:kubernetes:get"]}]}}
---
kind: User
metadata: {name: reader}
---
kind: Group
metadata: {name: readers}
spec: {members: [reader]}
---
kind: Grant
metadata: {name: readers-read}
spec: {group: readers, policy: read, scope: {allProjects: true}}`)
	got := w.raw("GET " + pods + "/web/exec?command=sh HTTP/1.1\nHost: x\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Protocol: v5.channel.k8s.io\nAuthorization: Bearer " + w.as("reader").secret + "\n\n")
	got.refused(t, http.StatusForbidden, "Forbidden", "cce:kubernetes:create")
}

func TestARefusalOfRBACIsExplained(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	alice := w.as("alice")
	got := alice.get(pods + "/by-rbac")
	got.refused(t, http.StatusForbidden, "Forbidden", `cannot get resource "pods" in API group "" in the namespace "dev": you may see the cluster, but hold no namespace permission in it`)
	if got.status.Details.Name != "web" {
		t.Errorf("the rest of the Status is lost: %s", got.body)
	}
	if got := alice.get(pods + "/quota"); got.status.Message != `pods "quota" is forbidden: exceeded quota: small` {
		t.Errorf("a quota is explained as %s", got.status.Message)
	}
	alice.get(pods+"/powerless").refused(t, http.StatusBadGateway, "InternalError", "needs the verb impersonate")
}

func TestAReasonThatTheWebhookHasGivenIsNotRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newBackend(t).access())
	got := w.as("alice").get(pods + "/by-both")
	got.refused(t, http.StatusForbidden, "Forbidden", "hold no namespace permission in it; why: pratique why alice get pods -n dev --cluster prod")
	if strings.Count(got.status.Message, "why: pratique why") != 1 {
		t.Errorf("the message is %s", got.status.Message)
	}
}

func TestARefusalOfRBACKnowsWhoHoldsSomething(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newBackend(t).access())
	w.apply("kind: NamespacePermission\nmetadata: {name: p}\nspec: {user: alice, clusterRole: view, clusters: [prod], namespaces: [test]}")
	w.as("alice").get(pods+"/by-rbac").refused(t, http.StatusForbidden, "Forbidden", "but no namespace permission allows it; why: pratique why alice get pods -n dev --cluster prod")
}

func TestTokensOfAClusterWorkForThatClusterAndWhileTheirSessionLives(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	token, session := w.clusterToken("alice", "prod")
	alice := as{w, token}
	for _, ref := range []string{"prod", w.cluster("prod").ID} {
		if got := alice.get("/clusters/" + ref + "/version"); got.code != http.StatusOK {
			t.Fatalf("%d %s", got.code, got.body)
		}
	}
	if got := b.last(t).Header.Get("Impersonate-Extra-Pratique.dev%2fsession"); got != session {
		t.Errorf("the session is %q", got)
	}
	alice.get("/clusters/ack/version").refused(t, http.StatusUnauthorized, "Unauthorized", "not valid for this cluster")
	alice.get("/clusters/nowhere/version").refused(t, http.StatusUnauthorized, "Unauthorized", "not valid for this cluster")
	foreign, _, err := w.issuer.Sign(context.Background(), oidc.Claims{
		Subject: w.principal("alice").ID, Cluster: w.cluster("prod").ID, Account: "2", Session: session,
	})
	if err != nil {
		t.Fatal(err)
	}
	as{w, foreign}.get("/clusters/prod/version").refused(t, http.StatusUnauthorized, "Unauthorized", "")
	w.change(pratique.EndSession{ID: session})
	alice.get("/clusters/prod/version").refused(t, http.StatusUnauthorized, "Unauthorized", "the session has ended")
}

func TestOldPolicyIsSaidAndThenRefused(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	alice := w.as("alice")
	set := func(f proxy.Freshness) { w.mu.Lock(); defer w.mu.Unlock(); w.fresh = f }
	set(proxy.Freshness{Age: 10 * time.Second, Usable: true, Stale: true})
	if got := alice.get(pods); got.code != http.StatusOK || got.header.Get("X-IAM-Snapshot-Age") != "10s" {
		t.Errorf("%d %v", got.code, got.header)
	}
	set(proxy.Freshness{Age: time.Hour})
	alice.get(pods).refused(t, http.StatusServiceUnavailable, "ServiceUnavailable", "policy is too old")
}

func TestAHibernatedClusterIsNotAskedButSaysSo(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	alice := w.as("alice")
	stopped := true
	w.change(pratique.ClusterUpdate{Name: "prod", Stopped: &stopped})
	alice.get(pods).refused(t, http.StatusServiceUnavailable, "ServiceUnavailable", "pratique cluster start prod")
	if len(b.requests()) > 0 {
		t.Error("it was asked")
	}
}
