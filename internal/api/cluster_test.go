package api_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/api"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/cluster"
	"github.com/pratique-iam/pratique/internal/oidc"
	"github.com/pratique-iam/pratique/internal/rbacsync"
	"github.com/pratique-iam/pratique/internal/seal"
)

// harbour is a town with clusters: an attached one of type cce-standard in local-1, and a local one of type ack-managed. alice reads clusters,
// bob has a namespace permission besides, carol is CCE Administrator, dora has nothing, and inspector may ask about others.
func harbour(t *testing.T) *town {
	t.Helper()
	return harbourWith(t, nil)
}

// harbourWith is a harbour whose clusters somebody else looks after.
func harbourWith(t *testing.T, clusters api.Clusters) *town {
	t.Helper()
	w := settled(t, users("alice", "bob", "carol", "dora", "inspector"),
		"kind: Policy\nmetadata: {name: inspect}\nspec: {document: {Version: \"1.1\", Statement: [{Effect: Allow, Action: [\"iam:permissions:simulate\"]}]}}",
		grant("reads", "alice-group", "CCE ReadOnlyAccess", "{project: local-1}"), grant("reads-too", "bob-group", "CCE ReadOnlyAccess", "{project: local-1}"),
		grant("inspects", "inspector-group", "inspect", "{account: true}"))
	for _, role := range []string{"Tenant Guest", "Server Administrator", "ELB Administrator", "SFS Administrator", "SWR Admin", "APM FullAccess", "CCE Administrator"} {
		w.root.apply(grant("carol-"+strings.ReplaceAll(strings.ToLower(role), " ", "-"), "carol-group", role, "{project: local-1}"))
	}
	w.root.apply(grant("carol-obs", "carol-group", "OBS Administrator", "{account: true}")).want(200)
	w.api.Clusters = clusters
	w.runsClusters()
	w.root.post("/v1/clusters", apiv1.NewCluster{Name: "prod", Type: "cce-standard", Tags: map[string]string{"env": "prod"}, Kubeconfig: kubeconfig(t)}).want(201)
	w.root.post("/v1/clusters", apiv1.NewCluster{Name: "lab", Type: "ack-managed", Nodes: 3}).want(201)
	w.root.apply("kind: NamespacePermission\nmetadata: {name: bob-dev}\nspec: {group: bob-group, clusterRole: view, clusters: [prod], namespaces: [dev]}").want(200)
	return w
}

// runsClusters gives the town the parts that clusters need. Nothing looks after the clusters: what is asked here needs no kube-apiserver.
func (w *town) runsClusters() {
	w.Helper()
	sealer, err := seal.Create(w.TempDir() + "/kek")
	if err != nil {
		w.Fatal(err)
	}
	w.sealer = sealer
	w.api.Sealer, w.api.LocalClusters, w.api.CA = sealer, true, []byte(authority(w.T))
	if w.api.Clusters == nil {
		w.api.Clusters = &cluster.Manager{Directory: w.dir, Sealer: sealer, Now: time.Now}
	}
	w.issuer = &oidc.Issuer{URL: w.api.External, Secrets: w.dir, Sealer: sealer, Now: time.Now}
	w.api.Issuer = w.issuer
	w.api.RBAC = bindings{}
	w.api.Asked = func(string) time.Time { return time.Time{} }
}

// bindings are the rules of a cluster, as somebody wrote them down: view in namespace dev for bob's group.
type bindings struct{}

func (bindings) View(_ context.Context, s *pratique.Snapshot, c *pratique.Cluster) (*rbacsync.View, error) {
	if c.Name == "lab" {
		return nil, &pratique.Error{Kind: pratique.ErrUnavailable, Message: "the cluster does not answer in time"}
	}
	var v rbacsync.View
	v.ClusterRoles = []*rbacv1.ClusterRole{{
		ObjectMeta: metav1.ObjectMeta{Name: "view"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{"", "apps"}, Resources: []string{"pods", "pods/log", "deployments"}, Verbs: []string{"get", "list", "watch"}}},
	}}
	for _, o := range rbacsync.Desired(s, c) {
		v.RoleBindings = append(v.RoleBindings, &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: o.Name, Namespace: o.Namespace, Labels: map[string]string{rbacsync.LabelPermission: o.Permission}},
			Subjects:   []rbacv1.Subject{o.Subject}, RoleRef: rbacv1.RoleRef{Kind: "ClusterRole", Name: o.ClusterRole},
		})
	}
	return &v, nil
}

