package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// builder fills a directory by a recipe.
type builder struct {
	dir     string
	recipe  recipe
	verbose bool
	err     io.Writer // what go build says, when verbose
	say     func(format string, args ...any)
	free    func(dir string) (int64, error)
	now     func() time.Time
}

// build makes what is missing. It returns when the directory is complete, or at the first error; what is finished by then is kept.
func (b *builder) build(ctx context.Context) error {
	if err := os.MkdirAll(b.dir, 0o755); err != nil { //nolint:gosec // programs are for everybody to run
		return fmt.Errorf("make the directory of the binaries: %w", err)
	}
	unlock, err := lock(ctx, b.dir, b.say)
	if err != nil {
		return err
	}
	defer unlock()
	if err := b.sweep(); err != nil {
		return err
	}
	m, err := readManifest(b.dir)
	if err != nil {
		return err
	}
	var pending []binary
	for _, bin := range b.recipe.binaries {
		if !m.has(b.dir, bin.name, bin.key()) {
			pending = append(pending, bin)
		}
	}
	if len(pending) > 0 {
		if err := b.checkMachine(ctx); err != nil {
			return err
		}
		b.say("building %d programs in %s; the first time takes minutes, later ones nothing", len(pending), b.dir)
	}
	for i, bin := range pending {
		b.say("[%d/%d] %s, %s %s", i+1, len(pending), bin.name, bin.source.path, bin.source.version)
		if err := b.one(ctx, bin, m); err != nil {
			return fmt.Errorf("build %s: %w", bin.name, err)
		}
	}
	if err := b.stages(ctx, m); err != nil {
		return fmt.Errorf("copy the stages of kwok: %w", err)
	}
	if len(pending) == 0 {
		b.say("everything is built already, Kubernetes %s", b.recipe.version)
	}
	return nil
}

// sweep removes what a build left behind that was killed. Nobody else builds here: the lock is held.
func (b *builder) sweep() error {
	left, err := filepath.Glob(filepath.Join(b.dir, workPattern))
	if err != nil {
		return err
	}
	for _, dir := range left {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("remove the rest of an interrupted build: %w", err)
		}
	}
	return nil
}

const workPattern = ".work-*"

// checkMachine looks for what a build needs before it begins: Go, and room.
func (b *builder) checkMachine(ctx context.Context) error {
	if _, err := exec.LookPath("go"); err != nil {
		return fmt.Errorf("building needs Go in PATH: %w", err)
	}
	caches, err := output(ctx, b.dir, "env", "GOMODCACHE", "GOCACHE")
	if err != nil {
		return err
	}
	dirs := strings.Fields(caches)
	if len(dirs) != 2 {
		return fmt.Errorf("go env GOMODCACHE GOCACHE answered %q", caches)
	}
	return checkSpace([]demand{{dirs[0], spaceModules}, {dirs[1], spaceObjects}, {b.dir, spacePrograms}}, b.free)
}

// one builds a program aside, sees that it runs and is what it should be, and moves it to its place.
func (b *builder) one(ctx context.Context, bin binary, m manifest) error {
	started := b.now()
	work, err := b.workspace(bin.source)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }() // what stays is swept next time
	program := filepath.Join(work, bin.name)
	args := append([]string{"build", "-v", "-o", program}, bin.flags()...)
	if err := b.compile(ctx, bin.name, work, append(args, bin.pkg)); err != nil {
		return err
	}
	if err := prove(ctx, program, bin); err != nil {
		return err
	}
	entry, err := describe(program)
	if err != nil {
		return err
	}
	entry.Version, entry.Key, entry.Go = bin.source.version, bin.key(), runtime.Version()
	// A program that runs keeps the file it was started from; whoever starts next gets the new one.
	if err := os.Rename(program, filepath.Join(b.dir, bin.name)); err != nil {
		return err
	}
	m.Files[bin.name] = entry
	b.say("%s is ready after %s, %s", bin.name, b.now().Sub(started).Round(time.Second), size(entry.Size))
	return m.write(b.dir)
}

// workspace lays out a module of nothing but its module file, from which the tools that it names can be built.
func (b *builder) workspace(s source) (string, error) {
	work, err := os.MkdirTemp(b.dir, workPattern)
	if err != nil {
		return "", err
	}
	err = errors.Join(
		os.WriteFile(filepath.Join(work, "go.mod"), s.mod, 0o600),
		os.WriteFile(filepath.Join(work, "go.sum"), s.sum, 0o600),
		os.Mkdir(filepath.Join(work, "tmp"), 0o700),
	)
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(work))
	}
	return work, nil
}

// prove runs the program for its version: a file of the right name that cannot run here would be found much later, and by somebody else.
func prove(ctx context.Context, program string, bin binary) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, bin.ask...)                 //nolint:gosec // the program that was just built
	cmd.Env = append(os.Environ(), "KUBERC=off", "KUBECONFIG=/dev/null") // kubectl would read what the user has at home
	said, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("the program was built, but does not run: %w\n%s", err, said)
	}
	if version := strings.TrimPrefix(bin.source.version, "v"); !strings.Contains(string(said), version) {
		return fmt.Errorf("the program was built from %s, but says %q", bin.source.version, said)
	}
	return nil
}

// describe measures a file.
func describe(path string) (made, error) {
	f, err := os.Open(path) //nolint:gosec // a file that was just written
	if err != nil {
		return made{}, err
	}
	defer func() { _ = f.Close() }() // opened for reading: nothing can be lost
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return made{}, err
	}
	return made{Size: n, SHA256: hex.EncodeToString(h.Sum(nil))}, nil
}
