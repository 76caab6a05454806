package release

import (
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

// Error is the different sentences, in the order in which they came.
func (s *several) Error() string {
	var told []string
	for _, err := range s.parts {
		if text := err.Error(); !slices.Contains(told, text) {
			told = append(told, text)
		}
	}
	if more := len(told) - mostTold; more > 0 {
		told = append(told[:mostTold], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(told, "; ")
}

// Unwrap gives all parts.
func (s *several) Unwrap() []error { return s.parts }
