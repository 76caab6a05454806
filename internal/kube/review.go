package kube

import (
	"strings"

	"github.com/pratique-iam/pratique"
)

// Names that our identities carry inside clusters. Whatever does not begin with Prefix is not ours, and none of our business.
const (
	Prefix       = "pratique:"            // of user and group names
	ExtraSession = "pratique.dev/session" // extra: id of the session or access key behind the token
	ExtraName    = "pratique.dev/name"    // extra: the name that people know
	maxID        = 128                    // bytes of an id

	// AdministratorsGroup is that in which the access proxy puts those whom no gate stops. It is no group of the directory.
	AdministratorsGroup = Prefix + "cluster-admins"
	noName              = "-"             // stands for no namespace, no name and no resource
	nonResource         = "nonresource"   // type of a path that is no resource: no resource of Kubernetes is called so
	metadataName        = "metadata.name" // the field that every resource can be selected by
)

// UserName is the Kubernetes name of a principal, GroupName that of a group.
func UserName(id string) string { return Prefix + id }

// GroupName is the Kubernetes name of a group.
func GroupName(id string) string { return Prefix + id }

// Review is one request to Kubernetes, as authorization.k8s.io/v1 describes it. Strings of a decoded review share the memory of the body.
type Review struct {
	User   string
	UID    string
	Groups []string
	Extra  []Extra

	IsResource  bool // else only Verb and Path say what is asked
	Namespace   string
	Verb        string
	Group       string
	Version     string
	Resource    string
	Subresource string
	Name        string
	Path        string
	Fields      []Requirement
	Labels      []Requirement

	Unknown []string // members that this version does not know, at most a few: a newer kube-apiserver may say more than we understand
	Refused string   // why the review cannot be allowed whatever policies say; empty: nothing is wrong with it

	decoder decoder // memory of Decode
}

// Extra is one key of what the authenticator said about the user.
type Extra struct {
	Key    string
	Values []string
}

// Requirement narrows a request for many objects; those of one request all hold.
type Requirement struct {
	Key      string
	Operator Operator
	Values   []string
}

// Operator is how a requirement compares. An operator that is not known narrows nothing.
type Operator string

// The operators of selectors (metav1.FieldSelectorOperator and metav1.LabelSelectorOperator).
const (
	In           Operator = "In"
	NotIn        Operator = "NotIn"
	Exists       Operator = "Exists"
	DoesNotExist Operator = "DoesNotExist"
)

// reset empties the review, keeps its memory, and makes its decoder ready. The decoder is not on the stack because it is handed to functions
// that are values; here it costs nothing.
func (r *Review) reset(body string) *decoder {
	*r = Review{
		Groups: r.Groups[:0], Extra: r.Extra[:0], Fields: r.Fields[:0], Labels: r.Labels[:0], Unknown: r.Unknown[:0],
		decoder: decoder{scanner: scanner{s: body}},
	}
	r.decoder.r = r
	return &r.decoder
}

// refuse notes the first reason why the review cannot be allowed.
func (r *Review) refuse(reason string) {
	if r.Refused == "" {
		r.Refused = reason
	}
}

// Identity is one of ours, as a cluster knows it. It proves nothing until it is looked up.
type Identity struct {
	ID      string // of a user or a role, or pratique.RootID
	Session string // id of a session or an access key; empty: somebody impersonates, or the cluster does not pass extra on
}

// IdentityOf reads a user name and its extra. ok is false when the name is not ours; an error says that it claims to be and cannot be:
// an empty or over-long id, or several sessions, of which any could be the one that ended.
func IdentityOf(user string, extra []Extra) (id Identity, ok bool, err error) {
	id.ID, ok = strings.CutPrefix(user, Prefix)
	if !ok {
		return Identity{}, false, nil
	}
	if id.ID == "" || len(id.ID) > maxID {
		return Identity{}, true, invalid("the user name is not one that Pratique gives out")
	}
	for _, e := range extra {
		if e.Key != ExtraSession {
			continue
		}
		if len(e.Values) != 1 || e.Values[0] == "" || len(e.Values[0]) > maxID {
			return Identity{}, true, invalid("the user must have exactly one session in %s", ExtraSession)
		}
		id.Session = e.Values[0]
	}
	return id, true, nil
}

// Principal finds whose identity it is. For an id that does not exist it is a user who does not exist, and may nothing.
func (id Identity) Principal(s *pratique.Snapshot) pratique.Ref {
	if _, ok := s.Roles.ID(id.ID); ok {
		return pratique.Ref{Kind: pratique.KindRole, ID: id.ID}
	}
	return pratique.Ref{Kind: pratique.KindUser, ID: id.ID}
}

// mfa reports whether the session was opened with a second factor.
func (id Identity) mfa(s *pratique.Snapshot) bool {
	session, ok := s.Sessions.ID(id.Session)
	return ok && session.MFA && session.Principal.ID == id.ID
}
