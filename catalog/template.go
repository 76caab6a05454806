package catalog

import (
	"fmt"
	"slices"
	"strings"
)

// placeholders lists what a resource template may hold. {name} is the object itself: the user whose access key it is, too. {object} and
// {resource} are Kubernetes resources, written as operations/kubernetes.yaml says; {owner} is the account of a policy, or "system".
func placeholders() []string {
	return []string{
		"account", "cluster", "enterpriseProject", "id", "name", "namespace", "object", "owner", "policy", "principal", "region", "resource", "user",
	}
}

// Fill puts values into a resource template. A placeholder without a value becomes empty: "acs:ram::1:user/" is no user's name, so a policy
// about one does not match. The characters % : / * ? are percent-encoded, lest a name reach into another segment or be read as a
// wildcard; not so in {resource} and {object}, which are made of segments.
func Fill(template string, values map[string]string) string {
	var b strings.Builder
	for {
		before, rest, open := strings.Cut(template, "{")
		b.WriteString(before)
		key, after, closed := strings.Cut(rest, "}")
		if !open || !closed {
			return b.String()
		}
		if key == "resource" || key == "object" {
			b.WriteString(values[key])
		} else {
			escape(&b, values[key])
		}
		template = after
	}
}

func escape(b *strings.Builder, s string) {
	for i := range len(s) {
		if strings.IndexByte("%:/*?", s[i]) >= 0 {
			fmt.Fprintf(b, "%%%02X", s[i])
		} else {
			b.WriteByte(s[i])
		}
	}
}

// checkTemplate refuses unknown placeholders and stray braces.
func checkTemplate(template string) error {
	for {
		before, rest, open := strings.Cut(template, "{")
		if strings.Contains(before, "}") {
			return fmt.Errorf("resource %q: stray brace", template)
		}
		if !open {
			return nil
		}
		key, after, closed := strings.Cut(rest, "}")
		if !closed || !slices.Contains(placeholders(), key) {
			return fmt.Errorf("resource %q: unknown placeholder %q", template, key)
		}
		template = after
	}
}
