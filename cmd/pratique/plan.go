package main

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
)

// documentPlace is where a warning about a policy stands: in the text as it is stored, which nobody has written.
var documentPlace = regexp.MustCompile(`\d+:\d+: warning: `)

// counts is how many objects a list of changes creates, updates, deletes and leaves alone.
type counts struct{ created, updated, deleted, unchanged int }

func countSteps(steps []pratique.Step) counts {
	var c counts
	for _, s := range steps {
		switch s.Verb {
		case pratique.Create:
			c.created++
		case pratique.Update:
			c.updated++
		case pratique.Remove:
			c.deleted++
		case pratique.Unchanged:
			c.unchanged++
		}
	}
	return c
}

func (c counts) changed() int { return c.created + c.updated + c.deleted }

// printPlan shows what a list of changes would do, one line an object, and what to watch out for.
func (e *env) printPlan(w io.Writer, result apiv1.ChangeResult) {
	for _, s := range result.Steps {
		name := s.Kind.Word() + " " + line(s.Name)
		switch s.Verb {
		case pratique.Create:
			_, _ = fmt.Fprintln(w, e.paint(green, "+ "+name))
		case pratique.Update:
			_, _ = fmt.Fprintln(w, e.paint(yellow, "~ "+name)+fieldsText(s.Fields))
		case pratique.Remove:
			with := ""
			if s.Cascaded {
				with = "  (goes with it)"
			}
			_, _ = fmt.Fprintln(w, e.paint(red, "- "+name)+with)
		case pratique.Unchanged:
		}
	}
	if n := countSteps(result.Steps).unchanged; n > 0 {
		_, _ = fmt.Fprintf(w, "= unchanged %d\n", n)
	}
	e.printWarnings(w, result.Warnings)
}

func (e *env) printWarnings(w io.Writer, warnings []string) {
	for _, warning := range warnings {
		_, _ = fmt.Fprintln(w, e.paint(yellow, "warning: ")+text(documentPlace.ReplaceAllString(warning, "")))
	}
}

// fieldsText says what changes in an object: "  members: [alice] → [alice, bob]".
func fieldsText(fields []pratique.FieldDiff) string {
	var parts []string
	for _, f := range fields {
		before, after := brief(string(f.Before)), brief(string(f.After))
		switch {
		case f.Field == "document" || f.Field == "trust" || f.Field == "versions":
			parts = append(parts, f.Field+" changes")
		case before == "" && after == "":
			parts = append(parts, f.Field)
		default:
			parts = append(parts, fmt.Sprintf("%s: %s → %s", f.Field, orNone(before), orNone(after)))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "  " + strings.Join(parts, "; ")
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// brief is a JSON value short enough for a plan: without the quotes that nobody misses.
func brief(s string) string {
	const most = 60
	s = line(strings.ReplaceAll(strings.ReplaceAll(s, `"`, ""), ",", ", "))
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// printDone says what was done, one line an object, as kubectl does.
func printDone(w io.Writer, steps []pratique.Step) {
	words := map[pratique.Verb]string{
		pratique.Create: "created", pratique.Update: "configured", pratique.Remove: "deleted", pratique.Unchanged: "unchanged",
	}
	for _, s := range steps {
		_, _ = fmt.Fprintf(w, "%s %s\n", objectName(s.Kind, s.Name), words[s.Verb])
	}
}
