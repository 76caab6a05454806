package api

import (
	"context"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/kube"
	"github.com/pratique-iam/pratique/internal/web"
	"github.com/pratique-iam/pratique/policy"
)

type kubeIn struct {
	Body apiv1.KubeQuestion `body:""`
}

// kubeAsked is a question about the inside of a cluster whose names have been looked up.
type kubeAsked struct {
	asked
	cluster *pratique.Cluster
	ref     pratique.Ref
	review  kube.Review
}

// parseKube turns a question into a review, and into the query that the review asks the policies: the same that the webhook and the proxy
// ask. Whoever may see the cluster asks about themselves; others need decision.simulate, which opens questions about every cluster.
func (a *API) parseKube(ctx context.Context, c Call, q apiv1.KubeQuestion) (kubeAsked, error) {
	s, err := a.atLeast(ctx, c, q.AtLeast)
	if err != nil {
		return kubeAsked{}, err
	}
	c.Snapshot = s
	ref, self, err := a.subject(c, q.Subject)
	if err != nil {
		return kubeAsked{}, err
	}
	out := kubeAsked{ref: ref}
	if out.cluster, err = a.clusterToAsk(c, q.Cluster); err != nil {
		return kubeAsked{}, err
	}
	if err := reviewOf(q, &out.review); err != nil {
		return kubeAsked{}, err
	}
	out.review.User = kube.UserName(ref.ID)
	if self {
		out.review.Extra = []kube.Extra{{Key: kube.ExtraSession, Values: []string{c.Who.Session}}}
	}
	out.snapshot, out.subject = s, subjectText(s, ref)
	out.query = kube.Query(s, out.cluster, &out.review, a.Now())
	out.query.Principal = ref
	if self {
		out.query.Source = c.Source
	}
	return out, nil
}

func (a *API) clusterToAsk(c Call, name string) (*pratique.Cluster, error) {
	if name == "" {
		return nil, web.Invalid("the question names no cluster")
	}
	cl, err := a.cluster(c, name, "cluster.get")
	if err == nil {
		return cl, nil
	}
	if other, ok := c.Snapshot.Clusters.Find(name); ok && a.maySimulate(c, "") == nil {
		return other, nil
	}
	return nil, err
}

// reviewOf reads what is asked.
func reviewOf(q apiv1.KubeQuestion, into *kube.Review) error {
	var err error
	if into.Verb, err = verb(q.Verb); err != nil {
		return err
	}
	for name, text := range map[string]string{"namespace": q.Namespace, "name": q.Name, "path": q.Path} {
		if len(text) > 1024 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return web.Invalid("%s is %q, which it cannot be", name, short(text))
		}
	}
	if q.Path != "" {
		if q.Resource+q.Name+q.Namespace != "" || q.Path[0] != '/' {
			return web.Invalid("a question is about a resource or about a path that begins with /, not about both")
		}
		into.Path = q.Path
		return nil
	}
	into.Namespace, into.Name = q.Namespace, q.Name
	if err := resource(q.Resource, into); err != nil {
		return err
	}
	if into.Resource == "namespaces" && into.Group == "" && into.Name != "" {
		into.Namespace = into.Name // as a kube-apiserver asks about one namespace
	}
	return nil
}

// reviewIn reads the review back out of a query that one asked; ok is false for a query that is not about the inside of a cluster.
func reviewIn(q *access.Query) (clusterID string, r kube.Review, ok bool) {
	service := "cce:"
	if policy.DialectOf(q.Action) == policy.RAM {
		service = "k8s:"
	}
	if action := pratique.Fold(q.Action); !strings.HasPrefix(action, "cce:kubernetes:") && !strings.HasPrefix(action, "k8s:") {
		return "", r, false
	}
	for _, at := range q.Context {
		key, ours := strings.CutPrefix(at.Key, service)
		if !ours || len(at.Values) != 1 {
			continue
		}
		into := map[string]*string{
			"ClusterId": &clusterID, "Verb": &r.Verb, "Namespace": &r.Namespace, "Resource": &r.Resource, "ApiGroup": &r.Group,
			"Subresource": &r.Subresource, "Name": &r.Name, "Path": &r.Path,
		}[key]
		if into != nil {
			*into = at.Values[0]
		}
	}
	r.IsResource = r.Resource != ""
	return clusterID, r, clusterID != "" && r.Verb != ""
}
