package policy

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// relation is a law that two decisions must obey. It is given a case and choices of its own, and answers whether the law holds
// and whether the case told anything, which is to say, whether a wrong evaluator could have been caught by it.
type relation func(c genCase, d *dice) (holds, telling bool)

// checkRelation tries a law on many cases and fails when it is broken, or when hardly any case tells anything.
func checkRelation(t *testing.T, law relation) {
	t.Helper()
	const cases = 2_000
	told := 0
	for i := range uint64(cases) {
		seed, choices := randomSeed(i), randomSeed(i+1<<32)
		try := func(s []byte) (genCase, bool, bool) {
			c := newCase(s)
			holds, telling := law(c, &dice{seed: choices})
			return c, holds, telling
		}
		c, holds, telling := try(seed)
		if !holds {
			small, _, _ := try(shrinkWhile(seed, func(s []byte) bool { _, holds, _ := try(s); return !holds }))
			t.Fatalf("broken in case %d by\n%s", i, small)
		}
		if i%32 == 0 && c.String() != newCase(seed).String() {
			t.Fatal("the relation changed its input")
		}
		if telling {
			told++
		}
	}
	if told < cases/100 {
		t.Errorf("only %d of %d cases tell anything", told, cases)
	}
}

// pooled is a chain of one Pooled tier that holds the given sources in one set.
func pooled(sources ...Source) Chain {
	return Chain{{Name: "only", Sets: []*Set{Compile(sources...)}}}
}

// statementFor makes a document of one statement with the effect, in the language of the request.
func statementFor(d *dice, r *Request, effect Effect) Source {
	doc := &Document{Dialect: DialectOf(r.Action), Version: "1.1"}
	if doc.Dialect == RAM {
		doc.Version = "1"
	}
	s := d.statement(doc, r)
	s.Effect = effect
	doc.Statements = []Statement{s}
	return Source{Document: doc, Policy: "added"}
}

func TestAddingADenyAllowsNothingMore(t *testing.T) {
	t.Parallel()
	checkRelation(t, func(c genCase, d *dice) (bool, bool) {
		sources := c.sources[0][0]
		before := pooled(sources...).Decide(c.request)
		extra := statementFor(d, c.request, Deny)
		target := d.roll(len(sources))
		grown := slices.Clone(sources)
		doc := *grown[target].Document
		doc.Statements = slices.Insert(slices.Clone(doc.Statements), d.roll(len(doc.Statements)+1), extra.Document.Statements...)
		grown[target].Document, grown[target].Compiled = &doc, nil
		after := pooled(grown...).Decide(c.request)
		return before.Allowed() || !after.Allowed(), before.Effect != after.Effect
	})
}

func TestAddingAnAllowPolicyNeverTakesAnAllowAway(t *testing.T) {
	t.Parallel()
	checkRelation(t, func(c genCase, d *dice) (bool, bool) {
		sources := c.sources[0][0]
		before := pooled(sources...).Decide(c.request)
		after := pooled(slices.Insert(slices.Clone(sources), d.roll(len(sources)+1), statementFor(d, c.request, Allow))...).Decide(c.request)
		if before.Effect == Deny {
			return after.Effect == Deny, true // and never overrides a Deny
		}
		return !before.Allowed() || after.Allowed(), before.Effect != after.Effect
	})
}

func TestOrderChangesNothing(t *testing.T) {
	t.Parallel()
	checkRelation(t, func(c genCase, d *dice) (bool, bool) {
		random := rand.New(rand.NewPCG(uint64(d.roll(256)), 1))
		shuffled := slices.Clone(c.chain)
		for i := range shuffled {
			shuffled[i].Sets = nil
			for _, set := range c.sources[i] {
				shuffled[i].Sets = append(shuffled[i].Sets, Compile(shuffledSources(random, set)...))
			}
			random.Shuffle(len(shuffled[i].Sets), func(a, b int) {
				shuffled[i].Sets[a], shuffled[i].Sets[b] = shuffled[i].Sets[b], shuffled[i].Sets[a]
			})
		}
		before, after := c.chain.Decide(c.request), shuffled.Decide(c.request)
		return before.Effect == after.Effect && before.Tier == after.Tier, before.Effect != Undecided
	})
}

