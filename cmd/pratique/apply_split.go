package main

import (
	"slices"

	"github.com/pratique-iam/pratique"
)

// A transaction of the store holds 128 operations, some of which are the server's own. Lists are cut shorter than they could be, because a
// change may bring others along.
const (
	mostAtOnce = 120
	partSize   = 100
)

// split cuts a list into parts that can be applied one after the other: only what changes, and what is named by others before those that
// name it.
func split(list changeList, steps []pratique.Step) []changeList {
	changed := map[string]bool{}
	for _, s := range steps {
		if s.Verb == pratique.Create || s.Verb == pratique.Update {
			changed[objectName(s.Kind, pratique.Fold(s.Name))] = true
		}
	}
	var rest []pratique.Manifest
	for _, m := range list.manifests {
		if changed[objectName(m.Kind, pratique.Fold(m.Metadata.Name))] {
			rest = append(rest, m)
		}
	}
	order := pratique.ManifestKinds()
	slices.SortStableFunc(rest, func(x, y pratique.Manifest) int {
		return slices.Index(order, x.Kind) - slices.Index(order, y.Kind)
	})
	var parts []changeList
	size := partSize
	if len(rest) <= mostAtOnce {
		size = mostAtOnce
	}
	for part := range slices.Chunk(rest, size) {
		parts = append(parts, changeList{manifests: part, reason: list.reason})
	}
	return parts
}
