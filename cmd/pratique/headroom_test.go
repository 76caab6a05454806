package main

import "testing"

func TestASmallServerCollectsGarbageSeldomAndALargeOneAsGoDoes(t *testing.T) {
	t.Parallel()
	for live, want := range map[uint64]int{0: 1000, 1 << 20: 1000, 20 << 20: 600, 64 << 20: 200, 128 << 20: 100, 1 << 30: 100, 1 << 40: 100} {
		if got := collectAt(live); got != want {
			t.Errorf("with %d MiB alive garbage is collected after %d %%, want %d %%", live>>20, got, want)
		}
	}
}
