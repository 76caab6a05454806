package cluster

import (
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/kube"
)

// What an administrator of a cluster makes for Pratique, once: see Onboarding.Manifest.
const (
	OnboardingNamespace = "pratique-system"
	OnboardingAccount   = "pratique"       // ServiceAccount
	OnboardingToken     = "pratique-token" //nolint:gosec // the name of a Secret
	OnboardingRole      = "pratique"       // ClusterRole and Role, and the bindings of both
)

// Part is a use of Pratique that needs rights of its own in a cluster, and can be left out.
type Part string

// The parts. What is in none of them is what Pratique is for: keeping the bindings of namespace permissions.
const (
	PartAdministrators Part = "administrators" // Tenant and CCE Administrators, and the creator, keep cluster-admin whatever is deleted
	PartProxy          Part = "proxy"          // the access proxy, which acts for people
	PartNodes          Part = "nodes"          // pratique node
	PartStorage        Part = "storage"        // pratique storage
	PartAddons         Part = "addons"         // how add-ons are doing, and what their settings ask for
	PartTokens         Part = "tokens"         // service accounts exchange their tokens for the session of a role
)

// Parts lists them all.
func Parts() []Part {
	return []Part{PartAdministrators, PartProxy, PartNodes, PartStorage, PartAddons, PartTokens}
}

// Onboarding says what Pratique's own credential may do in a cluster that it does not run.
type Onboarding struct {
	ClusterRoles []string               // that namespace permissions may give; no others can be given
	Settings     []schema.GroupResource // of add-ons that can be installed in the cluster
	Without      []Part
}

// DefaultClusterRoles are those that Kubernetes itself brings for people.
func DefaultClusterRoles() []string { return []string{"admin", "edit", "view"} }

// OnboardingOf is what a cluster needs now: all parts, and the ClusterRoles that namespace permissions give in it.
func OnboardingOf(s *pratique.Snapshot, c *pratique.Cluster) Onboarding {
	var o Onboarding
	for p := range s.NamespacePermissions.All() {
		if p.On(c.ID) {
			o.ClusterRoles = append(o.ClusterRoles, p.ClusterRole)
		}
	}
	o.Settings = SettingsOf(s.Rules().Catalog, c.Type)
	return o
}

// SettingsOf lists the kinds of objects that configure those add-ons of the catalogue that run in a type of cluster, or in any.
func SettingsOf(c *catalog.Catalog, clusterType string) []schema.GroupResource {
	var out []schema.GroupResource
	for i := range c.Addons {
		if a := &c.Addons[i]; a.Settings != nil && (clusterType == "" || a.Supports(clusterType)) {
			out = append(out, schema.GroupResource{Group: a.Settings.Group, Resource: a.Settings.Resource})
		}
	}
	return out
}

// Right is one rule, and what it is for.
type Right struct {
	Rule      rbacv1.PolicyRule
	Namespace string // in which it is needed; empty: in all, or of what is in none
	Part      Part   // empty: always needed
	For       string // ends the sentence "this is needed to"
}

const clusterAdmin = "cluster-admin"

