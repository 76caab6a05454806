package main

import "strings"

// settings reads arguments that set something, KEY=VALUE, and such that take it away, KEY-.
func settings(args []string) (set map[string]string, remove []string, err error) {
	set = map[string]string{}
	seen := map[string]bool{}
	for _, arg := range args {
		key, value, sets := strings.Cut(arg, "=")
		if !sets {
			var takes bool
			if key, takes = strings.CutSuffix(arg, "-"); !takes {
				return nil, nil, usage("%q says nothing; write KEY=VALUE, or KEY- to take it away", arg)
			}
			remove = append(remove, key)
		} else {
			set[key] = value
		}
		if key == "" || seen[key] {
			return nil, nil, usage("%q has no key, or the key is given twice", arg)
		}
		seen[key] = true
	}
	return set, remove, nil
}
