package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUnifiedShowsWhatDiffersWithItsSurroundings(t *testing.T) {
	t.Parallel()
	lines := func(s string) []string { return strings.Fields(s) }
	for name, c := range map[string]struct{ before, after, want string }{
		"equal":        {"a b c", "a b c", ""},
		"from nothing": {"", "a b", "@@ -0,0 +1,2 @@|+a|+b"},
		"to nothing":   {"a", "", "@@ -1 +0,0 @@|-a"},
		"in the middle": {
			"1 2 3 4 5 6 7 8 9", "1 2 3 4 x 6 7 8 9",
			"@@ -2,7 +2,7 @@| 2| 3| 4|-5|+x| 6| 7| 8",
		},
		"two far apart": {
			"a 1 2 3 4 5 6 7 b", "A 1 2 3 4 5 6 7 B",
			"@@ -1,4 +1,4 @@|-a|+A| 1| 2| 3|@@ -6,4 +6,4 @@| 5| 6| 7|-b|+B",
		},
		"two near":  {"a 1 2 b", "A 1 2 B", "@@ -1,4 +1,4 @@|-a|+A| 1| 2|-b|+B"},
		"insertion": {"a c", "a b c", "@@ -1,2 +1,3 @@| a|+b| c"},
	} {
		got := strings.Join(unified(lines(c.before), lines(c.after)), "|")
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
