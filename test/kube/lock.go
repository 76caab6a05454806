package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// lock keeps a second build out of the directory, and waits for the one that is in it. The kernel gives the lock up when the process ends,
// however it ends; the file stays, because removing it would let two processes lock two files of the same name.
func lock(ctx context.Context, dir string, say func(format string, args ...any)) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the directory is the caller's choice
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	for told := false; ; {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", dir, err), f.Close())
		}
		if !told {
			told = true
			say("waiting for %s, which builds in %s", holder(f), dir)
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("wait for the other build: %w", context.Cause(ctx)), f.Close())
		case <-time.After(300 * time.Millisecond):
		}
	}
	// Who holds the lock is for people only; a file that cannot be written keeps nobody from building.
	if f.Truncate(0) == nil {
		_, _ = f.WriteAt(fmt.Appendf(nil, "process %d\n", os.Getpid()), 0)
	}
	return func() { _ = f.Close() }, nil
}

func holder(f *os.File) string {
	text := make([]byte, 64)
	n, _ := f.ReadAt(text, 0)
	if name := strings.TrimSpace(string(text[:n])); name != "" {
		return name
	}
	return "another process"
}
