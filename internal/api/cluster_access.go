package api

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/authn"
	"github.com/pratique-iam/pratique/internal/cluster"
	"github.com/pratique-iam/pratique/internal/oidc"
	"github.com/pratique-iam/pratique/internal/web"
)

// Issuer signs the tokens of clusters, and tells kube-apiservers how to verify them (internal/oidc).
type Issuer interface {
	Sign(ctx context.Context, c oidc.Claims) (token string, expires time.Time, err error)
	Discovery() ([]byte, error)
	JWKS(ctx context.Context) ([]byte, error)
}

// maxGroups bounds how many groups go into a token: it is a header, and each group is a question for kube-apiserver.
const maxGroups = 200

// clusterToken signs a token for the caller and one cluster, of ten minutes or as long as their session lasts. It opens nothing by itself:
// what its bearer may do is decided request by request. The record is kept before the token exists (security rules §2); so that nobody can
// fill the trail, one person gets at most a few in a second, and so does whoever has assumed a role: many programs act as the same one.
//
// For a role it names no groups, and it ends with the role's session like everything that session has made.
func (a *API) clusterToken(ctx context.Context, c Call, _ nameIn) (created[apiv1.ClusterToken], error) {
	var none created[apiv1.ClusterToken]
	switch {
	case a.Issuer == nil:
		return none, without("tokens for clusters")
	case c.Who.Session == "":
		return none, &pratique.Error{
			Kind: pratique.ErrDenied, Message: "tokens for clusters are for those who are signed in", Hint: "run: pratique login",
		}
	}
	groups := groupsFor(c.Snapshot, c.Cluster, access.PrincipalRef(c.Who))
	if len(groups) > maxGroups {
		return none, &pratique.Error{
			Kind:    pratique.ErrConflict,
			Message: fmt.Sprintf("you are in %d groups that namespace permissions of this cluster name; a token holds at most %d", len(groups), maxGroups),
			Hint:    "leave some of them",
		}
	}
	whose, as := c.Who.ID, ""
	if c.Who.Type == pratique.PrincipalRole {
		whose, as = c.Who.ID+"/"+c.Session.Label, ", as session "+c.Session.RoleSession
	}
	if _, ok := a.minted.Take(c.Who.Account+"/"+whose, a.Now()); !ok {
		return none, &pratique.Error{
			Kind: web.ErrTooMany, Message: "you ask for tokens faster than anybody could use them", Hint: "use the one that you have; it lasts for minutes",
		}
	}
	record := access.NewRecord(audit.TokenIssued, c.Who, a.Now())
	record.Source, record.Request, record.Detail = c.Source, c.Request, "for cluster "+c.Cluster.Name+" ("+c.Cluster.ID+")"+as
	if err := a.Gate.Record(ctx, c.Who.Account, record); err != nil {
		return none, err
	}
	token, expires, err := a.Issuer.Sign(ctx, oidc.Claims{
		Subject: c.Who.ID, Name: c.Who.Name, Groups: groups, Cluster: c.Cluster.ID, Account: c.Who.Account, Session: c.Who.Session,
		Expires: c.Session.Expires,
	})
	if err != nil {
		return none, err
	}
	return created[apiv1.ClusterToken]{apiv1.ClusterToken{Token: token, Expires: expires}}, nil
}

// groupsFor are the groups that a token for a cluster speaks for: all of somebody's groups, so that a permission given to one of them works for
// tokens that are out already. Whoever is in more than a token can hold gets those that the cluster's permissions name.
func groupsFor(s *pratique.Snapshot, cl *pratique.Cluster, who pratique.Ref) []string {
	var groups []string
	for g := range s.GroupsOf(who.ID) {
		groups = append(groups, g.ID)
	}
	if len(groups) <= maxGroups {
		return groups
	}
	groups = nil
	for _, p := range s.PermissionsOn(cl.ID, who) {
		if p.Principal.Kind == pratique.KindGroup {
			groups = append(groups, p.Principal.ID)
		}
	}
	slices.Sort(groups)
	return slices.Compact(groups)
}

// proxyPath is where the access proxy answers; the id of a cluster follows.
const proxyPath = "/clusters/"

// clusterAccess says how a kubeconfig reaches a cluster. Direct is said of clusters that verify our tokens: those that this server runs, and
// those for which somebody has made a credential with connect.
func (a *API) clusterAccess(_ context.Context, c Call, _ nameIn) (apiv1.ClusterAccess, error) {
	cl := c.Cluster
	out := apiv1.ClusterAccess{Cluster: cl.Name, ID: cl.ID, Proxy: strings.TrimRight(a.External, "/") + proxyPath + cl.ID}
	if cl.Provisioner == pratique.ProvisionerLocal || a.connected(c.Snapshot, cl) {
		out.Direct, out.CA = a.address(c.Snapshot, cl)
	}
	return out, nil
}

// connected reports whether there is a credential for the kube-apiserver of a cluster that has not run out.
func (a *API) connected(s *pratique.Snapshot, cl *pratique.Cluster) bool {
	for session := range s.SessionsOf(cl.ID) {
		if session.Type == pratique.SessionCluster && a.Now().Before(session.Expires) {
			return true
		}
	}
	return false
}

// defaultDir is where the files are put on a control plane unless somebody says otherwise.
const defaultDir = "/etc/kubernetes/pratique"

