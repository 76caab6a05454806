package needs

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// The release of axe-core, and the sum that its package has. axe-core is MPL-2.0; it stays in the cache and is part of nothing that we ship.
const (
	axeVersion = "4.14.1"
	axeSum     = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==" // SHA-512
	axeMost    = 16 << 20
)

// Axe is the script of the checker.
func Axe() (string, error) {
	archive, err := axeArchive()
	if err != nil {
		return "", err
	}
	file, err := os.Open(archive) //nolint:gosec // our own path
	if errors.Is(err, os.ErrNotExist) {
		return "", errors.New("the accessibility checker is missing; install it with: make browser")
	}
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }() // only read
	sum := sha512.New()
	if _, err := io.Copy(sum, io.LimitReader(file, axeMost)); err != nil {
		return "", err
	}
	if got := base64.StdEncoding.EncodeToString(sum.Sum(nil)); got != axeSum {
		return "", fmt.Errorf("%s is not the axe-core %s that we know: its sum is %s; remove it and run: make browser", archive, axeVersion, got)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	return scriptIn(file)
}

// scriptIn takes the one file that we want out of the package.
func scriptIn(archive io.Reader) (string, error) {
	unzipped, err := gzip.NewReader(archive)
	if err != nil {
		return "", err
	}
	files := tar.NewReader(unzipped)
	for {
		head, err := files.Next()
		if err != nil {
			return "", fmt.Errorf("look for axe.min.js in the package: %w", err)
		}
		if head.Name == "package/axe.min.js" {
			text, err := io.ReadAll(io.LimitReader(files, axeMost))
			return string(text), err
		}
	}
}

// InstallAxe fetches the package with npm when it is not in the cache, and npm from the distribution when that is missing.
func InstallAxe(ctx context.Context, out io.Writer) error {
	if _, err := Axe(); err == nil {
		return nil
	}
	archive, err := axeArchive()
	if err != nil {
		return err
	}
	if _, err := exec.LookPath("npm"); err != nil {
		if err := install(ctx, out, "npm"); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(archive), 0o750); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(archive), "fetch")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }() // a rest harms nobody
	_, _ = fmt.Fprintln(out, "fetching axe-core "+axeVersion+" with npm")
	cmd := exec.CommandContext(ctx, "npm", "pack", "--silent", "--ignore-scripts", "axe-core@"+axeVersion)
	cmd.Dir, cmd.Stdout, cmd.Stderr = work, out, out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("npm pack axe-core: %w", err)
	}
	if err := os.Rename(filepath.Join(work, filepath.Base(archive)), archive); err != nil {
		return err
	}
	_, err = Axe()
	return err
}

// axeArchive is the place of the package in the cache, beside the programs of Kubernetes.
func axeArchive() (string, error) {
	cache := os.Getenv("PRATIQUE_CACHE")
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("no place for the accessibility checker: %w; set PRATIQUE_CACHE", err)
		}
		cache = filepath.Join(user, "pratique")
	}
	return filepath.Join(cache, "axe", "axe-core-"+axeVersion+".tgz"), nil
}
