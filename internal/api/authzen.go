package api

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/web"
)

// The bodies of AuthZEN Authorization API 1.0. Receivers must ignore members that they do not know (§ JSON serialization); those land in
// Rest, where stray catches the ones that were meant to be known.

type (
	rest       map[string]jsontext.Value
	properties map[string]jsontext.Value
)

type zenEntity struct {
	Type       string     `json:"type"`
	ID         string     `json:"id,omitempty"`
	Properties properties `json:"properties,omitempty"`
	Rest       rest       `json:",embed"`
}

type zenAction struct {
	Name       string     `json:"name"`
	Properties properties `json:"properties,omitempty"`
	Rest       rest       `json:",embed"`
}

type zenEvaluation struct {
	Subject  *zenEntity `json:"subject,omitempty"`
	Action   *zenAction `json:"action,omitempty"`
	Resource *zenEntity `json:"resource,omitempty"`
	Context  properties `json:"context,omitempty"`
	Rest     rest       `json:",embed"`
}

type zenEvaluations struct {
	Subject     *zenEntity      `json:"subject,omitempty"`
	Action      *zenAction      `json:"action,omitempty"`
	Resource    *zenEntity      `json:"resource,omitempty"`
	Context     properties      `json:"context,omitempty"`
	Evaluations []zenEvaluation `json:"evaluations,omitempty"`
	Options     zenOptions      `json:"options,omitzero"`
	Rest        rest            `json:",embed"`
}

type zenOptions struct {
	Semantic string `json:"evaluations_semantic,omitempty"`
	Rest     rest   `json:",embed"`
}

// The values of evaluations_semantic.
const (
	executeAll  = "execute_all"
	denyFirst   = "deny_on_first_deny"
	permitFirst = "permit_on_first_permit"
)

type zenDecision struct {
	Decision bool        `json:"decision"`
	Context  *zenReasons `json:"context,omitempty"`
}

type zenReasons struct {
	ID       string    `json:"id,omitempty"` // of the decision, for pratique why
	Reason   string    `json:"reason,omitempty"`
	Revision uint64    `json:"revision,omitzero"`
	Age      float64   `json:"age_seconds,omitzero"` // of the directory, when it is not fresh
	Error    *zenError `json:"error,omitempty"`
}

type zenError struct {
	Status  int    `json:"status"`
	Message string `json:"message"`
}

// zenDecisions answers a list, or, when there was none, like a single evaluation.
type zenDecisions struct {
	Decision    *bool         `json:"decision,omitempty"`
	Context     *zenReasons   `json:"context,omitempty"`
	Evaluations []zenDecision `json:"evaluations,omitempty"`
}

// zenMetadata is published at /.well-known/authzen-configuration.
type zenMetadata struct {
	PDP         string `json:"policy_decision_point"`
	Evaluation  string `json:"access_evaluation_endpoint"`
	Evaluations string `json:"access_evaluations_endpoint"`
	Subject     string `json:"search_subject_endpoint"`
	Action      string `json:"search_action_endpoint"`
	Resource    string `json:"search_resource_endpoint"`
}

// metadata names the endpoints by the configured address: a client's Host header must not decide where others send their questions.
func (a *API) metadata(context.Context, Visit, none) (zenMetadata, error) {
	base := strings.TrimRight(a.External, "/")
	return zenMetadata{
		PDP: base, Evaluation: base + "/access/v1/evaluation", Evaluations: base + "/access/v1/evaluations",
		Subject: base + "/access/v1/search/subject", Action: base + "/access/v1/search/action", Resource: base + "/access/v1/search/resource",
	}, nil
}

type evaluationIn struct {
	Body zenEvaluation `body:"changes"`
}

// evaluation answers one question. That somebody or something is not known is a no, with the reason in the context.
func (a *API) evaluation(ctx context.Context, c Call, in evaluationIn) (zenDecision, error) {
	out, err := a.evaluate(ctx, c, in.Body, true)
	if errors.Is(err, pratique.ErrNotFound) {
		return failed(err), nil
	}
	return out, err
}

