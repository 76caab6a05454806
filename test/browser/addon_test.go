package browser

import (
	"strings"
	"testing"
)

// ingress is the add-on of these stories, as pages call it.
const ingress = "MSE Ingress Controller"

// crew is somebody who looks after clusters and may do nothing in RAM, and an administrator.
const crew = `apiVersion: pratique.dev/v1
kind: User
metadata: {name: alice}
---
apiVersion: pratique.dev/v1
kind: User
metadata: {name: boss}
---
apiVersion: pratique.dev/v1
kind: Grant
metadata: {name: alice-clusters}
spec: {user: alice, policy: AliyunCSFullAccess, scope: {account: true}}
---
apiVersion: pratique.dev/v1
kind: Grant
metadata: {name: alice-reads}
spec: {user: alice, policy: AliyunRAMReadOnlyAccess, scope: {account: true}}
---
apiVersion: pratique.dev/v1
kind: Grant
metadata: {name: boss-everything}
spec: {user: boss, policy: AdministratorAccess, scope: {account: true}}
`

// aboard is a server with a crew, each at a browser.
func aboard(t *testing.T) (s *server, alice, boss *person) {
	t.Helper()
	s = serve(t, "--kube-dir", kubernetes(t))
	browser := chromium(t, s)
	root := sit(t, s, browser)
	root.foundAccount()
	shell := s.as("root")
	shell.login("root", password)
	shell.run("pratique", "apply", "-f", shell.file("crew.yaml", crew))
	alice, boss = sit(t, s, browser), sit(t, s, browser)
	for name, p := range map[string]*person{"alice": alice, "boss": boss} {
		shell.run("pratique", "passwd", "--user", name, "--password-file", shell.file("password", password+"\n"))
		p.signIn(name)
	}
	return s, alice, boss
}

// toAddon goes to the page of the add-on in a cluster.
func (p *person) toAddon(cluster string) {
	p.t.Helper()
	p.follow("Clusters")
	p.follow(cluster)
	p.part("Node pools", "navigation").follow("Add-ons")
	p.follow(ingress)
}

// runs waits for the job in front of them, and then for the add-on.
func (p *person) runs(cluster string) {
	p.t.Helper()
	p.waits("succeeded")
	p.toAddon(cluster)
	p.waits("Running")
}

// A1: an add-on for a cluster that is there. The precheck fails; whoever may not authorize is told so; whoever may does it with one click.
func TestAnAddOnIsRefusedWithAReportAuthorizedAndInstalled(t *testing.T) {
	for _, kind := range []string{"ACK managed", "ACK Serverless"} {
		t.Run(kind, func(t *testing.T) {
			s, alice, boss := aboard(t)
			alice.createCluster("prod", kind, "1")
			alice.toAddon("prod")
			alice.sees("not installed")
			alice.installRefused()
			alice.follow("View report")
			alice.sees("Failed", "there is no such role", "mse:AddGateway")
			report := alice.address()
			alice.follow("there is no such role")
			alice.sees("Quick authorization", "ram:CreateRole", "ram:AttachPolicyToRole")
			alice.accessible(checker(t))
			if alice.has("Authorize", "button") {
				t.Error("alice is offered to authorize")
			}
			if namespaces := s.admin("get", "namespaces", "-o", "name"); strings.Contains(namespaces, "mse-ingress-controller") {
				t.Errorf("something is half installed: %s", namespaces)
			}

			boss.open(report)
			boss.follow("there is no such role")
			boss.sees("role AliyunCSManagedMseRole", "sts:AssumeRole", "Only what is missing is given")
			boss.follow("Authorize")
			boss.sees("Authorized: the check passes now", "not installed")

			alice.toAddon("prod")
			alice.follow("Install")
			alice.sees("The add-on is being installed")
			alice.runs("prod")
			if pods := s.admin("get", "pods", "-n", "mse-ingress-controller", "--no-headers"); !strings.Contains(pods, "Running") {
				t.Errorf("the pods are %s", pods)
			}
		})
	}
}

// installRefused presses Install until the rights of whoever made the cluster have reached it, and the precheck is what refuses.
func (p *person) installRefused() {
	p.t.Helper()
	p.follow("Install")
	p.sees("Failed to pass the precheck")
}

