package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// manifest says from what each file of the directory was made. It is written after each file, so an interrupted build keeps what it has.
type manifest struct {
	Files map[string]made `json:"files"`
}

// made describes one file.
type made struct {
	Version string `json:"version"`
	Key     string `json:"key"` // of the recipe, see binary.key
	Go      string `json:"go,omitempty"`
	Size    int64  `json:"size"`
	SHA256  string `json:"sha256"`
}

const manifestName = "manifest.json"

// readManifest gives an empty one when there is none, or one that cannot be read: then everything is built again, which is always right.
func readManifest(dir string) (manifest, error) {
	m := manifest{Files: map[string]made{}}
	data, err := os.ReadFile(filepath.Join(dir, manifestName)) //nolint:gosec // the directory is the caller's choice
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(data, &m); err != nil || m.Files == nil {
		m = manifest{Files: map[string]made{}}
	}
	return m, nil
}

// has reports whether a file was made by this key and still is as long as it was. Its hash is for people: to read half a gigabyte at each
// start of the tests would be paid for by everybody, against somebody who writes into his own cache.
func (m manifest) has(dir, name, key string) bool {
	f, ok := m.Files[name]
	if !ok || f.Key != key {
		return false
	}
	info, err := os.Stat(filepath.Join(dir, name))
	return err == nil && info.Mode().IsRegular() && info.Size() == f.Size
}

func (m manifest) write(dir string) error {
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return replace(filepath.Join(dir, manifestName), append(data, '\n'), 0o644)
}

// replace writes a file in one step: readers see the old one or the new one.
func replace(path string, data []byte, mode fs.FileMode) error {
	tmp := path + ".new" // whoever writes here holds the lock
	if err := os.WriteFile(tmp, data, mode); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(tmp, path)
}
