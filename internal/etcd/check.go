package etcd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/pratique-iam/pratique"
)

// checkData looks whether the database file can be opened at all, before etcd does: a file that is shorter than its own page count says
// ends the process with a bus error at the first read of a missing page, and nothing can catch that in another goroutine.
//
// It reads the two meta pages only. Deeper damage shows when etcd reads it, and is caught there as far as it can be.
func checkData(dir string) (err error) {
	file := filepath.Join(dir, "member", "snap", "db")
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return unreadable(dir, err.Error())
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = unreadable(dir, fmt.Sprint(p))
		}
	}()
	db, err := bolt.Open(file, 0o600, &bolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return unreadable(dir, err.Error())
	}
	var size int64
	err = errors.Join(db.View(func(tx *bolt.Tx) error { size = tx.Size(); return nil }), db.Close())
	switch {
	case err != nil:
		return unreadable(dir, err.Error())
	case size > info.Size():
		return unreadable(dir, fmt.Sprintf("the database file has %d bytes of %d", info.Size(), size))
	}
	return nil
}

func unreadable(dir, why string) error {
	return &pratique.Error{
		Kind:    pratique.ErrUnavailable,
		Message: fmt.Sprintf("the data in %s cannot be read: %s", dir, why),
		Hint:    "restore a backup, or choose another directory with --data",
	}
}
