package rbacsync

import (
	"cmp"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Held is a role that a binding gives to a subject.
type Held struct {
	Key                            // of the binding
	RoleKind   string              `json:"roleKind"`
	Role       string              `json:"role"`
	Subject    rbacv1.Subject      `json:"subject"`              // through which it is held
	Permission string              `json:"permission,omitempty"` // id of the namespace permission that the binding stands for
	Missing    bool                `json:"missing,omitzero"`     // there is no such role: nothing is given
	Rules      []rbacv1.PolicyRule `json:"-"`
}

// String is the binding in a sentence: "RoleBinding dev/x gives ClusterRole view to Group y".
func (h *Held) String() string {
	return h.Key.String() + " gives " + h.RoleKind + " " + h.Role + " to " + h.Subject.Kind + " " + h.Subject.Name
}

// Names that kube-apiserver gives meaning to.
const (
	authenticated   = "system:authenticated"
	masters         = "system:masters"
	serviceAccounts = "system:serviceaccount:"
)

// Bindings lists what a user holds, itself and through groups, in a namespace; in all of them for metav1.NamespaceAll alone what holds
// cluster-wide. Everybody is in system:authenticated, service accounts are in their own groups as well.
func (v *View) Bindings(user string, groups []string, namespace string) []Held {
	var out []Held
	groups = implied(user, groups)
	for h := range v.bindings() {
		if (h.Namespace == "" || h.Namespace == namespace) && is(&h.Subject, h.Namespace, user, groups) {
			out = append(out, h)
		}
	}
	return once(out)
}

// Everywhere lists what a user holds in any namespace.
func (v *View) Everywhere(user string, groups []string) []Held {
	var out []Held
	groups = implied(user, groups)
	for h := range v.bindings() {
		if is(&h.Subject, h.Namespace, user, groups) {
			out = append(out, h)
		}
	}
	return once(out)
}

// once keeps the first subject of a binding through which somebody holds it.
func once(all []Held) []Held {
	slices.SortStableFunc(all, func(a, b Held) int { return a.compare(b.Key) })
	return slices.CompactFunc(all, func(a, b Held) bool { return a.Key == b.Key })
}

// bindings walks every subject of every binding.
func (v *View) bindings() func(yield func(Held) bool) {
	return func(yield func(Held) bool) {
		roles := v.roles()
		each := func(m *metav1.ObjectMeta, ref rbacv1.RoleRef, subjects []rbacv1.Subject) bool {
			role := Key{"", ref.Name}
			if ref.Kind == "Role" {
				role.Namespace = m.Namespace
			}
			rules, found := roles[role]
			for _, s := range subjects {
				h := Held{
					Key: Key{m.Namespace, m.Name}, RoleKind: ref.Kind, Role: ref.Name, Subject: s, Permission: m.Labels[LabelPermission],
					Missing: !found, Rules: rules,
				}
				if !yield(h) {
					return false
				}
			}
			return true
		}
		for _, b := range v.ClusterRoleBindings {
			if !each(&b.ObjectMeta, b.RoleRef, b.Subjects) {
				return
			}
		}
		for _, b := range v.RoleBindings {
			if !each(&b.ObjectMeta, b.RoleRef, b.Subjects) {
				return
			}
		}
	}
}

func (v *View) roles() map[Key][]rbacv1.PolicyRule {
	out := make(map[Key][]rbacv1.PolicyRule, len(v.ClusterRoles)+len(v.Roles))
	for _, r := range v.ClusterRoles {
		out[Key{"", r.Name}] = r.Rules
	}
	for _, r := range v.Roles {
		out[Key{r.Namespace, r.Name}] = r.Rules
	}
	return out
}

// implied adds the groups that kube-apiserver adds.
func implied(user string, groups []string) []string {
	groups = slices.Clone(groups)
	if user != "" && user != "system:anonymous" {
		groups = append(groups, authenticated)
	}
	if ns, _, ok := strings.Cut(strings.TrimPrefix(user, serviceAccounts), ":"); ok && strings.HasPrefix(user, serviceAccounts) {
		groups = append(groups, "system:serviceaccounts", "system:serviceaccounts:"+ns)
	}
	return groups
}

// is reports whether a subject of a binding in a namespace means a user.
func is(s *rbacv1.Subject, bindingNamespace, user string, groups []string) bool {
	switch s.Kind {
	case rbacv1.UserKind:
		return s.Name == user
	case rbacv1.GroupKind:
		return slices.Contains(groups, s.Name)
	case rbacv1.ServiceAccountKind:
		ns := cmp.Or(s.Namespace, bindingNamespace)
		return ns != "" && user == serviceAccounts+ns+":"+s.Name
	default:
		return false
	}
}
