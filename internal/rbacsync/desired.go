package rbacsync

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/cluster"
	"github.com/pratique-iam/pratique/internal/kube"
)

// Labels and names of our bindings, beside those of internal/cluster.
const (
	LabelPermission = "pratique.dev/permission" // = id of the namespace permission
	namePrefix      = "pratique-"
)

// Key is where a binding is. No namespace means a ClusterRoleBinding.
type Key struct {
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

// Kind is that of the binding.
func (k Key) Kind() string {
	if k.Namespace == "" {
		return "ClusterRoleBinding"
	}
	return "RoleBinding"
}

func (k Key) String() string {
	if k.Namespace == "" {
		return k.Kind() + " " + k.Name
	}
	return k.Kind() + " " + k.Namespace + "/" + k.Name
}

func (k Key) compare(o Key) int {
	return cmp.Or(cmp.Compare(k.Namespace, o.Namespace), cmp.Compare(k.Name, o.Name))
}

// Object is a binding as it should be: one subject, one ClusterRole.
type Object struct {
	Key
	Cluster     string         `json:"-"`
	Permission  string         `json:"permission"` // id
	ClusterRole string         `json:"clusterRole"`
	Subject     rbacv1.Subject `json:"subject"`

	About string `json:"about,omitempty"` // for people: `permission "dev-view" of group viewers`
}

// Desired lists the bindings that a cluster should have, in the order of their keys: one per permission and namespace, in all namespaces one
// ClusterRoleBinding.
//
// A user's subject is the User pratique:<id>, a role's too (that is the name under which its sessions come), a group's the Group pratique:<id>.
// The name of the object depends on the role: roleRef cannot be changed, so another role needs another object, and the new one can be
// there before the old one goes. It depends on the cluster, so that a cluster attached twice has two sets.
func Desired(s *pratique.Snapshot, c *pratique.Cluster) []Object {
	var out []Object
	for p := range s.NamespacePermissions.All() {
		if !p.On(c.ID) || !exists(s, p.Principal) {
			continue
		}
		namespaces := p.Namespaces
		if p.Everywhere() {
			namespaces = []string{""}
		}
		for _, ns := range namespaces {
			out = append(out, Object{
				Key: Key{ns, name(c.ID, p)}, Cluster: c.ID, Permission: p.ID, ClusterRole: p.ClusterRole, Subject: subject(p.Principal),
				About: "permission " + p.Name + " of " + p.Principal.Kind.Word() + " " + s.PrincipalName(p.Principal),
			})
		}
	}
	slices.SortFunc(out, func(a, b Object) int { return a.compare(b.Key) })
	return out
}

func name(clusterID string, p *pratique.NamespacePermission) string {
	sum := sha256.Sum256([]byte(clusterID + "\x00" + p.ClusterRole))
	return namePrefix + p.ID + "-" + hex.EncodeToString(sum[:4])
}

func subject(r pratique.Ref) rbacv1.Subject {
	if r.Kind == pratique.KindGroup {
		return rbacv1.Subject{Kind: rbacv1.GroupKind, APIGroup: rbacv1.GroupName, Name: kube.GroupName(r.ID)}
	}
	return rbacv1.Subject{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: kube.UserName(r.ID)}
}

// exists reports whether a principal is there. A permission does not outlive its principal; this is the second lock on that door.
func exists(s *pratique.Snapshot, r pratique.Ref) bool {
	_, user := s.Users.ID(r.ID)
	_, group := s.Groups.ID(r.ID)
	_, role := s.Roles.ID(r.ID)
	return user && r.Kind == pratique.KindUser || group && r.Kind == pratique.KindGroup || role && r.Kind == pratique.KindRole
}

// labels are those of the object.
func (o *Object) labels() map[string]string {
	return map[string]string{cluster.LabelManagedBy: cluster.FieldManager, cluster.LabelCluster: o.Cluster, LabelPermission: o.Permission}
}

// roleRef is that of the object.
func (o *Object) roleRef() rbacv1.RoleRef {
	return rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: o.ClusterRole}
}
