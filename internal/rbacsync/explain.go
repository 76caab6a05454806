package rbacsync

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
)

// Answer is what Kubernetes' own rules say to a request. The zero value is no.
type Answer struct {
	Allowed bool               `json:"allowed"`
	By      *Held              `json:"by,omitempty"`   // the binding that allows it; nil for system:masters, whom nothing stops
	Rule    *rbacv1.PolicyRule `json:"rule,omitempty"` // of its role
	Near    []Near             `json:"near,omitempty"` // what the user holds that comes nearest, nearest first; when it is not allowed
	Advice  *Advice            `json:"advice,omitempty"`
}

// Near is a binding that does not allow a request, and why not.
type Near struct {
	Held
	Lacks string `json:"lacks"`

	distance int
}

// Advice is the smallest namespace permission that would allow a request.
type Advice struct {
	ClusterRole string `json:"clusterRole"`
	Namespace   string `json:"namespace,omitempty"` // empty: all of them, because the request is not about one
}

func (a *Advice) String() string {
	if a.Namespace == "" {
		return fmt.Sprintf("a namespace permission with ClusterRole %s in all namespaces", a.ClusterRole)
	}
	return fmt.Sprintf("a namespace permission with ClusterRole %s in namespace %s", a.ClusterRole, a.Namespace)
}

// maxNear bounds what is told to somebody who was refused.
const maxNear = 3

// Evaluate says whether RBAC allows a request of a user, and why or why not. It reads what is there, exactly as kube-apiserver would; what
// the IAM gate says is another question.
func (v *View) Evaluate(user string, groups []string, r Request) Answer {
	if slices.Contains(groups, masters) {
		return Answer{Allowed: true}
	}
	held := v.Everywhere(user, groups)
	var near []Near
	for i := range held {
		h := &held[i]
		in := h.Namespace == "" || h.Namespace == r.Namespace && r.Path == ""
		rule := allowing(h.Rules, &r)
		switch {
		case in && rule != nil && !h.Missing:
			return Answer{Allowed: true, By: h, Rule: rule}
		case h.Missing && in:
			near = append(near, Near{*h, "the " + h.RoleKind + " does not exist", 2})
		case rule != nil:
			near = append(near, Near{*h, elsewhere(h, &r), 1})
		case in:
			distance, text := lacking(h.Rules, &r)
			near = append(near, Near{*h, text, distance})
		}
	}
	slices.SortStableFunc(near, func(a, b Near) int { return cmp.Compare(a.distance, b.distance) })
	near = slices.DeleteFunc(near, func(n Near) bool { return strings.HasPrefix(n.Role, "system:") && n.distance > 1 }) // everybody has these
	return Answer{Near: near[:min(len(near), maxNear)], Advice: v.advise(&r)}
}

func elsewhere(h *Held, r *Request) string {
	if r.Namespace == "" {
		return "it holds in namespace " + h.Namespace + " alone, and this is about all of the cluster"
	}
	return "it holds in namespace " + h.Namespace + ", not in " + r.Namespace
}

// advise looks for the smallest ClusterRole that allows a request: the presets from the smallest on, then the one with the fewest rules.
// Roles of Kubernetes' own parts are for nobody else.
func (v *View) advise(r *Request) *Advice {
	presets := []string{"view", "edit", "admin"}
	best, rank := "", 0
	for _, role := range v.ClusterRoles {
		if strings.HasPrefix(role.Name, "system:") || allowing(role.Rules, r) == nil {
			continue
		}
		at := len(presets) + len(role.Rules)
		switch i := slices.Index(presets, role.Name); {
		case i >= 0:
			at = i
		case role.Name == "cluster-admin":
			at = 1 << 20 // the last resort, with its two rules
		}
		if best == "" || at < rank || at == rank && role.Name < best {
			best, rank = role.Name, at
		}
	}
	if best == "" {
		return nil
	}
	return &Advice{ClusterRole: best, Namespace: r.Namespace}
}

// Holder is a subject that may do something, and the binding by which it may.
type Holder struct {
	Subject rbacv1.Subject `json:"subject"`
	By      Held           `json:"by"`
}

// WhoCan lists the subjects that RBAC allows a request, in the order of their names, each with one binding. Groups are not resolved, and
// system:masters, who are not in RBAC, are not listed.
func (v *View) WhoCan(r Request) []Holder {
	seen := map[rbacv1.Subject]bool{}
	var out []Holder
	for h := range v.bindings() {
		if h.Namespace != "" && (h.Namespace != r.Namespace || r.Path != "") || allowing(h.Rules, &r) == nil {
			continue
		}
		s := h.Subject
		if s.Kind == rbacv1.ServiceAccountKind && s.Namespace == "" {
			s.Namespace = h.Namespace
		}
		if !seen[s] {
			seen[s] = true
			out = append(out, Holder{Subject: s, By: h})
		}
	}
	slices.SortFunc(out, func(a, b Holder) int {
		return cmp.Or(cmp.Compare(a.Subject.Kind, b.Subject.Kind), cmp.Compare(a.Subject.Namespace, b.Subject.Namespace), cmp.Compare(a.Subject.Name, b.Subject.Name))
	})
	return out
}
