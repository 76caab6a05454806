package policy

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestDecideAgreesWithReference(t *testing.T) {
	t.Parallel()
	const cases = 20_000
	effects := map[Effect]int{}
	for i := range uint64(cases) {
		seed := randomSeed(i)
		c := newCase(seed)
		if disagreement(c) != "" {
			t.Fatalf("case %d: %s", i, disagreement(newCase(shrink(seed))))
		}
		effects[c.chain.Decide(c.request).Effect]++
	}
	for _, effect := range []Effect{Allow, Deny, Undecided} {
		if effects[effect] < cases/8 {
			t.Errorf("%d of %d cases end in %v: too few to prove much", effects[effect], cases, effect)
		}
	}
}

func FuzzDecideAgainstReference(f *testing.F) {
	for i := range uint64(16) {
		f.Add(randomSeed(i))
	}
	f.Fuzz(func(t *testing.T, seed []byte) {
		if problem := disagreement(newCase(seed)); problem != "" {
			t.Fatal(problem)
		}
	})
}

// disagreement describes where the evaluator, its explanation and the reference differ; it is empty when they agree.
func disagreement(c genCase) string {
	got := c.chain.Decide(c.request)
	effect, tier := referenceDecide(c.chain, c.request)
	explained := c.chain.Explain(c.request)
	var problem string
	switch {
	case !sameSources(c):
		problem = "Set.Sources does not return what was compiled"
	case got.Effect != effect || got.Tier != tier:
		problem = fmt.Sprintf("Decide says %v by tier %d, the reference says %v by tier %d", got.Effect, got.Tier, effect, tier)
	case explained.Decision != got:
		problem = fmt.Sprintf("Decide says %+v, Explain says %+v", got, explained.Decision)
	case !tellsReason(explained):
		problem = fmt.Sprintf("the explanation does not lead to its decision: %+v", explained)
	case got.Allowed() != (effect == Allow):
		problem = fmt.Sprintf("Allowed is %v after %v", got.Allowed(), effect)
	case c.chain.Decide(lookedUp(c.request)) != got:
		problem = fmt.Sprintf("Decide says %+v, and something else when keys are looked up", got)
	case !pointsAtReason(c, got):
		problem = fmt.Sprintf("Decide says %+v, but that statement does not say so", got)
	default:
		return ""
	}
	return problem + "\n" + c.String()
}

// lookedUp is the same request with its keys behind Lookup, and others of the same names that must not count.
func lookedUp(r *Request) *Request {
	out := *r
	out.Lookup = func(key string) (one string, many []string) {
		q := query{req: r}
		many = q.values(key, new([1]string))
		if len(many) == 1 && many[0] != "" {
			return many[0], nil
		}
		return "", many
	}
	out.Context = nil
	for _, a := range r.Context {
		if len(a.Values) > 0 {
			out.Context = append(out.Context, Attribute{Key: a.Key, Values: []string{"brought along"}})
		}
	}
	return &out
}

func sameSources(c genCase) bool {
	for i, tier := range c.chain {
		for j, set := range tier.Sets {
			got, want := set.Sources(), c.sources[i][j]
			if len(got) != len(want) {
				return false
			}
			for k := range want {
				if got[k].Document != want[k].Document || got[k].Policy != want[k].Policy || got[k].Grant != want[k].Grant {
					return false
				}
			}
		}
	}
	return true
}

// pointsAtReason reports whether the statement that a decision names exists, matches, and has the effect of the decision.
func pointsAtReason(c genCase, d Decision) bool {
	if d.Effect == Undecided {
		return d.Set == -1 && d.Source == -1 && d.Statement == -1
	}
	doc := c.sources[d.Tier][d.Set][d.Source].Document
	s := &doc.Statements[d.Statement]
	return s.Effect == d.Effect && refMatches(doc, s, c.request)
}

// tellsReason reports whether an explanation ends with the tier that decided and its statement, or says what is missing.
func tellsReason(e Explanation) bool {
	if e.Decision.Effect == Undecided {
		return e.Missing != ""
	}
	last := e.Tiers[len(e.Tiers)-1]
	return len(e.Tiers) == e.Decision.Tier+1 && e.Missing == "" && last.Effect == e.Decision.Effect &&
		last.Deciding != nil && last.Deciding.Effect == e.Decision.Effect && last.Deciding.Statement == e.Decision.Statement
}

// String prints a case so that it can be read, and copied into a test.
func (c genCase) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "action    %q\nresource  %q\n", c.request.Action, c.request.Resource)
	for _, a := range c.request.Context {
		fmt.Fprintf(&b, "context   %s = %q\n", a.Key, a.Values)
	}
	for _, p := range c.request.Principals {
		fmt.Fprintf(&b, "principal %s %s\n", p.Type, p.ID)
	}
	for i, tier := range c.chain {
		fmt.Fprintf(&b, "tier %d    %s, skipped: %q\n", i, []string{"Pooled", "Separate", "Required"}[tier.Combine], tier.Skipped)
		for j, set := range c.sources[i] {
			for k, source := range set {
				fmt.Fprintf(&b, "  set %d, source %d: %s\n", j, k, source.Document.Canonical())
			}
		}
	}
	return b.String()
}

// randomSeed makes the same bytes for the same number, for ever.
func randomSeed(n uint64) []byte {
	random := rand.New(rand.NewPCG(n, 20))
	seed := make([]byte, 1024)
	for i := range seed {
		seed[i] = byte(random.Uint32())
	}
	return seed
}

// shrink looks for a plainer seed that still shows a disagreement: it cuts runs out and turns bytes into the plainest choice.
func shrink(seed []byte) []byte {
	return shrinkWhile(seed, func(s []byte) bool { return disagreement(newCase(s)) != "" })
}

func shrinkWhile(seed []byte, fails func([]byte) bool) []byte {
	for before := -1; before != len(seed); {
		before = len(seed)
		for size := len(seed) / 2; size > 0; size /= 2 {
			for from := 0; from+size <= len(seed); {
				if cut := slices.Delete(slices.Clone(seed), from, from+size); fails(cut) {
					seed = cut
					continue
				}
				zeroed := slices.Clone(seed)
				clear(zeroed[from : from+size])
				if fails(zeroed) {
					seed = zeroed
				}
				from += size
			}
		}
	}
	return seed
}
