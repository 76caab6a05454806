package api_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/cluster"
)

// apiserver answers TokenReviews about the tokens that it has issued, as a kube-apiserver does; the stories in cmd/pratique ask a real one. What it
// is told to say instead stands for clusters that are old, broken or in strange hands.
type apiserver struct {
	cluster.Manager // for Status
	client          kubernetes.Interface

	mu      sync.Mutex
	issued  map[string][]string // audiences by token
	instead *authenticationv1.TokenReviewStatus
	asked   int
	down    bool
}

func newAPIServer(t *testing.T) *apiserver {
	t.Helper()
	s := &apiserver{issued: map[string][]string{}}
	srv := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(srv.Close)
	var err error
	if s.client, err = kubernetes.NewForConfig(&rest.Config{Host: srv.URL, QPS: 1000, Burst: 1000, ContentConfig: rest.ContentConfig{ContentType: "application/json"}}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *apiserver) Connect(*pratique.Snapshot, *pratique.Cluster) (*cluster.Conn, error) {
	return &cluster.Conn{Client: s.client}, nil
}

func (s *apiserver) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.HasSuffix(r.URL.Path, "/tokenreviews") { // a cluster that is attached is also asked what our credential may do
		s.asked++
	}
	var review authenticationv1.TokenReview
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil || s.down {
		http.Error(w, "no", http.StatusInternalServerError)
		return
	}
	for _, audience := range s.issued[review.Spec.Token] {
		if slices.Contains(review.Spec.Audiences, audience) {
			review.Status.Authenticated = true
			review.Status.Audiences = append(review.Status.Audiences, audience)
			review.Status.User.Username = subjectOf(review.Spec.Token)
		}
	}
	if s.instead != nil {
		review.Status = *s.instead
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(review)
}

// becomes makes it say something else, or nothing.
func (s *apiserver) becomes(instead *authenticationv1.TokenReviewStatus, down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.instead, s.down = instead, down
}

func (s *apiserver) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func subjectOf(token string) string {
	var c struct{ Sub string }
	body, _ := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	_ = json.Unmarshal(body, &c)
	return c.Sub
}

// issue makes a token; only this apiserver knows whether it is good.
func (s *apiserver) issue(subject string, audiences ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := unsigned(subject, audiences...)
	s.issued[token] = audiences
	return token
}

func unsigned(subject string, audiences ...string) string {
	body, _ := json.Marshal(map[string]any{"iss": "https://kubernetes.default.svc", "sub": subject, "aud": audiences})
	return "e30." + base64.RawURLEncoding.EncodeToString(body) + ".c2ln"
}

const (
	builder = "system:serviceaccount:ci:builder"
	address = "https://iam.example.com"
)

// dockyard is a harbour with the role deployer, which trusts the service account builder of cluster prod.
func dockyard(t *testing.T) (*town, *apiserver) {
	t.Helper()
	s := newAPIServer(t)
	w := harbourWith(t, s)
	w.trusts("prod")
	w.root.apply(policyOf("read-users", `{Version: "1", Statement: [{Effect: Allow, Action: ["ram:GetUser", "ram:ListUsers"], Resource: ["*"]}]}`)).want(200)
	w.root.apply("kind: Grant\nmetadata: {name: d}\nspec: {role: deployer, policy: read-users, scope: {account: true}}").want(200)
	return w, s
}

func (w *town) trusts(provider string) {
	w.Helper()
	w.root.apply(`kind: Role
metadata: {name: deployer}
spec: {trust: {Version: "1", Statement: [{Effect: Allow, Action: "sts:AssumeRole", Principal: {Federated: ["` + w.named("oidc-provider/"+provider) + `"]},
  Condition: {StringEquals: {"oidc:sub": "` + builder + `", "oidc:iss": "https://kubernetes.default.svc"}}}]}}`).want(200)
}

func (w *town) exchange(cluster, token, role string) answer {
	w.Helper()
	return w.stranger().post("/v1/assume-role-with-token", apiv1.ExchangeToken{Cluster: cluster, Token: token, Role: role, SessionName: "build-42"})
}

func TestAServiceAccountBecomesTheRoleThatTrustsIt(t *testing.T) {
	t.Parallel()
	w, s := dockyard(t)
	for _, audience := range []string{address, "sts.aliyuncs.com"} {
		var token apiv1.Token
		w.exchange("prod", s.issue(builder, audience), "deployer").want(201).into(&token)
		deployer := person{w, token.Token, token.ID}
		deployer.get("/v1/users").want(200)
		deployer.get("/v1/groups").want(403)
		deployer.post("/v1/logout", nil).want(204)
	}
	var list apiv1.Audit
	w.root.get("/v1/audit?event=" + string(audit.RoleAssumed)).want(200).into(&list)
	if len(list.Records) != 2 || list.Records[0].Actor.Name != "deployer" || !strings.Contains(list.Records[0].Detail, builder+" of cluster prod, as session build-42") {
		t.Errorf("records: %+v", list.Records)
	}
}

func TestAProviderMayBeNamedByTheIDOfTheCluster(t *testing.T) {
	t.Parallel()
	w, s := dockyard(t)
	prod, _ := w.dir.Accounts()[0].Clusters.Name("prod")
	w.trusts(prod.ID)
	w.exchange(prod.ID, s.issue(builder, address), "deployer").want(201)
	w.root.post("/v1/clusters", apiv1.NewCluster{Name: "c-" + strings.Repeat("a", 16), Type: "ack-managed"}).want(201)
	w.trusts("c-" + strings.Repeat("a", 16)) // a name that looks like an id is nobody's
	w.exchange("c-"+strings.Repeat("a", 16), s.issue(builder, address), "deployer").problem(401, "unauthenticated")
}

// Whoever probes must not find out which account, cluster, role or trust there is: the body is the same every time.
func TestEveryTokenThatIsNotExchangedIsRefusedAlike(t *testing.T) {
	t.Parallel()
	w, s := dockyard(t)
	good := s.issue(builder, address)
	body := func(a answer) string {
		p := a.problem(401, "unauthenticated")
		return p.Title + p.Detail + p.Hint
	}
	want := body(w.exchange("prod", "no token", "deployer"))
	wrong := map[string]answer{
		"no such cluster":     w.exchange("none", good, "deployer"),
		"a cluster not named": w.exchange("lab", good, "deployer"),
		"no such role":        w.exchange("prod", good, "none"),
		"another account":     w.exchange("prod", s.issue("system:serviceaccount:ci:other", address), "deployer"),
		"not signed by it":    w.exchange("prod", unsigned(builder, address, "x"), "deployer"),
		"for kube-apiserver":  w.exchange("prod", s.issue(builder, "https://kubernetes.default.svc"), "deployer"),
		"of a person":         w.exchange("prod", s.issue("alice", address), "deployer"),
		"of a node":           w.exchange("prod", s.issue("system:node:a", address), "deployer"),
		"no such tenant": w.stranger().post("/v1/assume-role-with-token",
			apiv1.ExchangeToken{Account: "none", Cluster: "prod", Token: good, Role: "deployer", SessionName: "build-42"}),
	}
	for name, instead := range map[string]authenticationv1.TokenReviewStatus{
		"a yes without audience": {Authenticated: true, User: authenticationv1.UserInfo{Username: builder}},
		"another audience":       {Authenticated: true, User: authenticationv1.UserInfo{Username: builder}, Audiences: []string{"x"}},
		"another user":           {Authenticated: true, User: authenticationv1.UserInfo{Username: "system:serviceaccount:ci:other"}, Audiences: []string{address}},
		"no, with the user":      {User: authenticationv1.UserInfo{Username: builder}, Audiences: []string{address}},
	} {
		s.becomes(&instead, false)
		wrong[name] = w.exchange("prod", good, "deployer")
	}
	s.becomes(nil, true)
	wrong["a cluster that is down"] = w.exchange("prod", good, "deployer")
	s.becomes(nil, false)
	for name, got := range wrong {
		if diff := body(got); diff != want {
			t.Errorf("%s is told apart: %s", name, diff)
		}
	}
	w.exchange("prod", good, "deployer").want(201)
	var list apiv1.Audit
	w.root.get("/v1/audit?event=" + string(audit.RoleRefused)).want(200).into(&list)
	if len(list.Records) == 0 || strings.Contains(w.log.String(), good) {
		t.Error("refusals leave no record, or the log holds a token")
	}
}

func TestOnlyWhatMayBeATokenIsCarriedToACluster(t *testing.T) {
	t.Parallel()
	w, s := dockyard(t)
	for _, token := range []string{"", "a.b.c", unsigned("alice", address), unsigned(builder, "x"), unsigned(builder, address) + strings.Repeat("x", 16<<10)} {
		w.exchange("prod", token, "deployer").problem(401, "unauthenticated")
	}
	if n := s.count(); n != 0 {
		t.Errorf("the cluster was asked %d times", n)
	}
}

func TestGuessesAreBrakedAndGoodTokensAreNot(t *testing.T) {
	t.Parallel()
	w, s := dockyard(t)
	bad, good := unsigned(builder, address, "x"), s.issue(builder, address)
	w.exchange("prod", good, "deployer").want(201)
	last := 0
	for range 60 {
		last = w.exchange("prod", bad, "deployer").status
	}
	if last != 503 && last != 429 {
		t.Errorf("after sixty wrong tokens: %d", last)
	}
	if n := s.count(); n >= 60 {
		t.Errorf("the cluster was asked %d times", n)
	}
}

func TestASessionOfAClusterEndsWithTheCluster(t *testing.T) {
	t.Parallel()
	w, s := dockyard(t)
	var token apiv1.Token
	w.exchange("prod", s.issue(builder, address), "deployer").want(201).into(&token)
	deployer := person{w, token.Token, token.ID}
	deployer.get("/v1/me").want(200)
	w.root.delete("/v1/clusters/prod")
	if _, there := w.dir.Accounts()[0].Clusters.Name("prod"); there {
		t.Fatal("the cluster is still there")
	}
	deployer.get("/v1/me").want(401)
}
