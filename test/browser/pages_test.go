package browser

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
)

// largest is the most that a page may put on the wire, with style sheet, script and picture.
const largest = 100_000

// fleet is something on every page.
const fleet = `apiVersion: pratique.dev/v1
kind: User
metadata: {name: mei}
spec: {displayName: Mei Lin, email: mei@example.com, description: Runs the shop}
---
apiVersion: pratique.dev/v1
kind: User
metadata: {name: deploy}
spec: {access: [programmatic], description: Pipelines}
---
apiVersion: pratique.dev/v1
kind: Group
metadata: {name: viewers}
spec: {members: [mei], description: Whoever may look}
---
apiVersion: pratique.dev/v1
kind: Policy
metadata: {name: deny-node-deletion}
spec:
  description: Nobody deletes nodes
  document: {"Version": "1.1", "Statement": [{"Effect": "Deny", "Action": ["cce:node:delete"]}]}
---
apiVersion: pratique.dev/v1
kind: Policy
metadata: {name: logs-of-gateways}
spec:
  document: {"Version": "1", "Statement": [
    {"Effect": "Allow", "Action": ["log:ListProject", "log:CreateProject"], "Resource": "*"},
    {"Effect": "Allow", "Action": "ram:CreateServiceLinkedRole", "Resource": "*", "Condition": {"StringEquals": {"ram:ServiceName": ["audit.log.aliyuncs.com"]}}}]}
---
apiVersion: pratique.dev/v1
kind: Grant
metadata: {name: viewers-read}
spec: {group: viewers, policy: CCE ReadOnlyAccess, scope: {project: local-1}}
---
apiVersion: pratique.dev/v1
kind: Grant
metadata: {name: mei-gateways}
spec: {user: mei, policy: AliyunMSEFullAccess, scope: {account: true}}
---
apiVersion: pratique.dev/v1
kind: EnterpriseProject
metadata: {name: retail}
spec: {description: The shops}
---
apiVersion: pratique.dev/v1
kind: IdentityProvider
metadata: {name: corp}
spec: {displayName: Corp, issuer: "https://login.example.com", clientID: pratique, groups: [{claim: staff, group: viewers}]}
---
apiVersion: pratique.dev/v1
kind: NamespacePermission
metadata: {name: viewers-dev}
spec: {group: viewers, clusterRole: view, clusters: [shop], namespaces: [dev]}
`

// found gives an account a fleet, at the terminal.
func (s *server) populate() terminal {
	s.t.Helper()
	shell := s.as("root")
	shell.login("root", password)
	shell.run("pratique", "cluster", "create", "shop", "--type", "ack-managed", "--nodes", "2", "--tag", "env=prod", "--wait")
	shell.run("pratique", "apply", "-f", shell.file("fleet.yaml", fleet))
	shell.run("pratique", "passwd", "--user", "mei", "--password-file", shell.file("password", password+"\n"))
	shell.run("pratique", "key", "create", "--user", "deploy")
	mei := s.as("mei")
	mei.login("mei", password)
	mei.refused("pratique", "cluster", "delete", "shop", "--yes")
	return shell
}

// objects are the parts of a path after which a name follows.
var objects = regexp.MustCompile(`/(users|groups|roles|policies|grants|clusters|jobs|reports|decisions|audit|addons|projects|enterprise-projects|namespaces|nodes|pools|identity-providers)/([^/]+)`)

// kindOf makes one of the addresses of all pages of a kind: /console/users/mei is /console/users/ONE.
func kindOf(path string) string {
	return objects.ReplaceAllStringFunc(path, func(part string) string {
		if _, name, _ := strings.Cut(part[1:], "/"); name == "new" || name == "export" || name == "permissions" {
			return part
		}
		return part[:strings.LastIndexByte(part, '/')] + "/ONE"
	})
}

// links are the addresses that a page leads to, without what is a file.
func (p *person) links() []string {
	p.t.Helper()
	var out []string
	for _, href := range ask[[]string](p, `[...document.querySelectorAll("a[href]")].map(a => a.href)`) {
		u, err := url.Parse(href)
		if err != nil || !strings.HasPrefix(href, p.s.url+"/console/") {
			continue
		}
		if kind := kindOf(u.Path); !slices.Contains([]string{"/console/audit/export", "/console/clusters/ONE/kubeconfig", "/console/oidc/start"}, kind) {
			out = append(out, u.RequestURI())
		}
	}
	return out
}

// TestEveryPageIsLightStillAndForEverybody walks through the console from link to link, to one page of each kind.
func TestEveryPageIsLightStillAndForEverybody(t *testing.T) {
	s := serve(t, "--kube-dir", kubernetes(t))
	axe := checker(t)
	root := sit(t, s, chromium(t, s))
	root.open("/console/login")
	root.fits(axe)
	root.foundAccount()
	s.populate()
	call(root, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true})
	seen := map[string]bool{}
	waiting := []string{
		"/console/", "/console/clusters/shop", "/console/users/mei", "/console/groups/viewers", "/console/policies/logs-of-gateways", "/console/policies/logs-of-gateways/edit",
		"/console/grants/new?group=viewers", "/console/simulator?subject=mei&kind=user&action=cce:cluster:create&project=local-1", "/console/who-can?action=cluster.create",
		"/console/clusters/shop/addons/mse-ingress-controller", "/console/clusters/shop/namespaces", "/console/no-such-page", "/console/clusters/none-such",
	}
	for len(waiting) > 0 {
		path := waiting[0]
		waiting = waiting[1:]
		u, err := url.Parse(path)
		if err != nil {
			t.Fatal(err)
		}
		kind := kindOf(u.Path)
		if u.RawQuery != "" && seen[kind] || seen[kind+"?"] || seen[path] || seen[kind] && kind != u.Path {
			continue
		}
		seen[kind], seen[path] = true, true
		root.open(path)
		if status := ask[int](root, `performance.getEntriesByType("navigation")[0].responseStatus`); status != 200 && !strings.HasPrefix(path, "/console/no-") && !strings.Contains(path, "none-such") {
			t.Errorf("%s, to which a page leads, answers %d", path, status)
		}
		root.fits(axe)
		if root.has("Check permissions", "button") {
			root.follow("Check permissions") // leads to a report
			waiting = append(waiting, root.address())
		}
		waiting = append(waiting, root.links()...)
	}
	root.open("/console/users/deploy")
	root.follow("Create access key")
	root.sees("It is shown now and never again")
	root.accessible(axe)
	t.Logf("%d kinds of pages", len(seen))
}

// fits checks one page: how heavy it is, whether it moves under the reader, and whether everybody can use it.
func (p *person) fits(axe string) {
	p.t.Helper()
	if n := ask[int](p, `[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].reduce((n, e) => n + e.transferSize, 0)`); n > largest {
		p.t.Errorf("%s takes %d bytes on the wire, more than %d", p.address(), n, largest)
	}
	const shift = `new Promise(done => {
		let sum = 0;
		new PerformanceObserver(list => { for (const e of list.getEntries()) sum += e.value; }).observe({type: "layout-shift", buffered: true});
		requestAnimationFrame(() => setTimeout(() => done(sum), 50));
	})`
	if moved := ask[float64](p, shift); moved > 0 {
		p.t.Errorf("%s moves under the reader: layout shift %g", p.address(), moved)
	}
	if ask[int](p, `document.querySelectorAll("h1").length`) != 1 {
		p.t.Errorf("%s has not one first heading", p.address())
	}
	p.accessible(axe)
	p.picture()
}