func shuffledSources(random *rand.Rand, sources []Source) []Source {
	out := slices.Clone(sources)
	for i := range out {
		doc := *out[i].Document
		doc.Statements = slices.Clone(doc.Statements)
		random.Shuffle(len(doc.Statements), func(a, b int) { doc.Statements[a], doc.Statements[b] = doc.Statements[b], doc.Statements[a] })
		out[i].Document, out[i].Compiled = &doc, nil
	}
	random.Shuffle(len(out), func(a, b int) { out[a], out[b] = out[b], out[a] })
	return out
}

func TestADocumentInTheOtherDialectChangesNothing(t *testing.T) {
	t.Parallel()
	everything := map[Dialect]*Document{
		RAM:    {Dialect: RAM, Version: "1", Statements: []Statement{{Effect: Deny, Actions: []Value{{Text: "*"}}}}},
		Huawei: {Dialect: Huawei, Version: "1.1", Statements: []Statement{{Effect: Deny, Actions: []Value{{Text: "*"}}}}},
	}
	checkRelation(t, func(c genCase, d *dice) (bool, bool) {
		other := RAM
		if DialectOf(c.request.Action) == RAM {
			other = Huawei
		}
		tier := d.roll(len(c.chain))
		grown := slices.Clone(c.chain)
		grown[tier].Sets = nil
		for _, set := range c.sources[tier] {
			grown[tier].Sets = append(grown[tier].Sets, Compile(append([]Source{{Document: everything[other]}}, set...)...))
		}
		before, after := c.chain.Decide(c.request), grown.Decide(c.request)
		return before.Effect == after.Effect && before.Tier == after.Tier, before.Tier >= tier
	})
}

func TestCaseOfActionsChangesNothing(t *testing.T) {
	t.Parallel()
	checkRelation(t, func(c genCase, d *dice) (bool, bool) {
		recased := *c.request
		recased.Action = swapCase(recased.Action)
		chain := slices.Clone(c.chain)
		for i := range chain {
			chain[i].Sets = nil
			for _, set := range c.sources[i] {
				chain[i].Sets = append(chain[i].Sets, Compile(recasedSources(d, set)...))
			}
		}
		before := c.chain.Decide(c.request)
		return before == c.chain.Decide(&recased) && before == chain.Decide(c.request), before.Effect != Undecided
	})
}

func recasedSources(d *dice, sources []Source) []Source {
	recase := func(values []Value) []Value {
		out := slices.Clone(values)
		for i := range out {
			if d.roll(2) == 1 {
				out[i].Text = swapCase(out[i].Text)
			}
		}
		return out
	}
	out := slices.Clone(sources)
	for i := range out {
		doc := *out[i].Document
		doc.Statements = slices.Clone(doc.Statements)
		for j := range doc.Statements {
			doc.Statements[j].Actions = recase(doc.Statements[j].Actions)
			doc.Statements[j].NotActions = recase(doc.Statements[j].NotActions)
		}
		out[i].Document, out[i].Compiled = &doc, nil
	}
	return out
}

func swapCase(text string) string {
	return strings.Map(func(char rune) rune {
		if 'a' <= char && char <= 'z' || 'A' <= char && char <= 'Z' {
			return char ^ 0x20
		}
		return char
	}, text)
}

func TestAddingARoleNeverTakesAnAllowAway(t *testing.T) {
	t.Parallel()
	checkRelation(t, func(c genCase, d *dice) (bool, bool) {
		own := Chain{{Combine: Separate, Sets: []*Set{Compile(c.sources[0][0]...)}}}
		both := Chain{{Combine: Separate, Sets: []*Set{Compile(d.sources(c.request)...), own[0].Sets[0]}}}
		before, after := own.Decide(c.request), both.Decide(c.request)
		return before.Effect != Deny && after.Effect != Deny && (!before.Allowed() || after.Allowed()), before.Allowed()
	})
}

