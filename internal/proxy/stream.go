package proxy

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/kube"
)

// breath is how long an open stream waits after one look before a change makes it look again: a busy directory changes more often than anybody's
// rights do.
const breath = 100 * time.Millisecond

// watchOver decides again, for as long as a stream is open, on every change of the account's directory and at least every Recheck. When the
// stream would no longer be opened, or done is closed, it is ended on both sides. stop must be called before the handler returns.
func (p *Proxy) watchOver(ctx context.Context, v *visit, w *writer, done <-chan struct{}, end context.CancelCauseFunc) (stop func()) {
	st := v.standing()
	st.opened = p.Now()
	quit, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		reason := p.awaitLapse(&st, quit, done)
		if reason == "" {
			return
		}
		p.Log.LogAttrs(ctx, slog.LevelInfo, "stream ended", slog.String("request", st.request), slog.String("cluster", st.cluster.ID),
			slog.String("principal", st.ref.ID), slog.String("reason", reason))
		end(&refusal{code: http.StatusForbidden, reason: reasonForbidden, message: reason})
		w.cut()
	}()
	return func() {
		close(quit)
		<-gone
	}
}

// awaitLapse returns when a stream has to end, with the reason, or when quit is closed, without one.
func (p *Proxy) awaitLapse(st *standing, quit, done <-chan struct{}) (reason string) {
	tick := time.NewTicker(or(p.Recheck, 2*time.Second))
	defer tick.Stop()
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-quit:
			return ""
		case <-pause.C:
		}
		changed := p.Accounts.Changed(st.account) // before the snapshot is taken
		if reason := p.lapsed(st); reason != "" {
			return reason
		}
		select {
		case <-quit:
			return ""
		case <-done:
			return "the connection to the cluster was given up"
		case <-changed:
		case <-tick.C:
		}
		pause.Reset(breath)
	}
}

// standing is what an open stream rests on.
type standing struct {
	request     string
	account     string
	ref         pratique.Ref
	session     string
	source      string
	cluster     *pratique.Cluster // as it was
	review      kube.Review
	outcome     kube.Outcome
	subjects    []string           // that it came as: the user and the groups
	opened      time.Time          // no later than the cluster's RBAC was asked
	permissions map[string]uint64  // namespace permissions, with the generation of each
	seen        *pratique.Snapshot // the last that was looked at for them
}

// standing of a request that is about to be passed on. It does not hold on to the snapshot: streams live long.
func (v *visit) standing() standing {
	return standing{
		request: v.id, account: v.who.Account, ref: v.ref, session: v.who.Session, source: v.source, cluster: v.cluster,
		review: v.review, outcome: v.verdict.Outcome, subjects: v.identity.subjects(), permissions: permissions(v.snapshot, v.cluster.ID, v.ref),
	}
}

// lapsed says why a stream would no longer be opened as it was; "" when it would.
func (p *Proxy) lapsed(st *standing) string {
	if fresh := p.Fresh(); !fresh.Usable {
		return "policy is too old"
	}
	s, ok := p.Accounts.Account(st.account)
	if !ok {
		return "the account does not exist"
	}
	if ended := p.Callers.Ended(s, st.ref, st.session); ended != "" {
		return ended
	}
	c, ok := s.Clusters.ID(st.cluster.ID)
	switch {
	case !ok:
		return "the cluster does not exist"
	case c.Stopped:
		return "the cluster is hibernated"
	case c.Server != st.cluster.Server || !bytes.Equal(c.CA, st.cluster.CA) || !bytes.Equal(c.Sealed, st.cluster.Sealed):
		return "the cluster was attached again"
	}
	verdict, _, _ := p.ask(s, c, &st.review, st.source)
	if verdict.Outcome < st.outcome { // Denied, or no longer outright
		return or(verdict.Reason, "the right to everything in the cluster has ended")
	}
	if st.outcome == kube.NoOpinion && verdict.Outcome == kube.NoOpinion {
		return p.withdrawn(st, s)
	}
	return ""
}

const withdrawn = "a namespace permission was changed or taken away"

// withdrawn says whether what RBAC decided by has become less: in the directory since the stream was opened, or in the cluster, which follows the
// directory a moment later. A stream that was opened in that moment rests on a binding that should have been gone; where the change was known by
// then it was not let through, and what slipped in before that ends here.
func (p *Proxy) withdrawn(st *standing, s *pratique.Snapshot) string {
	if p.unsettled(st.cluster, st.subjects, st.opened) {
		return withdrawn
	}
	if s == st.seen {
		return ""
	}
	st.seen = s
	return st.shrunk(s)
}

// shrunk says whether what RBAC decided by has become less. kube-apiserver asks RBAC when a stream is opened and never again, so that a
// namespace permission that is taken away must end the streams that may have rested on it. Whoever still may opens it again.
func (st *standing) shrunk(s *pratique.Snapshot) string {
	have := permissions(s, st.cluster.ID, st.ref)
	for id, generation := range st.permissions {
		if have[id] != generation {
			return withdrawn
		}
	}
	return ""
}

// permissions are those that reach a principal in a cluster, by id, with the generation at which each was written.
func permissions(s *pratique.Snapshot, clusterID string, ref pratique.Ref) map[string]uint64 {
	out := map[string]uint64{}
	for _, perm := range s.PermissionsOn(clusterID, ref) {
		out[perm.ID] = perm.Generation
	}
	return out
}
