package api

import (
	"context"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/policy"
)

type questionIn struct {
	Body apiv1.Question `body:""`
}

// decide answers a question with yes or no and a sentence.
func (a *API) decide(ctx context.Context, c Call, in questionIn) (apiv1.Answer, error) {
	q, err := a.parse(ctx, c, in.Body, nil)
	if err != nil {
		return apiv1.Answer{}, err
	}
	d := a.Decider.Decide(q.snapshot, &q.query)
	return a.answer(&q, &d, a.remember(c, &q)), nil
}

// explain answers a question and shows the way to the answer.
func (a *API) explain(ctx context.Context, c Call, in questionIn) (apiv1.Answer, error) {
	q, err := a.parse(ctx, c, in.Body, nil)
	if err != nil {
		return apiv1.Answer{}, err
	}
	return a.explained(&q, a.remember(c, &q)), nil
}

// decision explains a decision that was made before, on the directory as it was then. It belongs to who asked; others need decision.simulate.
// A decision that the caller may not see does not exist.
func (a *API) decision(ctx context.Context, c Call, in withID) (apiv1.Answer, error) {
	e, ok := a.memory().Find(in.ID)
	if ok && (e.Account != c.Who.Account || e.Asker != c.Who.ID && a.maySimulate(c, e.Snapshot.PrincipalName(e.Query.Principal)) != nil) {
		ok = false
	}
	if !ok {
		return apiv1.Answer{}, &pratique.Error{
			Kind: pratique.ErrNotFound, Message: "decision " + short(in.ID) + " is not known",
			Hint: "only the latest decisions of a server are kept, until it stops; ask the question again",
		}
	}
	q := &asked{snapshot: e.Snapshot, query: e.Query, subject: subjectText(e.Snapshot, e.Query.Principal)}
	if e.Refused != "" {
		d := access.RefusedFor(e.Refused)
		return a.answer(q, &d, in.ID), nil
	}
	out := a.explained(q, in.ID)
	a.addKube(ctx, c, q, &out)
	return out, nil
}

func (a *API) remember(c Call, q *asked) string {
	return a.memory().Add(access.Remembered{Account: c.Who.Account, Asker: c.Who.ID, Snapshot: q.snapshot, Query: q.query})
}

func (a *API) answer(q *asked, d *access.Decision, id string) apiv1.Answer {
	age, state := a.Fresh()
	out := apiv1.Answer{
		Decision: id, Allowed: d.Allowed(), Effect: effect(d), Reason: d.Reason(),
		Subject: q.subject, Action: d.Action(), Resource: d.Resource(),
		Revision: q.snapshot.Generation, Age: seconds(age, state),
	}
	if out.Action == "" {
		out.Action = q.query.Action
	}
	if out.Resource == "" {
		out.Resource = q.query.Resource
	}
	return out
}

// effect is the outcome in a word. What policies allow and the service refuses is a Deny: whoever reads the word alone must not take it for
// a yes. So is what was refused before any policy was asked.
func effect(d *access.Decision) string {
	if d.Effect == policy.Allow && !d.Allowed() || d.Cause == access.Refused {
		return policy.Deny.String()
	}
	return d.Effect.String()
}

func (a *API) explained(q *asked, id string) apiv1.Answer {
	x := a.Decider.Explain(q.snapshot, &q.query)
	out := a.answer(q, &x.Decision, id)
	out.Explanation = &apiv1.Explanation{Walks: []apiv1.Walk{}, Hints: x.Hints}
	for _, w := range x.Walks {
		out.Explanation.Walks = append(out.Explanation.Walks, apiv1.Walk{
			Dialect: w.Dialect.String(), Action: w.Action, Resource: w.Resource, Trace: w.Trace,
		})
	}
	for _, r := range x.Requirements {
		out.Explanation.Requirements = append(out.Explanation.Requirements, apiv1.Requirement{Reason: r.Reason, Holds: r.Holds})
	}
	return out
}

type whoCanIn struct {
	pageIn
	Body apiv1.Question `body:""`
}

// whoCan lists who may do something, users before roles, in the order of their names. The root always may and is not listed.
func (a *API) whoCan(ctx context.Context, c Call, in whoCanIn) (apiv1.List[apiv1.Subject], error) {
	var out apiv1.List[apiv1.Subject]
	from, limit, err := in.bounds()
	if err != nil {
		return out, err
	}
	in.Body.Subject = apiv1.Subject{}
	q, err := a.parseOthers(ctx, c, in.Body, nil)
	if err != nil {
		return out, err
	}
	out.Revision = q.snapshot.Generation
	out.Items, out.Next, err = a.subjects(ctx, &q, "", from, limit)
	if out.Next != "" {
		out.Next = nextPage(out.Next)
	}
	return out, err
}

// parseOthers is parse for a question about everybody. The caller's own address and factors say nothing about them.
func (a *API) parseOthers(ctx context.Context, c Call, q apiv1.Question, vars map[string]string) (asked, error) {
	if err := checkAction(q.Action); err != nil {
		return asked{}, err
	}
	s, err := a.atLeast(ctx, c, q.AtLeast)
	if err != nil {
		return asked{}, err
	}
	c.Snapshot = s
	out := asked{snapshot: s, query: access.Query{
		Action: q.Action, Resource: q.Resource, Vars: vars, ClusterType: q.ClusterType, Time: a.Now(),
	}}
	if err := a.place(c, false, q, &out.query); err != nil {
		return asked{}, err
	}
	return out, conditions(q.Context, &out.query)
}

// subjects walks those who may, from a position on: the kind and folded name of one of them. kind restricts them, when it is not empty.
func (a *API) subjects(ctx context.Context, q *asked, kind pratique.Kind, from string, limit int) (items []apiv1.Subject, next string, err error) {
	for ref := range a.Decider.WhoCan(q.snapshot, q.query) {
		if err := ctx.Err(); err != nil {
			return nil, "", err
		}
		name := q.snapshot.PrincipalName(ref)
		at := position(ref.Kind, name)
		if at < from || kind != "" && kind != ref.Kind {
			continue
		}
		if len(items) == limit {
			return items, at, nil
		}
		items = append(items, apiv1.Subject{Type: strings.ToLower(string(ref.Kind)), ID: name})
	}
	return items, "", nil
}

// position sorts as WhoCan walks.
func position(kind pratique.Kind, name string) string {
	if kind == pratique.KindUser {
		return "0" + pratique.Fold(name)
	}
	return "1" + pratique.Fold(name)
}

// operations lists what Pratique can do. It is the same for everybody, and no secret.
func (a *API) operations(_ context.Context, c Call, _ none) (apiv1.List[catalog.Operation], error) {
	return apiv1.List[catalog.Operation]{Items: a.Decider.Rules.Catalog.Operations, Revision: c.Snapshot.Generation}, nil
}
