package api

import (
	"context"
	"slices"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/kube"
	"github.com/pratique-iam/pratique/internal/rbacsync"
	"github.com/pratique-iam/pratique/policy"
)

// kubeWhy says whether somebody may do something inside a cluster, over both layers, and why.
func (a *API) kubeWhy(ctx context.Context, c Call, in kubeIn) (apiv1.KubeAnswer, error) {
	q, err := a.parseKube(ctx, c, in.Body)
	if err != nil {
		return apiv1.KubeAnswer{}, err
	}
	verdict, decision := kube.Decide(a.Decider, q.snapshot, q.cluster, &q.query, &q.review)
	id := a.remember(c, &q.asked)
	var out apiv1.KubeAnswer
	if in.Body.Explanation {
		out.Gate = a.explained(&q.asked, id)
	} else {
		out.Gate = a.answer(&q.asked, &decision, id)
	}
	passed(&out.Gate, &verdict, &decision)
	if verdict.Outcome == kube.Allowed {
		out.Allowed, out.Reason = true, verdict.Reason
		out.RBAC = apiv1.RBAC{Reason: "not asked: the gate allows this outright"}
		return out, nil
	}
	var answer *rbacsync.Answer
	out.RBAC, answer = a.evaluateRBAC(ctx, q.snapshot, q.cluster, q.ref, &q.review)
	out.Allowed = verdict.Outcome == kube.NoOpinion && out.RBAC.Allowed
	out.Reason = reasonOf(&q, &verdict, &out)
	if !out.Allowed {
		out.Smallest = a.smallest(&q, &verdict, answer)
	}
	return out, nil
}

// passed makes the gate's answer say what the gate says, which is not always what the policies say: an administrator passes whatever they
// say, and an open gate lets through what they do not decide.
func passed(out *apiv1.Answer, verdict *kube.Verdict, decision *access.Decision) {
	out.Allowed = verdict.Outcome != kube.Denied
	switch {
	case verdict.Reason != "":
		out.Reason = verdict.Reason
	case !decision.Allowed():
		out.Reason = "no statement decides this, and the gate of this type of cluster is open: Kubernetes RBAC decides"
	}
	if out.Allowed && out.Explanation != nil {
		out.Explanation.Hints = nil // they say what would have let it through
	}
}

// reasonOf is both layers in a sentence.
func reasonOf(q *kubeAsked, verdict *kube.Verdict, out *apiv1.KubeAnswer) string {
	shadow := ""
	if q.cluster.Shadow {
		shadow = "; the cluster is in shadow, so that at its own address this is only logged"
	}
	switch {
	case verdict.Outcome == kube.Denied:
		return "the gate refuses it: " + verdict.Reason + shadow
	case out.RBAC.Allowed:
		return "the gate lets it through, and Kubernetes RBAC allows it"
	case !out.RBAC.Consulted:
		return "the gate lets it through; " + out.RBAC.Reason
	case len(q.snapshot.PermissionsOn(q.cluster.ID, q.ref)) == 0:
		return "the gate lets it through, and Kubernetes RBAC does not allow it: " + q.subject + " may see the cluster, but holds no namespace permission in it"
	default:
		return "the gate lets it through, and Kubernetes RBAC does not allow it: no namespace permission of " + q.subject + " does"
	}
}

// smallest lists what would have to change for a yes, each layer by itself.
func (a *API) smallest(q *kubeAsked, verdict *kube.Verdict, answer *rbacsync.Answer) []string {
	var out []string
	if verdict.Outcome == kube.Denied {
		query := q.query
		if hints := a.Decider.Explain(q.snapshot, &query).Hints; len(hints) > 0 {
			out = append(out, "gate: "+hints[0])
		}
	}
	if answer == nil || answer.Allowed {
		return out
	}
	if answer.Advice == nil {
		return append(out, "RBAC: no ClusterRole of the cluster allows this; make one, and a namespace permission that gives it to "+q.subject)
	}
	return append(out, "RBAC: "+answer.Advice.String()+" of cluster "+q.cluster.Name+", for "+q.subject+" or a group of theirs")
}

// addKube adds to the explanation of an earlier decision about the inside of a cluster what stands behind the gate. The gate is explained as
// of then; the cluster's own rules are those of now.
func (a *API) addKube(ctx context.Context, c Call, q *asked, out *apiv1.Answer) {
	id, review, ok := reviewIn(&q.query)
	if !ok {
		return
	}
	cl, ok := q.snapshot.Clusters.ID(id)
	if !ok {
		return
	}
	verdict, decision := kube.Decide(a.Decider, q.snapshot, cl, &q.query, &review)
	passed(out, &verdict, &decision)
	if verdict.Outcome == kube.Allowed {
		return
	}
	now, ok := c.Snapshot.Clusters.ID(id)
	if !ok {
		return
	}
	rbac, answer := a.evaluateRBAC(ctx, c.Snapshot, now, q.query.Principal, &review)
	out.RBAC = &rbac
	if verdict.Outcome == kube.Denied || !rbac.Allowed {
		out.Smallest = a.smallest(&kubeAsked{asked: *q, cluster: now, ref: q.query.Principal, review: review}, &verdict, answer)
	}
}

