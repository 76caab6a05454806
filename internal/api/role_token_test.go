package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/kube"
	"github.com/pratique-iam/pratique/internal/oidc"
)

// theatre is a playhouse with a local cluster lab of type ack-managed, which the role worker may reach.
func theatre(t *testing.T) *town {
	t.Helper()
	w := playhouse(t)
	w.runsClusters()
	w.root.post("/v1/clusters", apiv1.NewCluster{Name: "lab", Type: "ack-managed"}).want(201)
	return w
}

func TestASessionOfARoleGetsTokensOfClustersInTheNameOfTheRole(t *testing.T) {
	t.Parallel()
	w := theatre(t)
	worker := w.as("alice").assumes("worker", "")
	var token apiv1.ClusterToken
	worker.post("/v1/clusters/lab/token", nil).want(201).into(&token)
	s := w.dir.Accounts()[0]
	lab, _ := s.Clusters.Name("lab")
	role, _ := s.Roles.Name("worker")
	claims, err := w.issuer.Verify(t.Context(), token.Token, lab.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := oidc.Claims{Subject: role.ID, Name: "worker", Cluster: lab.ID, Account: s.Account.ID, Session: worker.id, Expires: token.Expires.Truncate(time.Second)}
	claims.Expires = claims.Expires.UTC()
	if diff := cmp.Diff(want, claims); diff != "" {
		t.Error(diff)
	}
	var list apiv1.Audit
	w.root.get("/v1/audit?event=" + string(audit.TokenIssued)).want(200).into(&list)
	if len(list.Records) != 1 || list.Records[0].Actor.Name != "worker" || !strings.HasSuffix(list.Records[0].Detail, ", as session test") {
		t.Errorf("records: %+v", list.Records)
	}
	worker.post("/v1/logout", nil).want(204)
	worker.post("/v1/clusters/lab/token", nil).problem(401, "unauthenticated")
}

func TestATokenOfAClusterEndsWithTheSessionOfTheRole(t *testing.T) {
	t.Parallel()
	w := theatre(t)
	var lender, lent apiv1.Token
	w.as("alice").post("/v1/tokens", apiv1.NewToken{Label: "ci", Expires: pratique.Duration(5 * time.Minute)}).want(201).into(&lender)
	person{w, lender.Token, lender.ID}.post("/v1/assume-role", asWorker).want(201).into(&lent)
	var token apiv1.ClusterToken
	person{w, lent.Token, lent.ID}.post("/v1/clusters/lab/token", nil).want(201).into(&token)
	if token.Expires.After(lent.Expires) || lent.Expires.After(lender.Expires) || time.Until(token.Expires) > 5*time.Minute {
		t.Errorf("the token lasts until %s, its session until %s, whose lender until %s", token.Expires, lent.Expires, lender.Expires)
	}
}

func TestASessionPolicyMustAllowTheTokenOfACluster(t *testing.T) {
	t.Parallel()
	w := theatre(t)
	alice := w.as("alice")
	allow := func(action string) string {
		return `{"Version":"1","Statement":[{"Effect":"Allow","Action":["` + action + `"],"Resource":["*"]}]}`
	}
	alice.assumes("worker", allow("ram:GetUser")).post("/v1/clusters/lab/token", nil).problem(403, "denied")
	alice.assumes("worker", allow("cs:*")).post("/v1/clusters/lab/token", nil).want(201)
}

// One who asks without pause must not keep others from the role.
func TestEverybodyWhoHasAssumedARoleGetsTokensOfTheirOwn(t *testing.T) {
	t.Parallel()
	w := theatre(t)
	w.root.apply(grant("b", "bob-group", "assume", "{account: true}")).want(200)
	greedy, other := w.as("alice").assumes("worker", ""), w.as("bob").assumes("worker", "")
	tooMany := false
	for range 20 {
		tooMany = tooMany || greedy.post("/v1/clusters/lab/token", nil).status == 429
	}
	if !tooMany {
		t.Error("tokens can be had without end")
	}
	other.post("/v1/clusters/lab/token", nil).want(201)
}

// What the policies would have said explains nothing to somebody whose session has ended.
func TestARefusalBeforeThePoliciesIsExplainedByItself(t *testing.T) {
	t.Parallel()
	w := theatre(t)
	memory := &access.Memory{}
	w.api.Memory = memory
	s := w.dir.Accounts()[0]
	lab, _ := s.Clusters.Name("lab")
	alice, _ := s.Users.Name("alice")
	review := &kube.Review{User: kube.UserName(alice.ID), IsResource: true, Verb: "get", Resource: "pods", Namespace: "dev"}
	id := memory.Remember(s, kube.Query(s, lab, review, w.api.Now()), access.RefusedFor("the session has ended; run: pratique login"))
	var a apiv1.Answer
	w.as("alice").get("/v1/decisions/" + id).want(200).into(&a)
	if a.Allowed || a.Effect != "Deny" || a.Reason != "the session has ended; run: pratique login" || a.Explanation != nil || a.RBAC != nil || a.Action != "k8s:Get" {
		t.Errorf("answer: %+v", a)
	}
	w.as("bob").get("/v1/decisions/"+id).problem(404, "not-found")
}
