package api

import (
	"cmp"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/web"
)

// order is how a list is sorted; the zero value is by name.
type order struct{ created, down bool }

// orderOf reads the parameter sort.
func orderOf(text string) (order, error) {
	field, down := strings.CutPrefix(text, "-")
	if text == "" || field == "name" || field == "created" {
		return order{field == "created", down}, nil
	}
	return order{}, web.Invalid("sort is %q and must be name, -name, created or -created", short(text))
}

// place is where an object stands in an order. It is unique in a list, so that a page can begin at it.
type place struct {
	at   int64  // when it was made, in nanoseconds; zero in the order of names, and of what the catalogue brought
	name string // folded
}

func (o order) place(m *pratique.Meta) place { return place{o.at(m), pratique.Fold(m.Name)} }

func (o order) at(m *pratique.Meta) int64 {
	if !o.created {
		return 0
	}
	return int64(m.Created)
}

// before reports whether an object stands before a place. It folds the name only when it must.
func (o order) before(m *pratique.Meta, p place) bool {
	if at := o.at(m); at != p.at {
		return (at < p.at) != o.down
	}
	return o.compare(place{p.at, pratique.Fold(m.Name)}, p) < 0
}

// compare is negative when x stands before y.
func (o order) compare(x, y place) int {
	if o.down {
		x, y = y, x
	}
	return cmp.Or(cmp.Compare(x.at, y.at), strings.Compare(x.name, y.name))
}

// text is a place as the next page is named by it; placeOf reads it.
func (o order) text(p place) string {
	if !o.created {
		return p.name
	}
	return strconv.FormatInt(p.at, 10) + "/" + p.name
}

func (o order) placeOf(text string) (place, error) {
	if !o.created || text == "" {
		return place{name: pratique.Fold(text)}, nil
	}
	at, name, _ := strings.Cut(text, "/")
	n, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return place{}, web.Invalid("page is not the next of an earlier page in this order")
	}
	return place{n, pratique.Fold(name)}, nil
}

// cut takes a page from a list: what fits, from a place on. walk gives the list in the order of names, from a name on.
//
// In the order of names it ends where the page does. In other orders everything is looked at and the first are kept: the lists are in memory,
// looking at 100,000 objects takes milliseconds, and an index would be paid for at every change.
func cut[T any](o order, page string, limit int, walk func(from string) iter.Seq[T], meta func(T) *pratique.Meta, fits func(T) bool) (items []T, next string, err error) {
	from, err := o.placeOf(page)
	if err != nil {
		return nil, "", err
	}
	var found []placed[T]
	if o == (order{}) {
		for t := range walk(from.name) {
			if fits(t) {
				found = append(found, placed[T]{o.place(meta(t)), t})
			}
			if len(found) > limit {
				break
			}
		}
	} else {
		found = first(o, from, limit+1, walk(""), meta, fits)
	}
	if len(found) > limit {
		found, next = found[:limit], o.text(found[limit].place)
	}
	for _, f := range found {
		items = append(items, f.value)
	}
	return items, next, nil
}

type placed[T any] struct {
	place
	value T
}

// candidate is one of a walk. Which one it is stands for its name: the walk is in the order of names, and to fold each would take longer than all
// the rest.
type candidate[T any] struct {
	at    int64
	nth   int
	value T
}

// first gives the first n of a walk in an order, from a place on; from the start when that is the zero place.
func first[T any](o order, from place, n int, walk iter.Seq[T], meta func(T) *pratique.Meta, fits func(T) bool) []placed[T] {
	backwards := func(x, y candidate[T]) int {
		if !o.down {
			x, y = y, x
		}
		return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.nth, y.nth))
	}
	var best []candidate[T] // the last of them first: what is made later has the later name more often than not, and is appended
	nth := 0
	for t := range walk {
		m := meta(t)
		c := candidate[T]{o.at(m), nth, t}
		nth++
		if len(best) == n && backwards(c, best[0]) <= 0 || from != (place{}) && o.before(m, from) || !fits(t) {
			continue
		}
		i, _ := slices.BinarySearchFunc(best, c, backwards)
		best = slices.Insert(best, i, c)
		best = best[max(0, len(best)-n):]
	}
	out := make([]placed[T], 0, len(best))
	for _, c := range slices.Backward(best) {
		out = append(out, placed[T]{o.place(meta(c.value)), c.value})
	}
	return out
}
