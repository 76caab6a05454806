package api_test

import (
	"encoding/base32"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/authn"
)

const tide = "a tide comes in twice" // everybody's password

// enrolled gives a person a factor that counts.
func (p person) enrolled() (seed []byte, codes []string) {
	p.Helper()
	var made apiv1.MFASeed
	p.post("/v1/mfa", apiv1.EnrollMFA{}).want(201).into(&made)
	seed, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(made.Seed)
	if err != nil || !strings.Contains(made.URI, "secret="+made.Seed) || !strings.HasPrefix(made.URI, "otpauth://totp/Pratique:"+made.User) {
		p.Fatalf("the seed is %+v", made)
	}
	var recovery apiv1.RecoveryCodes
	p.post("/v1/mfa/confirm", apiv1.ConfirmMFA{Code: authn.CodeAt(seed, time.Now())}).want(201).into(&recovery)
	return seed, recovery.Codes
}

// next is a code that was not used to confirm the factor: the one before its time, which the window allows.
func next(seed []byte) string { return authn.CodeAt(seed, time.Now().Add(30*time.Second)) }

func TestASecondFactorIsAskedForAfterThePassword(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice"))
	seed, codes := w.as("alice").enrolled()
	asked := w.stranger().post("/v1/login", apiv1.Login{User: "alice", Password: tide}).problem(401, "second-factor")
	if asked.Title != "A second factor is needed" || asked.Ticket == "" {
		t.Errorf("the problem is %+v", asked)
	}
	w.stranger().post("/v1/login", apiv1.Login{User: "alice", Password: "wrong"}).problem(401, "unauthenticated")
	w.stranger().post("/v1/login", apiv1.Login{User: "alice", Password: "wrong", Code: next(seed)}).problem(401, "unauthenticated")
	w.stranger().post("/v1/login", apiv1.Login{User: "alice", Password: tide, Code: "12345678"}).problem(401, "unauthenticated")
	w.stranger().post("/v1/login", apiv1.Login{Ticket: asked.Ticket, Password: tide, Code: "123456"}).problem(400, "invalid")
	w.stranger().post("/v1/login", apiv1.Login{Ticket: "AAAA" + asked.Ticket[4:], Code: next(seed)}).problem(401, "unauthenticated")
	w.stranger().post("/v1/login", apiv1.Login{Ticket: asked.Ticket, Code: codes[0]}).want(201)
	w.stranger().post("/v1/login", apiv1.Login{User: "alice", Password: tide, Code: codes[1]}).want(201)
	w.stranger().post("/v1/login", apiv1.Login{User: "alice", Password: tide, Code: codes[1]}).problem(401, "unauthenticated")
	var page apiv1.Audit
	w.root.get("/v1/audit?event=" + string(audit.SignInFailed)).want(200).into(&page)
	if len(page.Records) == 0 || page.Records[0].Detail != "the recovery code is wrong, or was used before" || page.Records[0].Actor.Name != "alice" {
		t.Errorf("the trail says %+v", page.Records)
	}
}

func TestACodeOpensOneSessionUnderManySignInsAtOnce(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice"))
	seed, _ := w.as("alice").enrolled()
	code := next(seed)
	statuses := make(chan int, 4)
	for range cap(statuses) {
		go func() {
			statuses <- w.stranger().post("/v1/login", apiv1.Login{User: "alice", Password: tide, Code: code}).status
		}()
	}
	in := 0
	for range cap(statuses) {
		if s := <-statuses; s == http.StatusCreated {
			in++
		} else if s != http.StatusUnauthorized && s != http.StatusServiceUnavailable {
			t.Errorf("a sign-in was answered %d", s)
		}
	}
	if in != 1 {
		t.Errorf("one code opened %d sessions", in)
	}
}

