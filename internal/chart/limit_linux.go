package chart

import (
	"runtime/debug"
	"syscall"
)

// maxMemory is what rendering may take. The limit is on written memory and not on addresses, of which the Go runtime reserves many.
const maxMemory = 512 << 20

// limit bounds this process: memory, processor time, files, and no image of its memory when it ends badly.
func limit() error {
	debug.SetMemoryLimit(maxMemory * 3 / 4) // collect garbage before the limit is met
	for resource, most := range map[int]uint64{
		syscall.RLIMIT_DATA: maxMemory, syscall.RLIMIT_CPU: uint64(renderWithin.Seconds()), syscall.RLIMIT_NOFILE: 32, syscall.RLIMIT_CORE: 0,
		syscall.RLIMIT_FSIZE: 0, // nothing is written to a disk
	} {
		if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
			return err
		}
	}
	return nil
}
