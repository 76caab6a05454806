package catalog

import "fmt"

// Level says where a Huawei service lives, or a policy may be granted. The zero value is Project, where a grant reaches least.
type Level uint8

// The levels.
const (
	Project Level = iota // in a region's project
	Global               // in the whole account
	Both
)

// String returns "project", "global" or "both".
func (l Level) String() string {
	switch l {
	case Project:
		return "project"
	case Global:
		return "global"
	case Both:
		return "both"
	}
	return "unknown"
}

// MarshalText makes a Level readable in JSON.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads what MarshalText writes, and refuses anything else.
func (l *Level) UnmarshalText(text []byte) error {
	for _, known := range []Level{Project, Global, Both} {
		if string(text) == known.String() {
			*l = known
			return nil
		}
	}
	return fmt.Errorf("unknown level %q", text)
}

// Access says what an operation does to what it is about.
type Access string

// The kinds of access, as both vendors sort actions.
const (
	List        Access = "List"
	Read        Access = "Read"
	Write       Access = "Write"
	Permissions Access = "Permissions" // changes who may do what
	Tagging     Access = "Tagging"
)

// Reads reports whether nothing changes.
func (a Access) Reads() bool { return a == List || a == Read }

// UnmarshalText refuses an access that there is not.
func (a *Access) UnmarshalText(text []byte) error {
	switch read := Access(text); read {
	case List, Read, Write, Permissions, Tagging:
		*a = read
		return nil
	}
	return fmt.Errorf("unknown access %q", text)
}
