package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/audit"
)

// playhouse has a role worker, which may manage users and ACK clusters, and trusts alice and bob. alice and carol may assume every role, bob none;
// carol is not trusted. There is a user of the role's name, too.
func playhouse(t *testing.T) *town {
	t.Helper()
	w := settled(t, users("alice", "bob", "carol", "worker"),
		policyOf("assume", `{Version: "1", Statement: [{Effect: Allow, Action: ["sts:AssumeRole"], Resource: ["*"]}]}`),
		policyOf("manage", `{Version: "1", Statement: [{Effect: Allow, Action: ["ram:*", "cs:*", "sts:AssumeRole"], Resource: ["*"]}]}`),
		policyOf("manage-h", `{Version: "1.1", Statement: [{Effect: Allow, Action: ["iam:*:*"]}]}`),
		grant("a", "alice-group", "assume", "{account: true}"), grant("c", "carol-group", "assume", "{account: true}"))
	w.trust("worker", "12h", w.named("user/alice"), w.named("user/bob"))
	for _, p := range []string{"manage", "manage-h"} {
		w.root.apply("kind: Grant\nmetadata: {name: w-" + p + "}\nspec: {role: worker, policy: " + p + ", scope: {account: true}}").want(200)
	}
	return w
}

func policyOf(name, document string) string {
	return "kind: Policy\nmetadata: {name: " + name + "}\nspec: {document: " + document + "}"
}

func (w *town) named(what string) string {
	return "acs:ram::" + w.dir.Accounts()[0].Account.ID + ":" + what
}

func (w *town) trust(role, longest string, names ...string) {
	w.Helper()
	w.root.apply(`kind: Role
metadata: {name: ` + role + `}
spec: {maxSession: ` + longest + `, trust: {Version: "1", Statement: [{Effect: Allow, Action: "sts:AssumeRole", Principal: {RAM: ["` +
		strings.Join(names, `", "`) + `"]}}]}}`).want(200)
}

// assumes is the same person as a role.
func (p person) assumes(role, narrow string) person {
	p.Helper()
	var token apiv1.Token
	r := apiv1.AssumeRole{Role: role, SessionName: "test"}
	if narrow != "" {
		r.Policy = jsontext.Value(narrow)
	}
	p.post("/v1/assume-role", r).want(201).into(&token)
	return person{p.town, token.Token, token.ID}
}

var asWorker = apiv1.AssumeRole{Role: "worker", SessionName: "build-42"}

func TestAssumingARoleNeedsBothSides(t *testing.T) {
	t.Parallel()
	w := playhouse(t)
	alice, bob, carol := w.as("alice"), w.as("bob"), w.as("carol")
	var token apiv1.Token
	alice.post("/v1/assume-role", asWorker).want(201).into(&token)
	if token.Principal != "role worker" || time.Until(token.Expires) > time.Hour {
		t.Errorf("token: %+v", token)
	}
	if p := bob.post("/v1/assume-role", asWorker).problem(403, "denied"); !strings.Contains(p.Detail, "sts:AssumeRole") {
		t.Errorf("trusted, and no policy allows it: %s", p.Detail)
	}
	if p := carol.post("/v1/assume-role", asWorker).problem(403, "denied"); !strings.Contains(p.Detail, "trust policy") {
		t.Errorf("a policy allows it, and not trusted: %s", p.Detail)
	}
	w.root.post("/v1/assume-role", asWorker).problem(403, "denied")
	w.stranger().post("/v1/assume-role", asWorker).problem(401, "unauthenticated")
	w.trust("worker", "12h", w.named("root"))
	carol.post("/v1/assume-role", asWorker).want(201) // the account is everybody in it, and it still takes a policy
	bob.post("/v1/assume-role", asWorker).problem(403, "denied")
	for event, want := range map[audit.Event]int{audit.RoleAssumed: 2, audit.RoleRefused: 1} {
		var list apiv1.Audit
		w.root.get("/v1/audit?event=" + string(event)).want(200).into(&list)
		if len(list.Records) != want || !strings.Contains(list.Records[0].Detail, "role worker") {
			t.Errorf("%d records of %s, want %d: %+v", len(list.Records), event, want, list.Records)
		}
	}
}

