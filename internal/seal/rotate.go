package seal

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/pratique-iam/pratique/internal/secretfile"
)

// Rotate adds a key to the file and seals with it from then on; what older keys sealed still opens. The new key is on the disk before
// anything is sealed with it. Servers that run from copies of the file must be given the new one before they meet a value that was sealed with it.
//
// Rotation is due long before a key has sealed 2^32 values, where random nonces begin to repeat.
func (s *Sealer) Rotate() error {
	s.rotating.Lock()
	defer s.rotating.Unlock()
	unlock, err := lock(filepath.Dir(s.file))
	if err != nil {
		return fmt.Errorf("rotate key file %s: %w", s.file, err)
	}
	defer unlock()
	// Read again: another process may have rotated, and its key must not be lost.
	old, err := read(s.file)
	if err != nil {
		return err
	}
	k, data, err := grow(keyset.NewManagerFromHandle(old.handle))
	if err != nil {
		return fmt.Errorf("rotate key file %s: %w", s.file, err)
	}
	if err := secretfile.Replace(s.file, data); err != nil {
		return fmt.Errorf("rotate key file %s: %w", s.file, err)
	}
	s.keys.Store(k)
	return nil
}

// lock keeps other processes from rotating. The directory is locked and not the file, because the file is replaced.
func lock(dir string) (unlock func(), err error) {
	d, err := os.Open(dir) //nolint:gosec // G304: the operator names the file
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX); err != nil {
		_ = d.Close()
		return nil, err
	}
	return func() { _ = d.Close() }, nil // closing unlocks
}
