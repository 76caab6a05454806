package api

import (
	"context"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/web"
)

// maxChanges is how many objects fit into one transaction of the store beside the audit record: it takes 128 operations, of which the
// directory leaves 120.
const maxChanges = 119

type changesIn struct {
	DryRun bool          `query:"dryRun" doc:"true: say what would be done, and do nothing"`
	Body   apiv1.Changes `body:"changes"`
}

// changes applies a list, all of it or nothing.
func (a *API) changes(ctx context.Context, c Call, in changesIn) (apiv1.ChangeResult, error) {
	changes, err := parseChanges(in.Body)
	if err != nil {
		return apiv1.ChangeResult{}, err
	}
	if err := a.sealSecrets(c.Snapshot, changes); err != nil {
		return apiv1.ChangeResult{}, err
	}
	result, err := a.Gate.Apply(ctx, access.Intent{
		Who: c.Who, Event: audit.Changed, Changes: changes, DryRun: in.DryRun, Reason: in.Body.Reason,
		Source: c.Source, Request: c.Request,
	})
	if err != nil {
		return apiv1.ChangeResult{}, a.hushed(c, err)
	}
	if n := len(result.Plan.Writes); in.DryRun && n > maxChanges {
		return apiv1.ChangeResult{}, tooMany("with what goes with them, these changes touch", n)
	}
	return apiv1.ChangeResult{
		Revision: a.revision(c, result), DryRun: in.DryRun, Steps: result.Plan.Steps, Warnings: result.Plan.Warnings,
	}, nil
}

// revision is where the account stands with the changes in it. Changes that change nothing do not move it.
func (a *API) revision(c Call, r access.Result) uint64 {
	if len(r.Plan.Writes) > 0 {
		return r.Snapshot.Generation
	}
	if s, ok := a.Accounts.Account(c.Who.Account); ok {
		return s.Generation
	}
	return c.Snapshot.Generation
}

// hushed keeps a refusal from telling what exists.
func (a *API) hushed(c Call, err error) error {
	denied, ok := errors.AsType[*access.DeniedError](err)
	if !ok {
		return err
	}
	s, ok := a.Accounts.Account(c.Who.Account)
	if !ok {
		s = c.Snapshot
	}
	return a.blunt(s, denied)
}

func parseChanges(in apiv1.Changes) ([]pratique.Change, error) {
	switch n := len(in.Changes); {
	case n == 0:
		return nil, web.Invalid("the list of changes is empty")
	case n > maxChanges:
		return nil, tooMany("this list holds", n)
	}
	if err := checkReason(in.Reason); err != nil {
		return nil, err
	}
	out := make([]pratique.Change, len(in.Changes))
	for i, change := range in.Changes {
		switch {
		case change.Put != nil && change.Delete == nil:
			out[i] = pratique.Put{Manifest: *change.Put}
		case change.Delete != nil && change.Put == nil:
			out[i] = *change.Delete
		default:
			return nil, web.Invalid("changes.%d must have put or delete, and not both", i)
		}
	}
	return out, nil
}

func tooMany(what string, n int) error {
	err := web.Invalid("%s %d objects; at most %d fit into one transaction", what, n, maxChanges)
	err.Hint = "split the list; every part is atomic by itself"
	return err
}

// checkReason refuses text that would break an audit log on a terminal.
func checkReason(s string) error {
	const limit = 512
	if utf8.RuneCountInString(s) > limit {
		return web.Invalid("reason may have at most %d characters", limit)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }) {
		return web.Invalid("reason holds a control character")
	}
	return nil
}
