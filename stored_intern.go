package pratique

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/tidwall/btree"
)

// LoadAll is Load for everything that a store holds, in any order, into an empty snapshot. The two give the same snapshot; this one sorts
// the grants first, of which there may be a million, and puts them into the indexes in their order, side by side. Inserting them one by
// one would take most of a server's start. It also makes sure that no two objects of a kind have one name: no rule lets them, and the
// index would show only one of the two.
func (s *Snapshot) LoadAll(objects []any) error {
	var grants []*Grant
	for _, o := range objects {
		if g, ok := o.(*Grant); ok {
			grants = append(grants, g)
			continue
		}
		if err := s.Load(Write{Object: o}); err != nil {
			return err
		}
	}
	s.loadGrants(grants)
	return s.checkNames()
}

// loadGrants fills the five indexes of grants, each in a goroutine: they share nothing but the grants, which nobody writes.
func (s *Snapshot) loadGrants(grants []*Grant) {
	slices.SortFunc(grants, func(a, b *Grant) int { return strings.Compare(a.ID, b.ID) })
	var wg sync.WaitGroup
	wg.Go(func() { loadNames(s.Grants.names, grants) })
	wg.Go(func() { loadIndex(s.byPrincipal, grants, func(g *Grant) string { return g.Principal.ID }) })
	wg.Go(func() { loadIndex(s.byPolicy, grants, func(g *Grant) string { return g.Policy }) })
	wg.Go(func() { loadIndex(s.byScope, grants, func(g *Grant) string { return g.Scope.ID }) })
	for _, g := range grants {
		s.Grants.ids.Load(g.ID, g)
	}
	wg.Wait()
}

func loadNames(names *btree.Map[string, *Grant], grants []*Grant) {
	type named struct {
		name  string
		grant *Grant
	}
	sorted := make([]named, len(grants))
	for i, g := range grants {
		sorted[i] = named{Fold(g.Name), g}
	}
	slices.SortFunc(sorted, func(a, b named) int { return strings.Compare(a.name, b.name) })
	for _, n := range sorted {
		names.Load(n.name, n.grant)
	}
}

// loadIndex sorts the keys, of which there are few, and not the grants, of which there are many and which come in the order of their ids.
func loadIndex(index *btree.BTreeG[*Grant], grants []*Grant, key func(*Grant) string) {
	byKey := map[string][]*Grant{}
	for _, g := range grants {
		if k := key(g); k != "" {
			byKey[k] = append(byKey[k], g)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(byKey)) {
		for _, g := range byKey[k] {
			index.Load(g)
		}
	}
}

// checkNames compares the two halves of every table.
func (s *Snapshot) checkNames() error {
	for _, t := range s.tables() {
		if err := t.checkNames(t.kind); err != nil {
			return err
		}
	}
	return nil
}

func (t Table[P]) checkNames(k Kind) error {
	if t.names.Len() == t.ids.Len() {
		return nil
	}
	var twice error
	t.ids.Scan(func(id string, p P) bool {
		if other, ok := t.Name(p.meta().Name); !ok || other.meta().ID != id {
			twice = fmt.Errorf("stored %s %s has the name %q of another", k.Word(), id, p.meta().Name)
		}
		return twice == nil
	})
	return twice
}
