package rbacsync

import (
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
)

// Request is what somebody wants to do in a cluster. With Path it is about no resource.
type Request struct {
	Verb        string `json:"verb"`
	Group       string `json:"apiGroup,omitempty"`
	Resource    string `json:"resource,omitempty"`
	Subresource string `json:"subresource,omitempty"`
	Namespace   string `json:"namespace,omitempty"` // empty: all of them, or a resource that is in none
	Name        string `json:"name,omitempty"`
	Path        string `json:"path,omitempty"`
}

func (r *Request) String() string {
	if r.Path != "" {
		return r.Verb + " " + r.Path
	}
	text := r.Verb + " " + r.Resource
	if r.Group != "" {
		text += "." + r.Group
	}
	if r.Subresource != "" {
		text += "/" + r.Subresource
	}
	if r.Name != "" {
		text += fmt.Sprintf(" %q", r.Name)
	}
	if r.Namespace != "" {
		return text + " in namespace " + r.Namespace
	}
	return text
}

// matches reports which parts of a request a rule covers. Kubernetes' own evaluation is not in a library, so this says the same again; a test
// compares it with what a kube-apiserver answers.
type matches struct{ verb, object, name bool }

func (m matches) all() bool { return m.verb && m.object && m.name }

func match(rule *rbacv1.PolicyRule, r *Request) matches {
	m := matches{verb: has1(rule.Verbs, r.Verb, rbacv1.VerbAll)}
	if r.Path != "" {
		m.object, m.name = slices.ContainsFunc(rule.NonResourceURLs, func(u string) bool { return covers(u, r.Path) }), true
		return m
	}
	m.object = has1(rule.APIGroups, r.Group, rbacv1.APIGroupAll) && slices.ContainsFunc(rule.Resources, r.isResource)
	m.name = len(rule.ResourceNames) == 0 || slices.Contains(rule.ResourceNames, r.Name)
	return m
}

func has1(list []string, one, all string) bool {
	return slices.Contains(list, one) || slices.Contains(list, all)
}

// isResource: "*" covers every subresource too, "pods" covers none, "*/scale" one of everything.
func (r *Request) isResource(pattern string) bool {
	if r.Subresource == "" {
		return pattern == rbacv1.ResourceAll || pattern == r.Resource
	}
	return pattern == rbacv1.ResourceAll || pattern == r.Resource+"/"+r.Subresource || pattern == "*/"+r.Subresource
}

// covers: a path may end in any number of stars, and they mean a prefix.
func covers(pattern, path string) bool {
	if pattern == rbacv1.NonResourceAll || pattern == path {
		return true
	}
	return strings.HasSuffix(pattern, "*") && strings.HasPrefix(path, strings.TrimRight(pattern, "*"))
}

// allowing finds the first rule that covers a request.
func allowing(rules []rbacv1.PolicyRule, r *Request) *rbacv1.PolicyRule {
	for i := range rules {
		if match(&rules[i], r).all() {
			return &rules[i]
		}
	}
	return nil
}

// lacking says what a role's rules miss for a request, and how near they come: 0 is nearest.
func lacking(rules []rbacv1.PolicyRule, r *Request) (distance int, text string) {
	var verbs, names []string
	for i := range rules {
		switch m := match(&rules[i], r); {
		case m.object && m.verb:
			names = append(names, rules[i].ResourceNames...)
		case m.object:
			verbs = append(verbs, rules[i].Verbs...)
		}
	}
	slices.Sort(verbs)
	slices.Sort(names)
	switch {
	case len(names) > 0:
		return 0, "it allows this for " + strings.Join(slices.Compact(names), ", ") + " alone"
	case len(verbs) > 0:
		return 1, "it allows " + strings.Join(slices.Compact(verbs), ", ") + " there, not " + r.Verb
	default:
		return 3, "it says nothing about this"
	}
}
