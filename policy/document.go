package policy

import (
	"fmt"
	"strings"
)

// Dialect is the language of a document, an action or a request. A document in one never matches a request in the other.
type Dialect uint8

// The dialects. NoDialect is the zero value: an action that is in neither language.
const (
	NoDialect Dialect = iota
	RAM
	Huawei
)

// String returns "RAM", "Huawei" or "none".
func (d Dialect) String() string {
	switch d {
	case RAM:
		return "RAM"
	case Huawei:
		return "Huawei"
	case NoDialect:
	}
	return "none"
}

// DialectOf tells the language of a request's action by its number of segments: three ("cce:node:delete") are Huawei IAM,
// two ("cs:DeleteCluster") are RAM; anything else, or an empty segment, is NoDialect.
func DialectOf(action string) Dialect {
	service, rest, ok := strings.Cut(action, ":")
	if !ok || service == "" || rest == "" {
		return NoDialect
	}
	kind, operation, ok := strings.Cut(rest, ":")
	switch {
	case !ok:
		return RAM
	case kind == "" || operation == "" || strings.Contains(operation, ":"):
		return NoDialect
	default:
		return Huawei
	}
}

// Effect is what a statement says, and what a tier or a chain answers. Its zero value, Undecided, allows nothing.
type Effect uint8

// The effects.
const (
	Undecided Effect = iota
	Allow
	Deny
)

// String returns "Allow", "Deny" or "Undecided".
func (e Effect) String() string {
	switch e {
	case Allow:
		return "Allow"
	case Deny:
		return "Deny"
	case Undecided:
	}
	return "Undecided"
}

// MarshalText makes an Effect readable in JSON.
func (e Effect) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText reads what MarshalText writes, and refuses anything else.
func (e *Effect) UnmarshalText(text []byte) error {
	for _, known := range []Effect{Undecided, Allow, Deny} {
		if string(text) == known.String() {
			*e = known
			return nil
		}
	}
	return fmt.Errorf("effect %q is none of Allow, Deny and Undecided", text)
}

// Position is a place in the bytes of a document. Line and Column count from 1, Column in bytes; Offset counts from 0.
type Position struct {
	Offset int32 `json:"offset"`
	Line   int32 `json:"line"`
	Column int32 `json:"column"`
}

// Value is a string of a document and where it stands.
type Value struct {
	Text string
	Pos  Position
}

// Document is the syntax tree of one policy. Build it with Parser.Parse; a hand-made one has not been checked.
type Document struct {
	Version    string // "1" (RAM), "1.1" or "1.0" (Huawei)
	Dialect    Dialect
	Statements []Statement
	Depends    []Dependency // Huawei 1.0 only
}

// Statement is one rule. Exactly one of Actions and NotActions is set; at most one of Resources, NotResources and URIs.
type Statement struct {
	Effect       Effect
	Principals   []Principal // trust policies only
	Actions      []Value
	NotActions   []Value
	Resources    []Value
	NotResources []Value // RAM only
	URIs         []Value // Huawei agency form: "Resource": {"uri": [...]}
	Conditions   []Condition
	Pos          Position
}

// Condition is one operator applied to one key: the tree of a document flattened. All conditions of a statement must hold.
type Condition struct {
	Operator string // as written, prefix and IfExists suffix included
	Key      string
	Values   []Value
	Pos      Position // of the key
}

// Principal names who a trust policy trusts: Type is RAM, Service or Federated.
type Principal struct {
	Type string
	ID   string
	Pos  Position
}

// Dependency is a role that a Huawei 1.0 role needs beside it to work.
type Dependency struct {
	Catalog     string
	DisplayName string
	Pos         Position
}

// Severity tells an error, which refuses the document, from a warning, which does not.
type Severity uint8

// The severities.
const (
	Warning Severity = iota
	Fatal
)

// String returns "warning" or "error".
func (s Severity) String() string {
	if s == Fatal {
		return "error"
	}
	return "warning"
}

// Problem is one finding about a document.
type Problem struct {
	Severity Severity
	Class    string // the vendor's error class: "MalformedPolicyDocument", "IAM.1036"; for warnings a name of ours, "lint.negated-missing-key"
	Pos      Position
	Message  string // what is wrong, naming the offending text
	Hint     string // what to do about it; may be empty
}

// Error refuses a document. Problems holds at least one Fatal problem; after a syntax error it is the only one.
type Error struct {
	Problems []Problem
}

// Kind is the use that a document is put to; it decides which members are allowed.
type Kind uint8

// The kinds of document.
const (
	Identity Kind = iota // attached to a user, group or role; "1" and "1.1"
	Trust                // who may assume a role; RAM only, Principal required
	Session              // passed when a role is assumed; RAM only, 2,048 characters
	System               // shipped in the catalogue: "1.0" with Depends and short actions allowed, no registry check, no limits on counts
)

// Registry knows the actions that exist. Action reports whether a literal action (no wildcard) is known; when it is not, the nearest
// known names, best first. Implementations must be safe for concurrent use.
type Registry interface {
	Action(name string) (known bool, nearest []string)
}
