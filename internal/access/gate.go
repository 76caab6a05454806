package access

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/policy"
)

// Gate is the one door: it decides, records and commits. Nothing else writes to a directory.
type Gate struct {
	Decider *Decider
	Store   Store
	Now     func() time.Time

	refusals audit.Brake
}

// Store keeps directories. Update runs f on the newest snapshot of an account and commits what it returns, all of it or nothing; when
// somebody else has written meanwhile it runs f again on what they wrote. The snapshot that it returns holds the change.
//
// Update fails with pratique.ErrNotFound (no such account), pratique.ErrUnavailable (no quorum, disk full; the message says whether the
// change may have been made), or with the error of f.
type Store interface {
	Account(id string) (*pratique.Snapshot, bool)
	Update(ctx context.Context, account string, f Write) (*pratique.Snapshot, error)
}

// Write turns a snapshot into the next one. A nil next means that only records are kept.
type Write func(*pratique.Snapshot) (next *pratique.Snapshot, writes []pratique.Write, records []audit.Record, err error)

// Intent is what somebody wants to change.
type Intent struct {
	Who     pratique.Principal
	Event   audit.Event
	Changes []pratique.Change
	DryRun  bool
	Reason  string // what they say about it
	Detail  string // what the record says beside the steps
	Source  string // network address
	Request string // id of the HTTP request

	// All names every operation that is lacking in a refusal, and not only the first: for a proposal that somebody is asked to approve, who
	// should learn at once what they need.
	All bool

	// Quiet keeps no record of the change. It is for what the server writes down of its own accord about something that was recorded when it
	// began and will be when it ends, such as the progress of a job; a quiet change that needs an operation is refused.
	Quiet bool
}

// Result is what came of it.
type Result struct {
	Snapshot *pratique.Snapshot // with the change in it, in a dry run too
	Plan     *pratique.Plan
	Checks   []audit.Check
}

// DeniedError says which operation was refused, and why.
type DeniedError struct {
	Who      pratique.Principal
	Check    audit.Check
	Decision Decision
	Query    Query
	Also     []audit.Check // that were refused as well; see Intent.All
}

// Error is a sentence for the person who was refused.
func (e *DeniedError) Error() string {
	actions := []string{e.Check.Action}
	for _, c := range e.Also {
		if !slices.Contains(actions, c.Action) {
			actions = append(actions, c.Action)
		}
	}
	if len(actions) > 1 {
		return fmt.Sprintf("%s may not do %s; the first, because %s", e.Who, strings.Join(actions, ", "), e.Check.Reason)
	}
	return fmt.Sprintf("%s may not do %s: %s", e.Who, e.Check.Action, e.Check.Reason)
}

// Unwrap makes it a pratique.ErrDenied.
func (e *DeniedError) Unwrap() error { return pratique.ErrDenied }

// Apply decides on an intent and, unless it is a dry run, commits it together with its audit record. A refusal is recorded as well.
//
// The decision is made on the snapshot that the commit replaces: when the directory moves on in between, both are repeated.
func (g *Gate) Apply(ctx context.Context, in Intent) (Result, error) {
	if in.Who.IsZero() {
		return Result{}, &pratique.Error{Kind: pratique.ErrDenied, Message: "nobody is signed in", Hint: "run: pratique login"}
	}
	if in.DryRun {
		s, ok := g.Store.Account(in.Who.Account)
		if !ok {
			return Result{}, fmt.Errorf("account %s: %w", in.Who.Account, pratique.ErrNotFound)
		}
		return g.plan(s, &in)
	}
	var done Result
	snapshot, err := g.Store.Update(ctx, in.Who.Account, func(s *pratique.Snapshot) (*pratique.Snapshot, []pratique.Write, []audit.Record, error) {
		var err error
		if done, err = g.plan(s, &in); err != nil {
			return nil, nil, nil, err
		}
		if len(done.Plan.Writes) == 0 {
			done.Snapshot = s
			return nil, nil, nil, errNothing
		}
		if in.Quiet {
			return done.Snapshot, done.Plan.Writes, nil, nil
		}
		return done.Snapshot, done.Plan.Writes, []audit.Record{g.record(&in, done.Checks, done.Plan.Steps)}, nil
	})
	switch {
	case errors.Is(err, errNothing):
		return done, nil
	case err != nil:
		return Result{}, g.refused(ctx, &in, err)
	}
	done.Snapshot = snapshot
	return done, nil
}

// errNothing keeps a change that changes nothing out of the store.
var errNothing = errors.New("nothing to write")

// plan applies the changes to a snapshot and decides on everything that they need. Whoever may not do it learns only that: the errors of
// their changes could tell them what exists.
func (g *Gate) plan(s *pratique.Snapshot, in *Intent) (Result, error) {
	next, plan, err := s.With(pratique.At(g.Now()), in.Changes...)
	checks, denied := g.check(s, in, plan.Needs)
	if denied != nil {
		return Result{Checks: checks}, denied
	}
	if err == nil && in.Quiet && len(plan.Needs) > 0 {
		err = errors.New("a change that was decided on cannot go without a record")
	}
	if err != nil {
		return Result{}, err
	}
	return Result{Snapshot: next, Plan: plan, Checks: checks}, nil
}

