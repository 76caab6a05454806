package cluster

import (
	"context"
	"fmt"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/kube"
)

// AdministratorsBinding lets those into an attached cluster whom no gate stops: Tenant and CCE Administrators and the root of the account. A
// kube-apiserver that asks us allows them outright; one that does not knows them by the group in which the access proxy puts them.
const AdministratorsBinding = "pratique-administrators"

// EnsureAdministrators makes the binding, and mends it where somebody has changed or deleted it: unlike the creator's, theirs cannot be taken
// away inside the cluster.
func EnsureAdministrators(ctx context.Context, client kubernetes.Interface, c *pratique.Cluster) error {
	want := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: AdministratorsBinding, Labels: map[string]string{LabelManagedBy: FieldManager, LabelCluster: c.ID}},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.GroupKind, APIGroup: rbacv1.GroupName, Name: kube.AdministratorsGroup}},
	}
	bindings := client.RbacV1().ClusterRoleBindings()
	have, err := bindings.Get(ctx, AdministratorsBinding, metav1.GetOptions{})
	switch {
	case err == nil && have.RoleRef == want.RoleRef && slices.Equal(have.Subjects, want.Subjects):
		return nil
	case err == nil && have.RoleRef == want.RoleRef:
		have = have.DeepCopy()
		have.Subjects = want.Subjects
		_, err = bindings.Update(ctx, have, metav1.UpdateOptions{FieldManager: FieldManager})
	case err == nil: // roleRef cannot be changed
		if err = bindings.Delete(ctx, AdministratorsBinding, metav1.DeleteOptions{}); err == nil {
			_, err = bindings.Create(ctx, want, metav1.CreateOptions{FieldManager: FieldManager})
		}
	case apierrors.IsNotFound(err):
		_, err = bindings.Create(ctx, want, metav1.CreateOptions{FieldManager: FieldManager})
	}
	if err != nil {
		return fmt.Errorf("keep ClusterRoleBinding %s: %w", AdministratorsBinding, err)
	}
	return nil
}