func TestASessionPolicyNeverAllowsByItself(t *testing.T) {
	t.Parallel()
	checkRelation(t, func(c genCase, _ *dice) (bool, bool) {
		required := slices.Clone(c.chain)
		allows := false
		for i := range required {
			required[i].Combine = Pooled
			allows = allows || required[i:i+1].Decide(c.request).Allowed()
			required[i].Combine = Required
		}
		return !required.Decide(c.request).Allowed(), allows
	})
}

func TestASessionPolicyOnlyNarrows(t *testing.T) {
	t.Parallel()
	checkRelation(t, func(c genCase, d *dice) (bool, bool) {
		session := Tier{Name: "session", Combine: Required, Sets: []*Set{Compile(d.sources(c.request)...)}}
		before, after := c.chain.Decide(c.request), append(Chain{session}, c.chain...).Decide(c.request)
		return before.Allowed() || !after.Allowed(), before.Allowed() && !after.Allowed()
	})
}

func TestSetsOfAPooledTierCountAsOne(t *testing.T) {
	t.Parallel()
	checkRelation(t, func(c genCase, _ *dice) (bool, bool) {
		sources := slices.Concat(c.sources[0]...)
		apart := Chain{{Name: "only"}}
		for _, source := range sources {
			apart[0].Sets = append(apart[0].Sets, Compile(source))
		}
		before, after := pooled(sources...).Decide(c.request), apart.Decide(c.request)
		return before.Effect == after.Effect && before.Tier == after.Tier, before.Effect != Undecided && len(sources) > 1
	})
}

func TestASkippedTierMightAsWellBeAbsent(t *testing.T) {
	t.Parallel()
	checkRelation(t, func(c genCase, d *dice) (bool, bool) {
		at := d.roll(len(c.chain))
		chain := slices.Clone(c.chain)
		chain[at].Skipped = "the operation does not support it"
		absent := slices.Delete(slices.Clone(c.chain), at, at+1)
		before, after := absent.Decide(c.request), chain.Decide(c.request)
		if before.Tier >= at {
			before.Tier++
		}
		return before == after, chain.Decide(c.request) != c.chain.Decide(c.request)
	})
}

func TestADocumentReadBackDecidesTheSame(t *testing.T) {
	t.Parallel()
	checkRelation(t, func(c genCase, _ *dice) (bool, bool) {
		telling := false
		for _, source := range slices.Concat(slices.Concat(c.sources...)...) {
			again, ok := readBack(source.Document)
			if !ok {
				continue // generated documents break rules on purpose
			}
			before, after := pooled(source).Decide(c.request), pooled(Source{Document: again}).Decide(c.request)
			if before != after {
				return false, true
			}
			telling = telling || before.Effect != Undecided
		}
		return true, telling
	})
}

// A document that the parser lets through holds nothing that the evaluator would have to take for broken.
func TestTheParserLetsNothingBrokenThrough(t *testing.T) {
	t.Parallel()
	checkRelation(t, func(c genCase, _ *dice) (bool, bool) {
		telling := false
		for _, source := range slices.Concat(slices.Concat(c.sources...)...) {
			again, ok := readBack(source.Document)
			if !ok {
				continue
			}
			for _, s := range again.Statements {
				for _, condition := range s.Conditions {
					telling = true
					op, known := refParseOperator(again.Dialect, condition.Operator)
					if !known || !refValuesParse(again.Dialect, op, condition.Values) {
						return false, true
					}
				}
			}
		}
		return true, telling
	})
}

// readBack writes a document out and parses it again as the kind that it looks like.
func readBack(d *Document) (*Document, bool) {
	kind := System
	if slices.ContainsFunc(d.Statements, func(s Statement) bool { return len(s.Principals) > 0 }) {
		kind = Trust
	}
	again, err := Parser{Kind: kind}.Parse(d.Canonical())
	return again, err == nil
}
