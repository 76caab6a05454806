package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/kube"
	"github.com/pratique-iam/pratique/internal/oidc"
)

// Prefix begins every address of the door.
const Prefix = "/clusters/"

// Proxy is the door. Set the exported fields and do not copy it afterwards; it is safe for concurrent use. Close gives its connections back.
type Proxy struct {
	Accounts Accounts
	Callers  Callers
	Tokens   Tokens // nil: no token of a cluster is accepted
	Clusters Clusters
	Bindings Bindings // nil: nobody knows how far the clusters' RBAC follows the directory
	Decider  *access.Decider
	Trail    Trail
	Fresh    func() Freshness
	Remember func(s *pratique.Snapshot, q access.Query, d access.Decision) (id string) // for pratique why; it may keep all three
	Log      *slog.Logger
	Now      func() time.Time

	Recheck time.Duration // at the latest, an open stream is decided on again after this; zero: 2 s
	Timeout time.Duration // of a request that is no stream; zero: 2 minutes
	Crowd   int           // requests at a time, streams included; zero: 4,096
	PerUser int           // of one principal; zero: 256

	behind   kube.Behind
	mentions mentions
	backends backends
	crowd    crowd
}

// Accounts finds the directories of the accounts, as they are now. directory.Directory does: a channel of Changed is taken before the
// snapshot, and closed when that is no longer the newest.
type Accounts interface {
	Account(id string) (*pratique.Snapshot, bool)
	Changed(id string) <-chan struct{}
}

// Callers tells who shows a session's or an API token's secret, and whether what an identity was derived from has ended.
// authn.Authenticator does both; the errors of Bearer may be shown to whoever holds the secret.
type Callers interface {
	Bearer(secret string) (pratique.Principal, *pratique.Session, error)
	Ended(s *pratique.Snapshot, who pratique.Ref, session string) (reason string)
}

// Tokens verifies the tokens that we give out for clusters: Verify fails for one that is not ours, has run out, or is for another cluster than
// the one of the id. oidc.Issuer does.
type Tokens interface {
	Verify(ctx context.Context, token, cluster string) (oidc.Claims, error)
}

// Clusters tells how to reach a cluster. The error wraps one of the five sentinels of the root package; its sentence is for people.
type Clusters interface {
	Reach(ctx context.Context, s *pratique.Snapshot, c *pratique.Cluster) (Access, error)
}

// Bindings tells how far the RBAC of the clusters follows the directory: whether, at a moment, a cluster may still have allowed something by a
// binding that was taken from one of the subjects (names of users and groups in the cluster). rbacsync.Fleet does. It is asked often.
type Bindings interface {
	Unsettled(clusterID string, subjects []string, moment time.Time) bool
}

// Trail keeps audit records. When Record has returned without an error, the record is kept.
type Trail interface {
	Record(ctx context.Context, r audit.Record) error
}

// Freshness is how old the policies are, and what that allows. The zero value allows nothing.
type Freshness struct {
	Age    time.Duration
	Usable bool // new enough to decide by
	Stale  bool // say that they are old
}

// ServeHTTP answers every path below Prefix. Errors are answered as Status objects of Kubernetes, which kubectl prints.
func (p *Proxy) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w := &writer{ResponseWriter: rw}
	v := &visit{id: newID(), began: p.Now()}
	defer p.log(w, r, v)
	defer p.recover(w, r, v)
	if err := p.serve(w, r, v); err != nil {
		p.fail(w, r, v, err)
	}
}

// serve takes a request through all that can refuse it, in the order of the package's drawing, and then passes it on.
func (p *Proxy) serve(w *writer, r *http.Request, v *visit) error {
	leave, err := p.crowd.enter("", or(p.Crowd, 4096))
	if err != nil {
		return err
	}
	defer leave()
	if err := checkHeaders(r); err != nil {
		return err
	}
	if err := v.read(r); err != nil {
		return err
	}
	if err := p.identify(r, v); err != nil {
		return err
	}
	leaveOwn, err := p.crowd.enter(v.who.Account+"/"+v.who.ID, or(p.PerUser, 256))
	if err != nil {
		return err
	}
	defer leaveOwn()
	if err := v.parse(r); err != nil {
		return err
	}
	if err := p.decide(r, v); err != nil {
		return err
	}
	return p.forward(w, r, v)
}

// fail answers an error, and logs the causes that are not told.
func (p *Proxy) fail(w *writer, r *http.Request, v *visit, err error) {
	told := refusalOf(err)
	if told.code >= http.StatusInternalServerError {
		p.Log.ErrorContext(r.Context(), "cluster request failed", "request", v.id, "cluster", v.clusterID(), "error", err.Error())
	}
	if w.begun() {
		return // half an answer is out; nothing true can be added to it
	}
	told.write(w, r)
}

// recover turns a panic into a 500: nobody may be let through by a fault of ours.
func (p *Proxy) recover(w *writer, r *http.Request, v *visit) {
	switch cause := recover(); cause {
	case nil:
	case http.ErrAbortHandler:
		panic(cause) //nolint:forbidigo // net/http asks for it: close the connection, say nothing
	default:
		p.Log.ErrorContext(r.Context(), "panic", "request", v.id, "stack", string(debug.Stack()))
		p.fail(w, r, v, fmt.Errorf("panic: %v", cause))
	}
}

// log writes the access log: no headers, no query, no body, for those may hold secrets.
func (p *Proxy) log(w *writer, r *http.Request, v *visit) {
	p.Log.LogAttrs(r.Context(), slog.LevelInfo, "cluster request",
		slog.String("request", v.id), slog.String("account", v.who.Account), slog.String("principal", v.who.ID),
		slog.String("cluster", v.clusterID()), slog.String("verb", clip(v.review.Verb, 64)), slog.String("object", v.object()),
		slog.String("upgrade", v.upgrade), slog.Int("status", w.code()), slog.Int64("bytes", w.bytes), slog.Duration("took", p.Now().Sub(v.began)),
		slog.String("source", v.source))
}

// Close closes the idle connections to all clusters. Requests under way go on.
func (p *Proxy) Close() error {
	p.backends.close()
	return nil
}

// or is the first value unless it is zero.
func or[T comparable](v, fallback T) T {
	var zero T
	if v != zero {
		return v
	}
	return fallback
}

var errNoIdentity = errors.New("the outbound request does not carry exactly one identity of ours")
