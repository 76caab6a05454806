// Package seal keeps secrets that must be read again (the secrets of access keys, for example) from those who can read the store. A secret
// is encrypted with AES-256-GCM and bound to the path under which it is kept, so that a ciphertext that is moved to another
// record does not open there.
//
// The keys stand in one file outside the store: a cleartext Tink keyset as JSON, which only the user of the server may read. Whoever has the file and
// the store has the secrets; whoever lost the file has lost them. It owns the file and the format; what is sealed, and where that is kept,
// is the business of the callers.
package seal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/pratique-iam/pratique/internal/secretfile"
)

// ErrNotOpened is wrapped by every failure of Unseal.
var ErrNotOpened = errors.New("the sealed value cannot be opened")

// Sealer seals and unseals with the keys of one file. It is safe for concurrent use.
type Sealer struct {
	file     string // without symbolic links, so that Rotate replaces the file and not a link to it
	keys     atomic.Pointer[keys]
	rotating sync.Mutex
}

// keys is a key file as it was read.
type keys struct {
	handle *keyset.Handle
	aead   tink.AEAD
}

// Open reads a key file. It must be of mode 0400 or 0600 and belong to the user of this process; the error says how to mend it. A missing
// file gives an error that is fs.ErrNotExist.
func Open(path string) (*Sealer, error) {
	k, err := read(path)
	if err != nil {
		return nil, err
	}
	return sealer(path, k)
}

// Create makes a key file with one new key, of mode 0400. When there is a file already it is left alone, and the error is fs.ErrExist.
func Create(path string) (*Sealer, error) {
	m := keyset.NewManager()
	k, data, err := grow(m)
	if err != nil {
		return nil, fmt.Errorf("make key file %s: %w", path, err)
	}
	if err := secretfile.Create(path, data); err != nil {
		return nil, fmt.Errorf("make key file %s: %w", path, err)
	}
	return sealer(path, k)
}

// OpenOrCreate is for the first start. Call it only where nothing has been sealed yet, and Open elsewhere: a new key in the place of a lost
// one would hide that the sealed secrets are gone.
func OpenOrCreate(path string) (*Sealer, error) {
	s, err := Open(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	s, err = Create(path)
	if errors.Is(err, fs.ErrExist) { // another process was first
		return Open(path)
	}
	return s, err
}

func sealer(path string, k *keys) (*Sealer, error) {
	file, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, fmt.Errorf("resolve key file: %w", err)
	}
	s := &Sealer{file: file}
	s.keys.Store(k)
	return s, nil
}

// Seal encrypts a secret for the record at path, with the newest key. The same secret gives another ciphertext each time.
func (s *Sealer) Seal(plain []byte, path string) ([]byte, error) {
	if path == "" {
		return nil, errors.New("seal: a path is needed, or the value would open anywhere")
	}
	sealed, err := s.keys.Load().aead.Encrypt(plain, []byte(path))
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", path, err)
	}
	return sealed, nil
}

// Unseal decrypts what Seal returned for the same path, with whichever key of the file it was sealed. The error is ErrNotOpened and tells
// a wrong key file from a value that was changed or moved.
func (s *Sealer) Unseal(sealed []byte, path string) ([]byte, error) {
	if path == "" {
		return nil, fmt.Errorf("%w: a path is needed", ErrNotOpened)
	}
	k := s.keys.Load()
	plain, err := k.aead.Decrypt(sealed, []byte(path))
	if err == nil {
		return plain, nil
	}
	if id, ok := keyOf(sealed); ok && !k.holds(id) {
		return nil, fmt.Errorf("%w: %s was sealed with key %d, which is not in %s; put the key file of this directory there",
			ErrNotOpened, path, id, s.file)
	}
	return nil, fmt.Errorf("%w: %s was changed, or moved from another record, after it was sealed", ErrNotOpened, path)
}

// keyOf reads the number of the key from the head that Tink puts before a ciphertext: a one, and four bytes.
func keyOf(sealed []byte) (uint32, bool) {
	if len(sealed) < 5 || sealed[0] != 1 {
		return 0, false
	}
	return binary.BigEndian.Uint32(sealed[1:5]), true
}

func (k *keys) holds(id uint32) bool {
	for _, info := range k.handle.KeysetInfo().GetKeyInfo() {
		if info.GetKeyId() == id {
			return true
		}
	}
	return false
}

// Count is the number of keys in use: one more than there were rotations.
func (s *Sealer) Count() int { return s.keys.Load().handle.Len() }

func read(path string) (*keys, error) {
	data, err := secretfile.Read(path)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	// The cause is left out: a decoder may quote what it stumbled over, and that would be a key.
	h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(data)))
	if err != nil {
		return nil, fmt.Errorf("key file %s does not hold keys; restore it from a backup", path)
	}
	a, err := aead.New(h)
	if err != nil {
		return nil, fmt.Errorf("key file %s holds keys that cannot seal; restore it from a backup", path)
	}
	return &keys{h, a}, nil
}

// grow adds a key to a keyset, makes it the one that seals, and gives the keys and their file's content.
func grow(m *keyset.Manager) (*keys, []byte, error) {
	id, err := m.Add(aead.AES256GCMKeyTemplate())
	if err == nil {
		err = m.SetPrimary(id)
	}
	if err != nil {
		return nil, nil, err
	}
	h, err := m.Handle()
	if err != nil {
		return nil, nil, err
	}
	a, err := aead.New(h)
	if err != nil {
		return nil, nil, err
	}
	var file bytes.Buffer
	if err := insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(&file)); err != nil {
		return nil, nil, err
	}
	return &keys{h, a}, file.Bytes(), nil
}
