package api

import (
	"net/http"
	"slices"

	"github.com/pratique-iam/pratique"
)

// Routes lists what the door serves. Everything else about a route follows from its row: who may use it, what goes in and out, and what
// /openapi.json says. The rows of the nouns come from the list of nouns.
func (a *API) Routes() []Route {
	const (
		get, post, patch, remove = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete
		signIn                   = "public: proves who somebody is"
		own                      = "self: one's own; "
		others                   = "self: about oneself; others need decision.simulate"
	)
	routes := []Route{
		{get, "/livez", "public: probe", "Does the process answer", anybody(a.live)},
		{get, "/readyz", "public: probe", "Can requests be answered", anybody(a.ready)},
		{get, "/openapi.json", "public: the same for everybody", "This description", anybody(a.openapi)},
		{get, "/.well-known/authzen-configuration", "public: the same for everybody", "Where AuthZEN is served", anybody(a.metadata)},

		{post, "/v1/login", signIn, "Open a session", anybody(a.login)},
		{post, "/v1/logout", own + "the session that asks", "End this session", signedIn(a.logout)},
		{get, "/v1/me", own + "who asks", "Who am I, and what do I hold", signedIn(a.me)},
		{get, "/v1/holdings", own + "others need grant.list and group.list", "What reaches a user, and by which grant", signedIn(a.holdings)},
		{get, "/v1/sessions", own + "others need session.list", "List sessions", signedIn(a.sessions)},
		{remove, "/v1/sessions/{id}", own + "others need session.delete", "End a session", signedIn(a.endSession)},
		{post, "/v1/tokens", own + "unless token.create is denied", "Make an API token", signedIn(a.newToken)},
		{get, "/v1/tokens", own + "others need token.list", "List API tokens", signedIn(a.tokens)},
		{remove, "/v1/tokens/{id}", own + "others need session.delete", "End an API token", signedIn(a.endSession)},
		{post, "/v1/password", own + "others need password.set", "Set a password", signedIn(a.setPassword)},
		{get, "/v1/mfa", own + "another's needs mfa.get, a list mfa.list", "Read one's second factor, or who has one", signedIn(a.factors)},
		{post, "/v1/mfa", own + "others need mfa.create", "Make a second factor", signedIn(a.enroll)},
		{post, "/v1/mfa/confirm", own + "others need mfa.bind", "Make a second factor count", signedIn(a.confirmFactor)},
		{remove, "/v1/mfa", own + "others need mfa.unbind and mfa.delete", "Take a second factor away", signedIn(a.removeFactor)},
		{post, "/v1/assume-role", "gate: role.assume, and the trust policy of the role", "Open the session of a role", signedIn(a.assumeRole)},
		{post, "/v1/assume-role-with-token", signIn, "Exchange a service account's token for the session of a role", anybody(a.exchange)},
		{post, "/v1/accesskeys", "gate: accessKey.create on the user", "Make an access key", signedIn(a.newAccessKey)},
		{get, "/v1/accesskeys", own + "others need accessKey.list, as all do at once", "List access keys", signedIn(a.accessKeys)},
		{patch, "/v1/accesskeys/{id}", "gate: accessKey.update on the user", "Enable or disable an access key", signedIn(a.setAccessKey)},
		{remove, "/v1/accesskeys/{id}", "gate: accessKey.delete on the user", "Delete an access key", signedIn(a.deleteAccessKey)},

		{post, "/v1/changes", "gate: what each change needs", "Apply changes, all or none", signedIn(a.changes)},
		{post, "/v1/changes/preview", "gate: what each change needs", "Who would gain and lose what by changes", signedIn(a.preview)},
		{get, "/v1/export", "directory.export", "Everything, as manifests", signedIn(a.export)},

		{post, "/v1/decide", others, "May somebody do something", signedIn(a.decide)},
		{post, "/v1/explain", others, "May somebody, and why", signedIn(a.explain)},
		{get, "/v1/decisions/{id}", "self: who asked; others need decision.simulate", "Why was it decided so", signedIn(a.decision)},
		{post, "/v1/whocan", "decision.simulate", "Who may do something", signedIn(a.whoCan)},
		{get, "/v1/operations", "self: the same for everybody", "What Pratique can do", signedIn(a.operations)},

		{post, "/access/v1/evaluation", others, "AuthZEN: one decision", signedIn(a.evaluation)},
		{post, "/access/v1/evaluations", others, "AuthZEN: many decisions", signedIn(a.evaluations)},
		{post, "/access/v1/search/subject", "decision.simulate", "AuthZEN: who may", signedIn(a.searchSubject)},
		{post, "/access/v1/search/resource", others + "; names need the noun's list", "AuthZEN: on what", signedIn(a.searchResource)},
		{post, "/access/v1/search/action", others, "AuthZEN: what may be done", signedIn(a.searchAction)},

		{get, "/v1/audit", "audit.list", "Read audit records, newest first", signedIn(a.records)},
		{get, "/v1/audit/verify", "audit.list", "Check the chain of audit records", signedIn(a.verify)},
	}
	routes = append(routes, a.clusterRoutes()...)
	routes = append(routes, a.jobRoutes()...)
	routes = slices.Concat(routes, a.nodeRoutes(), a.nodePoolRoutes(), a.storageRoutes(), a.tagRoutes(), a.resourceRoutes(), a.quotaRoutes(),
		a.serviceLinkedRoleRoutes(), a.authorizationRoutes(), a.addonRoutes(), a.addonInstanceRoutes(), a.chartRoutes(), a.releaseRoutes(), a.providerRoutes())
	for _, kind := range pratique.ManifestKinds() {
		path, noun := "/v1/"+kind.Plural(), nounName(kind)
		read := noun + ".get"
		if kind == pratique.KindGrant {
			read = "grant.list" // both vendors have only the one action
		}
		routes = append(routes,
			Route{get, path, noun + ".list", "List " + plural(kind), a.list(kind)},
			Route{get, path + "/{name}", read, "Read one " + kind.Word(), a.object(kind)})
	}
	return routes
}

