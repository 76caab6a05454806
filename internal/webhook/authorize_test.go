package webhook_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/webhook"
	"github.com/pratique-iam/pratique/policy"
)

// podWeb asks to read a pod in the namespace dev.
const podWeb = `"resourceAttributes":{"namespace":"dev","verb":"get","version":"v1","resource":"pods","name":"web"}`

func want(t *testing.T, got verdict, allowed, denied bool, reason string) {
	t.Helper()
	if got.Allowed != allowed || got.Denied != denied || !strings.Contains(got.Reason, reason) {
		t.Errorf("got %+v, want allowed %v, denied %v, reason with %q", got, allowed, denied, reason)
	}
}

func TestTheGateAnswersInTheThreeWays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	alice := w.user("alice")
	prod, ack := w.apiserver("prod"), w.apiserver("ack")

	want(t, prod.authorize(review(alice, w.login("alice"), podWeb)), false, true, "no statement in force allows cce:kubernetes:get")
	want(t, ack.authorize(review(alice, w.login("alice"), podWeb)), false, false, "no namespace permission")
	w.grant("CCE ReadOnlyAccess")
	want(t, prod.authorize(review(alice, w.login("alice"), podWeb)), false, false,
		"you may see the cluster, but hold no namespace permission in it; why: pratique why alice get pods -n dev --cluster prod")
	want(t, prod.authorize(review("root", w.login("root"), podWeb)), true, false, "never restricted")
	w.grant("Tenant Administrator")
	want(t, prod.authorize(review(alice, w.login("alice"), podWeb)), true, false, "administrators of every cluster")

	if got, want := w.Counts(), (webhook.Counts{Allowed: 2, NoOpinion: 2, Denied: 1}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}

func TestADenialEndsWithTheIDUnderWhichItIsRemembered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.apiserver("prod").authorize(review(w.user("alice"), w.login("alice"), podWeb))
	if !strings.HasSuffix(got.Reason, "; why: pratique why dec_test") {
		t.Errorf("the reason is %s", got.Reason)
	}
	if len(w.remembered) != 1 || w.remembered[0].Resource != "cce:local-1:"+accountID+":pods:"+w.cluster("prod").ID+"/dev/web" {
		t.Errorf("remembered %+v", w.remembered)
	}
	if !strings.Contains(w.log.String(), `"msg":"kubernetes request denied","decision":"dec_test"`) {
		t.Errorf("logged %s", w.log.String())
	}
}

func TestThoseWhoAreNotOursAreLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := strings.ReplaceAll(review("x", "", podWeb), "pratique:x", "system:kube-scheduler")
	want(t, w.apiserver("prod").authorize(body), false, false, "")
}

func TestWhoseSessionHasEndedIsDenied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("Tenant Administrator")
	a, alice, session := w.apiserver("ack"), w.user("alice"), w.login("alice")
	want(t, a.authorize(review(alice, session, podWeb)), false, false, "")
	want(t, a.authorize(review("root", session, podWeb)), false, true, "somebody else's")
	want(t, a.authorize(review(alice, "ses-none", podWeb)), false, true, "the session has ended; run: pratique login")
	w.change(pratique.EndSession{ID: session})
	want(t, a.authorize(review(alice, session, podWeb)), false, true, "the session has ended")
	want(t, a.authorize(strings.Replace(review(alice, "a", podWeb), `["a"]`, `["a","b"]`, 1)), false, true, "exactly one session")

	w.apply("kind: User\nmetadata: {name: alice}\nspec: {disabled: true}")
	without := strings.Replace(review(alice, "", podWeb), `"pratique.dev/session":[""]`, `"x":[]`, 1)
	want(t, a.authorize(without), false, true, "disabled")
}