func TestWhoMayNotAssumeARoleLearnsNothingOfIt(t *testing.T) {
	t.Parallel()
	w := playhouse(t)
	bob := w.as("bob")
	refused := bob.post("/v1/assume-role", asWorker).problem(403, "denied")
	made := bob.post("/v1/assume-role", apiv1.AssumeRole{Role: "nobody", SessionName: "build-42"}).problem(403, "denied")
	if got := strings.ReplaceAll(refused.Detail, "worker", "nobody"); got != made.Detail {
		t.Errorf("told apart:\n%s\n%s", got, made.Detail)
	}
}

func TestBadRequestsForARoleAreRefused(t *testing.T) {
	t.Parallel()
	w := playhouse(t)
	alice := w.as("alice")
	for name, change := range map[string]func(*apiv1.AssumeRole){
		"short name":      func(r *apiv1.AssumeRole) { r.SessionName = "x" },
		"name with space": func(r *apiv1.AssumeRole) { r.SessionName = "a b" },
		"too short":       func(r *apiv1.AssumeRole) { r.Duration = pratique.Duration(time.Minute) },
		"too long":        func(r *apiv1.AssumeRole) { r.Duration = pratique.Duration(13 * time.Hour) },
		"wrong language": func(r *apiv1.AssumeRole) {
			r.Policy = jsontext.Value(`{"Version":"1.1","Statement":[{"Effect":"Allow","Action":["cce:cluster:get"]}]}`)
		},
		"an empty policy": func(r *apiv1.AssumeRole) { r.Policy = jsontext.Value(`{}`) }, // must not be taken for none
		"a null policy":   func(r *apiv1.AssumeRole) { r.Policy = jsontext.Value(`null`) },
		"policy of 3 KB": func(r *apiv1.AssumeRole) {
			r.Policy = jsontext.Value(`{"Version":"1","Statement":[{"Effect":"Allow","Action":["cs:Get*"],"Resource":["` + strings.Repeat("x", 3000) + `"]}]}`)
		},
	} {
		r := asWorker
		change(&r)
		if got := alice.post("/v1/assume-role", r).status; got != 400 && got != 422 {
			t.Errorf("%s: answered %d", name, got)
		}
	}
	alice.post("/v1/assume-role", apiv1.AssumeRole{Role: "nobody", SessionName: "build-42"}).problem(404, "not-found")
}

func TestARoleActsWithItsOwnRights(t *testing.T) {
	t.Parallel()
	w := playhouse(t)
	alice := w.as("alice")
	alice.apply("kind: User\nmetadata: {name: dora}").want(403)
	worker := alice.assumes("worker", "")
	worker.apply("kind: User\nmetadata: {name: dora}").want(200)
	var me apiv1.Me
	worker.get("/v1/me").want(200).into(&me)
	if me.Type != "role" || me.Name != "worker" || len(me.Grants) != 2 || len(me.Groups) != 0 {
		t.Errorf("me: %+v", me)
	}
	worker.post("/v1/tokens", apiv1.NewToken{Label: "for ever"}).want(403) // it would outlive the session and drop its policy
	worker.post("/v1/accesskeys", apiv1.NewAccessKey{}).want(400)
	worker.post("/v1/password", apiv1.NewPassword{New: "a tide comes in twice"}).want(403)
	worker.post("/v1/logout", nil).want(204)
	worker.get("/v1/me").want(401)
	alice.get("/v1/me").want(200)
}

func TestARoleIsNotTheUserOfItsName(t *testing.T) {
	t.Parallel()
	w := playhouse(t)
	w.root.apply("kind: Role\nmetadata: {name: bob}\nspec: {trust: {Version: \"1\", Statement: [{Effect: Allow, Action: \"sts:AssumeRole\", Principal: {RAM: [\"" +
		w.named("root") + "\"]}}]}}").want(200)
	bob, alice := w.as("bob"), w.as("alice")
	role := alice.assumes("bob", "")
	role.delete("/v1/sessions/"+bob.id).problem(403, "denied")
	bob.delete("/v1/sessions/"+role.id).problem(403, "denied")
	role.post("/v1/password", apiv1.NewPassword{User: "bob", New: "a tide comes in twice"}).problem(403, "denied")
	role.get("/v1/sessions?user=bob").problem(403, "denied")
	role.get("/v1/tokens?user=bob").problem(403, "denied")
	bob.get("/v1/me").want(200)
	var list apiv1.List[apiv1.SessionInfo]
	role.get("/v1/sessions").want(200).into(&list)
	if len(list.Items) != 1 || !list.Items[0].Current {
		t.Errorf("sessions: %+v", list.Items)
	}
}

