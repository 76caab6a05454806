package webhook

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/kube"
)

// The answers, up to the reason. Never both allowed and denied: kube-apiserver would take it for an error.
const (
	head      = `{"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","status":{"allowed":`
	allowed   = head + `true,"reason":`
	denied    = head + `false,"denied":true,"reason":`
	noOpinion = head + `false,"reason":`
	tail      = "}}\n"
	whyTail   = `"` + tail
)

// ask is how a denial ends, and what an id follows: the command that explains it.
const ask = "; why: pratique why "

// maxReason is how much of a reason leaves the server: it holds names that the asker chose, and stands in a line for people.
const maxReason = 1024

// authorize answers a SubjectAccessReview.
func (w *Webhook) authorize(rw http.ResponseWriter, r *http.Request, v *visit) {
	if !v.decode(rw, r) {
		return
	}
	if len(v.review.Unknown) > 0 {
		w.strange.tell(r.Context(), w.Log, v.cluster.ID, v.review.Unknown)
	}
	w.decide(r.Context(), v)
	if v.held && (!v.rest(rw, r) || !v.ended(rw)) {
		return
	}
	if v.fresh.Stale {
		rw.Header().Set("X-IAM-Snapshot-Age", v.fresh.Age.Round(time.Second).String())
	}
	answerAs(rw, http.StatusOK, v.media, v.out)
}

// decode reads the review. When a byte is held back that can only be the end of a line, what is there is the review already; see read.
func (v *visit) decode(rw http.ResponseWriter, r *http.Request) bool {
	if v.held && v.in[len(v.in)-1] == '}' && kube.Decode(string(v.in), &v.review) == nil {
		return true
	}
	if !v.rest(rw, r) {
		return false
	}
	if err := kube.Decode(string(v.in), &v.review); err != nil {
		refuse(rw, http.StatusBadRequest, err.Error())
		return false
	}
	return true
}

// decide puts the answer into v.out. A panic becomes a denial: an error would be asked about again for seconds, and a fault of ours must not
// allow anything.
func (w *Webhook) decide(ctx context.Context, v *visit) {
	defer func() {
		if cause := recover(); cause != nil {
			w.Log.ErrorContext(ctx, "panic", "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
			w.counts[kube.Denied].Add(1)
			v.out = append(appendText(append(v.out[:0], denied...), "something went wrong inside Pratique; its log has the details"), tail...)
		}
	}()
	who, ours, err := kube.IdentityOf(v.review.User, v.review.Extra)
	if !ours {
		w.counts[kube.NoOpinion].Add(1)
		v.out = append(v.out[:0], noOpinion+`""`+tail...)
		return
	}
	now := w.Now()
	w.place(v.snapshot, v.cluster).Ask(&v.query, v.snapshot, &v.review, now)
	verdict, decision := w.verdict(v, who, err)
	if verdict.Outcome == kube.Denied {
		w.deny(ctx, v, verdict.Reason, &decision)
		return
	}
	w.counts[verdict.Outcome].Add(1)
	if verdict.Outcome == kube.Allowed {
		v.out = append(appendText(append(v.out[:0], allowed...), verdict.Reason), tail...)
		return
	}
	v.out = append(append(v.out[:0], noOpinion...), '"')
	v.out = append(w.behind.Reason(v.out, v.snapshot, v.cluster, &v.review, v.query.Principal, now), whyTail...) // it needs no escapes
}

// verdict asks everything that can end the matter, and then the policies.
func (w *Webhook) verdict(v *visit, who kube.Identity, err error) (kube.Verdict, access.Decision) {
	if err != nil {
		return refused(err.Error())
	}
	if !v.fresh.Usable {
		return refused("policy is too old: the last proof that it is complete is " + age(v.fresh) + " old")
	}
	if ended := w.Callers.Ended(v.snapshot, v.query.Principal, who.Session); ended != "" {
		return refused(kube.Ended(v.snapshot, v.query.Principal, ended))
	}
	if left := kube.Left(v.snapshot, &v.review, v.query.Principal); left != "" {
		return refused(left + "; a new token, which kubectl gets within a minute, no longer names it")
	}
	return kube.Decide(w.Decider, v.snapshot, v.cluster, &v.query.Query, &v.review)
}

// refused is a no that comes before the policies, and that pratique why therefore repeats.
func refused(reason string) (kube.Verdict, access.Decision) {
	return kube.Verdict{Reason: reason}, access.RefusedFor(reason)
}

// deny remembers a denial, records it, and answers it; in a shadow cluster it only does the first two.
func (w *Webhook) deny(ctx context.Context, v *visit, reason string, d *access.Decision) {
	id := w.Remember(v.snapshot, v.query.Lasting(), *d)
	reason = clip(reason, maxReason)
	w.record(ctx, v, reason, id)
	if v.cluster.Shadow {
		w.shadow.Add(1)
		w.counts[kube.NoOpinion].Add(1)
		v.out = append(append(v.out[:0], noOpinion...), `"shadow: the gate would have denied this`...)
	} else {
		w.counts[kube.Denied].Add(1)
		v.out = appendPart(append(append(v.out[:0], denied...), '"'), reason)
		if v.fresh.Stale && v.fresh.Usable {
			v.out = append(append(append(v.out, " (by policy that is "...), age(v.fresh)...), " old)"...)
		}
	}
	v.out = append(appendPart(append(v.out, ask...), id), whyTail...)
}

func age(f Freshness) string { return f.Age.Round(time.Second).String() }

func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}
