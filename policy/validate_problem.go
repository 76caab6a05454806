package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxProblems is how many problems of one document are reported. A person reads the first few, and a hostile document could hold thousands.
const maxProblems = 50

// String returns "line:column: error: message (class); hint", where class and hint may be missing.
func (p Problem) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d:%d: %s: %s", p.Pos.Line, p.Pos.Column, p.Severity, p.Message)
	if p.Class != "" {
		fmt.Fprintf(&b, " (%s)", p.Class)
	}
	if p.Hint != "" {
		b.WriteString("; " + p.Hint)
	}
	return b.String()
}

// Error returns the first problem and says how many more there are.
func (e *Error) Error() string {
	switch len(e.Problems) {
	case 0:
		return "policy document refused"
	case 1:
		return e.Problems[0].String()
	}
	return fmt.Sprintf("%s (and %d more)", e.Problems[0], len(e.Problems)-1)
}

// sortProblems puts problems in the order of the text, and keeps those of one place in the order in which they were found.
func sortProblems(problems []Problem) []Problem {
	slices.SortStableFunc(problems, func(a, b Problem) int { return int(a.Pos.Offset) - int(b.Pos.Offset) })
	return problems[:min(len(problems), maxProblems)]
}

// quote shows a text of a document in a message: with quotes, control characters escaped, and not longer than a line.
func quote(s string) string {
	const most = 100
	if len(s) <= most {
		return strconv.Quote(s)
	}
	cut := most
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strconv.Quote(s[:cut]) + "…"
}

// didYouMean makes a hint of the known name that is nearest to a name, or nothing when none is near.
func didYouMean(name string, known []string) string {
	if best := nearestName(name, known); best != "" {
		return "did you mean " + strconv.Quote(best) + "?"
	}
	return ""
}

// nearestName finds the name that differs in case only, or else in the fewest edits, of which it allows a third of its length.
func nearestName(name string, known []string) string {
	const longest = 64
	if len(name) > longest {
		return ""
	}
	best, distance := "", longest
	for _, k := range known {
		// EqualFold folds Unicode: "ſtatement", with a long s, is a Statement to some readers.
		if strings.EqualFold(name, k) {
			return k
		}
		if d := editDistance(strings.ToLower(name), strings.ToLower(k)); d < distance && d <= len(k)/3 {
			best, distance = k, d
		}
	}
	return best
}

// editDistance counts the insertions, deletions and replacements that turn a into b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
