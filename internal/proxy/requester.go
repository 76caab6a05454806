package proxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/kube"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

// As is a configuration for client-go with which this server does for somebody in a cluster what they asked it to: install a chart, for one.
// Every request is decided on as if it had come through the door, with the newest directory, and is carried out as the one who asked, so that
// the RBAC of the cluster decides behind it. A request that is refused gets the Status object that kubectl would get.
//
// The operation is the catalogue's, and was decided on before. It covers what no statement says anything about (kube.ExtraOperation); it must
// be one of those that kube.Covers knows. The configuration may be used for as long as the work lasts: when the session ends, or the right to
// something does, its requests are refused from then on. It carries no upgrades (exec, port-forward). source is the address of who asked.
func (p *Proxy) As(s *pratique.Snapshot, who pratique.Principal, source string, cl *pratique.Cluster, operation string) (*rest.Config, error) {
	if !kube.Covers(p.Decider.Rules.Catalog, operation) {
		return nil, &pratique.Error{Kind: pratique.ErrInvalid, Message: "the operation " + operation + " does nothing inside clusters for people"}
	}
	return p.config(s, who, source, cl, operation)
}

// AsKubectl is As for requests that belong to no operation: nothing covers them, and whoever asks gets what kubectl would get. It is a method
// of its own so that an operation that was forgotten is refused.
func (p *Proxy) AsKubectl(s *pratique.Snapshot, who pratique.Principal, source string, cl *pratique.Cluster) (*rest.Config, error) {
	return p.config(s, who, source, cl, "")
}

func (p *Proxy) config(s *pratique.Snapshot, who pratique.Principal, source string, cl *pratique.Cluster, operation string) (*rest.Config, error) {
	if who.IsZero() || who.Account != s.Account.ID {
		return nil, &pratique.Error{Kind: pratique.ErrDenied, Message: "nobody is signed in", Hint: "run: pratique login"}
	}
	return &rest.Config{
		Host: "https://" + cl.ID + ".invalid", // the transport knows the way; a request that went round it would lead nowhere
		Transport: &requester{
			p: p, who: who, ref: access.PrincipalRef(who), source: source, cluster: cl.ID, operation: operation,
		},
		QPS: -1, WarningHandler: rest.NoWarnings{},
		// The answers are looked at on their way back, which takes JSON.
		ContentConfig: rest.ContentConfig{AcceptContentTypes: "application/json", ContentType: "application/json"},
	}, nil
}

// requester carries requests out for somebody.
type requester struct {
	p         *Proxy
	who       pratique.Principal
	ref       pratique.Ref
	source    string
	cluster   string // id
	operation string // empty: none covers anything
}

// RoundTrip decides on a request, carries it out, and gives the cluster's answer or a Status object. The error is that of a context that has
// ended, or of an answer that cannot be made.
func (t *requester) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.serve(r)
	if err == nil {
		return res, nil
	}
	if r.Body != nil {
		_ = r.Body.Close() // a RoundTripper must, and whoever took it has done so already
	}
	if r.Context().Err() != nil {
		return nil, context.Cause(r.Context())
	}
	told := refusalOf(err)
	if told.code >= http.StatusInternalServerError {
		t.p.Log.WarnContext(r.Context(), "cluster request for a requester failed", "cluster", t.cluster, "operation", t.operation, "error", err.Error())
	}
	return told.response(r)
}

// serve is the door without a client in front of it: read, decide, record, carry out.
func (t *requester) serve(r *http.Request) (*http.Response, error) {
	v, err := t.visit(r)
	if err != nil {
		return nil, err
	}
	if err := t.p.decide(r, v); err != nil {
		return nil, err
	}
	timeout := or(t.p.Timeout, 2*time.Minute)
	reached, err := t.p.reach(r.Context(), v, timeout)
	if err != nil {
		return nil, err
	}
	be, err := t.p.backends.get(v.who.Account+"/"+v.cluster.ID, reached, t.p.Now())
	if err != nil {
		return nil, err
	}
	v.identity.operation = t.operation
	header := v.outbound(r.Header, be.access.Token)
	if err := t.p.record(r.Context(), v); err != nil {
		return nil, err
	}
	return t.carry(r, v, be, header, timeout, reached.Done)
}

