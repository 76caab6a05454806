package main

import (
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// used is the processor time in seconds of this process and of its children that have ended.
func used() float64 { return usage(unix.RUSAGE_SELF) + usage(unix.RUSAGE_CHILDREN) }

// selfSeconds is the processor time of this process.
func selfSeconds() float64 { return usage(unix.RUSAGE_SELF) }

// processSeconds is the processor time of another process that runs, in steps of a hundredth of a second; 0 when it cannot be read.
func processSeconds(pid int) float64 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ") // behind the name, which may hold anything
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0
	}
	total := 0.0
	for _, i := range []int{11, 12} { // utime and stime, the 14th and 15th
		n, err := strconv.ParseFloat(f[i], 64)
		if err != nil {
			return 0
		}
		total += n / 100
	}
	return total
}

// threadSeconds is the processor time of the calling thread.
func threadSeconds() float64 { return usage(unix.RUSAGE_THREAD) }

func usage(who int) float64 {
	var u unix.Rusage
	if err := unix.Getrusage(who, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// busySeconds is what all processors have worked since the machine started: user, nice, system, irq, softirq and steal of /proc/stat, which
// counts in hundredths of a second. Negative when it cannot be read.
func busySeconds() float64 {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return -1
	}
	line, _, _ := strings.Cut(string(text), "\n")
	f := strings.Fields(line)
	if len(f) < 9 {
		return -1
	}
	total := 0.0
	for _, i := range []int{1, 2, 3, 6, 7, 8} {
		n, err := strconv.ParseFloat(f[i], 64)
		if err != nil {
			return -1
		}
		total += n / 100
	}
	return total
}

// resident is what this process holds in memory, in bytes: what is its own, the pages of mapped files, which the kernel may drop at any time, and
// the most that it held at once.
func resident() (own, mapped, peak float64) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, 0, 0
	}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, ":")
		kib, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 64)
		if err != nil {
			continue
		}
		switch key {
		case "RssAnon":
			own = kib * 1024
		case "RssFile":
			mapped = kib * 1024
		case "VmHWM":
			peak = kib * 1024
		}
	}
	return own, mapped, peak
}