func (b bindings) Plan(_ context.Context, s *pratique.Snapshot, c *pratique.Cluster) (rbacsync.Plan, error) {
	return rbacsync.Diff(c.Name, rbacsync.Desired(s, c), rbacsync.Live{Namespaces: map[string]bool{"dev": true}, ClusterRoles: map[string]bool{"view": true}}), nil
}

func (bindings) Status(string) rbacsync.Status { return rbacsync.Status{} }

func authority(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ca"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func kubeconfig(t *testing.T) string {
	t.Helper()
	return `{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}],
clusters: [{name: c, cluster: {server: "https://127.0.0.1:6443", certificate-authority-data: ` + base64.StdEncoding.EncodeToString([]byte(authority(t))) + `}}],
users: [{name: u, user: {token: s3cret-of-the-cluster}}]}`
}

func (p person) patch(path string, body any) answer {
	p.Helper()
	return p.send("PATCH", path, "application/json", body)
}

func (p person) clusters() []string {
	p.Helper()
	var list apiv1.ClusterList
	p.get("/v1/clusters").want(200).into(&list)
	names := []string{}
	for _, c := range list.Items {
		names = append(names, c.Name)
	}
	if len(names) == 0 && list.Hint == "" {
		p.Error("an empty list says nothing")
	}
	return names
}

func TestEverybodyListsTheClustersThatTheyMaySee(t *testing.T) {
	t.Parallel()
	w := harbour(t)
	alice, dora := w.as("alice"), w.as("dora")
	if diff := cmp.Diff([]string{"lab", "prod"}, w.root.clusters()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"prod"}, alice.clusters()); diff != "" { // lab speaks the other language
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{}, dora.clusters()); diff != "" {
		t.Error(diff)
	}
	var me apiv1.Me
	alice.get("/v1/me").want(200).into(&me)
	if diff := cmp.Diff([]string{"prod"}, me.Clusters); diff != "" {
		t.Error(diff)
	}
	var page apiv1.ClusterList
	w.root.get("/v1/clusters?limit=1").want(200).into(&page)
	next := page.Next
	page = apiv1.ClusterList{}
	w.root.get("/v1/clusters?limit=1&page=" + next).want(200).into(&page)
	if len(page.Items) != 1 || page.Items[0].Name != "prod" || page.Next != "" {
		t.Errorf("second page: %+v", page)
	}
}

func TestAClusterGrantWithoutANamespacePermissionExplainsItself(t *testing.T) {
	t.Parallel()
	w := harbour(t)
	for name, note := range map[string]bool{"alice": true, "bob": false, "carol": false} {
		var c apiv1.Cluster
		w.as(name).get("/v1/clusters/prod").want(200).into(&c)
		if got := strings.Contains(c.Note, "hold no namespace permission in it"); got != note {
			t.Errorf("%s reads the note %q", name, c.Note)
		}
		if c.Server != "https://127.0.0.1:6443" || c.Project != "local-1" || c.Creator != "root" || c.Status.Phase != "unknown" {
			t.Errorf("%s sees %+v", name, c)
		}
	}
	body := string(w.root.get("/v1/clusters/prod").want(200).body)
	if strings.Contains(body, "s3cret") || strings.Contains(body, "sealed") {
		t.Errorf("the credential is shown: %s", body)
	}
}

func TestNobodyLearnsOfAClusterByTrying(t *testing.T) {
	t.Parallel()
	w := harbour(t)
	alice, dora := w.as("alice"), w.as("dora")
	shadow := apiv1.ClusterPatch{Tags: &map[string]string{"a": "b"}}
	for _, p := range []person{alice, dora} {
		for _, send := range []func(name string) answer{
			func(name string) answer { return p.get("/v1/clusters/" + name) },
			func(name string) answer { return p.get("/v1/clusters/" + name + "/access") },
			func(name string) answer { return p.get("/v1/clusters/" + name + "/rbac") },
			func(name string) answer { return p.post("/v1/clusters/"+name+"/token", nil) },
			func(name string) answer { return p.post("/v1/clusters/"+name+"/stop", nil) },
			func(name string) answer { return p.post("/v1/clusters/"+name+"/connect", apiv1.ConnectCluster{}) },
			func(name string) answer { return p.patch("/v1/clusters/"+name, shadow) },
			func(name string) answer { return p.delete("/v1/clusters/" + name) },
			func(name string) answer {
				return p.post("/v1/kube/why", apiv1.KubeQuestion{Cluster: name, Verb: "get", Resource: "pods"})
			},
		} {
			there, not := send("lab"), send("bal") // alice may not see lab, and there is no bal
			if there.status != not.status || there.status < 403 {
				t.Errorf("answered %d and %d: %s %s", there.status, not.status, there.body, not.body)
			}
			var one, other apiv1.Problem
			there.into(&one)
			not.into(&other)
			if strings.ReplaceAll(one.Detail, "lab", "bal") != other.Detail {
				t.Errorf("the answers differ:\n%s\n%s", one.Detail, other.Detail)
			}
		}
	}
}

