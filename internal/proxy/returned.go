package proxy

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// returned looks at the answer of a cluster before any of it is passed back, and takes out of it what is not for the client.
func (p *Proxy) returned(v *visit, res *http.Response) error {
	handedOn := v.review.Subresource == "proxy" || v.review.Verb == "proxy" // the answer is that of a program in the cluster
	switch code := res.StatusCode; {
	case code == http.StatusSwitchingProtocols && v.upgrade == "":
		return badGateway("cluster %q switched protocols without having been asked", v.cluster.Name)
	case code >= http.StatusMultipleChoices && code < http.StatusBadRequest && code != http.StatusNotModified:
		// Clients follow with their token, wherever it leads; and where it leads inside the cluster has not been decided on.
		return badGateway("cluster %q answered with a redirect, which is not passed on", v.cluster.Name)
	case code == http.StatusUnauthorized && !handedOn:
		return badGateway("cluster %q no longer accepts the credential that it was attached with", v.cluster.Name)
	}
	h := http.Header{}
	keep(h, res.Header, passedBack())
	if res.StatusCode == http.StatusSwitchingProtocols {
		keep(h, res.Header, passedBackUp())
	}
	harden(h)
	if v.fresh.Stale {
		h.Set("X-IAM-Snapshot-Age", age(v.fresh))
	}
	res.Header = h
	if res.StatusCode == http.StatusForbidden && !handedOn {
		return p.explain(v, res)
	}
	return nil
}

// maxStatus bounds the Status object that is read to be explained.
const maxStatus = 64 << 10

// explained is in every reason of the webhook: kube-apiserver quotes it where a cluster has that door as well.
const explained = "why: pratique why"

// explain adds to a refusal of the cluster's RBAC what stands behind it on our side. The webhook says the same as the reason that goes with no
// opinion; where it was asked, its words are in the message already, and are enough.
func (p *Proxy) explain(v *visit, res *http.Response) error {
	media, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil || media != "application/json" || res.Header.Get("Content-Encoding") != "" || res.ContentLength > maxStatus {
		return nil //nolint:nilerr // whatever it is, it is passed back as it is
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxStatus+1))
	if err != nil {
		return err
	}
	rest := res.Body
	res.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), rest), rest}
	var status map[string]jsontext.Value
	var message string
	if len(body) > maxStatus || json.Unmarshal(body, &status) != nil || json.Unmarshal(status["message"], &message) != nil {
		return nil //nolint:nilerr // as above
	}
	switch {
	case strings.Contains(message, " cannot impersonate"):
		return badGateway("the credential that cluster %q was attached with may not act for others there: it needs the verb impersonate on users, "+
			"groups, uids and userextras", v.cluster.Name)
	}
	_, refused, ours := strings.Cut(message, "User "+strconv.Quote(v.identity.user)+" cannot ")
	if !ours || strings.Contains(refused, explained) {
		return nil // a quota, or an admission webhook: nothing that a permission would change; or it says why
	}
	reason := p.behind.Reason(nil, v.snapshot, v.cluster, &v.review, v.ref, p.Now())
	text, err := json.Marshal(printable(message + ": " + string(reason)))
	if err != nil {
		return err
	}
	status["message"] = text
	if body, err = json.Marshal(status, json.Deterministic(true)); err != nil {
		return err
	}
	_ = rest.Close() // it has been read to its end
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	res.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return nil
}
