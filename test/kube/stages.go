package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// stagesName is the file of the rules by which kwok plays nodes and pods. They are part of its module, not of its program.
const stagesName = "kwok-stages.yaml"

// stageFiles of the module: pods that run at once, and nodes that are ready and stay so.
func stageFiles() []string {
	return []string{
		"kustomize/stage/node/fast/node-initialize.yaml",
		"kustomize/stage/node/heartbeat/node-heartbeat.yaml",
		"kustomize/stage/pod/fast/pod-ready.yaml",
		"kustomize/stage/pod/fast/pod-complete.yaml",
		"kustomize/stage/pod/fast/pod-delete.yaml",
	}
}

// stages copies them into one file.
func (b *builder) stages(ctx context.Context, m manifest) error {
	key := b.stagesKey()
	if m.has(b.dir, stagesName, key) {
		return nil
	}
	work, err := b.workspace(b.recipe.kwok)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }() // what stays is swept next time
	if _, err := output(ctx, work, "mod", "download", b.recipe.kwok.path); err != nil {
		return err
	}
	module, err := output(ctx, work, "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", b.recipe.kwok.path)
	if err != nil {
		return err
	}
	if module == "" {
		return errors.New("go knows no directory of the module")
	}
	var all bytes.Buffer
	for _, name := range stageFiles() {
		data, err := os.ReadFile(filepath.Join(module, filepath.FromSlash(name))) //nolint:gosec // a file of the module
		if err != nil {
			return err
		}
		fmt.Fprintf(&all, "---\n# %s %s, %s\n%s\n", b.recipe.kwok.path, b.recipe.kwok.version, name, bytes.TrimSpace(data))
	}
	path := filepath.Join(b.dir, stagesName)
	if err := replace(path, all.Bytes(), 0o644); err != nil {
		return err
	}
	entry, err := describe(path)
	if err != nil {
		return err
	}
	entry.Version, entry.Key = b.recipe.kwok.version, key
	m.Files[stagesName] = entry
	return m.write(b.dir)
}

func (b *builder) stagesKey() string {
	h := sha256.New()
	_, _ = fmt.Fprintln(h, b.recipe.kwok.path, b.recipe.kwok.version, stageFiles())
	return hex.EncodeToString(h.Sum(nil))
}