// A role comes with the session in which it was lent, and what that was narrowed to.
func TestTheSessionOfARoleNarrowsAndEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(`
kind: Role
metadata: {name: robot}
spec: {trust: {Version: "1", Statement: [{Effect: Allow, Action: "sts:AssumeRole", Principal: {RAM: ["acs:ram::1000000000000001:root"]}}]}}`)
	role, _ := w.snapshot.Roles.Name("robot")
	lender := w.login("alice")
	assume := func(narrow string) (session string) {
		s := pratique.Session{
			Type: pratique.SessionRole, Principal: pratique.Ref{Kind: pratique.KindRole, ID: role.ID}, Hash: "robot" + narrow, Expires: noon.Add(time.Hour),
			RoleSession: "test", Parent: lender, Policy: []byte(narrow),
		}
		plan := w.change(pratique.AssumeRole{Session: s, Names: []policy.Principal{{Type: "RAM", ID: "acs:ram::" + accountID + ":root"}}})
		return plan.Writes[len(plan.Writes)-1].ID
	}
	whole := assume("")
	narrow := assume(`{"Version":"1","Statement":[{"Effect":"Allow","Action":["k8s:List"],"Resource":["*"]}]}`)
	a := w.apiserver("ack")
	want(t, a.authorize(review(role.ID, whole, podWeb)), false, false, "why: pratique why role/robot get pods -n dev --cluster ack")
	want(t, a.authorize(review(role.ID, narrow, podWeb)), false, true, "the policy of the session must allow it as well")
	want(t, a.authorize(review(role.ID, lender, podWeb)), false, true, "somebody else's")
	w.change(pratique.EndSession{ID: whole})
	want(t, a.authorize(review(role.ID, whole, podWeb)), false, true, "the session has ended; assume the role again: pratique assume-role robot")
	w.change(pratique.EndSession{ID: lender})
	want(t, a.authorize(review(role.ID, narrow, podWeb)), false, true, "what the role was assumed with has ended")
}

func TestAnAccessKeyBehindATokenCountsLikeASession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.change(pratique.AddAccessKey{ID: "PAKTEST", User: "alice", Sealed: []byte("x")})
	a, alice := w.apiserver("ack"), w.user("alice")
	want(t, a.authorize(review(alice, "PAKTEST", podWeb)), false, false, "")
	w.change(pratique.SetAccessKey{ID: "PAKTEST", Disabled: true})
	want(t, a.authorize(review(alice, "PAKTEST", podWeb)), false, true, "the access key is disabled")
}

func TestAShadowClusterSaysWhatItWouldDenyAndDeniesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	shadow := true
	w.change(pratique.ClusterUpdate{Name: "prod", Shadow: &shadow})
	got := w.apiserver("prod").authorize(review(w.user("alice"), w.login("alice"), podWeb))
	want(t, got, false, false, "shadow: the gate would have denied this; why: pratique why dec_test")
	if !strings.Contains(w.log.String(), `"shadow":true`) || w.Counts().Shadow != 1 || w.Counts().Denied != 0 {
		t.Errorf("counted %+v, logged %s", w.Counts(), w.log.String())
	}
}

func TestOldPolicyIsFlaggedAndThenClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("Tenant Administrator")
	a, alice, session := w.apiserver("prod"), w.user("alice"), w.login("alice")
	w.fresh = webhook.Freshness{Age: 12 * time.Second, Usable: true, Stale: true}
	want(t, a.authorize(review(alice, session, podWeb)), true, false, "")
	want(t, a.authorize(review("nobody", "", podWeb)), false, true, "exactly one session")
	want(t, a.authorize(strings.Replace(review("nobody", "", podWeb), `"pratique.dev/session":[""]`, `"x":[]`, 1)), false, true, "by policy that is 12s old")
	w.fresh = webhook.Freshness{Age: 16 * time.Minute, Stale: true}
	want(t, a.authorize(review(alice, session, podWeb)), false, true, "policy is too old: the last proof that it is complete is 16m0s old")
	if !strings.Contains(w.log.String(), `"stale":true`) {
		t.Error("the log does not flag old policy")
	}
}

