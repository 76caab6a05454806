package proxy

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/kube"
)

// decide asks the gate, and works out the identity to pass on. The question is the webhook's, but for the address of the client, which only
// we know.
func (p *Proxy) decide(r *http.Request, v *visit) error {
	v.fresh = p.Fresh()
	if !v.fresh.Usable {
		return unavailable("policy is too old: the last proof that it is complete is %s old", age(v.fresh))
	}
	if ended := p.Callers.Ended(v.snapshot, v.ref, v.who.Session); ended != "" {
		return unauthorized(kube.Ended(v.snapshot, v.ref, ended))
	}
	v.verdict, v.query, v.decision = p.ask(v.snapshot, v.cluster, &v.review, v.source)
	if v.verdict.Outcome == kube.Denied {
		return p.denied(r, v)
	}
	if v.cluster.Stopped {
		return unavailable("cluster %q is hibernated; wake it with: pratique cluster start %s", v.cluster.Name, v.cluster.Name)
	}
	var err error
	if v.identity, err = p.identityOf(v.snapshot, v.cluster, v.ref, v.verdict.Outcome); err != nil {
		return err
	}
	if v.stream() && v.verdict.Outcome == kube.NoOpinion && p.unsettled(v.cluster, v.identity.subjects(), p.Now()) {
		return &refusal{
			code: http.StatusServiceUnavailable, reason: reasonUnavailable, details: &details{Retry: 1},
			message: fmt.Sprintf("a namespace permission of yours was changed or taken away, and cluster %q does not know yet; try again in a moment", v.cluster.Name),
		}
	}
	return nil
}

// unsettled reports whether, at a moment, the RBAC of a cluster may still have given one of the subjects what the directory no longer does.
func (p *Proxy) unsettled(c *pratique.Cluster, subjects []string, moment time.Time) bool {
	return p.Bindings != nil && p.Bindings.Unsettled(c.ID, subjects, moment)
}

// ask puts a review to the gate.
func (p *Proxy) ask(s *pratique.Snapshot, c *pratique.Cluster, review *kube.Review, source string) (kube.Verdict, access.Query, access.Decision) {
	q := kube.Query(s, c, review, p.Now())
	q.Source = source
	verdict, decision := kube.Decide(p.Decider, s, c, &q, review)
	return verdict, q, decision
}

// denied remembers a denial and says it as kube-apiserver would. A cluster in shadow is no exception: shadow spares those who worked in a
// cluster before Pratique knew it, and none of them came through here.
func (p *Proxy) denied(r *http.Request, v *visit) error {
	id := p.Remember(v.snapshot, v.query, v.decision)
	reason := clip(v.verdict.Reason, 1024)
	p.Log.LogAttrs(r.Context(), slog.LevelInfo, "kubernetes request denied",
		slog.String("request", v.id), slog.String("decision", id), slog.String("cluster", v.cluster.ID), slog.String("principal", v.who.ID),
		slog.String("action", clip(v.query.Action, 256)), slog.String("resource", clip(v.query.Resource, 512)),
		slog.String("verb", clip(v.review.Verb, 64)), slog.String("reason", reason), slog.Duration("policy_age", v.fresh.Age))
	if v.fresh.Stale {
		reason += " (by policy that is " + age(v.fresh) + " old)"
	}
	out := &refusal{
		code: http.StatusForbidden, reason: reasonForbidden,
		message: v.cannot() + ": " + reason + "; why: pratique why " + id,
	}
	if v.review.IsResource {
		out.details = &details{Name: v.review.Name, Group: v.review.Group, Kind: v.review.Resource}
	}
	return out
}

// cannot is the sentence of kube-apiserver about what is refused, with the name that people know.
func (v *visit) cannot() string {
	r := &v.review
	name := v.snapshot.PrincipalName(v.ref)
	if !r.IsResource {
		return fmt.Sprintf("forbidden: User %q cannot %s path %q", name, r.Verb, clip(r.Path, 256))
	}
	var b strings.Builder
	b.WriteString(r.Resource)
	if r.Group != "" {
		b.WriteString("." + r.Group)
	}
	if r.Name != "" {
		fmt.Fprintf(&b, " %q", clip(r.Name, 253))
	}
	object := r.Resource
	if r.Subresource != "" {
		object += "/" + r.Subresource
	}
	fmt.Fprintf(&b, " is forbidden: User %q cannot %s resource %q in API group %q", name, r.Verb, object, r.Group)
	if r.Namespace != "" {
		fmt.Fprintf(&b, " in the namespace %q", clip(r.Namespace, 253))
	} else {
		b.WriteString(" at the cluster scope")
	}
	return b.String()
}

func age(f Freshness) string { return f.Age.Round(time.Second).String() }
