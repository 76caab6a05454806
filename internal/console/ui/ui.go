// Package ui holds what the pages of the console are built from: the frame around them, and components. A component is a struct here and a
// template of the same name in <name>.html.
package ui

import (
	"crypto/rand"
	"embed"
	"encoding/hex"
	"html/template"
	"strings"
	"time"
)

// Files are the templates.
//
//go:embed *.html
var Files embed.FS

// Frame is what every page has around its body.
type Frame struct {
	Title    string // of the page, and of the tab
	Section  string // entry of the navigation that is lit
	Nav      []NavGroup
	Crumbs   []Link // way to this page, without it
	User     string
	Account  string
	SignedIn bool
	Theme    string // light, dark, or empty: that of the system
	Here     string // address of the page
	Flash    Flash
	Problem  *Problem // shown on top
	Refresh  int      // seconds after which the page asks again, while something is going on; zero: never
	Form     string   // random number for the page's forms: sent twice, they do their thing once
}

// NavGroup is a part of the navigation.
type NavGroup struct {
	Title string
	Links []NavLink
}

// NavLink is one entry.
type NavLink struct{ Section, Title, Href string }

// Link is a way somewhere.
type Link struct{ Title, Href string }

// Flash is a sentence about what was just done.
type Flash struct {
	Text string `json:"text"`
}

// Problem is what went wrong, and what to do next.
type Problem struct {
	Title, Detail, Hint string
	Decision            string // id of the decision that denied
	Request             string
	Status              int
}

// Hidden is a field that nobody sees.
type Hidden struct{ Name, Value string }

// Permit says whether whoever looks may do something, and if not, why.
type Permit struct {
	Allowed bool
	Why     string
}

// Button does something: a form of its own that is sent to Action, or a link to Href. Without a permit it is shown, and says why not.
type Button struct {
	Label  string
	Action string // a form is sent there
	Href   string // or a page is opened
	Fields []Hidden
	Form   string // Frame.Form
	Kind   string // "", primary, danger
	Permit Permit
}

// Badge is a state in a word. Tone is ok, warn, bad or quiet.
type Badge struct{ Text, Tone string }

// Table is a list with search and paging. What it shows was cut out by the API: a hundred rows, whatever there are.
type Table struct {
	Caption string
	Columns []Column
	Rows    []Row
	Search  *Search
	Filters []Filter
	Next    string // address of the next page; empty on the last
	First   string // address of the first page; empty there
	Empty   Empty
	Note    string
}

// Column is a heading. Sort is where a click leads, empty for a column that cannot be sorted by.
type Column struct {
	Title, Sort, Sorted string // Sorted: ascending, descending or empty
	Number              bool
}

// Row is a line of a table.
type Row struct{ Cells []Cell }

// Cell is one value. The first set of Badge, Buttons, Changes, Href and Code decides how it looks.
type Cell struct {
	Text    string
	Href    string
	Badge   *Badge
	Buttons []Button
	Code    bool
	Changes []Change
	Sub     string // a quieter line below
}

// Change is what becomes of one field. Before is empty for one that is new, After for one that goes. What has lines is shown as it stands.
type Change struct{ Name, Before, After string }

// Long says that the values need lines of their own.
func (c Change) Long() bool { return strings.Contains(c.Before+c.After, "\n") }

// Search is a field for a part of the name.
type Search struct {
	Label, Value string
	Action       string // address of the list
	Hidden       []Hidden
}

// Filter is a choice of lists.
type Filter struct {
	Title   string
	Options []Option
}

// Option is a choice. For a Filter, Value is an address.
type Option struct {
	Title, Value string
	Chosen       bool
}

// Empty teaches what belongs here when there is nothing.
type Empty struct {
	Title, Text string
	Button      *Button
}

// Field is one input of a form, with its label.
type Field struct {
	Name, Label, Value, Hint, Error string
	Type                            string // text (default), password, number, textarea, select, checkbox, file, hidden
	Placeholder                     string
	Options                         []Option
	Rows                            int
	Required, Checked, Mono, Focus  bool
	Autocomplete                    string
	MaxLength                       int
}

// Facts is a list of names and values.
type Facts []Fact

// Fact is one of them.
type Fact struct {
	Name, Value, Href string
	Code              bool
	Badge             *Badge
	Links             []Link
}

// Tabs are ways between pages about one thing.
type Tabs []Tab

// Tab is one of them.
type Tab struct {
	Title, Href string
	Current     bool
}

// Steps are the stations of a wizard.
type Steps []Step

// Step is one of them. State is done, current or empty.
type Step struct{ Title, State string }

// Danger asks for the name of what is destroyed, and shows what goes with it.
type Danger struct {
	Title, Text string
	Name        string // to be typed
	Goes        []string
	Action      string
	Label       string // of the button
	Form        string
	Fields      []Hidden
	Permit      Permit
	Back        string
}

// FormNumber is a new Frame.Form.
func FormNumber() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // documented never to fail
	return hex.EncodeToString(b[:])
}

// Funcs are what templates can call beyond html/template's own.
func Funcs() template.FuncMap {
	return template.FuncMap{
		"when":    When,
		"nth":     func(index int) int { return index + 1 }, // people count from one
		"initial": func(s string) string { return strings.ToUpper(s[:min(len(s), 1)]) },
		"join":    func(s []string) string { return strings.Join(s, ", ") },
		"plural": func(n int, one, many string) string {
			if n == 1 {
				return one
			}
			return many
		},
	}
}

// When is a time as people and programs read it, in UTC: browsers without script do not know where their user is.
func When(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}
