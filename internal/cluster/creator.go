package cluster

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/kube"
)

// Names and labels of what Pratique makes inside clusters.
const (
	FieldManager      = "pratique"
	LabelManagedBy    = "app.kubernetes.io/managed-by" // = FieldManager
	LabelCluster      = "pratique.dev/cluster"         // = id of the cluster in the directory
	CreatorBinding    = "cluster-creator"              // ClusterRoleBinding; the name is CCE's
	OnboardingMap     = "pratique-onboarding"          // ConfigMap in kube-system
	onboardingComment = "pratique.dev/about"
)

// EnsureCreator gives the creator of a cluster the binding that creators get, once: whoever deletes it has deleted it for good.
//
// That it was given is remembered in the cluster, in a ConfigMap in kube-system, and not in the directory: this keeps a change of the
// directory out of what a look at a cluster does, and a cluster that is restored from a backup brings its memory along. The mark is
// written after the binding; a server that is killed in between makes the binding again. Somebody else's binding of that name is
// left alone, and counts.
func EnsureCreator(ctx context.Context, client kubernetes.Interface, c *pratique.Cluster) error {
	if c.Creator.ID == "" {
		return nil
	}
	maps := client.CoreV1().ConfigMaps(metav1.NamespaceSystem)
	mark := CreatorBinding + "." + c.ID // with the id: attached a second time, it is another cluster with another creator
	memory, err := maps.Get(ctx, OnboardingMap, metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("read ConfigMap %s: %w", OnboardingMap, err)
	}
	exists := err == nil
	if _, done := memory.Data[mark]; exists && done {
		return nil
	}
	said := "given to " + kube.UserName(c.Creator.ID)
	_, err = client.RbacV1().ClusterRoleBindings().Create(ctx, creatorBinding(c), metav1.CreateOptions{FieldManager: FieldManager})
	switch {
	case apierrors.IsAlreadyExists(err):
		said = "there was one already"
	case err != nil:
		return fmt.Errorf("create ClusterRoleBinding %s: %w", CreatorBinding, err)
	}
	if exists {
		memory = memory.DeepCopy()
		if memory.Data == nil {
			memory.Data = map[string]string{}
		}
		memory.Data[mark] = said
		_, err = maps.Update(ctx, memory, metav1.UpdateOptions{FieldManager: FieldManager})
	} else {
		_, err = maps.Create(ctx, &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{
				Name: OnboardingMap, Labels: map[string]string{LabelManagedBy: FieldManager},
				Annotations: map[string]string{onboardingComment: "What Pratique does once per cluster. Deleting a line makes it do that again."},
			},
			Data: map[string]string{mark: said},
		}, metav1.CreateOptions{FieldManager: FieldManager})
	}
	if err != nil {
		return fmt.Errorf("write ConfigMap %s: %w", OnboardingMap, err)
	}
	return nil
}

func creatorBinding(c *pratique.Cluster) *rbacv1.ClusterRoleBinding {
	return &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{
			Name:   CreatorBinding,
			Labels: map[string]string{LabelManagedBy: FieldManager, LabelCluster: c.ID},
		},
		RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: kube.UserName(c.Creator.ID)}},
	}
}

// RemoveCreator deletes the binding for good. One that Pratique did not make stays, and is a pratique.ErrConflict; none is pratique.ErrNotFound.
func RemoveCreator(ctx context.Context, client kubernetes.Interface) error {
	bindings := client.RbacV1().ClusterRoleBindings()
	b, err := bindings.Get(ctx, CreatorBinding, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return &pratique.Error{Kind: pratique.ErrNotFound, Message: "the cluster has no ClusterRoleBinding " + CreatorBinding}
	case err != nil:
		return fmt.Errorf("read ClusterRoleBinding %s: %w", CreatorBinding, err)
	case b.Labels[LabelManagedBy] != FieldManager:
		return &pratique.Error{
			Kind: pratique.ErrConflict, Message: "the ClusterRoleBinding " + CreatorBinding + " was not made by Pratique",
			Hint: "delete it with kubectl",
		}
	}
	err = bindings.Delete(ctx, CreatorBinding, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &b.UID, ResourceVersion: &b.ResourceVersion}})
	if err != nil {
		return fmt.Errorf("delete ClusterRoleBinding %s: %w", CreatorBinding, err)
	}
	return nil
}