// The names of the files.
const (
	authenticationFile = "authentication.yaml"
	authorizationFile  = "authorization.yaml"
	webhookFile        = "webhook.yaml"
)

type connectClusterIn struct {
	nameIn
	Body apiv1.ConnectCluster `body:""`
}

// connectCluster makes the credential of a kube-apiserver, and the files that make it ask us. Earlier credentials go on: the files with them
// may be in use until somebody has replaced them.
func (a *API) connectCluster(ctx context.Context, c Call, in connectClusterIn) (created[apiv1.ClusterFiles], error) {
	var none created[apiv1.ClusterFiles]
	dir := in.Body.Dir
	if dir == "" {
		dir = defaultDir
	}
	switch {
	case len(a.CA) == 0:
		return none, without("a certificate authority that it could tell clusters of")
	case !path.IsAbs(dir) || path.Clean(dir) != dir || strings.ContainsFunc(dir, func(r rune) bool { return r < ' ' || r > '~' }) || len(dir) > 256:
		return none, web.Invalid("dir is %q and must be an absolute path on the control plane", short(dir))
	}
	id, cl := in.identify(c)
	if cl == nil || !a.mayOn(c, cl, "cluster.connect") {
		// For the record of the refusal alone; with nothing to change it would be harmless if it were allowed by now.
		_, err := a.change(ctx, c, in.Name, "cluster.connect", pratique.ClusterUpdate{Name: id, Shadow: in.Body.Shadow})
		if err == nil {
			err = &pratique.Error{Kind: pratique.ErrConflict, Message: "your rights have just changed", Hint: "try again"}
		}
		return none, err
	}
	if cl.Provisioner == pratique.ProvisionerLocal {
		return none, &pratique.Error{
			Kind: pratique.ErrConflict, Message: fmt.Sprintf("cluster %q runs on this server and asks it already", cl.Name),
			Hint: "switch its shadow with: pratique cluster update " + cl.Name + " --shadow=true",
		}
	}
	shadow := cl.Shadow
	if in.Body.Shadow != nil {
		shadow = *in.Body.Shadow
	}
	secret, session, err := a.Authn.NewClusterSession(c.Snapshot, cl.ID, authn.MaxClusterLife)
	if err != nil {
		return none, err
	}
	files, err := cluster.EnforcementFiles(cluster.EnforcementParams{
		URL: strings.TrimRight(a.External, "/"), CA: a.CA, Cluster: cl.ID, Token: secret, KubeconfigPath: path.Join(dir, webhookFile),
	})
	if err != nil {
		return none, err
	}
	_, err = a.Gate.Apply(ctx, a.intent(c, audit.ClusterConnected,
		pratique.ClusterUpdate{Name: cl.ID, Shadow: &shadow}, pratique.OpenSession{Session: session}))
	if err != nil {
		return none, a.bluntCluster(c, in.Name, "cluster.connect", err)
	}
	return created[apiv1.ClusterFiles]{apiv1.ClusterFiles{
		Authentication: string(files.Authentication), Authorization: string(files.Authorization), WebhookKubeconfig: string(files.WebhookKubeconfig),
		Expires: session.Expires, Shadow: shadow, Steps: steps(cl, dir, shadow),
	}}, nil
}

// steps tell the person at the control plane what to do, and what it does.
func steps(cl *pratique.Cluster, dir string, shadow bool) []string {
	out := []string{
		fmt.Sprintf("Copy %s, %s and %s to %s on every control plane node, owned by root, mode 0600. %s holds the credential of the cluster.",
			authenticationFile, authorizationFile, webhookFile, dir, webhookFile),
		"Where kube-apiserver is a static pod, mount " + dir + " into it, read-only.",
		fmt.Sprintf("Set --authentication-config=%s on kube-apiserver and remove all --oidc-* and --anonymous-auth flags: they exclude each other. "+
			"Now it knows people by the tokens that Pratique signs. Client certificates and service accounts stay as they are.", path.Join(dir, authenticationFile)),
		fmt.Sprintf("Set --authorization-config=%s and remove --authorization-mode and all --authorization-webhook-* flags. "+
			"Now it asks Pratique first, about people of Pratique alone; then Node and RBAC decide. While Pratique does not answer, its people are refused and nobody else is.",
			path.Join(dir, authorizationFile)),
		"If the cluster had other authorizers before, or --anonymous-auth was set on purpose, carry that over into the two files.",
		"Restart kube-apiserver, one node at a time, and check: pratique cluster connect " + cl.Name + " --check",
	}
	if shadow {
		out = append(out, "The cluster is in shadow: Pratique logs what it would have denied, and denies nothing. "+
			"End that with: pratique cluster update "+cl.Name+" --shadow=false")
	}
	return out
}

// discovery and jwks are what a kube-apiserver fetches to verify tokens.
func (a *API) discovery(context.Context, Visit, none) (written, error) {
	if a.Issuer == nil {
		return nil, without("tokens for clusters")
	}
	return a.Issuer.Discovery()
}

func (a *API) jwks(ctx context.Context, _ Visit, _ none) (written, error) {
	if a.Issuer == nil {
		return nil, without("tokens for clusters")
	}
	return a.Issuer.JWKS(ctx)
}
