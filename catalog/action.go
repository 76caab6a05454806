package catalog

import (
	"cmp"
	"slices"
	"strings"

	"github.com/pratique-iam/pratique/policy"
)

// Action implements policy.Registry. In a closed service a literal must be registered; an open service has actions that nobody listed; an
// unknown service has none. For an unknown action the nearest registered names are returned, best first and at most three, from its
// own dialect where it has one. An action with a wildcard is welcome whatever it covers.
func (c *Catalog) Action(name string) (known bool, nearest []string) {
	if wildcard(name) || c.Listed(name) {
		return true, nil
	}
	if s, ok := c.ServiceOf(name); ok && s.Open {
		return true, nil
	}
	return false, c.nearest(name)
}

// Listed reports whether a literal action is written in the catalogue, which an open service does not demand. A linter warns about one that
// is not.
func (c *Catalog) Listed(action string) bool {
	_, ok := c.registered[fold(action)]
	return ok
}

// Expand returns the registered actions that a pattern covers, sorted. A pattern with two or three segments covers its own dialect only.
func (c *Catalog) Expand(pattern string) []string {
	dialect, folded := policy.DialectOf(pattern), fold(pattern)
	var covered []string
	for _, name := range c.names {
		if (dialect == policy.NoDialect || dialect == policy.DialectOf(name)) && covers(folded, fold(name)) {
			covered = append(covered, name)
		}
	}
	return covered
}

const nearestCount = 3

// nearest returns registered names that could have been meant: those that differ in less than about a third of their letters.
func (c *Catalog) nearest(name string) []string {
	type candidate struct {
		name     string
		distance int
	}
	dialect, folded := policy.DialectOf(name), fold(name)
	limit := len(name)/3 + 1
	var found []candidate
	for _, other := range c.names {
		if dialect != policy.NoDialect && dialect != policy.DialectOf(other) || max(len(other)-len(name), len(name)-len(other)) > limit {
			continue
		}
		if d := distance(folded, fold(other)); d <= limit {
			found = append(found, candidate{other, d})
		}
	}
	slices.SortFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), strings.Compare(a.name, b.name))
	})
	var names []string
	for _, f := range found[:min(nearestCount, len(found))] {
		names = append(names, f.name)
	}
	return names
}

// distance is how many bytes must be inserted, dropped or replaced to make one text the other.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			step := diagonal
			if a[i] != b[j] {
				step = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], step
		}
	}
	return row[len(b)]
}
