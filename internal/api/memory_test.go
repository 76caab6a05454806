package api

import (
	"testing"
	"time"
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

func TestRefusedSignInsAreCountedAndNotAllRecorded(t *testing.T) {
	t.Parallel()
	var f failures
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	written := 0
	for range 20 {
		if _, write := f.take("1", now); write {
			written++
		}
	}
	if written != perSecond {
		t.Errorf("%d of 20 in one second are recorded, want %d", written, perSecond)
	}
	if _, write := f.take("2", now); !write {
		t.Error("another account pays for it")
	}
	if missed, write := f.take("1", now.Add(time.Second)); !write || missed != 15 {
		t.Errorf("a second later: recorded %t, missed %d, want 15", write, missed)
	}
}
