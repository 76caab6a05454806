package browser

import (
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
)

// nasty is what people who mean harm type, and what others paste by mistake.
func nasty() map[string]string {
	return map[string]string{
		"script":            `<script>window.harm = 1</script>`,
		"attribute":         `"><img src=x onerror="window.harm = 1">`,
		"template":          `{{.Frame}} {{template "layout" .}} ${7*7}`,
		"right to left":     "inn\u202egpj.exe\u202c and \u2066isolated\u2069",
		"control":           "a\u0007b\u001b[31mred\u0000",
		"64 kB":             strings.Repeat("lorem", 13_000),
		"64 kB, one accent": "é" + strings.Repeat("x", 65_000),
	}
}

func TestNothingThatIsTypedRunsOrBreaksAPage(t *testing.T) {
	s := serve(t)
	root := sit(t, s, chromium(t, s))
	root.foundAccount()
	for _, what := range slices.Sorted(maps.Keys(nasty())) {
		t.Run(what, func(t *testing.T) {
			typed := nasty()[what]
			p := *root
			p.t = t
			p.open("/console/groups/new")
			p.unlimited()
			p.fill("Name", typed)
			p.follow("Create")
			p.harmless("Create user group")
			p.unlimited()
			p.fill("Name", "g-"+strings.ReplaceAll(what[:2], " ", ""), "Description", typed)
			p.follow("Create")
			p.harmless("ser group")
			p.open("/console/groups")
			p.fill("Name", typed) // as much of it as the field takes
			p.follow("Search")
			p.harmless("User groups")
			p.open("/console/simulator?subject=" + url.QueryEscape(beginning(typed, 2000)) + "&action=" + url.QueryEscape(beginning(typed, 2000)))
			p.harmless("Simulator")
			p.open("/console/users/" + url.PathEscape(beginning(strings.NewReplacer("/", "", "\x00", "").Replace(typed), 20))) // slashes and zeros are refused before any page
			p.harmless("")
		})
	}
}

// unlimited takes the limits of fields away, as another browser or a program does.
func (p *person) unlimited() {
	p.t.Helper()
	ask[bool](p, `document.querySelectorAll("[maxlength]").forEach(e => e.removeAttribute("maxlength")) ?? true`)
}

// harmless looks whether a page is whole, of our making only, and as wide as the window.
func (p *person) harmless(heading string) {
	p.t.Helper()
	if ask[bool](p, `"harm" in window`) {
		p.t.Errorf("at %s something ran", p.address())
	}
	if n := ask[int](p, `document.querySelectorAll("main script, main img").length`); n != 0 {
		p.t.Errorf("at %s there are %d elements that somebody typed", p.address(), n)
	}
	if got := ask[string](p, `document.querySelector("h1").innerText`); !strings.Contains(got, heading) && !strings.Contains(got, "form") {
		p.t.Errorf("at %s the heading is %q, want %q", beginning(p.address(), 200), got, heading)
	}
	if wider := ask[int](p, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); wider > 0 {
		p.t.Errorf("%s is %d pixels wider than the window", beginning(p.address(), 200), wider)
	}
	if !p.has("Sign out", "button") {
		p.t.Errorf("%s has lost its end", beginning(p.address(), 200))
	}
}

func TestWhatIsNotThereSaysSoAndLeadsOn(t *testing.T) {
	s := serve(t)
	root := sit(t, s, chromium(t, s))
	root.foundAccount()
	for _, path := range []string{
		"users/nobody", "users/nobody/delete", "groups/none", "groups/none/delete", "roles/none", "roles/none/delete", "policies/none", "policies/none/edit", "clusters/none", "clusters/none/nodes",
		"clusters/none/connect", "clusters/none/permissions", "clusters/none/addons/none", "jobs/none", "reports/none", "reports/none/authorize", "decisions/none", "audit/99999999", "audit/x",
		"addons/none", "projects/none", "enterprise-projects/none", "grants/none/delete", "permissions/namespaces/none/delete", "no/such/page",
	} {
		root.open("/console/" + path)
		if status := ask[int](root, `performance.getEntriesByType("navigation")[0].responseStatus`); status != http.StatusNotFound {
			t.Errorf("%s answers %d: %s", path, status, root.text())
		}
		if !root.has("Overview", "link") {
			t.Errorf("%s leads nowhere", path)
		}
		root.doesNotSee("Something went wrong")
	}
}

