package main

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strconv"
	"time"
)

// median of at least one value.
func median(v []float64) float64 { return quantile(v, 0.5) }

// quantile is the smallest value that is not less than a share of all.
func quantile(v []float64, share float64) float64 {
	sorted := slices.Sorted(slices.Values(v))
	return sorted[max(0, int(math.Ceil(share*float64(len(sorted))))-1)]
}

// timing is the cost of one operation: nanoseconds by the clock, nanoseconds of the processor, allocations. They are medians; best is the least by
// the clock, from the run that was disturbed least.
type timing struct{ wall, processor, allocs, best float64 }

func (t timing) String() string {
	text := fmt.Sprintf("**%s ns** (", digits(t.wall))
	if t.processor > 0 {
		text += fmt.Sprintf("processor %s ns, ", digits(t.processor))
	}
	return text + fmt.Sprintf("best run %s ns), %.0f allocations", digits(t.best), t.allocs)
}

// digits writes a number as people do: thousands apart, no false precision.
func digits(n float64) string {
	switch {
	case n < 10:
		return strconv.FormatFloat(n, 'f', 1, 64)
	case n < 1000:
		return strconv.FormatFloat(n, 'f', 0, 64)
	}
	s := strconv.FormatFloat(n, 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// time measures the operation that do does n times: medians of many short runs, after some that warm up. A run stays in one thread, whose processor
// time other programs do not take away.
func (b *bench) time(do func(n int)) timing {
	length := time.Duration(b.pick(100, 1)) * time.Millisecond
	n := 1
	for {
		began := now()
		if do(n); now().Sub(began) > length {
			break
		}
		n *= 2
	}
	runtime.GC() // what preparing has left, so that it does not fall into a run
	var walls, processors, allocs []float64
	for range b.pick(41, 1) {
		t := once(n, do)
		walls, processors, allocs = append(walls, t.wall), append(processors, t.processor), append(allocs, t.allocs)
	}
	return timing{wall: median(walls), processor: median(processors), allocs: median(allocs), best: slices.Min(walls)}
}

func once(n int, do func(n int)) timing {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began, processor := now(), threadSeconds()
	do(n)
	wall, busy := now().Sub(began), threadSeconds()-processor
	runtime.ReadMemStats(&after)
	per := float64(n)
	return timing{wall: float64(wall.Nanoseconds()) / per, processor: busy * 1e9 / per, allocs: math.Floor(float64(after.Mallocs-before.Mallocs) / per)}
}
