package rbacsync

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/cluster"
	"github.com/pratique-iam/pratique/internal/kube"
)

// View is what a cluster holds that decides who may do what, at one time or nearly. Its objects may not be modified.
type View struct {
	Namespaces          []*corev1.Namespace
	ClusterRoles        []*rbacv1.ClusterRole
	Roles               []*rbacv1.Role
	ClusterRoleBindings []*rbacv1.ClusterRoleBinding
	RoleBindings        []*rbacv1.RoleBinding
}

// Read asks a cluster for all of it.
func Read(ctx context.Context, client kubernetes.Interface) (*View, error) {
	var v View
	all := metav1.ListOptions{}
	namespaces, err := client.CoreV1().Namespaces().List(ctx, all)
	if err != nil {
		return nil, fmt.Errorf("list namespaces: %w", err)
	}
	v.Namespaces = pointers(namespaces.Items)
	clusterRoles, err := client.RbacV1().ClusterRoles().List(ctx, all)
	if err != nil {
		return nil, fmt.Errorf("list ClusterRoles: %w", err)
	}
	v.ClusterRoles = pointers(clusterRoles.Items)
	roles, err := client.RbacV1().Roles(metav1.NamespaceAll).List(ctx, all)
	if err != nil {
		return nil, fmt.Errorf("list Roles: %w", err)
	}
	v.Roles = pointers(roles.Items)
	clusterBindings, err := client.RbacV1().ClusterRoleBindings().List(ctx, all)
	if err != nil {
		return nil, fmt.Errorf("list ClusterRoleBindings: %w", err)
	}
	v.ClusterRoleBindings = pointers(clusterBindings.Items)
	bindings, err := client.RbacV1().RoleBindings(metav1.NamespaceAll).List(ctx, all)
	if err != nil {
		return nil, fmt.Errorf("list RoleBindings: %w", err)
	}
	v.RoleBindings = pointers(bindings.Items)
	return &v, nil
}

func pointers[T any](items []T) []*T {
	out := make([]*T, len(items))
	for i := range items {
		out[i] = &items[i]
	}
	return out
}

// Live is what a plan is made against.
type Live struct {
	Bindings     map[Key]Binding // those that are ours, and those that stand under names like ours
	Namespaces   map[string]bool // false: it is going, and takes nothing new
	ClusterRoles map[string]bool
}

// Binding is a RoleBinding or ClusterRoleBinding that is there.
type Binding struct {
	Ours     bool
	Meta     *metav1.ObjectMeta
	RoleRef  rbacv1.RoleRef
	Subjects []rbacv1.Subject
}

// Live picks out of a view what a plan for the cluster needs.
func (v *View) Live(s *pratique.Snapshot, c *pratique.Cluster) Live {
	l := Live{Bindings: map[Key]Binding{}, Namespaces: map[string]bool{}, ClusterRoles: map[string]bool{}}
	for _, n := range v.Namespaces {
		l.Namespaces[n.Name] = n.DeletionTimestamp == nil && n.Status.Phase != corev1.NamespaceTerminating
	}
	for _, r := range v.ClusterRoles {
		l.ClusterRoles[r.Name] = true
	}
	for _, b := range v.ClusterRoleBindings {
		l.add(s, c, &b.ObjectMeta, b.RoleRef, b.Subjects)
	}
	for _, b := range v.RoleBindings {
		l.add(s, c, &b.ObjectMeta, b.RoleRef, b.Subjects)
	}
	return l
}

func (l *Live) add(s *pratique.Snapshot, c *pratique.Cluster, m *metav1.ObjectMeta, ref rbacv1.RoleRef, subjects []rbacv1.Subject) {
	b := Binding{Ours: ours(s, c, m, subjects), Meta: m, RoleRef: ref, Subjects: subjects}
	if b.Ours || strings.HasPrefix(m.Name, namePrefix) {
		l.Bindings[Key{m.Namespace, m.Name}] = b
	}
}

// ours reports whether a binding is for us to change and to prune: it carries our labels, for this cluster.
//
// Labels for another cluster are usually those of another Pratique, or of another entry of the directory for the same cluster, and then none
// of our business. But a cluster that was attached before under an id that is gone may still hold bindings of people who are still
// here, and who would get back what they had then: these are ours to prune as well.
func ours(s *pratique.Snapshot, c *pratique.Cluster, m *metav1.ObjectMeta, subjects []rbacv1.Subject) bool {
	if m.Labels[cluster.LabelManagedBy] != cluster.FieldManager || m.Labels[LabelPermission] == "" {
		return false
	}
	id := m.Labels[cluster.LabelCluster]
	if id == c.ID {
		return true
	}
	if _, there := s.Clusters.ID(id); there || len(subjects) == 0 {
		return false
	}
	for _, subject := range subjects {
		of, is := strings.CutPrefix(subject.Name, kube.Prefix)
		if !is || !known(s, of) {
			return false
		}
	}
	return true
}

// known reports whether an id is that of a principal of this directory. Ids are random and never used again, so no other directory has it.
func known(s *pratique.Snapshot, id string) bool {
	return exists(s, pratique.Ref{Kind: pratique.KindUser, ID: id}) ||
		exists(s, pratique.Ref{Kind: pratique.KindGroup, ID: id}) || exists(s, pratique.Ref{Kind: pratique.KindRole, ID: id})
}
