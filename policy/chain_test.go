package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sets compiles each text into a set of its own.
func sets(t *testing.T, texts ...string) []*Set {
	t.Helper()
	var sets []*Set
	for _, text := range texts {
		sets = append(sets, Compile(Source{Document: mustParse(t, Parser{Kind: kindOf(text)}, text), Policy: "p"}))
	}
	return sets
}

func TestChains(t *testing.T) {
	t.Parallel()
	allow := huawei(`"Effect":"Allow","Action":["cce:*:*"]`)
	deny := huawei(`"Effect":"Deny","Action":["cce:node:delete"]`)
	other := huawei(`"Effect":"Allow","Action":["ecs:*:*"]`)
	role := `{"Version":"1.0","Statement":[{"Effect":"Allow","Action":["*"]},{"Effect":"Deny","Action":["cce:node:*"]}]}`
	for _, c := range []struct {
		name  string
		chain Chain
		want  Decision
	}{
		{"nothing allows nothing", nil, Decision{Undecided, -1, -1, -1, -1}},
		{"a tier without sets", Chain{{}}, Decision{Undecided, -1, -1, -1, -1}},
		{"a nil set", Chain{{Sets: []*Set{nil}}}, Decision{Undecided, -1, -1, -1, -1}},
		{"the first tier that decides ends it", Chain{{Sets: sets(t, other)}, {Sets: sets(t, allow)}, {Sets: sets(t, deny)}}, Decision{Allow, 1, 0, 0, 0}},
		{"a deny above an allow", Chain{{Sets: sets(t, deny)}, {Sets: sets(t, allow)}}, Decision{Deny, 0, 0, 0, 0}},
		{"a skipped tier says nothing", Chain{{Sets: sets(t, deny), Skipped: "not supported"}, {Sets: sets(t, allow)}}, Decision{Allow, 1, 0, 0, 0}},
		{"pooled sets are one", Chain{{Sets: sets(t, allow, deny)}}, Decision{Deny, 0, 1, 0, 0}},
		{"a separate deny denies nobody", Chain{{Combine: Separate, Sets: sets(t, deny, role, allow)}}, Decision{Allow, 0, 2, 0, 0}},
		{"a separate deny carves out of its own set", Chain{{Combine: Separate, Sets: sets(t, role)}}, Decision{Undecided, -1, -1, -1, -1}},
		{"a required tier only lets pass", Chain{{Combine: Required, Sets: sets(t, allow)}}, Decision{Undecided, -1, -1, -1, -1}},
		{"a required tier and an allow", Chain{{Combine: Required, Sets: sets(t, allow)}, {Sets: sets(t, allow)}}, Decision{Allow, 1, 0, 0, 0}},
		{"a required tier that is silent ends it", Chain{{Combine: Required, Sets: sets(t, other)}, {Sets: sets(t, allow)}}, Decision{Undecided, 0, -1, -1, -1}},
		{"a required tier without sets ends it", Chain{{Combine: Required}, {Sets: sets(t, allow)}}, Decision{Undecided, 0, -1, -1, -1}},
		{"a required tier that denies", Chain{{Combine: Required, Sets: sets(t, allow, deny)}, {Sets: sets(t, allow)}}, Decision{Deny, 0, 1, 0, 0}},
		{"an unknown way of combining allows nothing", Chain{{Combine: 99, Sets: sets(t, allow)}}, Decision{Undecided, -1, -1, -1, -1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := &Request{Action: "cce:node:delete"}
			got := c.chain.Decide(r)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("decision (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(got, c.chain.Explain(r).Decision); diff != "" {
				t.Errorf("explanation (-decision +explanation):\n%s", diff)
			}
		})
	}
}

func TestZeroDecisionDoesNotAllow(t *testing.T) {
	t.Parallel()
	if (Decision{}).Allowed() {
		t.Error("it does")
	}
}
