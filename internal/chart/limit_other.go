//go:build !linux

package chart

import "runtime/debug"

const maxMemory = 512 << 20

// limit does what can be done everywhere; servers run on Linux.
func limit() error {
	debug.SetMemoryLimit(maxMemory)
	return nil
}
