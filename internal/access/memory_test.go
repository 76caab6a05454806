package access

import "testing"

func TestTheNewestDecisionsAreKept(t *testing.T) {
	t.Parallel()
	var m Memory
	first, second := m.Add(Remembered{Asker: "a"}), m.Add(Remembered{Asker: "b"})
	for range Kept - 1 {
		m.Add(Remembered{})
	}
	if _, ok := m.Find(first); ok {
		t.Error("the oldest is still there")
	}
	if r, ok := m.Find(second); !ok || r.Asker != "b" {
		t.Error("one of the newest is gone")
	}
	if len(m.entries) != Kept || len(second) != len("dec_")+16 {
		t.Errorf("%d are kept, ids are like %s", len(m.entries), second)
	}
}
