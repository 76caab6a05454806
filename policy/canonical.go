package policy

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// Canonical returns the one form in which a document is stored and compared: compact JSON with members in a fixed order, list elements and
// conditions in the order of the author, Effect capitalised, empty Condition left out. In RAM a list of one is a bare string: so the form is
// never longer than what was submitted, and a document at the limit can be read again. Parse of a parsed document's Canonical gives the same
// document up to positions.
//
// A document made by hand is written as it is. JSON cannot hold invalid UTF-8, which becomes U+FFFD.
func (d *Document) Canonical() []byte {
	w := writer{bare: d.Dialect == RAM}
	w.open('{')
	w.key("Version")
	w.text(d.Version)
	w.key("Statement")
	w.open('[')
	for i := range d.Statements {
		w.comma()
		w.statement(&d.Statements[i])
	}
	w.close(']')
	if len(d.Depends) > 0 {
		w.key("Depends")
		w.open('[')
		for _, dep := range d.Depends {
			w.comma()
			w.open('{')
			w.key("catalog")
			w.text(dep.Catalog)
			w.key("display_name")
			w.text(dep.DisplayName)
			w.close('}')
		}
		w.close(']')
	}
	w.close('}')
	return w.b
}

// Format returns Canonical, indented by two spaces, with a newline at the end. It is for people: it counts more characters.
func (d *Document) Format() []byte {
	v := jsontext.Value(d.Canonical())
	if err := v.Indent(jsontext.WithIndent("  ")); err != nil {
		return d.Canonical() // cannot happen: Canonical writes JSON
	}
	return append(v, '\n')
}

// writer appends JSON. It knows when a comma is due.
type writer struct {
	b    []byte
	bare bool // write a list of one as its element
}

func (w *writer) open(c byte)  { w.b = append(w.b, c) }
func (w *writer) close(c byte) { w.b = append(w.b, c) }

func (w *writer) comma() {
	if c := w.b[len(w.b)-1]; c != '{' && c != '[' {
		w.b = append(w.b, ',')
	}
}

func (w *writer) key(name string) {
	w.comma()
	w.text(name)
	w.b = append(w.b, ':')
}

func (w *writer) text(s string) {
	w.b, _ = jsontext.AppendQuote(w.b, s) // the error is invalid UTF-8, see Canonical
}

func (w *writer) list(name string, values []Value) {
	if len(values) == 0 {
		return
	}
	w.key(name)
	if w.bare && len(values) == 1 {
		w.text(values[0].Text)
		return
	}
	w.open('[')
	for _, v := range values {
		w.comma()
		w.text(v.Text)
	}
	w.close(']')
}

func (w *writer) statement(s *Statement) {
	w.open('{')
	w.key("Effect")
	w.text(s.Effect.String())
	w.principals(s.Principals)
	w.list("Action", s.Actions)
	w.list("NotAction", s.NotActions)
	w.list("Resource", s.Resources)
	w.list("NotResource", s.NotResources)
	if len(s.URIs) > 0 {
		w.key("Resource")
		w.open('{')
		w.list("uri", s.URIs)
		w.close('}')
	}
	w.conditions(s.Conditions)
	w.close('}')
}

// principals groups by type, in the order in which the types appear.
func (w *writer) principals(principals []Principal) {
	if len(principals) == 0 {
		return
	}
	w.key("Principal")
	w.open('{')
	var written []string
	for _, p := range principals {
		if slices.Contains(written, p.Type) {
			continue
		}
		written = append(written, p.Type)
		var ids []Value
		for _, other := range principals {
			if other.Type == p.Type {
				ids = append(ids, Value{Text: other.ID})
			}
		}
		w.list(p.Type, ids)
	}
	w.close('}')
}

// conditions groups by operator, in the order in which the operators appear.
func (w *writer) conditions(conditions []Condition) {
	if len(conditions) == 0 {
		return
	}
	w.key("Condition")
	w.open('{')
	var written []string
	for _, c := range conditions {
		if slices.Contains(written, c.Operator) {
			continue
		}
		written = append(written, c.Operator)
		w.key(c.Operator)
		w.open('{')
		for _, other := range conditions {
			if other.Operator == c.Operator {
				w.list(other.Key, other.Values)
			}
		}
		w.close('}')
	}
	w.close('}')
}