// Every door of the API must ask the session policy: changes, reads, lists, questions about oneself in either form, and their explanations.
func TestASessionPolicyNarrowsEveryDecision(t *testing.T) {
	t.Parallel()
	w := playhouse(t)
	alice := w.as("alice")
	const readUsers = `{"Version":"1","Statement":[{"Effect":"Allow","Action":["ram:GetUser","ram:ListUsers"],"Resource":["*"]}]}`
	whole, narrow := alice.assumes("worker", ""), alice.assumes("worker", readUsers)
	type zen = map[string]any
	evaluation := func(action string) zen {
		return zen{"subject": zen{"type": "role", "id": "worker"}, "action": zen{"name": action}, "resource": zen{"type": "user", "id": "bob"}}
	}
	decides := func(p person, path string, body any) bool {
		t.Helper()
		a := p.post(path, body).want(200)
		return strings.Contains(string(a.body), `"allowed":true`) || strings.Contains(string(a.body), `"decision":true`)
	}
	for _, action := range []string{"ram:GetUser", "ram:DeleteUser", "iam:users:deleteUser", "user.delete", "cs:DeleteCluster"} {
		want := action == "ram:GetUser"
		for _, c := range []struct {
			path string
			body any
		}{
			{"/v1/decide", apiv1.Question{Action: action}},
			{"/v1/decide", apiv1.Question{Subject: apiv1.Subject{Type: "role", ID: "worker"}, Action: action}},
			{"/v1/explain", apiv1.Question{Action: action}},
			{"/access/v1/evaluation", evaluation(action)},
			{"/access/v1/evaluations", zen{"evaluations": []zen{evaluation(action)}}},
		} {
			if got := decides(whole, c.path, c.body); !got {
				t.Errorf("without a session policy %s at %s is refused", action, c.path)
			}
			if got := decides(narrow, c.path, c.body); got != want {
				t.Errorf("%s at %s: %v, want %v", action, c.path, got, want)
			}
		}
	}
	var found struct {
		Results []struct{ Name string } `json:"results"`
	}
	search := zen{"subject": zen{"type": "role", "id": "worker"}, "resource": zen{"type": "user", "id": "bob"}}
	body := string(narrow.post("/access/v1/search/action", search).want(200).body)
	if strings.Contains(body, "DeleteUser") || strings.Contains(body, "deleteUser") || !strings.Contains(body, "ram:GetUser") {
		t.Errorf("actions found: %s %v", body, found)
	}
	whole.apply("kind: User\nmetadata: {name: dora}").want(200)
	narrow.apply("kind: User\nmetadata: {name: erin}").want(403)
	narrow.get("/v1/users").want(200)
	narrow.get("/v1/groups").want(403)
	narrow.post("/v1/whocan", apiv1.Question{Action: "ram:GetUser"}).want(403) // decision.simulate
	refused := narrow.get("/v1/groups").problem(403, "denied")
	var why apiv1.Answer
	narrow.get("/v1/decisions/" + refused.Decision).want(200).into(&why)
	if why.Allowed || !strings.Contains(why.Reason, "the policy of the session must allow it as well") {
		t.Errorf("explained: %s", why.Reason)
	}
	narrow.post("/v1/logout", nil).want(204)
}

func TestASessionPolicyGivesNothing(t *testing.T) {
	t.Parallel()
	w := playhouse(t)
	w.trust("idle", "1h", w.named("user/alice"))
	idle := w.as("alice").assumes("idle", `{"Version":"1","Statement":[{"Effect":"Allow","Action":["*"],"Resource":["*"]}]}`)
	idle.get("/v1/users").want(403)
}

