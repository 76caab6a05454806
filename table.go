package pratique

import (
	"iter"
	"strings"

	"github.com/tidwall/btree"
)

// Table holds all objects of one kind, ordered by id and by folded name. Copies share structure; a copy is made in constant time, and
// writing to it does not disturb readers of the original.
type Table[P object] struct {
	ids   *btree.Map[string, P]
	names *btree.Map[string, P]
}

func newTable[P object]() Table[P] {
	return Table[P]{ids: &btree.Map[string, P]{}, names: &btree.Map[string, P]{}}
}

func (t Table[P]) copy() Table[P] {
	return Table[P]{ids: t.ids.Copy(), names: t.names.Copy()}
}

// Fold is the one normal form under which names are compared: ASCII letters in lower case. Names hold ASCII only.
func Fold(name string) string { return strings.ToLower(name) }

// ID finds an object by its id.
func (t Table[P]) ID(id string) (P, bool) { return t.ids.Get(id) }

// Name finds an object by its name, without regard to case.
func (t Table[P]) Name(name string) (P, bool) { return t.names.Get(Fold(name)) }

// Find takes a name or an id; a name wins.
func (t Table[P]) Find(nameOrID string) (P, bool) {
	if p, ok := t.Name(nameOrID); ok {
		return p, true
	}
	return t.ID(nameOrID)
}

// Len is the number of objects.
func (t Table[P]) Len() int { return t.ids.Len() }

// All walks the objects in the order of their folded names.
func (t Table[P]) All() iter.Seq[P] { return t.From("") }

// From walks the objects in the order of their folded names, starting at the first that is not before name.
func (t Table[P]) From(name string) iter.Seq[P] {
	return func(yield func(P) bool) {
		t.names.Ascend(Fold(name), func(_ string, p P) bool { return yield(p) })
	}
}

func (t Table[P]) set(p P) {
	if old, replaced := t.ids.Set(p.meta().ID, p); replaced {
		t.release(old)
	}
	t.names.Set(Fold(p.meta().Name), p)
}

func (t Table[P]) remove(p P) {
	t.ids.Delete(p.meta().ID)
	t.release(p)
}

// release gives up the name of an object, unless another object bears it by now: when two exchange their names in one commit, a replay
// sees the second take a name before the first has let go of it.
func (t Table[P]) release(p P) {
	name := Fold(p.meta().Name)
	if holder, ok := t.names.Get(name); ok && holder.meta().ID == p.meta().ID {
		t.names.Delete(name)
	}
}
