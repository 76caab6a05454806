package kube

import (
	"slices"

	"github.com/pratique-iam/pratique/policy"
)

// The condition keys of a review stand in the prefix of the service ("cce:", "k8s:"); tags of the cluster under the vendor's own prefix ("g:",
// "acs:") as well.
//
//	ClusterId ClusterName ClusterType Verb                         always
//	Namespace Resource ApiGroup Subresource Name                   of a resource, where it has them; ApiGroup of the core group is absent
//	Path                                                           of anything else
//	FieldSelector/<field> LabelSelector/<label>                    what a request for many objects is narrowed to
//	ClusterTag/<key>, g:ResourceTag/<key> or acs:ResourceTag/<key> tags of the cluster
//
// A key that has no value is absent. Names are compared without regard to case, see demanded for those of selectors.
const (
	fieldSelector = "FieldSelector/"
	labelSelector = "LabelSelector/"
)

// parts are the keys with one value, but for those that are the place's.
func parts(ram bool) [7]string {
	if ram {
		return [...]string{"k8s:Verb", "k8s:Namespace", "k8s:Resource", "k8s:ApiGroup", "k8s:Subresource", "k8s:Name", "k8s:Path"}
	}
	return [...]string{"cce:Verb", "cce:Namespace", "cce:Resource", "cce:ApiGroup", "cce:Subresource", "cce:Name", "cce:Path"}
}

// values are those of parts, in their order; empty where the review has none.
func (m *mapping) values() [7]string {
	if r := m.r; r.IsResource {
		return [...]string{m.verb, r.Namespace, r.Resource, r.Group, r.Subresource, m.name, ""}
	}
	return [...]string{0: m.verb, 6: m.r.Path}
}

// lookup finds one condition key: it is the policy.Lookup of the question.
func (m *mapping) lookup(key string) (one string, many []string) {
	rest, ours := cutPrefixFold(key, pick(m.dialect == policy.RAM, "k8s:", "cce:"))
	if ours {
		if one = m.part(rest); one != "" {
			return one, nil
		}
		if many = m.demand(rest); many != nil {
			return "", many
		}
	}
	for i := range m.always {
		if a := &m.always[i]; equalFold(a.Key, key) {
			return "", a.Values
		}
	}
	return "", nil
}

// part is the value of one of parts, whose prefix is left out; empty where the review has none.
func (m *mapping) part(name string) string {
	var folded [len("Subresource")]byte // the longest
	if len(name) > len(folded) {
		return ""
	}
	for i := range len(name) {
		folded[i] = lower(name[i])
	}
	r := m.r
	switch key := folded[:len(name)]; {
	case string(key) == "verb":
		return m.verb
	case string(key) == "path" && !r.IsResource:
		return r.Path
	case !r.IsResource:
		return ""
	case string(key) == "namespace":
		return r.Namespace
	case string(key) == "resource":
		return r.Resource
	case string(key) == "apigroup":
		return r.Group
	case string(key) == "subresource":
		return r.Subresource
	case string(key) == "name":
		return m.name
	}
	return ""
}

// demand is what a selector demands of the field or label in a key, whose prefix is left out.
func (m *mapping) demand(key string) []string {
	if !m.r.collective() {
		return nil
	}
	if field, ok := cutPrefixFold(key, fieldSelector); ok {
		return demanded(m.r.Fields, field)
	}
	if label, ok := cutPrefixFold(key, labelSelector); ok {
		return demanded(m.r.Labels, label)
	}
	return nil
}

// demanded are the values that a selector demands of a key: "= X", or "in (X)" with one value. A condition that the key equals X then means
// "present, and at least as narrow". Requirements that exclude, or leave a choice, demand no value and are not shown; several on one key
// all hold, so that each of their values is demanded.
//
// Keys of labels are told apart by case, condition keys are not. A label with capitals is therefore not shown: selecting by "Team=a" must
// not satisfy a policy that demands "team=a".
func demanded(requirements []Requirement, key string) []string {
	var values []string
	for i := range requirements {
		if q := &requirements[i]; q.demands() && equalFold(q.Key, key) {
			values = append(values, q.Values[0])
		}
	}
	return values
}

func (q *Requirement) demands() bool {
	return q.Operator == In && len(q.Values) == 1 && !hasUpper(q.Key)
}

// attributes writes all keys out, for a query that is kept: those of the place, then the parts, then from selectors on what these demand.
func (m *mapping) attributes() (list []policy.Attribute, selectors int) {
	ram := m.dialect == policy.RAM
	keys, values := parts(ram), m.values()
	kept := make([]string, 0, len(keys)) // one piece of memory for all
	list = append(make([]policy.Attribute, 0, len(m.always)+len(keys)), m.always...)
	for i, value := range values {
		if value != "" {
			n := len(kept)
			kept = append(kept, value)
			list = append(list, policy.Attribute{Key: keys[i], Values: kept[n : n+1 : n+1]})
		}
	}
	selectors = len(list)
	if m.r.collective() {
		list = appendDemands(list, pick(ram, "k8s:"+fieldSelector, "cce:"+fieldSelector), m.r.Fields)
		list = appendDemands(list, pick(ram, "k8s:"+labelSelector, "cce:"+labelSelector), m.r.Labels)
	}
	return list, selectors
}

func appendDemands(list []policy.Attribute, prefix string, requirements []Requirement) []policy.Attribute {
	for i := range requirements {
		q := &requirements[i]
		same := func(other Requirement) bool { return other.demands() && other.Key == q.Key }
		if q.demands() && !slices.ContainsFunc(requirements[:i], same) {
			list = append(list, policy.Attribute{Key: prefix + q.Key, Values: demanded(requirements, q.Key)})
		}
	}
	return list
}

func pick(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

func hasUpper(s string) bool {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			return true
		}
	}
	return false
}

// Folding is that of condition keys: of ASCII letters only.

func cutPrefixFold(s, prefix string) (rest string, ok bool) {
	if len(s) < len(prefix) || !equalFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}
