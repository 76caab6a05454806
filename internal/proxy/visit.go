package proxy

import (
	"crypto/rand"
	"encoding/base32"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/kube"
	"github.com/pratique-iam/pratique/internal/web"
)

// visit is one request, read into what is decided on and what is passed on.
type visit struct {
	id     string // our own name for the request; the cluster's audit log has it, too
	began  time.Time
	source string

	clusterRef string   // as the address names it
	target     *url.URL // the rest of the address, as the kube-apiserver will see it
	upgrade    string
	protocols  []string // WebSocket subprotocols without the token
	token      string   // until it has been looked at

	who      pratique.Principal
	ref      pratique.Ref
	snapshot *pratique.Snapshot
	cluster  *pratique.Cluster
	fresh    Freshness

	review   kube.Review
	query    access.Query
	verdict  kube.Verdict
	decision access.Decision
	identity identity
}

func newID() string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // documented never to fail
	return "req_" + strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}

// read takes out of a request what does not depend on who asks.
func (v *visit) read(r *http.Request) error {
	v.source = web.Source(r)
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
	default:
		return &refusal{code: http.StatusMethodNotAllowed, reason: reasonMethod, message: "the method " + clip(r.Method, 16) + " is not carried"}
	}
	var err error
	if v.clusterRef, v.target, err = split(r.URL); err != nil {
		return err
	}
	if v.upgrade, err = upgradeOf(r); err != nil {
		return err
	}
	v.token, v.protocols, err = credential(r, v.upgrade)
	return err
}

// split divides an address into the cluster's id or name and the rest, which stays as it was received.
func split(u *url.URL) (cluster string, rest *url.URL, err error) {
	raw := u.EscapedPath()
	if u.RawPath != "" && raw != u.RawPath {
		return "", nil, badRequest("the path holds characters that must be percent-encoded")
	}
	below, ok := strings.CutPrefix(raw, Prefix)
	if !ok {
		return "", nil, &refusal{code: http.StatusNotFound, reason: reasonNotFound, message: "there is nothing at this address"}
	}
	cluster, path, _ := strings.Cut(below, "/")
	if cluster == "" || strings.ContainsAny(cluster, `%\`) || cluster == "." || cluster == ".." {
		return "", nil, badRequest("the address must be %sNAME/, with the name or id of a cluster", Prefix)
	}
	rest = &url.URL{RawPath: "/" + path}
	if rest.Path, err = url.PathUnescape(rest.RawPath); err != nil {
		return "", nil, badRequest("the path is not percent-encoded as it must be")
	}
	// As the cluster will read it, not as somebody on the way might: re-encoded from the parsed form, and refused when that would lose something.
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "", nil, badRequest("the query is not encoded as it must be")
	}
	rest.RawQuery = query.Encode()
	return cluster, rest, nil
}

// find takes the cluster that is meant out of the directory.
func (v *visit) find(s *pratique.Snapshot) error {
	c, ok := s.Clusters.Find(v.clusterRef)
	if !ok {
		return &refusal{
			code: http.StatusNotFound, reason: reasonNotFound, details: &details{Name: clip(v.clusterRef, 64), Kind: "clusters"},
			message: "there is no cluster \"" + clip(v.clusterRef, 64) + "\"; see: pratique cluster list",
		}
	}
	v.snapshot, v.cluster = s, c
	return nil
}

// parse reads what the request asks of Kubernetes.
func (v *visit) parse(r *http.Request) error {
	review, err := kube.FromRequest(r.Method, v.target)
	if err != nil {
		return err
	}
	v.review = *review
	v.review.User = kube.UserName(v.who.ID)
	v.review.Extra = []kube.Extra{{Key: kube.ExtraSession, Values: []string{v.who.Session}}}
	if v.upgrade != "" && v.review.Subresource == "" && v.review.Verb != "watch" && v.review.Verb != "proxy" {
		return badRequest("an upgrade of the connection has no meaning at this address")
	}
	return nil
}

// stream reports whether the answer may go on for as long as somebody wants: as kube-apiserver says of its own requests.
func (v *visit) stream() bool {
	if v.upgrade != "" || v.review.IsResource && (v.review.Verb == "watch" || v.review.Verb == "proxy") {
		return true
	}
	switch v.review.Subresource {
	case "attach", "exec", "portforward", "proxy", "log":
		return true
	default:
		return false
	}
}

// kind names the resource as kubectl writes it: "pods/exec", "deployments.apps".
func (v *visit) kind() string {
	name := v.review.Resource
	if v.review.Group != "" {
		name += "." + v.review.Group
	}
	if v.review.Subresource != "" {
		name += "/" + v.review.Subresource
	}
	return name
}

// object names what is asked about, for logs and records.
func (v *visit) object() string {
	if !v.review.IsResource {
		return clip(v.review.Path, 256)
	}
	name := v.kind()
	if v.review.Name != "" {
		name += " " + v.review.Name
	}
	if v.review.Namespace != "" {
		name += " -n " + v.review.Namespace
	}
	return clip(name, 512)
}

func (v *visit) clusterID() string {
	if v.cluster == nil {
		return ""
	}
	return v.cluster.ID
}