func TestARoleSessionEndsWithWhatItHangsOn(t *testing.T) {
	t.Parallel()
	w := playhouse(t)
	for name, end := range map[string]func(alice person, token apiv1.Token){
		"signing out": func(alice person, _ apiv1.Token) { alice.post("/v1/logout", nil).want(204) },
		"a new password": func(person, apiv1.Token) {
			w.root.post("/v1/password", apiv1.NewPassword{User: "alice", New: "the ferry is late again"}).want(204)
		},
		"disabling the user": func(person, apiv1.Token) {
			w.root.apply("kind: User\nmetadata: {name: alice}\nspec: {disabled: true}").want(200)
		},
		"ending the token": func(alice person, token apiv1.Token) { alice.delete("/v1/tokens/" + token.ID).want(204) },
	} {
		w.root.apply("kind: User\nmetadata: {name: alice}\nspec: {disabled: false}").want(200)
		alice := w.as("alice")
		var token apiv1.Token
		alice.post("/v1/tokens", apiv1.NewToken{Label: "ci", Expires: pratique.Duration(20 * time.Minute)}).want(201).into(&token)
		lender := alice
		if name == "ending the token" {
			lender = person{w, token.Token, token.ID}
		}
		worker := lender.assumes("worker", "")
		w.trust("worker", "12h", w.named("user/alice"), w.named("role/worker"))
		chained := worker.assumes("worker", "")
		worker.get("/v1/me").want(200)
		chained.get("/v1/me").want(200)
		end(alice, token)
		if worker.get("/v1/me").status != 401 || chained.get("/v1/me").status != 401 {
			t.Errorf("%s leaves the role in other hands", name)
		}
	}
}

func TestARoleSessionNeverOutlivesItsLender(t *testing.T) {
	t.Parallel()
	w := playhouse(t)
	var token, lent apiv1.Token
	w.as("alice").post("/v1/tokens", apiv1.NewToken{Label: "ci", Expires: pratique.Duration(20 * time.Minute)}).want(201).into(&token)
	long := asWorker
	long.Duration = pratique.Duration(2 * time.Hour)
	person{w, token.Token, token.ID}.post("/v1/assume-role", long).want(201).into(&lent)
	if lent.Expires.After(token.Expires) {
		t.Errorf("the session lasts until %s, the token until %s", lent.Expires, token.Expires)
	}
}

func TestDeletingARoleEndsItsSessions(t *testing.T) {
	t.Parallel()
	w := playhouse(t)
	w.trust("idle", "1h", w.named("user/alice"))
	idle := w.as("alice").assumes("idle", "")
	idle.get("/v1/me").want(200)
	w.root.post("/v1/changes", apiv1.Changes{Changes: []apiv1.Change{{Delete: &pratique.Delete{Kind: pratique.KindRole, Name: "idle"}}}}).want(200)
	idle.get("/v1/me").want(401)
	w.trust("idle", "1h", w.named("user/alice"))
	idle.get("/v1/me").want(401) // another role, though of the same name
}

func TestATrustPolicyMaySetConditions(t *testing.T) {
	t.Parallel()
	w := playhouse(t)
	alice := w.as("alice")
	statement := func(condition string) {
		w.root.apply("kind: Role\nmetadata: {name: worker}\nspec: {trust: {Version: \"1\", Statement: [{Effect: Allow, Action: \"sts:AssumeRole\", Principal: {RAM: [\"" +
			w.named("user/alice") + "\"]}, Condition: " + condition + "}]}}").want(200)
	}
	got := []int{}
	for _, condition := range []string{
		`{IpAddress: {"acs:SourceIp": ["127.0.0.1"]}}`, `{IpAddress: {"acs:SourceIp": ["10.0.0.0/8"]}}`, `{Bool: {"acs:MFAPresent": ["true"]}}`,
	} {
		statement(condition)
		got = append(got, alice.post("/v1/assume-role", asWorker).status)
	}
	if diff := cmp.Diff([]int{201, 403, 403}, got); diff != "" {
		t.Error(diff)
	}
}