func TestWritingAClusterNeedsItsOperation(t *testing.T) {
	t.Parallel()
	w := harbour(t)
	alice := w.as("alice")
	if p := alice.post("/v1/clusters", apiv1.NewCluster{Name: "x", Type: "cce-standard"}).problem(403, "denied"); p.Decision == "" || !strings.Contains(p.Detail, "cce:cluster:create") {
		t.Errorf("problem: %+v", p)
	}
	p := alice.delete("/v1/clusters/prod").problem(403, "denied")
	if !strings.Contains(p.Detail, "cce:cluster:delete") || p.Decision == "" {
		t.Errorf("problem: %+v", p)
	}
	alice.get("/v1/decisions/" + p.Decision).want(200)
	name := "production"
	alice.patch("/v1/clusters/prod", apiv1.ClusterPatch{Name: &name}).problem(403, "denied")
	var c apiv1.Cluster
	w.root.patch("/v1/clusters/prod", apiv1.ClusterPatch{Name: &name, Tags: &map[string]string{"env": "test"}}).want(200).into(&c)
	if c.Name != name || c.Tags["env"] != "test" || c.Server == "" {
		t.Errorf("changed: %+v", c)
	}
	w.root.patch("/v1/clusters/"+name, apiv1.ClusterPatch{}).problem(400, "invalid")
	w.root.delete("/v1/clusters/" + name).want(202)
	w.root.get("/v1/clusters/"+name).problem(404, "not-found")
	var list apiv1.Audit
	w.root.get("/v1/audit?event=cluster.changed").want(200).into(&list)
	if len(list.Records) != 4 { // two created, one changed, one deleted
		t.Errorf("%d records: %+v", len(list.Records), list.Records)
	}
	w.root.get("/v1/audit?event=directory.change-denied").want(200).into(&list)
	if len(list.Records) != 3 {
		t.Errorf("%d refusals: %+v", len(list.Records), list.Records)
	}
}

func TestWhatATypeOrAProvisionerCannotDoIsAConflictWhoeverAsks(t *testing.T) {
	t.Parallel()
	w := harbour(t)
	w.root.post("/v1/clusters", apiv1.NewCluster{Name: "auto", Type: "cce-autopilot"}).want(201)
	w.root.post("/v1/clusters", apiv1.NewCluster{Name: "std", Type: "cce-standard"}).want(201)
	for _, p := range []person{w.root, w.as("carol")} {
		if p := p.post("/v1/clusters/auto/stop", nil).problem(409, "conflict"); !strings.Contains(p.Detail, "clusters of type cce-autopilot do not support cluster.stop") {
			t.Errorf("problem: %+v", p)
		}
	}
	w.root.post("/v1/clusters/lab/start", nil).problem(409, "conflict")
	if p := w.root.post("/v1/clusters/prod/stop", nil).problem(409, "conflict"); !strings.Contains(p.Detail, "is attached") {
		t.Errorf("problem: %+v", p)
	}
	var c apiv1.Cluster
	w.as("carol").post("/v1/clusters/std/stop", nil).want(200).into(&c)
	if !c.Stopped {
		t.Error("it is not stopped")
	}
	w.root.post("/v1/clusters/std/start", nil).want(200)
	w.root.post("/v1/clusters/std/connect", apiv1.ConnectCluster{}).problem(409, "conflict")
}