// A2: a cluster that is created with the add-on. Nothing is created until the check passes.
func TestAClusterIsOrderedWithAnAddOnWhoseCheckMustPassFirst(t *testing.T) {
	for _, kind := range []string{"ACK managed", "ACK Serverless", "ACS"} {
		t.Run(kind, func(t *testing.T) {
			s, _, boss := aboard(t)
			boss.follow("Clusters")
			boss.follow("Create cluster")
			boss.fill("Name", "fresh", "Nodes", "2", "Tags", "env=prod")
			boss.choose("Type", kind)
			boss.tickStarting(ingress)
			boss.follow("Next: confirm order")
			boss.sees("Dependency check", "Failed", "The order can be created once the dependency check passes")
			boss.accessible(checker(t))
			if boss.has("Create cluster", "button") {
				t.Error("the order can be created while the check fails")
			}
			boss.follow("Authorize now")
			boss.follow("Authorize")
			boss.sees("Authorized: the check passes now", "Confirm order", "fresh", "Nodes 2", "env=prod") // as it was ordered
			boss.follow("Re-check")
			boss.sees("Passed")
			boss.doesNotSee("Failed")
			boss.follow("Create cluster")
			boss.waits("succeeded")
			boss.toAddon("fresh")
			boss.waits("Running")
			if pods := s.admin("get", "pods", "-n", "mse-ingress-controller", "--no-headers"); !strings.Contains(pods, "Running") {
				t.Errorf("the pods are %s", pods)
			}
		})
	}
}

// tickStarting sets the one box whose label begins so.
func (p *person) tickStarting(label string) {
	p.t.Helper()
	for _, full := range ask[[]string](p, `[...document.querySelectorAll("label.check")].map(l => l.innerText.trim())`) {
		if strings.HasPrefix(full, label) {
			p.tick(full)
			return
		}
	}
	p.t.Fatalf("at %s no box begins with %q", p.address(), label)
}

// logs is the custom policy that the vendor's page gives for access logs.
const logs = `{
  "Version": "1",
  "Statement": [
    {"Action": ["log:CloseProductDataCollection", "log:OpenProductDataCollection", "log:GetProductDataCollection"],
     "Resource": ["acs:mse:*:*:instance/*", "acs:log:*:*:project/*/logstore/mse_*"], "Effect": "Allow"},
    {"Action": "ram:PassRole", "Resource": "acs:ram::*:role/aliyunserviceroleforslsaudit", "Effect": "Allow"},
    {"Action": "ram:CreateServiceLinkedRole", "Resource": "*", "Effect": "Allow",
     "Condition": {"StringEquals": {"ram:ServiceName": "audit.log.aliyuncs.com"}}}
  ]
}`

// A3 and A4: a dedicated cluster, whose worker role is given the vendor's policy, and then a policy of one's own for access logs.
func TestTheWorkerRoleIsGivenWhatTheControllerAsksFor(t *testing.T) {
	s, _, boss := aboard(t)
	boss.createCluster("old", "ACK dedicated", "1")
	boss.toAddon("old")
	boss.follow("Install")
	boss.sees("The add-on is being installed")
	boss.runs("old")

	boss.follow("Clusters")
	boss.follow("old")
	boss.grantToWorker("AliyunMSEFullAccess")
	boss.sees("Policies of the worker role AliyunMSEFullAccess")
	boss.toAddon("old")
	before := s.admin("get", "pods", "-n", "mse-ingress-controller", "-o", "name")
	boss.follow("Redeploy")
	boss.sees("The pods are restarted")
	boss.waits("Running")
	eventuallyDiffers(t, before, func() string { return s.admin("get", "pods", "-n", "mse-ingress-controller", "-o", "name") })
	s.as("boss").login("boss", password)
	s.as("boss").run("pratique", "role", "link", "mse.aliyuncs.com")

	s.admin("patch", "mseingressconfig", "default", "--type", "merge", "-p", `{"spec":{"monitor":{"logging":{"sls":{}}}}}`)
	boss.follow("Check permissions")
	boss.sees("Failed", "log:OpenProductDataCollection", "ram:PassRole", "ram:ServiceName = audit.log.aliyuncs.com")

	boss.follow("Policies")
	boss.follow("Create policy")
	boss.fill("Name", "mse-sls")
	boss.follow("JSON")
	boss.fill("Document", logs)
	boss.follow("Visual editor")
	boss.sees("Statement 3")
	boss.readsInFields("audit.log.aliyuncs.com", "log:OpenProductDataCollection")
	boss.follow("JSON")
	boss.follow("What does this change open?")
	boss.sees("Nobody gains or loses an operation by this")
	boss.accessible(checker(t))
	boss.follow("Save")
	boss.sees("Policy mse-sls")
	boss.follow("Clusters")
	boss.follow("old")
	boss.grantToWorker("mse-sls")
	boss.toAddon("old")
	boss.follow("Check permissions")
	boss.sees("Passed")
	boss.doesNotSee("Failed", "missing")
}

// grantToWorker goes from the cluster to its worker role, grants, and comes back.
func (p *person) grantToWorker(policy string) {
	p.t.Helper()
	cluster := p.address()
	role := ask[string](p, `[...document.querySelectorAll("main a")].map(a => a.innerText).find(t => t.startsWith("KubernetesWorkerRole-"))`)
	p.follow(role)
	p.follow("Grant permission")
	p.fill("Policy", policy)
	p.follow("Search")
	p.tick(policy)
	p.choose("Scope", "Whole account")
	p.follow("Grant permissions")
	p.sees("Granted: " + policy)
	p.open(cluster)
}
