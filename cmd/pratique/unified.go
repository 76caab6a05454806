package main

import (
	"fmt"
	"slices"
)

// around is how many equal lines are shown around those that differ.
const around = 3

// edit is one line of a comparison: ' ', '-' or '+'.
type edit struct {
	sign byte
	text string
}

// unified compares two texts line by line and returns the hunks of a unified diff.
func unified(before, after []string) []string {
	edits := compare(before, after)
	var out []string
	oldLine, newLine := 1, 1
	for i := 0; i < len(edits); {
		if edits[i].sign == ' ' {
			i, oldLine, newLine = i+1, oldLine+1, newLine+1
			continue
		}
		start := max(0, i-around)
		end := hunkEnd(edits, i)
		hunk := edits[start:end]
		var olds, news int
		for _, d := range hunk {
			if d.sign != '+' {
				olds++
			}
			if d.sign != '-' {
				news++
			}
		}
		back := i - start
		out = append(out, fmt.Sprintf("@@ -%s +%s @@", span(oldLine-back, olds), span(newLine-back, news)))
		for _, d := range hunk {
			out = append(out, string(d.sign)+d.text)
		}
		i, oldLine, newLine = end, oldLine-back+olds, newLine-back+news
	}
	return out
}

// hunkEnd finds where a hunk that holds edits[i] ends: after the context of the last difference that is near enough to the one before.
func hunkEnd(edits []edit, i int) int {
	last := i
	for j := i; j < len(edits) && j <= last+2*around; j++ {
		if edits[j].sign != ' ' {
			last = j
		}
	}
	return min(len(edits), last+1+around)
}

func span(start, length int) string {
	if length == 0 {
		start--
	}
	if length == 1 {
		return fmt.Sprint(start)
	}
	return fmt.Sprintf("%d,%d", start, length)
}

// compare finds the longest common sequence of lines. Objects are some hundred lines at most, so the plain table will do.
func compare(a, b []string) []edit {
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i, x := range slices.Backward(a) {
		for j, y := range slices.Backward(b) {
			if x == y {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var out []edit
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, edit{' ', a[i]})
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || common[i+1][j] >= common[i][j+1]):
			out = append(out, edit{'-', a[i]})
			i++
		default:
			out = append(out, edit{'+', b[j]})
			j++
		}
	}
	return out
}