// clusterRoutes are those about clusters, and about what is inside them.
func (a *API) clusterRoutes() []Route {
	const (
		get, post, patch, remove = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete
		one                      = "/v1/clusters/{name}"
		public                   = "public: the same for everybody"
	)
	return []Route{
		{get, "/v1/clusters", "self: shows those that cluster.list allows, each by itself", "List clusters", signedIn(a.clusters)},
		{post, "/v1/clusters", "gate: cluster.create or cluster.attach", "Create or attach a cluster", signedIn(a.newCluster)},
		{get, one, "cluster: cluster.get", "Read one cluster", signedIn(a.oneCluster)},
		{patch, one, "gate: cluster.update; shadow needs cluster.connect", "Change a cluster", signedIn(a.patchCluster)},
		{remove, one, "gate: cluster.delete", "Delete a cluster", signedIn(a.deleteCluster)},
		{post, one + "/start", "gate: cluster.start", "Wake a cluster", signedIn(a.startCluster)},
		{post, one + "/stop", "gate: cluster.stop", "Hibernate a cluster", signedIn(a.stopCluster)},
		{post, one + "/upgrade", "cluster: cluster.upgrade", "Move a cluster to another version of Kubernetes", signedIn(a.upgradeCluster)},
		{post, one + "/token", "cluster: cluster.get", "A short-lived token for the cluster", signedIn(a.clusterToken)},
		{get, one + "/access", "cluster: cluster.kubeconfig", "What a kubeconfig needs", signedIn(a.clusterAccess)},
		{get, one + "/namespaces", "cluster: cluster.get", "Namespaces of a cluster that one may look into, and how much is in them", signedIn(a.namespaces)},
		{get, one + "/rbac", "cluster: namespacePermission.list", "What namespace permissions make inside the cluster", signedIn(a.rbacPlan)},
		{get, "/v1/rbac", "self: shows clusters that namespacePermission.list allows, each by itself", "How far clusters are with their namespace permissions", signedIn(a.rbacStates)},
		{post, one + "/connect", "gate: cluster.connect", "Files that make a kube-apiserver ask this server", signedIn(a.connectCluster)},

		{post, "/v1/kube/why", "self: about oneself in clusters that cluster.get shows; others need decision.simulate", "May somebody do something inside a cluster, and why", signedIn(a.kubeWhy)},
		{post, "/v1/kube/whocan", "decision.simulate", "Who may do something inside a cluster", signedIn(a.kubeWhoCan)},

		{get, "/.well-known/openid-configuration", public, "OpenID Connect: the issuer of tokens for clusters", anybody(a.discovery)},
		{get, "/oidc/jwks", public, "OpenID Connect: keys that tokens are verified with", anybody(a.jwks)},
	}
}

// AdminRoutes lists what the operator of the server can do.
func (a *API) AdminRoutes() []Route {
	const local = "operator: whoever can open the local socket"
	return []Route{
		{http.MethodGet, "/admin/accounts", local, "List the accounts of the server", anybody(a.accounts)},
		{http.MethodPost, "/admin/accounts", local, "Found an account", anybody(a.found)},
		{http.MethodPost, "/admin/accounts/{name}/bootstrap", local, "Offer the root a new one-time secret", anybody(a.bootstrap)},
	}
}

// plural is a kind in a sentence about several.
func plural(k pratique.Kind) string {
	if k == pratique.KindPolicy {
		return "policies"
	}
	return k.Word() + "s"
}