// visit reads a request, on the newest directory.
func (t *requester) visit(r *http.Request) (*visit, error) {
	v := &visit{id: newID(), began: t.p.Now(), source: t.source, who: t.who, ref: t.ref, clusterRef: t.cluster}
	if err := checkHeaders(r); err != nil {
		return nil, err
	}
	if r.Header.Get("Upgrade") != "" {
		return nil, badRequest("an upgrade of the connection is not carried here")
	}
	s, ok := t.p.Accounts.Account(t.who.Account)
	if !ok {
		return nil, unauthorized("the account does not exist")
	}
	if err := v.find(s); err != nil {
		return nil, err
	}
	v.target = &url.URL{Path: r.URL.Path, RawPath: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery}
	if err := v.parse(r); err != nil {
		return nil, err
	}
	if t.operation != "" {
		v.review.Extra = append(v.review.Extra, kube.Extra{Key: kube.ExtraOperation, Values: []string{t.operation}})
	}
	return v, nil
}

// carry sends a request that has been decided on. A watch ends when it would no longer be opened, as those of clients do.
func (t *requester) carry(
	r *http.Request, v *visit, be *backend, header http.Header, timeout time.Duration, done <-chan struct{},
) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	var end func()
	if v.stream() {
		end = t.p.attend(ctx, v, done, cancel)
	} else {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, timeout)
		end = func() { stop(); cancel(nil) }
	}
	out := r.Clone(ctx)
	out.URL, out.Host, out.Header, out.Trailer = be.at(v.target), be.base.Host, header, nil
	res, err := lastLook{be.plain}.RoundTrip(out)
	if err != nil {
		end()
		if lapse, ok := errors.AsType[*refusal](context.Cause(ctx)); ok {
			return nil, lapse
		}
		return nil, unreachable(v.cluster.Name, err)
	}
	if err := t.p.returned(v, res); err != nil {
		_ = res.Body.Close()
		end()
		return nil, err
	}
	res.Body, res.Request = &ending{ReadCloser: res.Body, end: end}, r
	return res, nil
}

// attend ends a stream that nobody serves to a client when it would no longer be opened. stop must be called, and waits.
func (p *Proxy) attend(ctx context.Context, v *visit, done <-chan struct{}, cancel context.CancelCauseFunc) (stop func()) {
	st := v.standing()
	st.opened = p.Now()
	quit, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		if reason := p.awaitLapse(&st, quit, done); reason != "" {
			p.Log.InfoContext(ctx, "stream ended", "request", st.request, "cluster", st.cluster.ID, "principal", st.ref.ID, "reason", reason)
			cancel(&refusal{code: http.StatusForbidden, reason: reasonForbidden, message: reason})
		}
	}()
	return func() {
		cancel(nil)
		close(quit)
		<-gone
	}
}

// ending is the body of an answer; whatever waits for its end is told once when it is closed.
type ending struct {
	io.ReadCloser
	end  func()
	once sync.Once
}

// Close closes the body. It may be called again.
func (e *ending) Close() error {
	defer e.once.Do(e.end)
	return e.ReadCloser.Close()
}

// response is the refusal as an answer of a kube-apiserver, of which client-go makes an error that says what kind it is.
func (r *refusal) response(asked *http.Request) (*http.Response, error) {
	body, err := strictjson.Marshal(statusObject{
		Kind: "Status", APIVersion: "v1", Status: "Failure", Message: printable(r.message), Reason: r.reason, Details: r.details, Code: r.code,
	})
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status: http.StatusText(r.code), StatusCode: r.code, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: int64(len(body)),
		Body: io.NopCloser(bytes.NewReader(body)), Request: asked,
	}, nil
}
