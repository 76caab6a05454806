package rbacsync

import (
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pratique-iam/pratique/internal/cluster"
)

// OnboardingName is that of the ClusterRole that an operator gives to Pratique's identity in an attached cluster.
const OnboardingName = "pratique-sync"

// Onboarding is the ClusterRole with which Pratique can keep the given ClusterRoles bound: it may write bindings, and bind these roles.
// Writing a binding to a role without `bind` on it would take all that the role allows, and `escalate` would be the power to allow itself
// anything; neither is in it.
func Onboarding(clusterRoles ...string) *rbacv1.ClusterRole {
	roles := slices.Clone(clusterRoles)
	slices.Sort(roles)
	read := []string{"get", "list", "watch"}
	return &rbacv1.ClusterRole{
		TypeMeta:   metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "ClusterRole"},
		ObjectMeta: metav1.ObjectMeta{Name: OnboardingName},
		Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{""}, Resources: []string{"namespaces", "nodes"}, Verbs: read},
			{APIGroups: []string{rbacv1.GroupName}, Resources: []string{"roles", "clusterroles"}, Verbs: read},
			{
				APIGroups: []string{rbacv1.GroupName}, Resources: []string{"rolebindings", "clusterrolebindings"},
				Verbs: append(slices.Clone(read), "create", "update", "patch", "delete"),
			},
			{APIGroups: []string{rbacv1.GroupName}, Resources: []string{"clusterroles"}, ResourceNames: slices.Compact(roles), Verbs: []string{"bind"}},
			{APIGroups: []string{""}, Resources: []string{"configmaps"}, ResourceNames: []string{cluster.OnboardingMap}, Verbs: []string{"get", "update"}},
			{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"create"}},
		},
	}
}