type evaluationsIn struct {
	Body zenEvaluations `body:"changes"`
}

// maxEvaluations is how many questions one request may hold.
const maxEvaluations = 1000

// evaluations answers a list in its order. A question that cannot be answered is a no with an error; it does not spoil the others. Decisions
// of a list get no ids: a few lists would push everybody else's decisions out of memory.
func (a *API) evaluations(ctx context.Context, c Call, in evaluationsIn) (zenDecisions, error) {
	b := in.Body
	if err := stray(b.Rest, "subject", "action", "resource", "context", "evaluations", "options"); err != nil {
		return zenDecisions{}, err
	}
	if err := stray(b.Options.Rest, "evaluations_semantic"); err != nil {
		return zenDecisions{}, err
	}
	semantic := b.Options.Semantic
	if semantic == "" {
		semantic = executeAll
	}
	if !slices.Contains([]string{executeAll, denyFirst, permitFirst}, semantic) {
		return zenDecisions{}, web.Invalid("options.evaluations_semantic is %q and must be %s, %s or %s", short(semantic), executeAll, denyFirst, permitFirst)
	}
	defaults := zenEvaluation{Subject: b.Subject, Action: b.Action, Resource: b.Resource, Context: b.Context}
	switch n := len(b.Evaluations); {
	case n == 0:
		one, err := a.evaluation(ctx, c, evaluationIn{defaults})
		return zenDecisions{Decision: &one.Decision, Context: one.Context}, err
	case n > maxEvaluations:
		return zenDecisions{}, web.Invalid("the list holds %d evaluations; at most %d are answered at once", n, maxEvaluations)
	}
	var out zenDecisions
	for _, e := range b.Evaluations {
		if err := ctx.Err(); err != nil {
			return zenDecisions{}, err
		}
		one, err := a.evaluate(ctx, c, e.or(defaults), false)
		if err != nil {
			one = failed(err)
		}
		out.Evaluations = append(out.Evaluations, one)
		if semantic == denyFirst && !one.Decision || semantic == permitFirst && one.Decision {
			break
		}
	}
	return out, nil
}

// or fills what an evaluation leaves open from the defaults, each of the four as a whole.
func (e zenEvaluation) or(defaults zenEvaluation) zenEvaluation {
	if e.Subject == nil {
		e.Subject = defaults.Subject
	}
	if e.Action == nil {
		e.Action = defaults.Action
	}
	if e.Resource == nil {
		e.Resource = defaults.Resource
	}
	if e.Context == nil {
		e.Context = defaults.Context
	}
	return e
}

func (a *API) evaluate(ctx context.Context, c Call, e zenEvaluation, keep bool) (zenDecision, error) {
	if e.Action == nil {
		return zenDecision{}, missing("action")
	}
	if e.Subject == nil || e.Subject.ID == "" || e.Subject.Type == "" {
		return zenDecision{}, missing("subject, with type and id,")
	}
	if e.Resource == nil || e.Resource.ID == "" || e.Resource.Type == "" {
		return zenDecision{}, missing("resource, with type and id,")
	}
	question, vars, err := e.question()
	if err != nil {
		return zenDecision{}, err
	}
	q, err := a.parse(ctx, c, question, vars)
	if err != nil {
		return zenDecision{}, err
	}
	d := a.Decider.Decide(q.snapshot, &q.query)
	age, state := a.Fresh()
	out := zenDecision{Decision: d.Allowed(), Context: &zenReasons{
		Reason: d.Reason(), Revision: q.snapshot.Generation, Age: seconds(age, state),
	}}
	if keep {
		out.Context.ID = a.remember(c, &q)
	}
	return out, nil
}

func missing(what string) error { return web.Invalid("%s is required", what) }

// failed is a no because of an error. Decisions default to closed.
func failed(err error) zenDecision {
	p := web.ProblemOf(err)
	return zenDecision{Context: &zenReasons{Error: &zenError{Status: p.Status, Message: p.Detail}}}
}
