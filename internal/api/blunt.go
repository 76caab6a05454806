package api

import (
	"errors"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/access"
)

// blunt hides what the refusal of a change would tell about what exists. Writing a user needs user.create, or user.update when there is one
// of that name; whoever may do neither must hear the same sentence in both cases, or could try out names. The audit record, written
// already, says what was really missing.
func (a *API) blunt(s *pratique.Snapshot, denied *access.DeniedError) *access.DeniedError {
	twin, ok := twinOf(denied.Query)
	if !ok {
		return denied
	}
	if other, ok := errors.AsType[*access.DeniedError](a.Gate.May(s, denied.Who, twin, denied.Query.Source)); ok {
		return other
	}
	return denied
}

// twinOf is what would have been needed had the thing not existed.
func twinOf(q access.Query) (pratique.Need, bool) {
	noun, verb, _ := strings.Cut(q.Action, ".")
	if noun == "grant" && strings.HasPrefix(verb, "delete.") {
		return pratique.Need{Operation: "grant.delete.account", Vars: map[string]string{}}, true
	}
	switch noun {
	case "project", "enterpriseProject", "user", "group", "role", "policy":
	default:
		return pratique.Need{}, false
	}
	switch verb {
	case "update", "get", "addUser", "removeUser":
		return pratique.Need{Operation: noun + ".create", Vars: map[string]string{"name": q.Vars["name"]}}, true
	default:
		return pratique.Need{}, false
	}
}
