package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/policy"
)

// printExplanation writes a decision for a person, the answer first and the details after it.
func (e *env) printExplanation(w io.Writer, a apiv1.Answer) error {
	_, _ = fmt.Fprintf(w, "%s\n%s\n\n", e.yesNo(a.Allowed), text(a.Reason))
	fact := func(name, value string) {
		if value != "" {
			_, _ = fmt.Fprintf(w, "%-9s %s\n", name, line(value))
		}
	}
	fact("subject", a.Subject)
	fact("action", a.Action)
	fact("resource", a.Resource)
	fact("decision", a.Decision)
	fact("revision", fmt.Sprint(a.Revision))
	if a.Explanation == nil {
		return e.printAge(w, a)
	}
	for _, walk := range a.Explanation.Walks {
		_, _ = fmt.Fprintf(w, "\n%s: %s", line(walk.Dialect), line(walk.Action))
		if walk.Resource != "" {
			_, _ = fmt.Fprintf(w, " on %s", line(walk.Resource))
		}
		_, _ = io.WriteString(w, "\n")
		printTrace(w, walk.Trace)
	}
	if len(a.Explanation.Requirements) > 0 {
		_, _ = io.WriteString(w, "\nthe service itself demands\n")
	}
	for _, r := range a.Explanation.Requirements {
		state := "met    "
		if !r.Holds {
			state = "not met"
		}
		_, _ = fmt.Fprintf(w, "  %s  %s\n", state, line(r.Reason))
	}
	if len(a.Explanation.Hints) > 0 && !a.Allowed {
		_, _ = io.WriteString(w, "\n")
		printHints(w, a.Explanation.Hints)
	}
	e.printBehind(w, a)
	return e.printAge(w, a)
}

// printTrace writes the walk through the tiers of one language.
func printTrace(w io.Writer, x policy.Explanation) {
	for i, t := range x.Tiers {
		_, _ = fmt.Fprintf(w, "  %d. %-19s ", i+1, line(t.Name))
		switch {
		case t.Skipped != "":
			_, _ = fmt.Fprintf(w, "skipped: %s\n", line(t.Skipped))
		case t.Deciding != nil:
			_, _ = fmt.Fprintf(w, "%s, by %s\n", t.Effect, statementText(t.Deciding))
			printConditions(w, "       ", t.Deciding.Conditions)
		case t.Effect != policy.Undecided:
			_, _ = fmt.Fprintf(w, "%s\n", t.Effect)
		case t.Statements == 0:
			_, _ = io.WriteString(w, "undecided, nothing is granted there\n")
		case t.Statements == 1:
			_, _ = io.WriteString(w, "undecided, the 1 statement does not match\n")
		default:
			_, _ = fmt.Fprintf(w, "undecided, none of %d statements matches\n", t.Statements)
		}
	}
	if x.Closest == nil {
		return
	}
	_, _ = fmt.Fprintf(w, "  closest: %s\n", statementText(x.Closest))
	printMatches(w, "    ", x.Closest)
}

// statementText is "statement 2 of CCE ReadOnlyAccess v1 (line 5, column 7), granted by viewers-read (group viewers) on project local-1".
// Statements count from 1, as lines do.
func statementText(s *policy.StatementTrace) string {
	var b strings.Builder
	fmt.Fprintf(&b, "statement %d of %s", s.Statement+1, line(s.Policy))
	if s.Version != "" {
		fmt.Fprintf(&b, " %s", line(s.Version))
	}
	fmt.Fprintf(&b, " at %d:%d", s.Position.Line, s.Position.Column)
	if s.Grant != "" {
		fmt.Fprintf(&b, ", granted by %s", line(s.Grant))
	}
	if s.Scope != "" {
		fmt.Fprintf(&b, " on %s", line(s.Scope))
	}
	return b.String()
}

// printMatches says what of a statement fits the request and what does not.
func printMatches(w io.Writer, indent string, s *policy.StatementTrace) {
	for _, part := range []struct {
		name    string
		matches bool
	}{{"action", s.Action}, {"resource", s.Resource}, {"principal", s.Principal}} {
		state := "matches"
		if !part.matches {
			state = "does not match"
		}
		if part.name != "principal" || !part.matches { // few statements name one
			_, _ = fmt.Fprintf(w, "%s%-9s %s\n", indent, part.name, state)
		}
	}
	printConditions(w, indent, s.Conditions)
	failed := slices.ContainsFunc(s.Conditions, func(c policy.ConditionTrace) bool { return !c.Holds })
	if s.Effect == policy.Allow && s.Action && s.Resource && s.Principal && !failed {
		_, _ = fmt.Fprintf(w, "%sbut a Deny in the same document takes it away again\n", indent)
	}
}

func printConditions(w io.Writer, indent string, conditions []policy.ConditionTrace) {
	for _, c := range conditions {
		state := "holds"
		if !c.Holds {
			state = "fails"
		}
		has := "the request has none"
		if len(c.Has) > 0 {
			has = "the request has " + line(strings.Join(c.Has, ", "))
		}
		reason := ""
		if c.Reason != "" && len(c.Has) > 0 {
			reason = " (" + line(c.Reason) + ")"
		}
		_, _ = fmt.Fprintf(w, "%scondition %s: %s %s wants %s, %s%s\n",
			indent, state, line(c.Operator), line(c.Key), line(strings.Join(c.Wants, ", ")), has, reason)
	}
}
