package console_test

import (
	"encoding/base32"
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/authn"
)

// enroll sets a second factor up by the pages.
func (b *browser) enroll() (seed []byte, recovery string) {
	b.Helper()
	page := b.post("/console/mfa/enroll").want(200, "<svg", "Confirm")
	uri := html.UnescapeString(page.finds(`name="secretUri" value="([^"]*)"`))
	text := regexp.MustCompile(`secret=([A-Z2-7]+)`).FindStringSubmatch(uri)[1]
	seed, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	if err != nil {
		b.Fatal(err)
	}
	b.post("/console/mfa/confirm", "secretUri", uri, "code", "12345x").want(403, "the code is wrong", "<svg")
	done := b.post("/console/mfa/confirm", "secretUri", uri, "code", authn.CodeAt(seed, time.Now())).want(200, "Recovery codes")
	return seed, done.finds(`<li><code>([a-z2-7-]+)</code>`)
}

func TestRootIsOfferedASecondFactorAndMayLeaveIt(t *testing.T) {
	t.Parallel()
	b := newWorld(t).root()
	b.get("/console/mfa?first=yes").want(200, "Not now", "Set up a second factor")
	b.get("/console/my-access").want(200, "Second factor", "/console/mfa")
	b.post("/console/logout").goes("/console/login")
	b.post("/console/login", "user", "root", "password", rootPassword).goes("/console/")
}

func TestSigningInWithASecondFactorTakesTwoSteps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.root()
	seed, recovery := b.enroll()
	b.get("/console/mfa").want(200, "10 recovery codes are left")
	b.post("/console/logout")
	b.get("/console/login/code").goes("/console/login")

	second := b.post("/console/login", "user", "root", "password", rootPassword, "next", "/console/users").want(200, "Your password is right")
	if strings.Contains(second.html, rootPassword) {
		t.Error("the password stands in the page")
	}
	b.get("/console/").want(200, "<h1>Sign in</h1>") // the ticket is no session
	b.get("/console/login/code").want(200, "Your password is right")
	b.post("/console/login/code", "code", "000000", "next", "/console/users").want(401, "the code is wrong")
	b.post("/console/login/code", "code", "", "next", "/console/users").want(422, "six digits")
	w.browser().post("/console/login/code", "code", recovery).want(422, "took too long") // another browser has no ticket
	b.post("/console/login/code", "code", authn.CodeAt(seed, time.Now().Add(30*time.Second)), "next", "/console/users").goes("/console/users")
	b.get("/console/users").want(200)
	b.get("/console/login/code").goes("/console/login")

	b.post("/console/mfa/remove", "code", "999999").want(403, "the code is wrong")
	b.post("/console/mfa/remove", "code", recovery).goes("/console/mfa")
	b.post("/console/logout")
	b.post("/console/login", "user", "root", "password", rootPassword).goes("/console/")
}

func TestAFormThatWasKeptComesThroughBothSteps(t *testing.T) {
	t.Parallel()
	b := newWorld(t).root()
	_, recovery := b.enroll()
	b.post("/console/logout")
	page := b.post("/console/login", "user", "root", "password", rootPassword, "keptFor", "/console/groups/new", "kept.name", "ops <b>")
	page.want(200, `name="kept.name" value="ops &lt;b&gt;"`)
	b.post("/console/login/code", "code", recovery, "keptFor", "/console/groups/new", "kept.name", "ops <b>").
		want(200, "Go on where you were", "ops &lt;b&gt;", `action="/console/groups/new"`)
}

// variable is what differs between two answers of any server.
var variable = regexp.MustCompile(`req_[a-z2-7]+|value="[0-9a-f]{24}"`)

// TestSigningInTellsNobodyWhoThereIs: somebody who exists, who does not, who has no password and who is disabled get the same pages, also
// when the brake holds, and after the same time.
func TestSigningInTellsNobodyWhoThereIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	api := w.root().api()
	for _, u := range []string{"alice", "clara", "diana"} {
		spec := "{}"
		if u == "diana" {
			spec = `{"disabled":true}`
		}
		_, err := api.Change(t.Context(), apiv1.Changes{Changes: []apiv1.Change{{Put: &pratique.Manifest{
			APIVersion: pratique.APIVersion, Kind: pratique.KindUser, Metadata: pratique.Metadata{Name: u}, Spec: jsontext.Value(spec),
		}}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := api.SetPassword(t.Context(), apiv1.NewPassword{User: "alice", New: "a tide comes in twice"}); err != nil {
		t.Fatal(err)
	}
	b := w.browser()
	const attempts = 11 // one more than a user has
	pages := map[string][]string{}
	fastest := map[string]time.Duration{}
	for i := range attempts {
		for _, u := range []string{"alice", "nancy", "clara", "diana"} {
			began := time.Now()
			got := b.post("/console/login", "user", u, "password", "wrong")
			if took := time.Since(began); i < attempts-1 && (fastest[u] == 0 || took < fastest[u]) {
				fastest[u] = took
			}
			text := variable.ReplaceAllString(strings.ReplaceAll(got.html, u, "USER"), "")
			pages[u] = append(pages[u], text)
			want := 401
			if i == attempts-1 {
				want = 503
			}
			got.want(want)
		}
	}
	for u, texts := range pages {
		for i := range texts {
			if texts[i] != pages["alice"][i] {
				t.Errorf("attempt %d as %s differs:\n%s\n%s", i, u, texts[i], pages["alice"][i])
			}
		}
		// Without the hash of a password an answer takes a fiftieth; on a busy machine even the fastest of ten varies twofold.
		if fastest[u] < fastest["alice"]/5 || fastest[u] > 5*fastest["alice"] {
			t.Errorf("as %s the answer takes %s, as alice %s", u, fastest[u], fastest["alice"])
		}
	}
	b.post("/console/login", "user", "alice", "password", "a tide comes in twice").want(503)
}
