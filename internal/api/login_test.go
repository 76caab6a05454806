package api_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/audit"
)

func TestABootstrapSecretWorksOnceUnderTwoLoginsAtOnce(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	statuses := make([]int, 8)
	var all sync.WaitGroup
	for i := range statuses {
		all.Go(func() {
			statuses[i] = w.stranger().post("/v1/login", apiv1.Login{User: "root", Secret: w.secret}).status
		})
	}
	all.Wait()
	in := 0
	for _, s := range statuses {
		switch s {
		case http.StatusCreated:
			in++
		case http.StatusUnauthorized, http.StatusServiceUnavailable:
		default:
			t.Errorf("a login was answered %d", s)
		}
	}
	if in != 1 || w.used.Load() != 1 {
		t.Errorf("%d logins got in and %d uses were reported, want one of each", in, w.used.Load())
	}
}

func TestRootIsToldToSetAPassword(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	var token apiv1.Token
	w.stranger().post("/v1/login", apiv1.Login{User: "root", Secret: w.secret}).want(201).into(&token)
	if !token.NeedPassword || token.Account != "acme" || token.Principal != "root" {
		t.Errorf("the token says %+v", token)
	}
	root := person{w, token.Token, token.ID}
	root.post("/v1/password", apiv1.NewPassword{New: "a lantern on the mole"}).want(204)
	var again apiv1.Token
	w.stranger().post("/v1/login", apiv1.Login{User: "root", Password: "a lantern on the mole"}).want(201).into(&again)
	if again.NeedPassword {
		t.Error("root has a password and is told to set one")
	}
}

func TestWrongPasswordsAndUnknownUsersLookTheSame(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice"))
	w.as("alice")
	wrong := w.stranger().post("/v1/login", apiv1.Login{User: "alice", Password: "wrong"}).problem(401, "unauthenticated")
	nobody := w.stranger().post("/v1/login", apiv1.Login{User: "nobody", Password: "wrong"}).problem(401, "unauthenticated")
	elsewhere := w.stranger().post("/v1/login", apiv1.Login{Account: "other", User: "alice", Password: "wrong"}).problem(401, "unauthenticated")
	wrong.Instance, nobody.Instance, elsewhere.Instance = "", "", ""
	if wrong != nobody || wrong != elsewhere {
		t.Errorf("a stranger can tell them apart:\n%+v\n%+v\n%+v", wrong, nobody, elsewhere)
	}
}

func TestARefusedSignInIsRecordedWithoutWhatWasTyped(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice"))
	w.as("alice")
	w.stranger().post("/v1/login", apiv1.Login{User: "alice", Password: "wrong"}).want(401)
	w.stranger().post("/v1/login", apiv1.Login{User: "my-secret-password", Password: "x"}).want(401)
	var page apiv1.Audit
	got := w.root.get("/v1/audit?event=" + string(audit.SignInFailed)).want(200)
	got.into(&page)
	if len(page.Records) != 2 || page.Records[1].Actor.Name != "alice" || page.Records[0].Actor.Name != "" {
		t.Errorf("records: %s", got.body)
	}
	if strings.Contains(string(got.body), "my-secret-password") {
		t.Error("what was typed as a user stands in the audit trail")
	}
}

func TestASessionEndsAtOnce(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice"))
	alice := w.as("alice")
	alice.get("/v1/me").want(200)
	w.root.delete("/v1/sessions/" + alice.id).want(204)
	alice.get("/v1/me").problem(401, "unauthenticated")

	alice = w.as("alice")
	alice.post("/v1/logout", nil).want(204)
	alice.get("/v1/me").problem(401, "unauthenticated")

	alice = w.as("alice")
	w.root.apply("kind: User\nmetadata: {name: alice}\nspec: {disabled: true}").want(200)
	alice.get("/v1/me").problem(401, "unauthenticated")
}

func TestOneMayEndOwnSessionsOnly(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice", "bob"))
	alice, bob := w.as("alice"), w.as("bob")
	alice.delete("/v1/sessions/"+bob.id).problem(403, "denied")
	alice.get("/v1/sessions?user=bob").problem(403, "denied")
	var list apiv1.List[apiv1.SessionInfo]
	alice.get("/v1/sessions").want(200).into(&list)
	if len(list.Items) != 1 || !list.Items[0].Current || list.Items[0].ID != alice.id {
		t.Errorf("alice's sessions: %+v", list.Items)
	}
	w.root.get("/v1/sessions?user=bob").want(200).into(&list)
	if len(list.Items) != 1 || list.Items[0].ID != bob.id {
		t.Errorf("bob's sessions: %+v", list.Items)
	}
	bob.get("/v1/me").want(200)
}

func TestATokenMadeWithATokenNeitherOutlivesNorSurvivesIt(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice"))
	alice := w.as("alice")
	var first, second apiv1.Token
	alice.post("/v1/tokens", apiv1.NewToken{Label: "ci", Expires: pratique.Duration(time.Hour)}).want(201).into(&first)
	maker := person{w, first.Token, first.ID}
	maker.post("/v1/tokens", apiv1.NewToken{Label: "thief"}).want(201).into(&second)
	if second.Expires.After(first.Expires) {
		t.Errorf("the second token lives until %s, the first until %s", second.Expires, first.Expires)
	}
	child := person{w, second.Token, second.ID}
	child.get("/v1/me").want(200)
	alice.delete("/v1/tokens/" + first.ID).want(204)
	child.get("/v1/me").want(401)
	alice.get("/v1/me").want(200)
}

