package audit

import (
	"testing"
	"time"
)

func TestRefusalsAreCountedAndNotAllRecorded(t *testing.T) {
	t.Parallel()
	var f Brake
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	written := 0
	for range 20 {
		if _, write := f.Take("1", now); write {
			written++
		}
	}
	if written != perSecond {
		t.Errorf("%d of 20 in one second are recorded, want %d", written, perSecond)
	}
	if _, write := f.Take("2", now); !write {
		t.Error("another account pays for it")
	}
	if missed, write := f.Take("1", now.Add(time.Second)); !write || missed != 15 {
		t.Errorf("a second later: recorded %t, missed %d, want 15", write, missed)
	}
}