func TestAPolicyCanDemandASecondFactor(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice"),
		`kind: Policy
metadata: {name: with-factor}
spec: {document: {Version: "1", Statement: [{Effect: Allow, Action: "ram:ListUsers", Resource: "*", Condition: {Bool: {"acs:MFAPresent": ["true"]}}}]}}`,
		`kind: Policy
metadata: {name: never-without}
spec: {document: {Version: "1.1", Statement: [{Effect: Allow, Action: ["iam:groups:listGroups"]}, {Effect: Deny, Action: ["iam:groups:listGroups"], Condition: {Bool: {"g:MFAPresent": ["false"]}}}]}}`,
		grant("g1", "alice-group", "with-factor", "{account: true}"), grant("g2", "alice-group", "never-without", "{account: true}"))
	alice := w.as("alice")
	alice.get("/v1/users").problem(403, "denied")
	alice.get("/v1/groups").problem(403, "denied")
	seed, _ := alice.enrolled()
	alice.get("/v1/users").problem(403, "denied") // the session was opened without the factor
	var token apiv1.Token
	w.stranger().post("/v1/login", apiv1.Login{User: "alice", Password: tide, Code: next(seed)}).want(201).into(&token)
	with := person{w, token.Token, token.ID}
	with.get("/v1/users").want(200)
	with.get("/v1/groups").want(200)
}

func TestOneLooksAfterOnesOwnFactorSignedIn(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice", "bob"))
	alice, bob := w.as("alice"), w.as("bob")
	var token apiv1.Token
	alice.post("/v1/tokens", apiv1.NewToken{Label: "ci"}).want(201).into(&token)
	person{w, token.Token, token.ID}.post("/v1/mfa", apiv1.EnrollMFA{}).problem(403, "denied")
	bob.post("/v1/mfa", apiv1.EnrollMFA{User: "alice"}).problem(403, "denied")
	bob.get("/v1/mfa?user=alice").problem(403, "denied")
	bob.get("/v1/mfa?all=true").problem(403, "denied")

	_, codes := alice.enrolled()
	alice.post("/v1/mfa", apiv1.EnrollMFA{}).problem(409, "conflict")
	alice.send("DELETE", "/v1/mfa", "application/json", apiv1.RemoveMFA{}).problem(403, "denied")
	bob.send("DELETE", "/v1/mfa", "application/json", apiv1.RemoveMFA{User: "alice"}).problem(403, "denied")
	alice.send("DELETE", "/v1/mfa", "application/json", apiv1.RemoveMFA{Code: codes[0]}).want(204)
	w.stranger().post("/v1/login", apiv1.Login{User: "alice", Password: tide}).want(201)

	alice.enrolled()
	w.root.send("DELETE", "/v1/mfa", "application/json", apiv1.RemoveMFA{User: "alice"}).want(204)
	w.stranger().post("/v1/login", apiv1.Login{User: "alice", Password: tide}).want(201)
}

func TestNobodyTakesTheFactorOfRootAway(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice"), grant("g", "alice-group", "AdministratorAccess", "{account: true}"))
	w.root.enrolled()
	alice := w.as("alice")
	p := alice.send("DELETE", "/v1/mfa", "application/json", apiv1.RemoveMFA{User: "root"}).problem(403, "denied")
	if !strings.Contains(p.Hint, "reset-root") {
		t.Errorf("the problem is %+v", p)
	}
	alice.get("/v1/mfa?user=root").want(200)
}

func TestAdministratorsWithoutAFactorAreListed(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice", "bob", "carol"), grant("g", "alice-group", "Security Administrator", "{account: true}"))
	w.as("bob").enrolled()
	var list apiv1.List[apiv1.MFA]
	w.root.get("/v1/mfa?all=true").want(200).into(&list)
	got := map[string]apiv1.MFA{}
	for _, m := range list.Items {
		m.Created = time.Time{}
		got[m.User] = m
	}
	if len(got) != 3 || !got["root"].Administrator || !got["alice"].Administrator || got["alice"].Enrolled || got["bob"].Administrator ||
		!got["bob"].Confirmed || got["bob"].RecoveryCodes != 10 {
		t.Errorf("the list is %+v", list.Items)
	}
	w.root.get("/v1/mfa?all=true&administrators=true&limit=1").want(200).into(&list)
	if len(list.Items) != 1 || list.Next == "" {
		t.Errorf("the first page is %+v", list)
	}
	var second apiv1.List[apiv1.MFA]
	w.root.get("/v1/mfa?all=true&administrators=true&page=" + list.Next).want(200).into(&second)
	if len(second.Items) != 1 || second.Items[0].User != "alice" || second.Next != "" {
		t.Errorf("the second page is %+v", second)
	}
}
