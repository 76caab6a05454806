package policy

import (
	"slices"
	"strings"
)

// Lint returns what is allowed in a document and yet seldom meant, in the order of the text. All of it are warnings; their classes begin
// with "lint.". It looks at one document alone and knows neither who will hold it nor what exists.
func Lint(d *Document) []Problem {
	l := linter{d: d}
	l.denyOnly()
	for i := range d.Statements {
		s := &d.Statements[i]
		l.effect(s)
		for _, list := range [][]Value{s.Actions, s.NotActions} {
			l.actions(list)
			l.texts(list)
		}
		l.texts(s.Resources)
		l.texts(s.NotResources)
		l.conditions(s)
	}
	return sortProblems(l.problems)
}

type linter struct {
	d        *Document
	problems []Problem
}

func (l *linter) warn(pos Position, class, message, hint string) {
	l.problems = append(l.problems, Problem{Severity: Warning, Class: "lint." + class, Pos: pos, Message: message, Hint: hint})
}

func (l *linter) denyOnly() {
	if len(l.d.Statements) == 0 || slices.ContainsFunc(l.d.Statements, func(s Statement) bool { return s.Effect != Deny }) {
		return
	}
	l.warn(l.d.Statements[0].Pos, "deny-only", "the document only denies", "it must be combined with another policy that allows")
}

// effect warns of a statement that allows more than a reader sees.
func (l *linter) effect(s *Statement) {
	if s.Effect != Allow {
		return
	}
	if len(s.NotActions) > 0 {
		l.warn(s.NotActions[0].Pos, "allow-not-action", "Allow with NotAction allows every other action, those of services to come as well", "list what is allowed")
	}
	if at := slices.IndexFunc(s.Actions, func(v Value) bool { return strings.Trim(v.Text, "*:") == "" }); at >= 0 {
		everywhere := len(s.Resources)+len(s.NotResources)+len(s.URIs) == 0 || slices.ContainsFunc(s.Resources, func(v Value) bool { return strings.Trim(v.Text, "*:") == "" })
		if everywhere && len(s.Conditions) == 0 && len(s.Principals) == 0 {
			l.warn(s.Actions[at].Pos, "allow-all", "the statement allows everything", "list what is needed")
		}
	}
}

// actions warns of elements of one list that add nothing. Of two that cover each other the later one is named.
func (l *linter) actions(list []Value) {
	for i, v := range list {
		for j, other := range list {
			same := equalFold(v.Text, other.Text)
			switch {
			case i == j || same && i < j:
				continue
			case same:
				l.warn(v.Pos, "duplicate-action", "action "+quote(v.Text)+" is in the list already", "remove it")
			case l.d.Version == "1.0": // short actions of roles mean more than their text
				continue
			case !covers(other.Text, v.Text) || i < j && covers(v.Text, other.Text):
				continue
			default:
				l.warn(v.Pos, "covered-action", "action "+quote(v.Text)+" is covered by "+quote(other.Text), "remove one of them")
			}
			break
		}
	}
}

// covers reports whether one pattern matches whatever another one matches. It reads the other pattern as a text, in which a star is a
// character that only a star matches: right whenever it says yes.
func covers(pattern, other string) bool {
	p, s := foldText(pattern), foldText(other)
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(s) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && s[j] != '*' && (p[i] == '?' || p[i] == s[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(p[i:], "*") == ""
}

// texts warns of a pattern that does not mean what it looks like.
func (l *linter) texts(list []Value) {
	for _, v := range list {
		l.doubleStar(v)
		l.variable(v)
	}
}

func (l *linter) doubleStar(v Value) {
	if strings.Contains(v.Text, "**") {
		l.warn(v.Pos, "double-star", quote(v.Text)+` has "**", which means the same as "*"`, `write "*"`)
	}
}

func (l *linter) variable(v Value) {
	if l.d.Dialect == RAM && strings.Contains(v.Text, "${") {
		l.warn(v.Pos, "ram-variable", quote(v.Text)+" looks like a variable, and RAM has none", "the text is compared as it stands")
	}
}
