package api_test

import (
	"testing"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/audit"
)

func TestTheTrailIsFilteredByPlaceAndDecision(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice"), "kind: Project\nmetadata: {name: seaside}\nspec: {region: local-1}")
	w.as("alice").apply("kind: Group\nmetadata: {name: mine}\nspec: {}").problem(403, "denied")
	find := func(query string) []audit.Record {
		var page apiv1.Audit
		w.root.get("/v1/audit?" + query).want(200).into(&page)
		return page.Records
	}
	for query, want := range map[string]audit.Event{
		"where=SEAside":                            audit.Changed,
		"decision=refused":                         audit.ChangeDenied,
		"decision=refused&where=mine":              audit.ChangeDenied,
		"decision=done&actor=alice":                audit.SignedIn,
		"where=127.0.0.1&actor=alice":              audit.ChangeDenied,
		"where=mine&event=directory.change-denied": audit.ChangeDenied,
	} {
		if got := find(query); len(got) == 0 || got[0].Event != want {
			t.Errorf("%s finds %+v, and first of all not %s", query, got, want)
		}
	}
	for _, query := range []string{"decision=done&where=mine", "where=nowhere-at-all", "decision=refused&actor=root"} {
		if got := find(query); len(got) != 0 {
			t.Errorf("%s finds %+v", query, got)
		}
	}
	w.root.get("/v1/audit?decision=maybe").problem(400, "invalid")
}