func TestABadKubeconfigIsRefusedAndNotRepeated(t *testing.T) {
	t.Parallel()
	w := harbour(t)
	good := kubeconfig(t)
	for name, c := range map[string]struct{ old, new, says string }{
		"a program":     {"{token: s3cret-of-the-cluster}", "{exec: {command: s3cret}}", "sets exec, which is refused"},
		"a file":        {"{token: s3cret-of-the-cluster}", "{tokenFile: /s3cret}", "sets tokenFile"},
		"a proxy":       {"server:", "proxy-url: http://s3cret, server:", "sets proxy-url"},
		"no encryption": {"https://127.0.0.1", "http://127.0.0.1", "without TLS"},
		"no check":      {"server:", "insecure-skip-tls-verify: true, server:", "sets insecure-skip-tls-verify"},
		"not YAML":      {"{apiVersion", "{{apiVersion", "not valid YAML"},
	} {
		t.Run(name, func(t *testing.T) {
			p := w.root.on(t).post("/v1/clusters", apiv1.NewCluster{Name: "x", Type: "cce-standard", Kubeconfig: strings.Replace(good, c.old, c.new, 1)}).problem(400, "invalid")
			if !strings.Contains(p.Detail, c.says) || strings.Contains(p.Detail+p.Hint, "s3cret") {
				t.Errorf("problem: %+v", p)
			}
		})
	}
	for _, n := range []apiv1.NewCluster{
		{Name: "x", Type: "barge"},
		{Name: "x", Type: "cce-standard", Billing: "barter"},
		{Name: "x", Type: "cce-standard", Nodes: -1},
		{Name: "x", Type: "cce-standard", Context: "c"},
		{Name: "x", Type: "cce-standard", Kubeconfig: good, Nodes: 1},
		{Name: "no/good", Type: "cce-standard"},
	} {
		w.root.post("/v1/clusters", n).problem(400, "invalid")
	}
	w.root.post("/v1/clusters", apiv1.NewCluster{Name: "x", Type: "cce-standard", Kubeconfig: good, Context: "other"}).problem(400, "invalid")
	w.root.post("/v1/clusters", apiv1.NewCluster{Name: "PROD", Type: "cce-standard"}).problem(409, "conflict")
	w.root.patch("/v1/clusters/lab", apiv1.ClusterPatch{Kubeconfig: &good}).problem(409, "conflict")
}

func TestTheCredentialIsSealedToItsCluster(t *testing.T) {
	t.Parallel()
	w := harbour(t)
	s := w.dir.Accounts()[0]
	c, _ := s.Clusters.Name("prod")
	plain, err := w.sealer.Unseal(c.Sealed, cluster.SealPath(s.Account.ID, c.ID))
	if err != nil || !strings.Contains(string(plain), "s3cret-of-the-cluster") || strings.Contains(string(c.Sealed), "s3cret") {
		t.Errorf("sealed: %v", err)
	}
	other := strings.Replace(kubeconfig(t), "s3cret-of", "another-of", 1)
	w.root.patch("/v1/clusters/prod", apiv1.ClusterPatch{Kubeconfig: &other}).want(200)
	c, _ = w.dir.Accounts()[0].Clusters.ID(c.ID)
	if plain, err = w.sealer.Unseal(c.Sealed, cluster.SealPath(s.Account.ID, c.ID)); err != nil || !strings.Contains(string(plain), "another-of-the-cluster") {
		t.Errorf("replaced: %v", err)
	}
}