func TestWhatCanBeDecidedIsNeverAnError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, alice := w.apiserver("prod"), w.user("alice")
	var extras strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&extras, `,"e%d":["x"]`, i)
	}
	crowded := strings.Replace(review(alice, "", podWeb), `"pratique.dev/session":[""]`, `"pratique.dev/a":[]`+extras.String(), 1)
	none := strings.Replace(review(alice, "", `"x":1`), `"pratique.dev/session":[""]`, `"y":[]`, 1)
	both := strings.Replace(review(alice, "", podWeb+`,"nonResourceAttributes":{"path":"/","verb":"get"}`), `"pratique.dev/session":[""]`, `"y":[]`, 1)
	want(t, a.authorize(crowded), false, true, "too many extras")
	want(t, a.authorize(none), false, true, "one of the two")
	want(t, a.authorize(both), false, true, "one of the two")
	if strings.Count(w.log.String(), "says more than is understood") != 1 {
		t.Errorf("an unknown member is not told of exactly once: %s", w.log.String())
	}
}

func TestWhatIsNoReviewIsABadRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.apiserver("prod")
	good := review(w.user("alice"), w.login("alice"), podWeb)
	for name, c := range map[string]struct {
		body string
		code int
		says string
	}{
		"nothing":             {"", http.StatusBadRequest, "invalid JSON"},
		"one byte":            {"{", http.StatusBadRequest, "invalid JSON"},
		"the older version":   {strings.Replace(good, "k8s.io/v1", "k8s.io/v1beta1", 1), http.StatusBadRequest, "subjectAccessReviewVersion: v1"},
		"a member twice":      {strings.Replace(good, `"uid"`, `"user"`, 1), http.StatusBadRequest, "stands twice"},
		"a byte behind it":    {strings.TrimSpace(good) + "}", http.StatusBadRequest, "invalid JSON"},
		"more behind it":      {good + good, http.StatusBadRequest, "invalid JSON"},
		"more than a MiB":     {good + strings.Repeat(" ", 1<<20), http.StatusRequestEntityTooLarge, "larger than"},
		"20 MiB":              {good + strings.Repeat(" ", 20<<20), http.StatusRequestEntityTooLarge, "larger than"},
		"a review of a token": {`{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{}}`, http.StatusBadRequest, "SubjectAccessReview"},
	} {
		code, answer := a.post(webhook.AuthorizePath+a.id, c.body)
		if code != c.code || !strings.Contains(answer, c.says) || !strings.Contains(answer, `"kind":"Status"`) {
			t.Errorf("%s: %d %s, want %d with %q", name, code, answer, c.code, c.says)
		}
	}
	for _, body := range []string{strings.TrimSpace(good), good, good + " \t\r\n"} {
		if got := a.authorize(body); !got.Denied {
			t.Errorf("a good review that ends with %q: %+v", body[len(body)-3:], got)
		}
	}
}

func TestABodyOfUnknownLengthIsRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.apiserver("prod")
	for body, code := range map[string]int{
		review(w.user("alice"), w.login("alice"), podWeb): http.StatusOK,
		strings.Repeat(" ", 1<<20+1):                      http.StatusRequestEntityTooLarge,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.url+webhook.AuthorizePath+a.id, io.MultiReader(strings.NewReader(body)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header = http.Header{"Content-Type": {"application/json; charset=utf-8"}, "Authorization": {"Bearer " + a.secret}}
		res, err := a.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != code {
			t.Errorf("answer %d, want %d", res.StatusCode, code)
		}
	}
}