func TestTokensHaveABoundedLife(t *testing.T) {
	t.Parallel()
	w := settled(t)
	p := w.root.post("/v1/tokens", apiv1.NewToken{Expires: pratique.Duration(366 * 24 * time.Hour)}).problem(400, "invalid")
	if !strings.Contains(p.Hint, "365") {
		t.Errorf("the hint does not name the limit: %+v", p)
	}
	w.root.post("/v1/tokens", apiv1.NewToken{Expires: pratique.Duration(-time.Hour)}).want(400)
	var token apiv1.Token
	w.root.post("/v1/tokens", apiv1.NewToken{}).want(201).into(&token)
	if life := time.Until(token.Expires); life < 89*24*time.Hour || life > 90*24*time.Hour {
		t.Errorf("a token lives for %s", life)
	}
}

func TestChangingAPasswordNeedsTheOldOneAndEndsOtherSessions(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice"))
	alice := w.as("alice")
	const old, next = "a tide comes in twice", "the gulls know better"
	var other apiv1.Token
	w.stranger().post("/v1/login", apiv1.Login{User: "alice", Password: old}).want(201).into(&other)
	alice.post("/v1/password", apiv1.NewPassword{New: next}).problem(400, "invalid")
	alice.post("/v1/password", apiv1.NewPassword{Old: "wrong", New: next}).problem(403, "denied")
	alice.post("/v1/password", apiv1.NewPassword{Old: old, New: "short"}).problem(400, "invalid")
	alice.post("/v1/password", apiv1.NewPassword{Old: old, New: next}).want(204)
	alice.get("/v1/me").want(200)
	person{w, other.Token, other.ID}.get("/v1/me").want(401)
	w.stranger().post("/v1/login", apiv1.Login{User: "alice", Password: old}).want(401)
	w.stranger().post("/v1/login", apiv1.Login{User: "alice", Password: next}).want(201)
}

func TestATokenCannotGiveItsOwnerAFirstPassword(t *testing.T) {
	t.Parallel()
	w := settled(t)
	var token apiv1.Token
	w.root.post("/v1/tokens", apiv1.NewToken{}).want(201).into(&token)
	person{w, token.Token, token.ID}.post("/v1/password", apiv1.NewPassword{New: "a lantern on the mole"}).problem(403, "denied")
	w.root.post("/v1/password", apiv1.NewPassword{New: "a lantern on the mole"}).want(204)
}

func TestAnAccessKeyShowsItsSecretOnce(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice"))
	alice := w.as("alice")
	alice.post("/v1/accesskeys", apiv1.NewAccessKey{}).problem(403, "denied")
	var key apiv1.AccessKey
	w.root.post("/v1/accesskeys", apiv1.NewAccessKey{User: "alice"}).want(201).into(&key)
	if key.Secret == "" || key.User != "alice" {
		t.Fatalf("the key is %+v", key)
	}
	got := alice.get("/v1/accesskeys").want(200)
	if strings.Contains(string(got.body), key.Secret) || !strings.Contains(string(got.body), key.ID) {
		t.Errorf("alice sees %s", got.body)
	}
	w.root.send("PATCH", "/v1/accesskeys/"+key.ID, "application/json", apiv1.AccessKeyState{Disabled: true}).want(204)
	var list apiv1.List[apiv1.AccessKey]
	w.root.get("/v1/accesskeys?user=alice").want(200).into(&list)
	if len(list.Items) != 1 || !list.Items[0].Disabled {
		t.Errorf("keys: %+v", list.Items)
	}
	w.root.delete("/v1/accesskeys/" + key.ID).want(204)
	if strings.Contains(w.log.String(), key.Secret) {
		t.Error("the secret stands in the log")
	}
}

func TestTheLogHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice"))
	alice := w.as("alice")
	alice.get("/v1/users?name=canary-in-query").want(403)
	for _, secret := range []string{alice.token, w.secret, "a tide comes in twice", "canary-in-query"} {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

func TestAccountsAreIsolated(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice"))
	w.as("alice")
	offer, err := w.api.Operator.Found(t.Context(), "umbrella")
	if err != nil {
		t.Fatal(err)
	}
	w.stranger().post("/v1/login", apiv1.Login{Account: "acme", User: "root", Secret: offer.Secret}).want(401)
	var token apiv1.Token
	w.stranger().post("/v1/login", apiv1.Login{Account: "umbrella", User: "root", Secret: offer.Secret}).want(201).into(&token)
	other := person{w, token.Token, token.ID}
	other.get("/v1/users/alice").problem(404, "not-found")
	other.delete("/v1/sessions/"+w.root.id).problem(404, "not-found")
	w.root.get("/v1/me").want(200)
	w.stranger().post("/v1/login", apiv1.Login{Account: "umbrella", User: "alice", Password: "a tide comes in twice"}).want(401)
}
