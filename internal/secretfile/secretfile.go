// Package secretfile reads and writes small files that hold keys. A file that others can read, or that somebody else put there, is refused
// rather than used; a file is either wholly there or not at all, whatever happens while it is written.
//
// It knows nothing of what the files hold: internal/seal and internal/pki do.
package secretfile

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Mode is that of every file this package writes.
const Mode fs.FileMode = 0o400

// limit bounds what is read: a key file that is larger is something else.
const limit = 1 << 20

// Read returns the content of a key file. It must be a regular file of mode 0400 or 0600 that belongs to the user of this process; the
// checks are made on the open file, so that nobody can exchange it in between. A missing file gives an error that is fs.ErrNotExist.
func Read(path string) ([]byte, error) {
	// Without O_NONBLOCK, opening a pipe in the file's place would wait for ever.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) //nolint:gosec // G304: the operator names the file
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // opened for reading: nothing can be lost
	if err := check(f, path); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", path, err)
	case len(data) == 0:
		return nil, fmt.Errorf("%s is empty; restore it from a backup", path)
	case len(data) > limit:
		return nil, fmt.Errorf("%s is larger than any key file (%d bytes); restore it from a backup", path, limit)
	}
	return data, nil
}

func check(f *os.File, path string) error {
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("inspect %s: %w", path, err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file; put the key file in its place", path)
	}
	if err := Owned(info, path); err != nil {
		return err
	}
	if mode := info.Mode().Perm(); mode != 0o400 && mode != 0o600 {
		return fmt.Errorf("%s has mode %04o, which may let others use the key; run: chmod 0400 %s", path, mode, path)
	}
	return nil
}

// Owned refuses a file or directory that does not belong to the user of this process.
func Owned(info fs.FileInfo, path string) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("the owner of %s cannot be told on this system", path)
	}
	if uid := os.Geteuid(); int(st.Uid) != uid {
		return fmt.Errorf("%s belongs to user %d and the server runs as user %d; run: chown %d %s", path, st.Uid, uid, uid, path)
	}
	return nil
}

// Create writes a new file with Mode. A file that exists is never touched: the error is then fs.ErrExist. When it returns without error,
// the file is on the disk.
func Create(path string, data []byte) error {
	return write(path, data, Mode, os.Link)
}

// Replace writes a file with Mode, in one step, over what may be there. When it returns without error, the file is on the disk.
func Replace(path string, data []byte) error {
	return write(path, data, Mode, os.Rename)
}

// Publish is Replace for a file that everybody may read.
func Publish(path string, data []byte) error {
	return write(path, data, 0o644, os.Rename)
}

// write fills a new file beside path and then gives it its name: with os.Link, which refuses a name that is taken, or with os.Rename.
// Opening path itself with O_EXCL would leave half a key behind when the machine stops in the middle.
func write(path string, data []byte, mode fs.FileMode, publish func(from, to string) error) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*") // mode 0600 from the start
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already after a rename
	if err := fill(f, data, mode); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := publish(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

func fill(f *os.File, data []byte, mode fs.FileMode) error {
	_, err := f.Write(data)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// syncDir makes a new name survive a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // G304: the operator names the file
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}