func TestOnlyTheKubeApiserverOfTheClusterIsHeard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.apiserver("prod")
	body := review("root", w.login("root"), podWeb)
	for name, c := range map[string]struct {
		secret, path string
		code         int
	}{
		"nobody":                   {"", webhook.AuthorizePath + a.id, http.StatusUnauthorized},
		"nonsense":                 {"x", webhook.AuthorizePath + a.id, http.StatusUnauthorized},
		"a made-up secret":         {"prt_" + accountID + "_" + strings.Repeat("A", 43), webhook.AuthorizePath + a.id, http.StatusUnauthorized},
		"another cluster":          {w.credential("ack"), webhook.AuthorizePath + a.id, http.StatusForbidden},
		"the path of another":      {a.secret, webhook.AuthorizePath + w.cluster("ack").ID, http.StatusForbidden},
		"a cluster by name":        {a.secret, webhook.AuthorizePath + "prod", http.StatusForbidden},
		"no cluster":               {a.secret, webhook.AuthorizePath, http.StatusNotFound},
		"another address":          {a.secret, "/webhook/x/" + a.id, http.StatusNotFound},
		"something behind the id":  {a.secret, webhook.AuthorizePath + a.id + "/x", http.StatusNotFound},
		"another cluster's tokens": {w.credential("ack"), webhook.AuthenticatePath + a.id, http.StatusForbidden},
	} {
		b := *a
		b.secret = c.secret
		if code, answer := b.post(c.path, body); code != c.code || strings.Contains(answer, "SubjectAccessReview") {
			t.Errorf("%s: %d %s, want %d", name, code, answer, c.code)
		}
	}
	if code, _ := a.post(webhook.AuthorizePath+a.id+"?timeout=2s", body); code != http.StatusOK {
		t.Errorf("the kube-apiserver itself gets %d", code)
	}
	w.change(pratique.DeleteCluster{Name: "prod"})
	if code, _ := a.post(webhook.AuthorizePath+a.id, body); code != http.StatusUnauthorized {
		t.Errorf("the kube-apiserver of a deleted cluster gets %d", code)
	}
}

func TestAFaultOfOursDenies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Remember = func(*pratique.Snapshot, access.Query, access.Decision) string { panic("out of paper") }
	got := w.apiserver("prod").authorize(review(w.user("alice"), w.login("alice"), podWeb))
	want(t, got, false, true, "something went wrong inside Pratique")
	if !strings.Contains(w.log.String(), "out of paper") {
		t.Error("the log does not say what")
	}
}

func TestAReasonIsTextWhateverTheNamesAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.apiserver("prod")
	attributes := `"resourceAttributes":{"verb":"get","resource":"pods","namespace":"dev","name":"a\"}}\n<b>\u0000☃\ud83d\ude00` + strings.Repeat("x", 5000) + `"}`
	got := a.authorize(review(w.user("alice"), w.login("alice"), attributes))
	want(t, got, false, true, "a\"}}\n<b>\x00☃�x")
	if len(got.Reason) > 2048 || !strings.HasSuffix(got.Reason, "dec_test") {
		t.Errorf("the reason has %d bytes and ends %q", len(got.Reason), got.Reason[len(got.Reason)-20:])
	}
}

func TestANewTagCountsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "kind: Policy\nmetadata: {name: p}\nspec:\n  document: {Version: '1.1', Statement: [{Effect: Allow, Action: ['cce:kubernetes:*'], "+
		"Condition: {StringEquals: {'cce:ClusterTag/open': ['yes']}}}]}")
	w.grant("p")
	a := w.apiserver("prod")
	body := review(w.user("alice"), w.login("alice"), podWeb)
	want(t, a.authorize(body), false, true, "")
	tags := map[string]string{"open": "yes"}
	w.change(pratique.ClusterUpdate{Name: "prod", Tags: &tags})
	want(t, a.authorize(body), false, false, "")
}

// A token names groups and lives for ten minutes; who leaves a group does not keep what it gives until then.
func TestAGroupThatWasLeftDenies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("CCE ReadOnlyAccess")
	alice, session, team := w.user("alice"), w.login("alice"), w.group("team")
	a := w.apiserver("prod")
	want(t, a.authorize(review(alice, session, podWeb, team)), false, false, "")
	w.apply("kind: Group\nmetadata: {name: team}\nspec: {members: []}")
	want(t, a.authorize(review(alice, session, podWeb, team)), false, true, "the token names group team, which its user is no longer in")
	want(t, a.authorize(review(alice, session, podWeb, "grp-unknown")), false, true, "a group that its user is no longer in")
}
