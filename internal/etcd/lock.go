package etcd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/pratique-iam/pratique"
)

// dirLock keeps a second process out of a data directory. etcd would wait for its own lock for ever and say nothing.
//
// The kernel gives the lock up when the process ends, however it ends; the file itself stays, because removing it would let two processes
// lock two files of the same name.
type dirLock struct{ file *os.File }

// lockDir takes the lock, or says who has it in an error that wraps pratique.ErrConflict.
func lockDir(dir string) (*dirLock, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the operator names the directory
	if err != nil {
		return nil, fmt.Errorf("lock data directory: %w", err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		defer func() { _ = f.Close() }() // nothing was written
		return nil, &pratique.Error{
			Kind:    pratique.ErrConflict,
			Message: fmt.Sprintf("data directory %s is in use by process %s", dir, holder(f)),
			Hint:    "stop it or choose another with --data",
		}
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock data directory %s: %w", dir, err), f.Close())
	}
	return &dirLock{f}, nil
}

// holder reads the process id that the owner of the lock has left. It is for people only: nothing is decided by it.
func holder(f io.Reader) string {
	text, err := io.ReadAll(io.LimitReader(f, 32))
	pid := strings.TrimSpace(string(text))
	if _, bad := strconv.Atoi(pid); err != nil || bad != nil {
		return "(unknown)"
	}
	return pid
}

func (l *dirLock) release() error { return l.file.Close() }
