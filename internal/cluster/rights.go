package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/pratique-iam/pratique"
)

// question asks a cluster whether our credential may do one thing.
type question struct {
	authorizationv1.ResourceAttributes
	what string // what is missing when it may not: "create rolebindings"
	why  string // Right.For
}

// questions takes the rights apart.
func (o Onboarding) questions() []question {
	var out []question
	for _, r := range o.Rights() {
		names := r.Rule.ResourceNames
		if len(names) == 0 {
			names = []string{""}
		}
		for _, resource := range r.Rule.Resources {
			kind, sub, _ := strings.Cut(resource, "/")
			for _, name := range names {
				for _, verb := range r.Rule.Verbs {
					q := question{what: verb + " " + resource, why: r.For, ResourceAttributes: authorizationv1.ResourceAttributes{
						Namespace: r.Namespace, Verb: verb, Group: r.Rule.APIGroups[0], Resource: kind, Subresource: sub, Name: name,
					}}
					if name != "" {
						q.what += " " + name
					}
					if r.Namespace != "" {
						q.what += " in " + r.Namespace
					}
					out = append(out, q)
				}
			}
		}
	}
	return out
}

// askAtOnce is how many questions are under way at a time.
const askAtOnce = 8

// denied asks all questions and gives back, in their order, those that the cluster answers with no. The cluster itself answers
// (SelfSubjectAccessReview), whatever authorizers it has: a list of rules, which it could give as well, holds only those that RBAC knows.
func denied(ctx context.Context, client kubernetes.Interface, questions []question) ([]question, error) {
	var mu sync.Mutex
	var failure error
	no := make([]bool, len(questions))
	next := make(chan int)
	var wg sync.WaitGroup
	for range askAtOnce {
		wg.Go(func() {
			for i := range next {
				allowed, err := ask(ctx, client, &questions[i].ResourceAttributes)
				mu.Lock()
				no[i] = err == nil && !allowed
				if failure == nil {
					failure = err
				}
				mu.Unlock()
			}
		})
	}
	for i := range questions {
		next <- i
	}
	close(next)
	wg.Wait()
	var out []question
	for i := range questions {
		if no[i] {
			out = append(out, questions[i])
		}
	}
	return out, failure
}

func ask(ctx context.Context, client kubernetes.Interface, a *authorizationv1.ResourceAttributes) (bool, error) {
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: a}}
	answer, err := client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return false, err
	}
	return answer.Status.Allowed, nil
}

// checkWithin is how long a check of the rights may take.
const checkWithin = 5 * time.Second

// CheckRights asks a cluster what our credential lacks of what Pratique needs there now, and says so in sentences for people: one for each use that
// suffers, and at the end what helps. Nothing is missing when there are none. That it could not be found out is a sentence too.
func CheckRights(ctx context.Context, conn *Conn, s *pratique.Snapshot, c *pratique.Cluster) []string {
	ctx, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	missing, err := denied(ctx, conn.Client, OnboardingOf(s, c).questions())
	return warnings(c, missing, err)
}

func warnings(c *pratique.Cluster, missing []question, err error) []string {
	if err != nil {
		return []string{"what the credential may do cannot be found out: " + explain(err)}
	}
	var out []string
	missing = slices.Clone(missing) // the caller keeps its own
	for len(missing) > 0 {
		why := missing[0].why
		var what []string
		for _, q := range missing {
			if q.why == why {
				what = append(what, q.what)
			}
		}
		missing = slices.DeleteFunc(missing, func(q question) bool { return q.why == why })
		out = append(out, fmt.Sprintf("the credential may not %s, which is needed to %s", strings.Join(what, ", "), why))
	}
	if len(out) > 0 {
		out = append(out, "give it what it lacks, as an administrator of the cluster: "+ManifestCommand(c))
	}
	return out
}

// ManifestCommand is what an administrator of a cluster runs to give our credential its rights. Names of clusters mean nothing to a shell.
func ManifestCommand(c *pratique.Cluster) string {
	return "pratique cluster manifest " + c.Name + " | kubectl apply -f -"
}

// recheck is how often all rights are asked for again. What was missing is asked for at every look, so that it is seen soon when it comes.
const recheck = 10 * time.Minute

// rights is what a keeper knows of them.
type rights struct {
	conn    *Conn
	asked   []question
	missing []question
	at      time.Time
}

// look asks for what is not known to be there, and gives warnings.
func (r *rights) look(ctx context.Context, conn *Conn, s *pratique.Snapshot, c *pratique.Cluster, now time.Time) []string {
	ctx, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	all := OnboardingOf(s, c).questions()
	due := r.missing
	if conn != r.conn || !slices.Equal(all, r.asked) || now.Sub(r.at) >= recheck {
		due = all
	}
	missing, err := denied(ctx, conn.Client, due)
	if err != nil {
		r.conn = nil // ask for all again
		return warnings(c, nil, err)
	}
	if len(due) == len(all) {
		r.conn, r.asked, r.at = conn, all, now
	}
	r.missing = missing
	return warnings(c, missing, nil)
}
