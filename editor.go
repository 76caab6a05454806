package pratique

import (
	"bytes"
	"maps"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique/internal/strictjson"
)

// editor is a snapshot that is being written, and the plan that grows with it.
type editor struct {
	*Snapshot
	at     Moment
	plan   *Plan
	origin string // of what is created, see Originate
}

func (e *editor) need(operation string, vars ...string) {
	n := Need{Operation: operation, Vars: map[string]string{}}
	for i := 0; i+1 < len(vars); i += 2 {
		n.Vars[vars[i]] = vars[i+1]
	}
	e.plan.Needs = append(e.plan.Needs, n)
}

// needAnywhere is need for what belongs to the account and yet to a project-level service: charts, and templates of add-ons.
func (e *editor) needAnywhere(operation, name string) {
	e.plan.Needs = append(e.plan.Needs, Need{Operation: operation, Vars: map[string]string{"name": name}, Anywhere: true})
}

func (e *editor) warn(text string) {
	if !slices.Contains(e.plan.Warnings, text) {
		e.plan.Warnings = append(e.plan.Warnings, text)
	}
}

func (e *editor) write(verb Verb, o object, fields []FieldDiff) {
	m := o.meta()
	e.plan.Steps = append(e.plan.Steps, Step{Verb: verb, Kind: o.kind(), Name: m.Name, ID: m.ID, Fields: fields})
	switch verb {
	case Create, Update:
		e.plan.Writes = append(e.plan.Writes, Write{Kind: o.kind(), ID: m.ID, Object: o})
	case Remove:
		e.plan.Writes = append(e.plan.Writes, Write{Kind: o.kind(), ID: m.ID})
	case Unchanged:
	}
}

// stamp gives a new object its id and times, or carries them over from the one that it replaces.
func (e *editor) stamp(m *Meta, old *Meta, k Kind) {
	m.Updated, m.Generation = TimestampOf(e.at.Time), e.Generation
	if old != nil {
		m.ID, m.Created, m.Origin = old.ID, old.Created, old.Origin
		return
	}
	m.Origin = e.origin
	m.Created = m.Updated
	if m.ID == "" {
		m.ID = e.at.NewID(k)
	}
}

// find returns the object that a manifest means, nil when it is a new one. It first notes the need, so that somebody who may not write
// learns nothing from the errors that follow.
func find[P object](e *editor, t Table[P], m Manifest, noun string) (old P, exists bool, err error) {
	_, known := t.Find(firstOf(m.Metadata.ID, m.Metadata.Name))
	e.need(putNeed(noun, known), "name", m.Metadata.Name)
	byName, named := t.Name(m.Metadata.Name)
	if m.Metadata.ID == "" {
		old, exists = byName, named
	} else if old, exists = t.ID(m.Metadata.ID); !exists {
		return old, false, notFound(m.Kind, m.Metadata.ID).hint("leave metadata.id out to create a new %s", m.Kind.Word())
	} else if named && byName.meta().ID != m.Metadata.ID {
		return old, false, conflict("a %s named %q exists already", m.Kind.Word(), byName.meta().Name)
	}
	if v := m.Metadata.ResourceVersion; v != "" {
		if !exists {
			return old, false, notFound(m.Kind, m.Metadata.Name).hint("it was deleted since version %s; leave metadata.resourceVersion out to create it again", v)
		}
		if now := strconv.FormatUint(old.meta().Generation, 10); now != v {
			return old, false, conflict("%s %q has changed since version %s and is now at %s", m.Kind.Word(), old.meta().Name, v, now).
				hint("get it again and repeat your change")
		}
	}
	// Creating needs a name that follows the rules; keeping an old one does not, so that tightened rules lock nobody out.
	if !exists || old.meta().Name != m.Metadata.Name {
		err = checkName(m.Kind, m.Metadata.Name)
	}
	return old, exists, err
}

// diff compares two specs member by member.
func diff(before, after any) []FieldDiff {
	b, a := members(before), members(after)
	var out []FieldDiff
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if !bytes.Equal(b[name], a[name]) {
			out = append(out, FieldDiff{Field: name, Before: b[name], After: a[name]})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b)) {
		if _, ok := a[name]; !ok {
			out = append(out, FieldDiff{Field: name, Before: b[name]})
		}
	}
	return out
}

func members(spec any) map[string]jsontext.Value {
	out := map[string]jsontext.Value{}
	if spec == nil {
		return out
	}
	if data, err := strictjson.Marshal(spec); err == nil {
		_ = strictjson.Unmarshal(data, &out) // what Marshal wrote is an object
	}
	return out
}

// decodeSpec reads a manifest's spec strictly.
func decodeSpec(m Manifest, spec any) error {
	if len(m.Spec) == 0 {
		return nil
	}
	if err := strictjson.Unmarshal(m.Spec, spec); err != nil {
		return invalid("%s %q: spec: %v", m.Kind.Word(), m.Metadata.Name, err)
	}
	return nil
}

// finish drops writes that a later one replaces: a list may touch an object twice, a transaction may not.
func (e *editor) finish() {
	last := map[Write]int{}
	key := func(w Write) Write { return Write{Kind: w.Kind, ID: w.ID} }
	for i, w := range e.plan.Writes {
		last[key(w)] = i
	}
	kept := e.plan.Writes[:0]
	for i, w := range e.plan.Writes {
		if last[key(w)] == i {
			kept = append(kept, w)
		}
	}
	e.plan.Writes = kept
	e.missingRoles()
}
