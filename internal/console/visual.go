package console

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pratique-iam/pratique/policy"
)

// visual is a policy document as the visual editor shows it. It holds everything that a document for users, groups and roles can say, so
// that going from one view to the other and back loses nothing.
type visual struct {
	Version    string
	Statements []visualStatement
	Depends    []policy.Dependency
}

// visualStatement is one statement. Lists are kept as lines of a text area.
type visualStatement struct {
	N          int // index, for the names of the fields
	Effect     string
	Except     bool // NotAction
	Actions    string
	Resources  string
	Not        bool // NotResource
	URIs       bool // Huawei's {"uri": [...]}
	Conditions []visualCondition
	Service    string // whose actions are shown to pick from
}

type visualCondition struct {
	Operator, Key, Values string
}

// visualOf reads a document.
func visualOf(d *policy.Document) visual {
	v := visual{Version: d.Version, Depends: d.Depends}
	for i := range d.Statements {
		s := &d.Statements[i]
		row := visualStatement{N: i, Effect: s.Effect.String(), Actions: lines(s.Actions), Resources: lines(s.Resources)}
		if len(s.NotActions) > 0 {
			row.Except, row.Actions = true, lines(s.NotActions)
		}
		if len(s.NotResources) > 0 {
			row.Not, row.Resources = true, lines(s.NotResources)
		}
		if len(s.URIs) > 0 {
			row.URIs, row.Resources = true, lines(s.URIs)
		}
		for _, c := range s.Conditions {
			row.Conditions = append(row.Conditions, visualCondition{c.Operator, c.Key, lines(c.Values)})
		}
		v.Statements = append(v.Statements, row)
	}
	return v
}

// document writes it. It checks nothing: the parser does, on the text that comes of it.
func (v *visual) document() *policy.Document {
	d := &policy.Document{Version: v.Version, Dialect: policy.Huawei, Depends: v.Depends}
	if v.Version == "1" {
		d.Dialect = policy.RAM
	}
	for _, row := range v.Statements {
		s := policy.Statement{Effect: policy.Allow}
		if row.Effect == policy.Deny.String() {
			s.Effect = policy.Deny
		}
		if row.Except {
			s.NotActions = values(row.Actions)
		} else {
			s.Actions = values(row.Actions)
		}
		switch {
		case row.Not:
			s.NotResources = values(row.Resources)
		case row.URIs:
			s.URIs = values(row.Resources)
		default:
			s.Resources = values(row.Resources)
		}
		for _, c := range row.Conditions {
			if c.Operator != "" || c.Key != "" {
				s.Conditions = append(s.Conditions, policy.Condition{Operator: c.Operator, Key: c.Key, Values: values(c.Values)})
			}
		}
		d.Statements = append(d.Statements, s)
	}
	return d
}

// lines writes values one a line. A value that a line cannot show as it is, such as the empty one, is written as a Go string, in quotes.
func lines(list []policy.Value) string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = v.Text
		if v.Text == "" || v.Text[0] == '"' || strings.ContainsAny(v.Text, "\r\n") {
			out[i] = strconv.Quote(v.Text)
		}
	}
	return strings.Join(out, "\n")
}

func values(text string) []policy.Value {
	var out []policy.Value
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			continue
		}
		if text, err := strconv.Unquote(line); err == nil && line[0] == '"' {
			line = text
		}
		out = append(out, policy.Value{Text: line})
	}
	return out
}

// The most that a form may hold: the vendors' limits on statements, and as many conditions as fit a page.
const (
	maxVisualStatements = 100
	maxVisualConditions = 50
)

// visualForm reads the form. Actions that were offered to pick from are in the list when their box is ticked, and else not.
func visualForm(form url.Values) visual {
	v := visual{Version: form.Get("language")}
	for i := range min(number(form.Get("statements")), maxVisualStatements) {
		at := func(name string) string { return form.Get(fmt.Sprintf("s%d.%s", i, name)) }
		row := visualStatement{
			N: len(v.Statements), Effect: at("effect"), Except: at("except") != "", Actions: at("actions"), Resources: at("resources"),
			Not: at("resourceForm") == "not", URIs: at("resourceForm") == "uri", Service: at("service"),
		}
		row.pick(form[fmt.Sprintf("s%d.offered", i)], form[fmt.Sprintf("s%d.action", i)])
		for j := range min(number(at("conditions")), maxVisualConditions) {
			row.Conditions = append(row.Conditions, visualCondition{
				Operator: at(fmt.Sprintf("c%d.operator", j)), Key: at(fmt.Sprintf("c%d.key", j)), Values: at(fmt.Sprintf("c%d.values", j)),
			})
		}
		v.Statements = append(v.Statements, row)
	}
	return v
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// pick brings the list of actions in line with the ticked boxes.
func (row *visualStatement) pick(offered, ticked []string) {
	list := values(row.Actions)
	has := func(action string) bool {
		return slices.ContainsFunc(list, func(v policy.Value) bool { return strings.EqualFold(v.Text, action) })
	}
	for _, action := range offered {
		switch {
		case slices.Contains(ticked, action) && !has(action):
			list = append(list, policy.Value{Text: action})
		case !slices.Contains(ticked, action):
			list = slices.DeleteFunc(list, func(v policy.Value) bool { return strings.EqualFold(v.Text, action) })
		}
	}
	row.Actions = lines(list)
}

// edit does what a button of the form says: add and remove statements and conditions.
func (v *visual) edit(do string) {
	verb, rest, _ := strings.Cut(do, " ")
	first, second, _ := strings.Cut(rest, " ")
	i, j := number(first), number(second)
	switch {
	case verb == "add-statement" && len(v.Statements) < maxVisualStatements:
		v.Statements = append(v.Statements, visualStatement{N: len(v.Statements), Effect: policy.Allow.String()})
	case verb == "remove-statement" && i < len(v.Statements):
		v.Statements = slices.Delete(v.Statements, i, i+1)
		for n := range v.Statements {
			v.Statements[n].N = n
		}
	case verb == "add-condition" && i < len(v.Statements):
		v.Statements[i].Conditions = append(v.Statements[i].Conditions, visualCondition{})
	case verb == "remove-condition" && i < len(v.Statements) && j < len(v.Statements[i].Conditions):
		v.Statements[i].Conditions = slices.Delete(v.Statements[i].Conditions, j, j+1)
	}
}
