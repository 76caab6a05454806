package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// writePrivate writes a file that only its owner may read, wholly or not at all. A file that is there keeps its mode, as far as others are
// kept out by it.
func writePrivate(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600 from the start
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already after the rename
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}

// lockWithin is how long somebody else may hold a lock file, and after which it is taken for forgotten.
const (
	lockWithin = 10 * time.Second
	lockStale  = time.Minute
)

// lockFile makes path.lock, as kubectl does, so that two programs do not write the same file from what both have read. It waits a little for
// somebody who is just doing so.
func lockFile(path string, now func() time.Time) (unlock func(), err error) {
	lock := path + ".lock"
	deadline := time.NewTimer(lockWithin)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		f, err := os.OpenFile(lock, os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // beside the person's own file
		if err == nil {
			_ = f.Close() // it holds nothing
			return func() { _ = os.Remove(lock) }, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		if info, err := os.Stat(lock); err == nil && now().Sub(info.ModTime()) > lockStale {
			_ = os.Remove(lock) // whoever made it has ended without tidying up
			continue
		}
		select {
		case <-deadline.C:
			return nil, fmt.Errorf("another program is writing %s; if none is, remove %s", path, lock)
		case <-tick.C:
		}
	}
}

// readNamed reads a file that a person names, or the standard input for "-", and refuses more than a limit.
func (e *env) readNamed(path string, most int64) ([]byte, error) {
	if path == "-" {
		return readAtMost(e.in, most)
	}
	file, err := os.Open(path) //nolint:gosec // the person's own file, named by themselves
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // only read
	return readAtMost(file, most)
}

// readAtMost reads everything, and refuses more than a limit.
func readAtMost(r io.Reader, most int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("it is larger than %d bytes", most)
	}
	return data, err
}
