package kube

import (
	"slices"
	"strings"
)

// Limits of a review. A kube-apiserver sends a tenth of them; beyond, the review is read to its end and refused.
const (
	maxGroups       = 1024
	maxExtra        = 64 // keys, and values of one key
	maxRequirements = 64 // of one selector
	maxValues       = 256
	maxUnknown      = 16
)

// The only version that is read. The older one ended in Kubernetes 1.22 and lacks selectors.
const (
	reviewVersion = "authorization.k8s.io/v1"
	reviewKind    = "SubjectAccessReview"
)

// usual is how every kube-apiserver begins: what it says is known without reading it.
const usual = `{"kind":"` + reviewKind + `","apiVersion":"` + reviewVersion + `",`

// decoder reads one review.
type decoder struct {
	scanner
	r     *Review
	depth int

	version, kind  string
	resource, path bool        // which attributes stand there
	fields         bool        // which selector is being read: that of fields, else that of labels
	required       Requirement // that is being read
	strange        bool        // it has members that are not known
}

// Decode reads a SubjectAccessReview into r, whose memory it uses again. The strings of r are parts of body.
//
// An error (pratique.ErrInvalid) means that it is not a review: bad JSON, a member twice or in another case, another version. A review that
// can be read and cannot be allowed has Refused set: it holds both kinds of attributes or neither, or more of something than anybody sends.
// Members that are not known are accepted, because a newer kube-apiserver may send them and a selector can only narrow; they are listed.
func Decode(body string, r *Review) error {
	d := r.reset(body)
	read := d.object
	if strings.HasPrefix(body, usual) {
		read = d.members
		d.i, d.seen, d.version, d.kind = len(usual), 1<<memberVersion|1<<memberKind, reviewVersion, reviewKind
	}
	if err := read((*decoder).top); err != nil {
		return err
	}
	if d.next(); d.i < len(d.s) {
		return d.syntax("the end")
	}
	if d.version != reviewVersion || d.kind != reviewKind {
		return invalid("a %s of %s is expected, and this is a %q of %q; set subjectAccessReviewVersion: v1 in the AuthorizationConfiguration, "+
			"or --authorization-webhook-version=v1", reviewKind, reviewVersion, clip(d.kind), clip(d.version))
	}
	if d.resource == d.path {
		r.refuse("the review must ask about a resource or about a path, one of the two")
	}
	return nil
}

// clip shortens what somebody sent for a sentence.
func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// unknown passes over a member that is not known here. A name that differs from a known one in case alone is an error: other readers may take it.
func (d *decoder) unknown(within, name string, known ...string) error {
	for _, k := range known {
		if strings.EqualFold(k, name) {
			return invalid("the member %q must be written %q", clip(name), k)
		}
	}
	if within != "" {
		d.r.note(within + "." + clip(name))
	}
	return d.skip()
}

// note remembers the name of a member that is not known.
func (r *Review) note(member string) {
	switch {
	case slices.Contains(r.Unknown, member):
	case len(r.Unknown) == maxUnknown:
		r.refuse("the review has too many members that are not known")
	default:
		r.Unknown = append(r.Unknown, member)
	}
}

// The members at the top, for once.
const (
	memberVersion = iota
	memberKind
	memberSpec
)

func (d *decoder) top(name string) error {
	switch name {
	case "apiVersion":
		return d.set(memberVersion, name, &d.version)
	case "kind":
		return d.set(memberKind, name, &d.kind)
	case "spec":
		return d.nested(memberSpec, name, (*decoder).spec)
	case "metadata", "status":
		return d.skip()
	default:
		return d.unknown("", name, "apiVersion", "kind", "spec", "metadata", "status")
	}
}

func (d *decoder) spec(name string) error {
	switch name {
	case "resourceAttributes":
		d.resource = d.next() != 'n'
		d.r.IsResource = d.resource
		return d.nested(0, name, (*decoder).resourceMember)
	case "nonResourceAttributes":
		d.path = d.next() != 'n'
		return d.nested(1, name, (*decoder).pathMember)
	case "user":
		return d.set(2, name, &d.r.User)
	case "uid":
		return d.set(3, name, &d.r.UID)
	case "groups":
		return d.several(4, name, (*decoder).group)
	case "extra":
		return d.nested(5, name, (*decoder).extra)
	default:
		return d.unknown("spec", name, "resourceAttributes", "nonResourceAttributes", "user", "uid", "groups", "extra")
	}
}

func (d *decoder) resourceMember(name string) error {
	r := d.r
	switch name {
	case "namespace":
		return d.set(0, name, &r.Namespace)
	case "verb":
		return d.set(1, name, &r.Verb)
	case "group":
		return d.set(2, name, &r.Group)
	case "version":
		return d.set(3, name, &r.Version)
	case "resource":
		return d.set(4, name, &r.Resource)
	case "subresource":
		return d.set(5, name, &r.Subresource)
	case "name":
		return d.set(6, name, &r.Name)
	case "fieldSelector":
		d.fields = true
		return d.nested(7, name, (*decoder).selector)
	case "labelSelector":
		d.fields = false
		return d.nested(8, name, (*decoder).selector)
	default:
		return d.unknown("spec.resourceAttributes", name,
			"namespace", "verb", "group", "version", "resource", "subresource", "name", "fieldSelector", "labelSelector")
	}
}

func (d *decoder) pathMember(name string) error {
	switch name {
	case "path":
		return d.set(0, name, &d.r.Path)
	case "verb":
		// Where both kinds of attributes stand the review is refused, so that it does not matter whose verb this is.
		return d.set(1, name, &d.r.Verb)
	default:
		return d.unknown("spec.nonResourceAttributes", name, "path", "verb")
	}
}

// set reads a string into a field.
func (d *decoder) set(member uint, name string, field *string) error {
	if err := d.once(member, name); err != nil || d.null() {
		return err
	}
	s, err := d.text()
	if err != nil {
		return err
	}
	*field = s
	return nil
}

// nested reads an object, unless it is null.
func (d *decoder) nested(member uint, name string, read func(*decoder, string) error) error {
	if err := d.once(member, name); err != nil || d.null() {
		return err
	}
	return d.object(read)
}

// several reads a list, unless it is null.
func (d *decoder) several(member uint, name string, item func(*decoder) error) error {
	if err := d.once(member, name); err != nil || d.null() {
		return err
	}
	return d.list(item)
}

func (d *decoder) group() error {
	s, err := d.text()
	if err != nil {
		return err
	}
	if len(d.r.Groups) == maxGroups {
		d.r.refuse("the user is in too many groups")
		return nil
	}
	d.r.Groups = append(d.r.Groups, s)
	return nil
}
