package webhook_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/webhook"
)

type tokenStatus struct {
	Authenticated bool `json:"authenticated"`
	User          struct {
		Username string              `json:"username"`
		UID      string              `json:"uid"`
		Groups   []string            `json:"groups"`
		Extra    map[string][]string `json:"extra"`
	} `json:"user"`
	Audiences []string `json:"audiences"`
	Error     string   `json:"error"`
}

// authenticate posts a review of a token and reads the status.
func (a *apiserver) authenticate(token string, audiences ...string) tokenStatus {
	a.tb.Helper()
	list, err := json.Marshal(audiences)
	if err != nil {
		a.tb.Fatal(err)
	}
	code, answer := a.post(webhook.AuthenticatePath+a.id, `{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1",`+
		`"metadata":{"creationTimestamp":null},"spec":{"token":"`+token+`","audiences":`+string(list)+`},"status":{"user":{}}}`)
	var out struct {
		APIVersion string      `json:"apiVersion"`
		Kind       string      `json:"kind"`
		Status     tokenStatus `json:"status"`
	}
	if err := json.Unmarshal([]byte(answer), &out, json.RejectUnknownMembers(true)); err != nil || code != http.StatusOK || out.Kind != "TokenReview" {
		a.tb.Fatalf("answer %d %s (%v)", code, answer, err)
	}
	return out.Status
}

// issue gives out a token of alice's for a cluster.
func (w *world) issue(cluster, token string) webhook.Claims {
	w.tb.Helper()
	c := webhook.Claims{
		UserID: w.user("alice"), UserName: "alice", Groups: []string{"grp-1", "system:masters", "pratique:grp-2"},
		Session: w.login("alice"), Expires: w.now().Add(10 * time.Minute),
	}
	w.tokens[w.cluster(cluster).ID+" "+token] = c
	return c
}

func TestATokenOfOursIsKnown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	claims := w.issue("prod", "good")
	a, audience := w.apiserver("prod"), w.Audience(w.cluster("prod"))
	got := a.authenticate("good", "https://kubernetes.default.svc", audience)
	var want tokenStatus
	want.Authenticated, want.Audiences = true, []string{audience}
	want.User.Username, want.User.UID = "pratique:"+claims.UserID, claims.UserID
	want.User.Groups = []string{"pratique:grp-1", "pratique:system:masters", "pratique:grp-2"}
	want.User.Extra = map[string][]string{"pratique.dev/name": {"alice"}, "pratique.dev/session": {claims.Session}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestATokenIsRefusedWithAReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	claims := w.issue("prod", "good")
	w.issue("ack", "theirs")
	a, audience := w.apiserver("prod"), w.Audience(w.cluster("prod"))
	refused := func(name, says, token string, audiences ...string) {
		t.Helper()
		got := a.authenticate(token, audiences...)
		if got.Authenticated || got.User.Username != "" || got.Audiences != nil || !strings.Contains(got.Error, says) {
			t.Errorf("%s: %+v, want an error with %q", name, got, says)
		}
	}
	refused("a foreign audience", "does not ask for the audience", "good", "https://kubernetes.default.svc")
	refused("the audience of another cluster", "does not ask for the audience", "good", w.Audience(w.cluster("ack")))
	refused("no audience", "set --api-audiences", "good")
	refused("an unknown token", "not one of ours", "bad", audience)
	refused("the token of another cluster", "not one of ours", "theirs", audience)
	refused("no token", "empty or too long", "", audience)
	refused("a huge token", "empty or too long", strings.Repeat("x", 9<<10), audience)

	w.clock = w.clock.Add(11 * time.Minute)
	refused("an old token", "has expired", "good", audience)
	w.clock = noon
	w.fresh = webhook.Freshness{Age: time.Hour}
	refused("old policy", "policy is too old", "good", audience)
	w.fresh = webhook.Freshness{Usable: true}
	w.change(pratique.EndSession{ID: claims.Session})
	refused("an ended session", "the session has ended", "good", audience)
	if log := w.log.String(); strings.Contains(log, "good") || strings.Contains(log, "theirs") {
		t.Errorf("a token stands in the log: %s", log)
	}
}

func TestWhatIsNoTokenReviewIsABadRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.apiserver("prod")
	for name, body := range map[string]string{
		"the older version": `{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1beta1","spec":{"token":"secret"}}`,
		"another kind":      `{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{"token":"secret"}}`,
		"a token twice":     `{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","spec":{"token":"secret","token":"secret"}}`,
		"half":              `{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","spec":{"token":"secret`,
		"nothing":           "",
	} {
		if code, answer := a.post(webhook.AuthenticatePath+a.id, body); code != http.StatusBadRequest || strings.Contains(answer, "secret") {
			t.Errorf("%s: %d %s", name, code, answer)
		}
	}
}

func TestWithoutAnIssuerNoTokenIsAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.issue("prod", "good")
	w.Issuer = nil
	if got := w.apiserver("prod").authenticate("good", w.Audience(w.cluster("prod"))); got.Authenticated || got.Error == "" {
		t.Errorf("got %+v", got)
	}
}