type kubeWhoCanIn struct {
	pageIn
	Body apiv1.KubeQuestion `body:""`
}

// kubeWhoCan lists who may do something inside a cluster, over both layers: those whom nothing stops, and those whom the cluster's own rules
// allow and the gate lets through. The root always may and is not listed, and identities that are not ours are the cluster's own matter.
func (a *API) kubeWhoCan(ctx context.Context, c Call, in kubeWhoCanIn) (apiv1.List[apiv1.Subject], error) {
	out := apiv1.List[apiv1.Subject]{Items: []apiv1.Subject{}}
	from, limit, err := in.bounds()
	if err != nil {
		return out, err
	}
	in.Body.Subject = apiv1.Subject{}
	q, err := a.parseKube(ctx, c, in.Body)
	if err != nil {
		return out, err
	}
	q.query.Source, q.query.MFA, q.query.SessionPolicy, q.review.Extra = "", false, nil, nil // the caller's own address and factors say nothing about others
	if a.RBAC == nil {
		return out, without("access to clusters")
	}
	view, err := a.RBAC.View(ctx, q.snapshot, q.cluster)
	if err != nil {
		return out, err
	}
	out.Revision = q.snapshot.Generation
	able, err := a.able(ctx, &q, view)
	if err != nil {
		return out, err
	}
	for _, ref := range able {
		name := q.snapshot.PrincipalName(ref)
		at := position(ref.Kind, name)
		if at < from {
			continue
		}
		if len(out.Items) == limit {
			out.Next = nextPage(at)
			break
		}
		out.Items = append(out.Items, apiv1.Subject{Type: strings.ToLower(string(ref.Kind)), ID: name})
	}
	return out, nil
}

// able lists the principals that both layers let do it, in the order of pages.
func (a *API) able(ctx context.Context, q *kubeAsked, view *rbacsync.View) ([]pratique.Ref, error) {
	s := q.snapshot
	inside := holders(s, q.cluster, view.WhoCan(requestOf(&q.review)))
	candidates := map[pratique.Ref]bool{} // true: the cluster's own rules allow it
	for ref := range inside {
		candidates[ref] = true
	}
	if s.Dialect(q.cluster) == policy.Huawei {
		for _, alias := range administrators() {
			for ref := range granted(s, alias) {
				candidates[ref] = inside[ref]
			}
		}
	}
	var out []pratique.Ref
	for ref, allowed := range candidates {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		query := q.query
		query.Principal = ref
		verdict, _ := kube.Decide(a.Decider, s, q.cluster, &query, &q.review)
		if verdict.Outcome == kube.Allowed || verdict.Outcome == kube.NoOpinion && allowed {
			out = append(out, ref)
		}
	}
	slices.SortFunc(out, func(x, y pratique.Ref) int {
		return strings.Compare(position(x.Kind, s.PrincipalName(x)), position(y.Kind, s.PrincipalName(y)))
	})
	return out, nil
}

// holders resolves the subjects of bindings to principals of ours. A group of ours counts when a namespace permission of the cluster names
// it: the others are not passed on to the cluster.
func holders(s *pratique.Snapshot, cl *pratique.Cluster, all []rbacsync.Holder) map[pratique.Ref]bool {
	named := map[string]bool{}
	for p := range s.NamespacePermissions.All() {
		if p.On(cl.ID) {
			named[p.Principal.ID] = true
		}
	}
	out := map[pratique.Ref]bool{}
	for _, h := range all {
		id, ours := strings.CutPrefix(h.Subject.Name, kube.Prefix)
		switch {
		case h.Subject.Kind == "Group" && h.Subject.Name == "system:authenticated":
			for u := range s.Users.All() {
				out[pratique.Ref{Kind: pratique.KindUser, ID: u.ID}] = true
			}
		case h.Subject.Kind == "Group" && ours && named[id]:
			if g, ok := s.Groups.ID(id); ok {
				for _, member := range g.Members {
					out[kube.Identity{ID: member}.Principal(s)] = true
				}
			}
		case h.Subject.Kind == "User" && ours && ourName(s, id) != "":
			out[kube.Identity{ID: id}.Principal(s)] = true
		}
	}
	delete(out, pratique.Ref{Kind: pratique.KindUser, ID: pratique.RootID})
	return out
}

// granted are the users and roles that hold a system role by a grant, wherever it counts.
func granted(s *pratique.Snapshot, alias string) map[pratique.Ref]bool {
	out := map[pratique.Ref]bool{}
	p, ok := s.Policy(alias)
	if !ok {
		return out
	}
	for g := range s.GrantsWith(p.ID) {
		if g.Principal.Kind != pratique.KindGroup {
			out[g.Principal] = true
			continue
		}
		if group, ok := s.Groups.ID(g.Principal.ID); ok {
			for _, id := range group.Members {
				out[pratique.Ref{Kind: pratique.KindUser, ID: id}] = true
			}
		}
	}
	return out
}
