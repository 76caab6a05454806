package browser

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var (
	binary      = flag.String("binary", "", "the pratique `FILE` to test; empty: build it")
	screenshots = flag.String("screenshots", "", "write pictures of all pages into `DIR`")
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

// run builds the server once for all tests.
func run(m *testing.M) int {
	if *binary != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "pratique-browser")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	*binary = filepath.Join(dir, "pratique")
	build := exec.Command("go", "build", "-C", "../..", "-o", *binary, "./cmd/pratique")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build pratique:", err)
		return 1
	}
	return m.Run()
}

// kubernetes is the directory of the programs of Kubernetes.
func kubernetes(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "-C", "../kube", "run", ".", "-where").Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := strings.TrimSpace(string(out))
	if _, err := os.Stat(filepath.Join(dir, "kube-apiserver")); err != nil {
		t.Fatalf("there is no Kubernetes in %s; build it with: make kube", dir)
	}
	return dir
}

// eventually tries until something holds. What fails to is a failure of the test, with what was seen last.
func eventually(t *testing.T, most time.Duration, what string, try func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), most)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: after %s still: %v", what, most, err)
		case <-tick.C:
		}
	}
}

// eventuallyDiffers waits until something is no longer what it was.
func eventuallyDiffers(t *testing.T, before string, look func() string) {
	t.Helper()
	eventually(t, patience, "it changes", func(context.Context) error {
		if now := look(); now == before {
			return fmt.Errorf("it is %s", now)
		}
		return nil
	})
}