func (g *Gate) check(s *pratique.Snapshot, in *Intent, needs []pratique.Need) ([]audit.Check, error) {
	var checks []audit.Check
	var denied *DeniedError
	seen := map[string]bool{}
	for _, need := range needs {
		q := QueryFor(s, in.Who, g.Now(), in.Source)
		q.Action, q.Vars, q.ClusterType, q.Context = need.Operation, need.Vars, need.ClusterType, attributesOf(need)
		q.Project, q.EnterpriseProject = need.Project, need.EnterpriseProject
		d := g.Decider.Decide(s, &q)
		if need.Anywhere && !d.Allowed() {
			d, q = g.somewhere(s, q, d)
		}
		c := audit.Check{Operation: need.Operation, Action: d.actions(), Resource: d.resource(), Allowed: d.Allowed(), Reason: d.Reason()}
		if !c.Allowed && own(in.Who, need) && (d.Cause == Implicit || need.Operation == "session.delete") {
			c.Allowed, c.Reason = true, "everybody may do this for themselves"
		}
		if key := c.Operation + " " + c.Resource; !seen[key] {
			seen[key] = true
			checks = append(checks, c)
		}
		switch {
		case c.Allowed:
		case denied != nil:
			denied.Also = append(denied.Also, c)
		default:
			denied = &DeniedError{Who: in.Who, Check: c, Decision: d, Query: q}
		}
		if denied != nil && !in.All {
			return checks, denied
		}
	}
	if denied != nil {
		return checks, denied
	}
	return checks, nil
}

// somewhere repeats a question in every project, and gives the first decision that allows; else an explicit deny, else the one that there is.
func (g *Gate) somewhere(s *pratique.Snapshot, q Query, none Decision) (Decision, Query) {
	for p := range s.Projects.All() {
		there := q
		there.Project = p.ID
		d := g.Decider.Decide(s, &there)
		if d.Allowed() {
			return d, there
		}
		if d.Effect == policy.Deny {
			none, q = d, there
		}
	}
	return none, q
}

// attributesOf makes condition keys of what a need says about its cluster.
func attributesOf(n pratique.Need) []policy.Attribute {
	var out []policy.Attribute
	for k, v := range n.Tags {
		out = append(out, one("g:ResourceTag/"+k, v), one("acs:ResourceTag/"+k, v))
	}
	for k, v := range n.Context {
		out = append(out, one(k, v))
	}
	if n.Billing != "" {
		out = append(out, one("billing", n.Billing))
	}
	return out
}

// own reports whether somebody looks after their own session, tokens, password or second factor. An explicit deny still holds, but for signing out: nobody
// is better off when that is impossible. What belongs to a role belongs to nobody: whoever has assumed it may sign out, and no more. Roles
// and users may share a name.
func own(who pratique.Principal, need pratique.Need) bool {
	if who.Type == pratique.PrincipalRole {
		return need.Operation == "session.delete" && who.Session != "" && need.Vars["session"] == who.Session
	}
	if kind := need.Vars["ownerKind"]; kind != "" && kind != string(pratique.KindUser) {
		return false
	}
	switch need.Operation {
	case "session.delete", "session.list", "token.create", "token.list", "token.delete", "password.set",
		"mfa.create", "mfa.bind", "mfa.unbind", "mfa.delete":
		return need.Vars["name"] == who.Name
	default:
		return false
	}
}

func kindOf(p pratique.Principal) pratique.Kind {
	if p.Type == pratique.PrincipalRole {
		return pratique.KindRole
	}
	return pratique.KindUser
}

// refused records a denial and returns the error that the caller is told.
func (g *Gate) refused(ctx context.Context, in *Intent, err error) error {
	denied, ok := errors.AsType[*DeniedError](err)
	if !ok {
		return err
	}
	missed, write := g.refusals.Take(in.Who.Account, g.Now())
	if !write {
		return err
	}
	in.Event, in.Detail = audit.ChangeDenied, denied.Error()
	record := g.record(in, append([]audit.Check{denied.Check}, denied.Also...), nil)
	record.Missed = missed
	if recordErr := g.Record(ctx, in.Who.Account, record); recordErr != nil {
		return errors.Join(err, fmt.Errorf("record the refusal: %w", recordErr))
	}
	return err
}

// Record keeps a record that goes with no change: a sign-in that failed, a refusal.
func (g *Gate) Record(ctx context.Context, account string, r audit.Record) error {
	_, err := g.Store.Update(ctx, account, func(*pratique.Snapshot) (*pratique.Snapshot, []pratique.Write, []audit.Record, error) {
		return nil, nil, []audit.Record{r}, nil
	})
	return err
}

func (g *Gate) record(in *Intent, checks []audit.Check, steps []pratique.Step) audit.Record {
	return audit.Record{
		Account: in.Who.Account, Time: g.Now().UTC(), Event: in.Event, Actor: audit.ActorOf(in.Who),
		Source: in.Source, Request: in.Request, Reason: in.Reason, Detail: in.Detail, Checks: checks, Steps: steps,
	}
}
