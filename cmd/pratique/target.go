package main

import (
	"strings"

	"github.com/pratique-iam/pratique"
)

// target is an object that the command line names, or all objects of a kind when name is empty.
type target struct {
	kind pratique.Kind
	name string
}

// parseTargets reads "users", "user alice bob" and "user/alice group/viewers".
func parseTargets(args []string) ([]target, error) {
	if !strings.Contains(args[0], "/") {
		k, err := kindOf(args[0])
		if err != nil {
			return nil, err
		}
		if len(args) == 1 {
			return []target{{kind: k}}, nil
		}
		var out []target
		for _, name := range args[1:] {
			if name == "" {
				return nil, usage("an empty name names nothing")
			}
			out = append(out, target{k, name})
		}
		return out, nil
	}
	var out []target
	for _, a := range args {
		word, name, ok := strings.Cut(a, "/")
		if !ok || name == "" {
			return nil, usage("%q is not KIND/NAME; kinds and names are either all written with a slash or none", a)
		}
		k, err := kindOf(word)
		if err != nil {
			return nil, err
		}
		out = append(out, target{k, name})
	}
	return out, nil
}

func kindOf(word string) (pratique.Kind, error) {
	if k, ok := pratique.ParseKind(word); ok {
		return k, nil
	}
	var known []string
	for _, k := range pratique.ManifestKinds() {
		known = append(known, strings.ToLower(string(k)), k.Plural())
	}
	if best := nearest(word, append(known, "operations")); best != "" {
		return "", usage("unknown kind %q; did you mean %s?", word, best)
	}
	return "", usage("unknown kind %q; known are %s", word, strings.Join(plurals(), ", "))
}

func plurals() []string {
	var names []string
	for _, k := range pratique.ManifestKinds() {
		names = append(names, k.Plural())
	}
	return names
}