func TestAFormThatHasBecomeStaleIsShownBesideWhatStands(t *testing.T) {
	s := serve(t)
	browser := chromium(t, s)
	one, other := sit(t, s, browser), sit(t, s, browser)
	one.foundAccount()
	one.open("/console/users/new")
	one.fill("Name", "mei")
	one.follow("Create")
	other.signIn("root")
	other.open("/console/users/mei")
	one.fill("Description", "from the first window")
	one.follow("Save")
	one.sees("User mei is changed")
	other.fill("Description", "from the second window")
	other.follow("Save")
	other.sees("Changed meanwhile", "from the first window", "from the second window")
	other.accessible(checker(t))
	other.follow("Write mine over it")
	other.sees("User mei is changed", "from the second window")
}

func TestAFormThatIsSentTwiceDoesItsThingOnce(t *testing.T) {
	for name, with := range map[string]func(*person) *person{"with script": func(p *person) *person { return p }, "without script": (*person).withoutScript} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			root := with(sit(t, s, chromium(t, s)))
			root.foundAccount()
			root.open("/console/groups/new")
			root.fill("Name", "twins")
			root.leads(func() { root.click(root.find("Create", "button"), 2) }, "press Create twice")
			root.sees("User group twins is created")
			root.doesNotSee("exists already")
			root.back()
			root.follow("Create")
			root.doesNotSee("Something went wrong")
			root.open("/console/groups")
			root.sees("twins")
			if n := strings.Count(root.text(), "twins"); n != 1 {
				t.Errorf("there are %d groups", n)
			}
		})
	}
}

func TestASessionThatEndsInTheMiddleOfAFormLosesNothing(t *testing.T) {
	s := serve(t)
	browser := chromium(t, s)
	one, other := sit(t, s, browser), sit(t, s, browser)
	one.foundAccount()
	one.open("/console/groups/new")
	one.fill("Name", "patient", "Description", "typed with care: <b>&amp;</b>")
	other.signIn("root")
	other.follow("My access")
	other.follow("End") // the other session than one's own
	other.sees("The session has ended")
	one.follow("Create")
	one.sees("what you had entered is kept and nothing has been sent yet")
	one.accessible(checker(t))
	one.fill("User", "root", "Password", password)
	one.follow("Sign in")
	one.sees("Go on where you were", "typed with care: <b>&amp;</b>")
	one.accessible(checker(t))
	other.open("/console/groups/patient")
	other.sees("patient", "Overview")
	if ask[int](other, `performance.getEntriesByType("navigation")[0].responseStatus`) != http.StatusNotFound {
		t.Error("the form was sent before anybody said so")
	}
	one.follow("Send it now")
	one.sees("User group patient is created", "typed with care: <b>&amp;</b>")
}

func TestOtherSitesCanNeitherPostNorFrame(t *testing.T) {
	s := serve(t)
	root := sit(t, s, chromium(t, s))
	root.foundAccount()
	jar := ""
	for _, c := range call(root, network.GetCookies, network.GetCookiesParams{URLs: []string{s.url}}).Cookies {
		jar += c.Name + "=" + c.Value + "; "
		if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HTTPOnly {
			t.Errorf("the cookie %s is not bound to its host, to TLS and to HTTP", c.Name)
		}
	}
	form := url.Values{"name": {"foreign"}}
	for what, header := range map[string]http.Header{
		"another site":        {"Cookie": {jar}, "Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://other.example"}},
		"a site of ours":      {"Cookie": {jar}, "Sec-Fetch-Site": {"same-site"}, "Origin": {"https://www.example.com"}},
		"an older browser":    {"Cookie": {jar}, "Origin": {"https://other.example"}},
		"a page without name": {"Cookie": {jar}, "Origin": {"null"}, "Sec-Fetch-Site": {"cross-site"}},
	} {
		resp := s.post("/console/groups/new", form, header)
		if body, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusForbidden {
			t.Errorf("a post of %s is answered %d: %s", what, resp.StatusCode, beginning(string(body), 500))
		}
	}
	if resp := s.post("/console/groups/new", form, http.Header{"Cookie": {jar}, "Sec-Fetch-Site": {"same-origin"}, "Origin": {s.url}}); resp.StatusCode != http.StatusSeeOther {
		t.Errorf("our own form is answered %d", resp.StatusCode)
	}
	resp := s.post("/console/logout", nil, http.Header{})
	if got := resp.Header.Get("X-Frame-Options"); got != "DENY" {
		t.Errorf("X-Frame-Options is %q", got)
	}
	policy := resp.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the content policy %q lacks %s", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("the content policy is %q", policy)
	}
}
