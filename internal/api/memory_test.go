package api

import (
	"testing"
)

func TestTheNewestDecisionsAreKept(t *testing.T) {
	t.Parallel()
	var r ring
	first, second := r.add(entry{asker: "a"}), r.add(entry{asker: "b"})
	for range kept - 1 {
		r.add(entry{})
	}
	if _, ok := r.find(first); ok {
		t.Error("the oldest is still there")
	}
	if e, ok := r.find(second); !ok || e.asker != "b" {
		t.Error("one of the newest is gone")
	}
	if len(r.entries) != kept || len(second) != len("dec_")+16 {
		t.Errorf("%d are kept, ids are like %s", len(r.entries), second)
	}
}
