package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// now is the clock of this program.
func now() time.Time { return time.Now() } //nolint:forbidigo // it measures

// busyFrom is the share of the machine that others may use before the figures come with a warning.
const busyFrom = 0.1

// view is the machine at one moment.
type view struct {
	at   time.Time
	load string  // averages over 1, 5 and 15 minutes
	busy float64 // seconds of processor time that anybody has used; negative: not known
	ours float64 // of these, our own and our children's
}

func look() view {
	v := view{at: now(), load: "not known", ours: used(), busy: busySeconds()}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		if f := strings.Fields(string(text)); len(f) >= 3 {
			v.load = strings.Join(f[:3], " ")
		}
	}
	return v
}

// describe says on what machine the figures were taken, and how busy others kept it.
func (v view) describe(end view) string {
	text := fmt.Sprintf("%s, %d cores, %s, %s/%s, %s. Load average when the run began: %s.",
		processorName(), runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, v.at.UTC().Format("2 January 2006, 15:04 UTC"), v.load)
	if v.busy < 0 {
		return text + " How busy others kept the machine is not known here.\n"
	}
	others := (end.busy - v.busy - (end.ours - v.ours)) / (end.at.Sub(v.at).Seconds() * float64(runtime.NumCPU()))
	text += fmt.Sprintf(" Other programs used %.0f %% of the machine meanwhile.\n", 100*max(others, 0))
	if others > busyFrom {
		text += "\n**The machine was busy with other things: wall-clock figures are too high and rates too low; processor times are nearer to the truth, " +
			"but caches were shared. Repeat the run on a quiet machine.**\n"
	}
	return text
}

func processorName() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	defer func() { _ = f.Close() }() // only read
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

// heap is the number of bytes in use after a collection.
func heap() float64 {
	runtime.GC()
	runtime.GC() // what the first has found to have finalizers
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
