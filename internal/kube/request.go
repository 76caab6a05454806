package kube

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/endpoints/request"
)

// FromRequest reads what a request to a kube-apiserver asks for, as that server will: into the attributes of a Review, whose user is left
// empty. u is the address as the kube-apiserver will see it, without whatever stands before its first path segment. No body is read.
//
// It takes the parser of kube-apiserver itself, because a reading of our own that differed once would be a way round the gate. What can be
// read in two ways, by a balancer between us and the server for one, is refused (pratique.ErrInvalid): empty, "." and ".." segments,
// encoded slashes, backslashes and NUL before the part of the path that the server hands on to a proxied pod, service or node; there
// only dot segments are refused.
func FromRequest(method string, u *url.URL) (*Review, error) {
	factory := request.RequestInfoFactory{APIPrefixes: sets.NewString("api", "apis"), GrouplessAPIPrefixes: sets.NewString("api")}
	info, err := factory.NewRequestInfo(&http.Request{Method: method, URL: u})
	if err != nil {
		return nil, invalid("the path %q is not one of Kubernetes", clip(u.Path))
	}
	if err := unambiguous(u, info); err != nil {
		return nil, err
	}
	if !info.IsResourceRequest {
		return &Review{Path: info.Path, Verb: info.Verb}, nil
	}
	r := &Review{
		IsResource: true, Namespace: info.Namespace, Verb: info.Verb, Group: info.APIGroup, Version: info.APIVersion,
		Resource: info.Resource, Subresource: info.Subresource, Name: info.Name,
	}
	r.selected(info)
	return r, nil
}

// unambiguous refuses paths that somebody on the way could read otherwise.
func unambiguous(u *url.URL, info *request.RequestInfo) error {
	raw := u.EscapedPath()
	if raw == "" || raw[0] != '/' {
		return invalid("the path is not absolute")
	}
	head := raw
	if info.IsResourceRequest && (info.Subresource == "proxy" || info.Verb == "proxy") {
		head = beforeProxied(raw, info)
	}
	low := strings.ToLower(head)
	for _, bad := range [...]string{"//", "%2f", "%5c", "%00", "\\"} {
		if strings.Contains(low, bad) {
			return invalid("the path holds %q, which is refused", bad)
		}
	}
	for _, segment := range strings.FieldsFunc(u.Path, func(c rune) bool { return c == '/' || c == '\\' }) {
		if segment == "." || segment == ".." {
			return invalid("the path holds the segment %q, which is refused", segment)
		}
	}
	return nil
}

// beforeProxied is the path up to what is handed on: behind .../<resource>/<name>/proxy, or behind the name in the old form with the verb
// in the path. Segments are counted in the decoded path: an encoded slash in the head makes it reach further, so that it is still seen.
func beforeProxied(raw string, info *request.RequestInfo) string {
	own := 3 // resource, name, proxy
	if info.Verb == "proxy" {
		own = 2
	}
	all := strings.Split(strings.Trim(info.Path, "/"), "/")
	head := len(all) - len(info.Parts) + min(own, len(info.Parts))
	parts := strings.SplitAfter(raw, "/")
	return strings.Join(parts[:min(head+1, len(parts))], "")
}

// selected reads the selectors. One that does not parse narrows nothing; the server answers it with an error.
func (r *Review) selected(info *request.RequestInfo) {
	if f, err := fields.ParseSelector(info.FieldSelector); err == nil && info.FieldSelector != "" {
		for _, q := range f.Requirements() {
			r.Fields = append(r.Fields, Requirement{Key: q.Field, Operator: operator(q.Operator), Values: []string{q.Value}})
		}
	}
	if l, err := labels.Parse(info.LabelSelector); err == nil && info.LabelSelector != "" {
		all, _ := l.Requirements()
		for _, q := range all {
			values := q.ValuesUnsorted()
			slices.Sort(values)
			r.Labels = append(r.Labels, Requirement{Key: q.Key(), Operator: operator(q.Operator()), Values: values})
		}
	}
	if len(r.Fields) > maxRequirements || len(r.Labels) > maxRequirements {
		r.refuse("a selector has too many requirements")
	}
}

// operator translates as kube-apiserver does for a SubjectAccessReview; what is left narrows nothing.
func operator(o selection.Operator) Operator {
	switch o {
	case selection.Equals, selection.DoubleEquals, selection.In:
		return In
	case selection.NotEquals, selection.NotIn:
		return NotIn
	case selection.Exists:
		return Exists
	case selection.DoesNotExist:
		return DoesNotExist
	case selection.GreaterThan, selection.LessThan:
	}
	return ""
}
