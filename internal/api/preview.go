package api

import (
	"context"
	"slices"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
)

type previewIn struct {
	Body apiv1.Changes `body:"changes"`
}

// The most that one preview looks at. Every principal costs some hundred decisions on either side of the change.
const (
	maxPreviewed = 200
	maxPlaces    = 20
)

// preview makes the changes in memory, as a dry run does, and compares what those whom they concern may do before and after. It asks about
// every operation of the catalogue in every project, on a resource that is not named: what opens or closes for single resources only does
// not show.
func (a *API) preview(ctx context.Context, c Call, in previewIn) (apiv1.Preview, error) {
	out := apiv1.Preview{Rows: []apiv1.PreviewRow{}, Revision: c.Snapshot.Generation}
	changes, err := parseChanges(in.Body)
	if err != nil {
		return out, err
	}
	if err := a.sealSecrets(c.Snapshot, changes); err != nil {
		return out, err
	}
	result, err := a.Gate.Apply(ctx, access.Intent{Who: c.Who, Event: audit.Changed, Changes: changes, DryRun: true, Source: c.Source, Request: c.Request})
	if err != nil {
		return out, a.hushed(c, err)
	}
	concerned := concerned(c.Snapshot, result.Snapshot, result.Plan.Steps)
	if len(concerned) > maxPreviewed {
		out.More = len(concerned) - maxPreviewed
		concerned = concerned[:maxPreviewed]
	}
	for _, p := range concerned {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		row := apiv1.PreviewRow{Kind: strings.ToLower(string(p.Kind)), Principal: result.Snapshot.PrincipalName(p)}
		row.Gains, row.Loses = a.compare(c.Snapshot, result.Snapshot, p)
		if len(row.Gains)+len(row.Loses) > 0 {
			out.Rows = append(out.Rows, row)
		}
	}
	return out, nil
}

// compare lists the operations that a principal may do in one snapshot only.
func (a *API) compare(before, after *pratique.Snapshot, p pratique.Ref) (gains, loses []string) {
	old, next := a.operationsOf(before, p), a.operationsOf(after, p)
	for _, id := range next {
		if !slices.Contains(old, id) {
			gains = append(gains, id)
		}
	}
	for _, id := range old {
		if !slices.Contains(next, id) {
			loses = append(loses, id)
		}
	}
	return gains, loses
}

// operationsOf lists what a principal may do somewhere.
func (a *API) operationsOf(s *pratique.Snapshot, p pratique.Ref) []string {
	places := []string{""}
	for project := range s.Projects.All() {
		if len(places) <= maxPlaces {
			places = append(places, project.ID)
		}
	}
	var out []string
	for i := range a.Decider.Rules.Catalog.Operations {
		op := &a.Decider.Rules.Catalog.Operations[i]
		for _, place := range places {
			q := access.Query{Principal: p, Action: op.ID, Project: place, Time: a.Now()}
			if d := a.Decider.Decide(s, &q); d.Allowed() {
				out = append(out, op.ID)
				break
			}
		}
	}
	return out
}

// concerned lists the users and roles whose permissions a list of steps can touch, in the order of their names.
func concerned(before, after *pratique.Snapshot, steps []pratique.Step) []pratique.Ref {
	found := map[pratique.Ref]bool{}
	for _, s := range []*pratique.Snapshot{before, after} {
		for _, step := range steps {
			touched(s, step, func(p pratique.Ref) { found[p] = true })
		}
	}
	out := make([]pratique.Ref, 0, len(found))
	for p := range found {
		out = append(out, p)
	}
	slices.SortFunc(out, func(x, y pratique.Ref) int {
		return strings.Compare(pratique.Fold(after.PrincipalName(x))+x.ID, pratique.Fold(after.PrincipalName(y))+y.ID)
	})
	return out
}

func touched(s *pratique.Snapshot, step pratique.Step, add func(pratique.Ref)) {
	members := func(p pratique.Ref) {
		if p.Kind != pratique.KindGroup {
			add(p)
			return
		}
		if g, ok := s.Groups.ID(p.ID); ok {
			for _, id := range g.Members {
				add(pratique.Ref{Kind: pratique.KindUser, ID: id})
			}
		}
	}
	switch step.Kind { //nolint:exhaustive // the others give nobody anything
	case pratique.KindPolicy:
		for g := range s.GrantsWith(step.ID) {
			members(g.Principal)
		}
	case pratique.KindGrant:
		if g, ok := s.Grants.ID(step.ID); ok {
			members(g.Principal)
		}
	case pratique.KindGroup, pratique.KindUser, pratique.KindRole:
		members(pratique.Ref{Kind: step.Kind, ID: step.ID})
	}
}
