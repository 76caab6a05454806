package pratique_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
)

// A kind that can be stored must be readable again, counted, and replayed in both directions.
func TestEveryKindThatIsStoredComesBack(t *testing.T) {
	t.Parallel()
	empty := newAccount(t)
	for _, kind := range pratique.StoredKinds() {
		o, err := pratique.Decode(kind, []byte(`{"id":"x-1","name":"x"`+least(kind)+`}`))
		if err != nil {
			t.Errorf("%s cannot be read: %v", kind, err)
			continue
		}
		meta, ok := pratique.MetaOf(o)
		if !ok || meta.ID != "x-1" {
			t.Errorf("%s has no id", kind)
		}
		with, err := empty.Stored(2, "h", []pratique.Write{{Kind: kind, ID: "x-1", Object: o}})
		if err != nil {
			t.Errorf("%s cannot be replayed: %v", kind, err)
			continue
		}
		if kind == pratique.KindAccount {
			continue // it replaces the one that is there
		}
		if got := with.Count() - empty.Count(); got != 1 {
			t.Errorf("one %s counts %d", kind, got)
		}
		without, err := with.Stored(3, "h", []pratique.Write{{Kind: kind, ID: "x-1"}})
		if err != nil || without.Count() != empty.Count() {
			t.Errorf("after deleting the %s there are %d objects, want %d; %v", kind, without.Count(), empty.Count(), err)
		}
		data, err := pratique.Encode(o)
		if err != nil {
			t.Fatal(err)
		}
		again, err := pratique.Decode(kind, data)
		if err != nil {
			t.Fatal(err)
		}
		back, err := pratique.Encode(again)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(data), string(back)); diff != "" {
			t.Errorf("%s changes on the way (-written +read):\n%s", kind, diff)
		}
	}
}

// least is what a kind cannot do without.
func least(kind pratique.Kind) string {
	return map[pratique.Kind]string{
		pratique.KindPolicy: `,"default":"v1","versions":[]`, pratique.KindGrant: `,"principal":{"kind":"User","id":"u"},"policy":"p","scope":{"kind":"account"}`,
		pratique.KindSession: `,"principal":{"kind":"User","id":"u"},"hash":"h2","type":"token","expires":"2026-11-21T12:00:00Z"`, pratique.KindRole: `,"trust":{}`,
		pratique.KindAddonTemplate: `,"spec":{"name":"x","title":"","description":"","namespace":"","workload":{"kind":"","name":""},"versions":[]}`,
	}[kind]
}
