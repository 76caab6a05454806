package main

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"time"
)

func TestGoroutinesBeginWithRoomForARequest(t *testing.T) {
	t.Parallel()
	go keepStackRoom(t.Context())
	size := []metrics.Sample{{Name: "/gc/stack/starting-size:bytes"}}
	for end := time.Now().Add(30 * time.Second); ; {
		runtime.GC()
		metrics.Read(size)
		if size[0].Value.Uint64() >= 16<<10 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("goroutines begin with %d bytes", size[0].Value.Uint64())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestTheRoomForStacksIsBounded(t *testing.T) {
	t.Parallel()
	if few, many := framesFor(100), framesFor(1_000_000); few != 108 || many != maxFrames {
		t.Errorf("%d frames for a hundred goroutines, %d for a million", few, many)
	}
}
