package release

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// mostTold is how many sentences an error of many parts holds: who reads more looks at the cluster.
const mostTold = 3

// several is what failed of a thing that was tried part by part.
type several struct{ parts []error }

// together makes one error of many, of which some are nil. A cluster that has gone away says the same of every object: it is told once, in one
// line.
func together(parts ...error) error {
	parts = slices.DeleteFunc(slices.Clone(parts), func(err error) bool { return err == nil })
	if len(parts) == 0 {
		return nil
	}
	return &several{parts}
}

// Error is one sentence for each cause, in the order in which they came.
func (s *several) Error() string {
	var causes, sentences []string
	same := map[string]int{}
	for _, err := range s.parts {
		cause := err.Error()
		if t, ok := errors.AsType[*told](err); ok {
			cause = t.cause.Error()
		}
		if same[cause]++; same[cause] == 1 {
			causes, sentences = append(causes, cause), append(sentences, err.Error())
		}
	}
	for i, cause := range causes {
		if more := same[cause] - 1; more > 0 {
			sentences[i] += fmt.Sprintf(" (and the same of %d more)", more)
		}
	}
	if more := len(sentences) - mostTold; more > 0 {
		sentences = append(sentences[:mostTold], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(sentences, "; ")
}

// Unwrap gives all parts.
func (s *several) Unwrap() []error { return s.parts }
