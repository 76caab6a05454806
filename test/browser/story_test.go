package browser

import (
	"context"
	"errors"
	"strings"
	"testing"
)

const password = "pelican ledger sunrise anvil"

// foundAccount is root's first sign-in: with the one-time secret, which is used up by it, so a password is next.
func (p *person) foundAccount() {
	p.t.Helper()
	p.open("/")
	p.sees("Sign in")
	p.fill("User", "root")
	p.press("First sign-in of root")
	p.fill("One-time secret", p.s.secret())
	p.follow("Sign in")
	p.sees("Set a password now")
	p.fill("New password", password, "New password again", password)
	p.follow("Set password")
	p.sees("Your password is set", "Second factor")
	p.follow("Not now")
	p.sees("First steps")
}

func (p *person) signIn(user string) {
	p.t.Helper()
	p.open("/console/login")
	p.fill("User", user, "Password", password)
	p.follow("Sign in")
	p.sees("Overview")
}

// createGroup goes the way of seed B: the group, then its permissions, then its users.
func (p *person) createGroup(name, policy string) {
	p.t.Helper()
	p.follow("User groups")
	p.follow("Create user group")
	p.fill("Name", name)
	p.follow("Create")
	p.sees("User group " + name + " is created")
	p.follow("Give permissions")
	p.fill("Policy", policy)
	p.follow("Search")
	p.tick(policy)
	p.choose("Scope", "One project", "Project", "local-1")
	p.follow("Grant permissions")
	p.sees("Granted: "+policy, "project local-1")
}

func (p *person) createUser(name, group string) {
	p.t.Helper()
	p.follow("Users")
	p.follow("Create user")
	p.fill("Name", name, "User group", group, "First password", password)
	p.follow("Create")
	p.sees("User "+name+" is created", "They can sign in now")
}

func (p *person) createCluster(name, kind, nodes string) {
	p.t.Helper()
	p.follow("Clusters")
	p.follow("Create cluster")
	p.fill("Name", name, "Nodes", nodes)
	p.choose("Type", kind)
	p.follow("Next: confirm order")
	p.sees("Confirm order", name)
	p.follow("Create cluster")
	p.waits("Go to cluster " + name)
	p.follow("Go to cluster " + name)
	p.waits("State running")
}

func TestSomebodyWhoMayReadClustersSeesThemAndLearnsWhatElseTheyNeed(t *testing.T) {
	t.Run("with script", func(t *testing.T) { readers(t, func(p *person) *person { return p }) })
	t.Run("without script", func(t *testing.T) { readers(t, (*person).withoutScript) })
}

// readers is story 1 of the clusters: a group that may see clusters, its member, and what she may do inside one.
func readers(t *testing.T, with func(*person) *person) {
	s := serve(t, "--kube-dir", kubernetes(t))
	browser := chromium(t, s)
	root := with(sit(t, s, browser))
	root.foundAccount()
	root.createGroup("viewers", "CCE ReadOnlyAccess")
	root.createUser("mei", "viewers")
	root.createCluster("shop", "CCE Standard", "2")
	s.admin("create", "namespace", "dev")

	mei := with(sit(t, s, browser))
	mei.signIn("mei")
	mei.follow("Clusters")
	mei.sees("shop", "running")
	if mei.has("Create cluster", "link") || mei.has("Create cluster", "button") {
		t.Error("mei is offered a cluster that she may not create")
	}
	mei.press("Why not?")
	mei.sees("cce:cluster:create")
	mei.asks()
	mei.follow("shop")
	mei.sees("you may see the cluster, but hold no namespace permission in it")
	mei.follow("Connect")
	mei.sees("Kubeconfig", "It holds no credential")
	shell := mei.copiesCommands()
	if said := shell.refused("kubectl", "--context", "shop", "get", "pods", "-n", "dev"); !strings.Contains(said, "namespace permission") {
		t.Errorf("kubectl says %q, and nothing of namespace permissions", said)
	}

	root.follow("Permissions")
	root.follow("Namespace level")
	root.follow("Add permission")
	root.choose("For a", "group", "Cluster", "shop", "Permission", "view")
	root.fill("Name", "viewers", "Namespaces", "dev")
	root.follow("Add")
	root.sees("viewers has view in dev")

	eventually(t, patience, "the permission reaches the cluster", func(ctx context.Context) error {
		said, err := shell.try(ctx, "kubectl", "--context", "shop", "get", "pods", "-n", "dev")
		if err != nil {
			return errors.New(said)
		}
		return nil
	})
	shell.refused("kubectl", "--context", "shop", "get", "pods", "-n", "default")
	mei.follow("Basic information")
	mei.doesNotSee("hold no namespace permission")
}

// asks tries it all the same, by the address: the page says what is missing, and whom to ask.
func (p *person) asks() {
	p.t.Helper()
	p.open("/console/clusters/new")
	p.sees("You may not create this cluster", "a Security Administrator")
	p.fill("Name", "mine")
	p.follow("Next: confirm order")
	if p.has("Create cluster", "button") {
		p.t.Error("the order can be sent")
	}
	p.open("/console/clusters/shop/delete")
	p.sees("You may not do this", "cce:cluster:delete")
	p.accessible(checker(p.t))
	p.open("/console/groups/new")
	p.fill("Name", "mine")
	p.follow("Create")
	p.follow("Why, and what would be needed")
	p.sees("Denied", "The smallest changes that would allow it", "Ask for it")
	p.accessible(checker(p.t))
	p.follow("Clusters")
}

// copiesCommands types what the page says, at a terminal.
func (p *person) copiesCommands() terminal {
	p.t.Helper()
	shell := p.s.as("mei")
	for line := range strings.Lines(ask[string](p, `document.querySelector("pre").textContent`)) {
		args := strings.Fields(line)
		switch {
		case args[0] == "kubectl": // what it may, the story says
		case args[1] == "login":
			shell.login("mei", password)
		default:
			shell.run(args...)
		}
	}
	return shell
}
