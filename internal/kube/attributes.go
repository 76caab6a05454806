package kube

import (
	"slices"

	"github.com/pratique-iam/pratique/policy"
)

// attributes are the condition keys of a review, in the prefix of the service ("cce:", "k8s:"); tags of the cluster stand under the vendor's
// own prefix ("g:", "acs:") as well.
//
//	ClusterId ClusterName ClusterType Verb                         always
//	Namespace Resource ApiGroup Subresource Name                   of a resource, where it has them; ApiGroup of the core group is absent
//	Path                                                           of anything else
//	FieldSelector/<field> LabelSelector/<label>                    what a request for many objects is narrowed to
//	ClusterTag/<key>, g:ResourceTag/<key> or acs:ResourceTag/<key> tags of the cluster
//
// A key that has no value is absent. Names are compared without regard to case, see narrowed for what follows.
func (m *mapping) attributes(q *Question) {
	r, l := m.r, list{append(q.Context, m.always...), q.values[:0]}
	ram := m.dialect == policy.RAM
	l.add(pick(ram, "k8s:Verb", "cce:Verb"), m.verb)
	if r.IsResource {
		l.add(pick(ram, "k8s:Namespace", "cce:Namespace"), r.Namespace)
		l.add(pick(ram, "k8s:Resource", "cce:Resource"), r.Resource)
		l.add(pick(ram, "k8s:ApiGroup", "cce:ApiGroup"), r.Group)
		l.add(pick(ram, "k8s:Subresource", "cce:Subresource"), r.Subresource)
		l.add(pick(ram, "k8s:Name", "cce:Name"), m.name)
	} else {
		l.add(pick(ram, "k8s:Path", "cce:Path"), r.Path)
	}
	if r.collective() {
		l.narrowed(pick(ram, "k8s:FieldSelector/", "cce:FieldSelector/"), r.Fields)
		l.narrowed(pick(ram, "k8s:LabelSelector/", "cce:LabelSelector/"), r.Labels)
	}
	q.Context, q.values, q.fixed = l.attributes, l.values, len(m.always)
}

func pick(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

// list gathers attributes. Their single values stand in one array.
type list struct {
	attributes []policy.Attribute
	values     []string
}

func (l *list) add(key, value string) {
	if value == "" {
		return
	}
	l.values = append(l.values, value)
	n := len(l.values)
	l.attributes = append(l.attributes, policy.Attribute{Key: key, Values: l.values[n-1 : n : n]})
}

// narrowed adds what a selector demands: "= X", or "in (X)" with one value. A condition that the key equals X then means "present, and at
// least as narrow". Requirements that exclude, or leave a choice, demand no value and are not shown; several on one key all hold, so
// that each of their values is demanded.
//
// Keys of labels are told apart by case, condition keys are not. A label with capitals is therefore not shown: selecting by "Team=a" must
// not satisfy a policy that demands "team=a".
func (l *list) narrowed(prefix string, requirements []Requirement) {
	first := len(l.attributes)
	for i := range requirements {
		q := &requirements[i]
		if q.Operator != In || len(q.Values) != 1 || hasUpper(q.Key) {
			continue
		}
		key := prefix + q.Key
		if at := slices.IndexFunc(l.attributes[first:], func(a policy.Attribute) bool { return a.Key == key }); at >= 0 {
			a := &l.attributes[first+at]
			a.Values = append(a.Values, q.Values[0])
			continue
		}
		l.attributes = append(l.attributes, policy.Attribute{Key: key, Values: []string{q.Values[0]}})
	}
}

func hasUpper(s string) bool {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			return true
		}
	}
	return false
}