func TestATokenIsForOneClusterAndRecordedBeforeItExists(t *testing.T) {
	t.Parallel()
	w := harbour(t)
	bob := w.as("bob")
	var token apiv1.ClusterToken
	bob.post("/v1/clusters/prod/token", nil).want(201).into(&token)
	s := w.dir.Accounts()[0]
	prod, _ := s.Clusters.Name("prod")
	lab, _ := s.Clusters.Name("lab")
	user, _ := s.Users.Name("bob")
	group, _ := s.Groups.Name("bob-group")
	claims, err := w.issuer.Verify(t.Context(), token.Token, prod.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := oidc.Claims{
		Subject: user.ID, Name: "bob", Groups: []string{group.ID}, Cluster: prod.ID, Account: s.Account.ID, Session: bob.id,
		Expires: token.Expires.Truncate(time.Second),
	}
	claims.Expires = claims.Expires.UTC()
	if diff := cmp.Diff(want, claims); diff != "" {
		t.Error(diff)
	}
	if _, err := w.issuer.Verify(t.Context(), token.Token, lab.ID); err == nil {
		t.Error("the token is good for another cluster")
	}
	var list apiv1.Audit
	w.root.get("/v1/audit?event=" + string(audit.TokenIssued)).want(200).into(&list)
	if len(list.Records) != 1 || list.Records[0].Actor.Name != "bob" || !strings.Contains(list.Records[0].Detail, "prod") {
		t.Errorf("records: %+v", list.Records)
	}
	if !strings.Contains(string(w.stranger().get("/oidc/jwks").want(200).body), `"crv":"P-256"`) ||
		!strings.Contains(string(w.stranger().get("/.well-known/openid-configuration").want(200).body), `"issuer":"https://iam.example.com"`) {
		t.Error("a kube-apiserver could not verify it")
	}
	var tooMany bool
	for range 20 {
		tooMany = tooMany || bob.post("/v1/clusters/prod/token", nil).status == 429
	}
	if !tooMany {
		t.Error("tokens can be had without end")
	}
	bob.post("/v1/logout", nil).want(204)
	bob.post("/v1/clusters/prod/token", nil).problem(401, "unauthenticated")
}

func TestConnectingWritesTheFilesAndACredential(t *testing.T) {
	t.Parallel()
	w := harbour(t)
	var before, after apiv1.ClusterAccess
	w.root.get("/v1/clusters/prod/access").want(200).into(&before)
	if before.Direct != "" || before.Proxy != "https://iam.example.com/clusters/"+before.ID {
		t.Errorf("access: %+v", before)
	}
	w.as("alice").post("/v1/clusters/prod/connect", apiv1.ConnectCluster{}).problem(403, "denied")
	for _, dir := range []string{"relative", "/a/../b", "/a\nb"} {
		w.root.post("/v1/clusters/prod/connect", apiv1.ConnectCluster{Dir: dir}).problem(400, "invalid")
	}
	var files apiv1.ClusterFiles
	yes := true
	w.root.post("/v1/clusters/prod/connect", apiv1.ConnectCluster{Shadow: &yes, Dir: "/opt/p"}).want(201).into(&files)
	secret := files.WebhookKubeconfig[strings.Index(files.WebhookKubeconfig, "token: ")+len(`token: "`):]
	secret, _, _ = strings.Cut(secret, `"`)
	_, c, err := w.authn.Cluster(secret)
	if err != nil || c.Name != "prod" || !c.Shadow {
		t.Errorf("the credential is that of %+v: %v", c, err)
	}
	if !strings.Contains(files.Authorization, `"/opt/p/webhook.yaml"`) || !strings.Contains(files.Authentication, "https://iam.example.com") ||
		!strings.Contains(strings.Join(files.Steps, "\n"), "--authorization-config=/opt/p/authorization.yaml") {
		t.Errorf("files: %+v", files)
	}
	(&person{w, secret, ""}).get("/v1/me").problem(401, "unauthenticated")
	w.root.get("/v1/clusters/prod/access").want(200).into(&after)
	if after.Direct != "https://127.0.0.1:6443" || len(after.CA) == 0 {
		t.Errorf("access: %+v", after)
	}
	var list apiv1.Audit
	w.root.get("/v1/audit?event=cluster.connected").want(200).into(&list)
	if len(list.Records) != 1 || strings.Contains(string(w.root.get("/v1/audit").body), secret) {
		t.Errorf("records: %+v", list.Records)
	}
}

func TestAServerWithoutClusterSupportSaysSo(t *testing.T) {
	t.Parallel()
	w := settled(t)
	if p := w.root.post("/v1/clusters", apiv1.NewCluster{Name: "x", Type: "cce-standard"}).problem(503, "unavailable"); !strings.Contains(p.Hint, "pratique cluster attach") {
		t.Errorf("problem: %+v", p)
	}
	w.root.post("/v1/clusters", apiv1.NewCluster{Name: "x", Type: "cce-standard", Kubeconfig: kubeconfig(t)}).want(201)
	w.root.get("/v1/clusters/x").want(200)
	w.root.get("/v1/clusters/x/rbac").problem(503, "unavailable")
	w.root.post("/v1/clusters/x/token", nil).problem(503, "unavailable")
	w.root.post("/v1/clusters/x/connect", apiv1.ConnectCluster{}).problem(503, "unavailable")
	w.root.post("/v1/kube/whocan", apiv1.KubeQuestion{Cluster: "x", Verb: "get", Resource: "pods"}).problem(503, "unavailable")
	w.stranger().get("/oidc/jwks").problem(503, "unavailable")
}

func TestThePlanOfAClusterIsShown(t *testing.T) {
	t.Parallel()
	w := harbour(t)
	var plan apiv1.RBACPlan
	w.root.get("/v1/clusters/prod/rbac").want(200).into(&plan)
	if len(plan.Steps) != 1 || plan.Steps[0].Action != "create" || plan.Steps[0].Namespace != "dev" || plan.Steps[0].ClusterRole != "view" ||
		!strings.Contains(plan.Steps[0].Because, "permission bob-dev of group bob-group") {
		t.Errorf("plan: %+v", plan)
	}
	w.as("dora").get("/v1/clusters/prod/rbac").problem(403, "denied")
}
