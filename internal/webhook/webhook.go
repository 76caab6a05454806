package webhook

import (
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/kube"
	"github.com/pratique-iam/pratique/internal/web"
)

// The addresses that the door answers, each followed by the id of a cluster.
const (
	AuthorizePath    = "/webhook/authorize/"
	AuthenticatePath = "/webhook/authenticate/"
)

// Webhook is the door. Set the exported fields and do not copy it afterwards; it is safe for concurrent use. It takes requests before any
// mux and middle: those cost more than a decision.
type Webhook struct {
	Callers  Callers
	Decider  *access.Decider
	Issuer   Issuer // nil: no token is accepted, clusters verify them by themselves
	Fresh    func() Freshness
	Remember func(s *pratique.Snapshot, q access.Query, d access.Decision) (id string) // for pratique why; it may keep all three
	Log      *slog.Logger
	Now      func() time.Time

	behind  kube.Behind
	counts  [kube.Allowed + 1]atomic.Uint64
	shadow  atomic.Uint64
	scratch sync.Pool
	strange strange
	places  sync.Map // id of a cluster → *kube.Place
}

// Callers tells which cluster asks, and whether what an identity was derived from has ended. authn.Authenticator does both. Cluster's error
// wraps pratique.ErrDenied; neither result may be modified.
type Callers interface {
	Cluster(secret string) (*pratique.Snapshot, *pratique.Cluster, error)
	Ended(s *pratique.Snapshot, who pratique.Ref, session string) (reason string)
}

// Freshness is how old the policies are, and what that allows. The zero value allows nothing.
type Freshness struct {
	Age    time.Duration
	Usable bool // new enough to decide by
	Stale  bool // say that they are old
}

// Counts are the reviews that were answered since the start.
type Counts struct {
	Allowed   uint64
	NoOpinion uint64
	Denied    uint64
	Shadow    uint64 // of NoOpinion: what would have been denied
}

// Counts tells how many reviews were answered.
func (w *Webhook) Counts() Counts {
	return Counts{
		Allowed: w.counts[kube.Allowed].Load(), NoOpinion: w.counts[kube.NoOpinion].Load(),
		Denied: w.counts[kube.Denied].Load(), Shadow: w.shadow.Load(),
	}
}

// ServeHTTP answers POST on AuthorizePath and AuthenticatePath.
func (w *Webhook) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	id, authorize := strings.CutPrefix(r.URL.Path, AuthorizePath)
	authenticate := false
	if !authorize {
		id, authenticate = strings.CutPrefix(r.URL.Path, AuthenticatePath)
	}
	switch {
	case !authorize && !authenticate || id == "" || strings.Contains(id, "/"):
		refuse(rw, http.StatusNotFound, "there is nothing at this address")
		return
	case r.Method != http.MethodPost:
		rw.Header().Set("Allow", http.MethodPost)
		refuse(rw, http.StatusMethodNotAllowed, "this address takes POST only")
		return
	}
	v := w.visit()
	defer w.leave(v)
	switch {
	case !w.admit(rw, r, v, id) || !v.read(rw, r):
	case authorize:
		w.authorize(rw, r, v)
	case v.rest(rw, r):
		w.authenticate(rw, r, v)
	}
}

// visit is what one request needs, kept for the next one.
type visit struct {
	snapshot *pratique.Snapshot
	cluster  *pratique.Cluster
	fresh    Freshness
	in, out  []byte
	media    []string // the header of an answer, which is always the same
	review   kube.Review
	query    kube.Question
	held     bool // the last byte of the body has not been read
}

func (w *Webhook) visit() *visit {
	if v, ok := w.scratch.Get().(*visit); ok {
		return v
	}
	return &visit{media: []string{"application/json"}}
}

// leave gives the memory of a visit back, without a directory that may be old by then.
func (w *Webhook) leave(v *visit) {
	v.snapshot, v.cluster = nil, nil
	w.scratch.Put(v)
}

// admit lets only the kube-apiserver of the cluster in that the address names, before any of the body is read.
func (w *Webhook) admit(rw http.ResponseWriter, r *http.Request, v *visit, id string) bool {
	secret, ok := bearer(r)
	if !ok {
		refuse(rw, http.StatusUnauthorized, "this needs the credential of a cluster: Authorization: Bearer TOKEN")
		return false
	}
	snapshot, cluster, err := w.Callers.Cluster(secret)
	if err != nil {
		w.Log.WarnContext(r.Context(), "webhook caller refused", "source", web.Source(r), "error", err.Error())
		refuse(rw, http.StatusUnauthorized, err.Error())
		return false
	}
	if cluster.ID != id {
		w.Log.WarnContext(r.Context(), "webhook caller asks for another cluster", "source", web.Source(r), "cluster", cluster.ID)
		refuse(rw, http.StatusForbidden, "the credential is that of another cluster")
		return false
	}
	v.snapshot, v.cluster, v.fresh = snapshot, cluster, w.Fresh()
	return true
}

// bearer is the secret that a request shows. A kube-apiserver writes the scheme as it stands here; web.Bearer reads whatever else is one.
func bearer(r *http.Request) (secret string, ok bool) {
	sent := r.Header["Authorization"]
	if len(sent) == 1 {
		if secret, ok = strings.CutPrefix(sent[0], "Bearer "); ok && len(secret) < 128 {
			return secret, secret != ""
		}
	}
	secret, err := web.Bearer(r)
	return secret, err == nil && secret != ""
}

// place prepares the queries about a cluster once for all reviews. Only clusters that exist come here, so that the map stays as small as
// the fleet ever was.
func (w *Webhook) place(s *pratique.Snapshot, c *pratique.Cluster) *kube.Place {
	if known, ok := w.places.Load(c.ID); ok {
		if p, ok := known.(*kube.Place); ok && p.Current(s, c) {
			return p
		}
	}
	p := kube.PlaceOf(s, c)
	w.places.Store(c.ID, p)
	return p
}
