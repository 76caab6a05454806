package main

import (
	"context"
	"runtime"
	"time"
)

// frame is what each goroutine of this process is made to hold on average, in bytes. The runtime begins new goroutines with the power of two above
// the average of what the stacks held at the last collection, so that this makes it 16 KiB, which is enough for a request.
const frame = 10 << 10

// maxFrames bounds the memory that is spent, to 16 MiB. A server with more goroutines than this has connections enough of its own.
const maxFrames = 1024

// keepStackRoom lets goroutines begin with large stacks, until the context ends. It waits at the bottom of a stack that is deep enough to lift the
// average.
//
// Over HTTP/2 each request is a goroutine, and so is each frame that is written; over HTTP/1.1 each request has one that watches for a hang-up.
// A hundred idle goroutines, most of them the store's, hold the average down to the least, 2 KiB, from where a stack doubles three times on the
// way down to the policies or through TLS, and is copied each time: that was a sixth of the processor time of a server that answers
// kube-apiservers.
func keepStackRoom(ctx context.Context) {
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for ctx.Err() == nil {
		below(framesFor(runtime.NumGoroutine()), func() {
			select {
			case <-ctx.Done():
			case <-tick.C:
			}
		})
	}
}

// framesFor is how many frames lift the average of so many goroutines, beside some of the runtime that are not counted.
func framesFor(goroutines int) int { return min(goroutines+8, maxFrames) }

// below calls a function with so many frames above it.
//
//go:noinline
func below(frames int, wait func()) {
	var room [frame]byte
	if frames > 0 {
		below(frames-1, wait)
	} else {
		wait()
	}
	runtime.KeepAlive(&room)
}
