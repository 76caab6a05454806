package audit

import (
	"testing"
	"time"
)

func chain(t *testing.T, n int) []Record {
	t.Helper()
	previous := ""
	out := make([]Record, n)
	for i := range out {
		out[i] = Record{Account: "1", Time: time.Date(2026, 11, 21, 12, 0, i, 0, time.UTC), Event: Changed, Detail: "change"}
		if err := out[i].Link(uint64(i+1), previous); err != nil {
			t.Fatal(err)
		}
		previous = out[i].Hash
	}
	return out
}

func verify(records []Record, head string) error {
	var v Verifier
	for i := range records {
		if err := v.Next(&records[i]); err != nil {
			return err
		}
	}
	return v.End(head)
}

func TestAnUntouchedChainVerifies(t *testing.T) {
	t.Parallel()
	c := chain(t, 5)
	if err := verify(c, c[4].Hash); err != nil {
		t.Error(err)
	}
	if err := verify(c[2:], c[4].Hash); err != nil {
		t.Errorf("a trimmed chain: %v", err)
	}
}

func TestEveryTamperingShows(t *testing.T) {
	t.Parallel()
	for name, tamper := range map[string]func([]Record) []Record{
		"a word changed":      func(c []Record) []Record { c[2].Detail = "nothing"; return c },
		"an actor changed":    func(c []Record) []Record { c[2].Actor.Name = "bob"; return c },
		"a record taken out":  func(c []Record) []Record { return append(c[:2], c[3:]...) },
		"the newest cut off":  func(c []Record) []Record { return c[:4] },
		"two records swapped": func(c []Record) []Record { c[1], c[2] = c[2], c[1]; return c },
		"a record twice":      func(c []Record) []Record { return append(c[:3], c[2:]...) },
		"rewritten and relinked alone": func(c []Record) []Record {
			c[2].Detail = "nothing"
			_ = c[2].Link(3, c[1].Hash)
			return c
		},
	} {
		c := chain(t, 5)
		head := c[4].Hash
		if verify(tamper(c), head) == nil {
			t.Errorf("nobody notices: %s", name)
		}
	}
}