// Rights lists what is needed, in the order in which people should read it.
//
// Writing a binding takes either all that its role allows, or `bind` on the role. So `bind` is given by name, on the roles that may be given and on
// nothing else; `escalate`, with which Pratique could write itself any role, is never among the rights.
func (o Onboarding) Rights() []Right {
	read := []string{"get", "list", "watch"}
	core, rbac, authn := []string{""}, []string{rbacv1.GroupName}, []string{"authentication.k8s.io"}
	roles := slices.Clone(o.ClusterRoles)
	slices.Sort(roles)
	all := []Right{
		{Rule: rbacv1.PolicyRule{APIGroups: core, Resources: []string{"namespaces"}, Verbs: read}, For: "know which namespaces a permission can be carried out in"},
		{Rule: rbacv1.PolicyRule{APIGroups: rbac, Resources: []string{"roles", "clusterroles"}, Verbs: read}, For: "say who may do what, and why"},
		{
			Rule: rbacv1.PolicyRule{
				APIGroups: rbac, Resources: []string{"rolebindings", "clusterrolebindings"},
				Verbs: append(slices.Clone(read), "create", "update", "patch", "delete"),
			},
			For: "keep the bindings of namespace permissions",
		},
		{Rule: bind(slices.Compact(roles)...), For: "give people the roles that namespace permissions name"},
		{Rule: rbacv1.PolicyRule{APIGroups: core, Resources: []string{"nodes"}, Verbs: read}, For: "show the nodes"},
		{Rule: bind(clusterAdmin), Part: PartAdministrators, For: "keep administrators of the account administrators here (" + AdministratorsBinding + "), and give " + CreatorBinding},
		{
			Rule:      rbacv1.PolicyRule{APIGroups: core, Resources: []string{"configmaps"}, ResourceNames: []string{OnboardingMap}, Verbs: []string{"get", "update"}},
			Namespace: metav1.NamespaceSystem, Part: PartAdministrators, For: "remember that " + CreatorBinding + " was given, so that it is given once",
		},
		{
			Rule:      rbacv1.PolicyRule{APIGroups: core, Resources: []string{"configmaps"}, Verbs: []string{"create"}},
			Namespace: metav1.NamespaceSystem, Part: PartAdministrators, For: "begin that memory",
		},
		{Rule: rbacv1.PolicyRule{APIGroups: core, Resources: []string{"users", "groups"}, Verbs: []string{"impersonate"}}, Part: PartProxy, For: "let people in through the access proxy"},
		{
			Rule: rbacv1.PolicyRule{APIGroups: authn, Resources: []string{
				"uids", "userextras/" + kube.ExtraSession, "userextras/" + kube.ExtraName, "userextras/" + kube.ExtraOperation,
			}, Verbs: []string{"impersonate"}},
			Part: PartProxy, For: "say in the cluster's own audit log who they are",
		},
		{Rule: rbacv1.PolicyRule{APIGroups: core, Resources: []string{"nodes"}, Verbs: []string{"patch", "delete"}}, Part: PartNodes, For: "cordon, label and delete nodes with pratique node"},
		{
			Rule: rbacv1.PolicyRule{APIGroups: core, Resources: []string{"persistentvolumes", "persistentvolumeclaims"}, Verbs: []string{"get", "list", "create", "delete"}},
			Part: PartStorage, For: "list, create and delete volumes and claims with pratique storage",
		},
		{
			Rule: rbacv1.PolicyRule{APIGroups: []string{"apps"}, Resources: []string{"deployments", "statefulsets", "daemonsets"}, Verbs: []string{"get"}},
			Part: PartAddons, For: "say how add-ons are doing",
		},
		{Rule: rbacv1.PolicyRule{APIGroups: core, Resources: []string{"pods"}, Verbs: []string{"list"}}, Part: PartAddons, For: "say why the pods of an add-on do not run"},
		{Rule: rbacv1.PolicyRule{APIGroups: authn, Resources: []string{"tokenreviews"}, Verbs: []string{"create"}}, Part: PartTokens, For: "exchange tokens of service accounts for the session of a role"},
	}
	for _, r := range o.Settings {
		all = append(all, Right{
			Rule: rbacv1.PolicyRule{APIGroups: []string{r.Group}, Resources: []string{r.Resource}, Verbs: []string{"list"}},
			Part: PartAddons, For: "see what the settings of an add-on ask for",
		})
	}
	return slices.DeleteFunc(all, func(r Right) bool {
		nothing := len(r.Rule.ResourceNames) == 0 && r.Rule.Verbs[0] == "bind" // without names it would be every role
		return nothing || r.Part != "" && slices.Contains(o.Without, r.Part)
	})
}

func bind(clusterRoles ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{rbacv1.GroupName}, Resources: []string{"clusterroles"}, ResourceNames: clusterRoles, Verbs: []string{"bind"}}
}

// ClusterRole holds the rights that are needed in the whole cluster.
func (o Onboarding) ClusterRole() *rbacv1.ClusterRole {
	role := &rbacv1.ClusterRole{
		TypeMeta:   metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "ClusterRole"},
		ObjectMeta: metav1.ObjectMeta{Name: OnboardingRole},
	}
	for _, r := range o.Rights() {
		if r.Namespace == "" {
			role.Rules = append(role.Rules, r.Rule)
		}
	}
	return role
}
