package pratique

import (
	"iter"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique/internal/strictjson"
)

// putNeed names the operation that writing an object needs.
func putNeed(noun string, exists bool) string {
	if exists {
		return noun + ".update"
	}
	return noun + ".create"
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// unchanged records that a manifest says what is there already. To be told so takes the right to read, not to write.
// own is the index of the need that writing would have had.
func (e *editor) unchanged(o object, noun string, own int) {
	e.plan.Needs[own].Operation = noun + ".get"
	e.write(Unchanged, o, nil)
}

// renamed adds the name to what differs.
func renamed(before, after string, fields []FieldDiff) []FieldDiff {
	if before == after {
		return fields
	}
	return append([]FieldDiff{{Field: "name", Before: quote(before), After: quote(after)}}, fields...)
}

func quote(s string) jsontext.Value {
	b, err := strictjson.Marshal(s)
	if err != nil {
		return jsontext.Value(`""`)
	}
	return b
}

func (e *editor) heldByGrants(h *holders, grants iter.Seq[*Grant]) {
	for g := range grants {
		h.add(KindGrant, g.Name)
	}
}

// dropGrants deletes grants that go with something else.
func (e *editor) dropGrants(grants iter.Seq[*Grant]) {
	for _, g := range slices.Collect(grants) { // the walk must not see its own deletions
		e.needGrant("delete", g)
		e.removeGrant(g)
		e.cascaded()
	}
}

// cascaded marks the last step as the consequence of another.
func (e *editor) cascaded() { e.plan.Steps[len(e.plan.Steps)-1].Cascaded = true }
