package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// headroom is how much garbage may gather before it is collected, whatever the size of what lives. The collector's own rule, as much as lives,
// makes a server with a small directory collect many times a second under load: that costs a fifth of its answers, and shrinks the stacks of idle
// connections, which the next request then has to grow again. A server with more than this in memory is not affected.
const headroom = 128 << 20

// keepHeadroom adjusts the collector to the size of what lives, until the context ends. Whoever has set GOGC keeps what they set.
func keepHeadroom(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for set := 0; ; {
		metrics.Read(live)
		if percent := collectAt(live[0].Value.Uint64()); percent != set {
			debug.SetGCPercent(percent)
			set = percent
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// collectAt is the growth in percent after which garbage is collected, in steps of a hundred: setting it stops the program for a moment.
func collectAt(live uint64) int {
	const usual, most = 100, 1000
	if live == 0 {
		return most // nothing has been collected yet
	}
	return max(usual, int(min(most, headroom*100/live))/usual*usual)
}
