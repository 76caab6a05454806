package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// hello is a module in a directory, small enough to be built many times.
type hello struct {
	t   *testing.T
	dir string
}

func newHello(t *testing.T) hello {
	t.Helper()
	h := hello{t, t.TempDir()}
	h.write("go.mod", "module example.com/hello\n\ngo 1.26.0\n")
	h.write("main.go", "package main\n\nfunc main() { println(\"hello 1.2.3\") }\n")
	for _, name := range stageFiles() {
		h.write(name, "kind: Stage\n")
	}
	return h
}

func (h hello) write(name, text string) {
	h.t.Helper()
	path := filepath.Join(h.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

// source requires the module at a version, whatever it says.
func (h hello) source(version string) source {
	const path = "example.com/hello"
	mod := fmt.Sprintf("module example.com/work\n\ngo 1.26.0\n\nrequire %s %s\n\nreplace %s => %s\n", path, version, path, h.dir)
	return source{file: "hello", path: path, version: version, mod: []byte(mod)}
}

func (h hello) recipe(version string, names ...string) recipe {
	s := h.source(version)
	r := recipe{version: version, kwok: s}
	for _, name := range names {
		r.binaries = append(r.binaries, binary{name: name, source: s, pkg: s.path})
	}
	return r
}

// journal keeps what a builder says.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) say(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf(format, args...))
}

// built lists the programs that were made, in order.
func (j *journal) built() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []string
	for _, line := range j.lines {
		if name, _, ok := strings.Cut(line, " is ready after"); ok {
			out = append(out, name)
		}
	}
	return out
}

func newBuilder(t *testing.T, dir string, r recipe) (*builder, *journal) {
	t.Helper()
	j := &journal{}
	return &builder{
		dir: dir, recipe: r, err: t.Output(), say: j.say, now: time.Now,
		free: func(string) (int64, error) { return 1 << 40, nil },
	}, j
}

func build(t *testing.T, dir string, r recipe) []string {
	t.Helper()
	b, j := newBuilder(t, dir, r)
	if err := b.build(t.Context()); err != nil {
		t.Fatal(err)
	}
	return j.built()
}

func TestOnlyWhatChangedIsBuiltAgain(t *testing.T) {
	t.Parallel()
	h, dir := newHello(t), t.TempDir()
	r := h.recipe("v1.2.3", "one", "two")
	if got := build(t, dir, r); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("the first time, %q were built", got)
	}
	if got := build(t, dir, r); len(got) > 0 {
		t.Errorf("%q were built again though nothing has changed", got)
	}
	if err := os.Remove(filepath.Join(dir, "one")); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, "two"), 10); err != nil {
		t.Fatal(err)
	}
	if got := build(t, dir, r); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("after the loss of one and half of two, %q were built", got)
	}
	r.binaries[1].stamps = []string{"main.x=y"}
	if got := build(t, dir, r); !slices.Equal(got, []string{"two"}) {
		t.Errorf("after a change of two, %q were built", got)
	}
	stages, err := os.ReadFile(filepath.Join(dir, stagesName))
	if err != nil || bytes.Count(stages, []byte("kind: Stage")) != len(stageFiles()) {
		t.Errorf("the stages are %q (%v)", stages, err)
	}
}

func TestTwoBuildsAtOnceBuildOnce(t *testing.T) {
	t.Parallel()
	h, dir := newHello(t), t.TempDir()
	var wg sync.WaitGroup
	var built [3][]string
	for i := range built {
		wg.Go(func() {
			b, j := newBuilder(t, dir, h.recipe("v1.2.3", "one"))
			if err := b.build(t.Context()); err != nil {
				t.Error(err)
			}
			built[i] = j.built()
		})
	}
	wg.Wait()
	if all := slices.Concat(built[:]...); !slices.Equal(all, []string{"one"}) {
		t.Errorf("three builds at once made %q", all)
	}
}

func TestWaitingForAnotherBuildCanBeInterrupted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	unlock, err := lock(t.Context(), dir, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(t.Context())
	_, err = lock(ctx, dir, func(format string, args ...any) {
		if text := fmt.Sprintf(format, args...); !strings.Contains(text, fmt.Sprint("process ", os.Getpid())) {
			t.Errorf("it does not say who builds: %s", text)
		}
		cancel()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the wait ended with %v", err)
	}
}

func TestAnInterruptedBuildKeepsWhatIsFinishedAndLeavesNoHalves(t *testing.T) {
	t.Parallel()
	h, dir := newHello(t), t.TempDir()
	r := h.recipe("v1.2.3", "one", "two")
	ctx, cancel := context.WithCancel(t.Context())
	b, j := newBuilder(t, dir, r)
	b.say = func(format string, args ...any) {
		j.say(format, args...)
		if len(j.built()) == 1 {
			cancel()
		}
	}
	if err := b.build(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("the build ended with %v", err)
	}
	// What a killed process leaves behind.
	if err := os.MkdirAll(filepath.Join(dir, ".work-1", "tmp"), 0o755); err != nil {
		t.Fatal(err)
	}
	if got := build(t, dir, r); !slices.Equal(got, []string{"two"}) {
		t.Errorf("the next build made %q", got)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, workPattern)); len(left) > 0 {
		t.Errorf("%q were left behind", left)
	}
}

func TestABuildThatFailsSaysWhatTheCompilerSaid(t *testing.T) {
	t.Parallel()
	h, dir := newHello(t), t.TempDir()
	h.write("main.go", "package main\n\nfunc main() { missing() }\n")
	b, _ := newBuilder(t, dir, h.recipe("v1.2.3", "one"))
	err := b.build(t.Context())
	if err == nil || !strings.Contains(err.Error(), "build one") || !strings.Contains(err.Error(), "undefined: missing") {
		t.Errorf("the error is %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "one")); err == nil {
		t.Error("there is a program all the same")
	}
}

func TestAProgramOfAnotherVersionIsRefused(t *testing.T) {
	t.Parallel()
	h := newHello(t)
	b, _ := newBuilder(t, t.TempDir(), h.recipe("v1.2.4", "one"))
	if err := b.build(t.Context()); err == nil || !strings.Contains(err.Error(), "v1.2.4") {
		t.Errorf("the error is %v", err)
	}
}

func TestAFullDiskIsRefusedBeforeAnythingIsBuilt(t *testing.T) {
	t.Parallel()
	h := newHello(t)
	b, j := newBuilder(t, t.TempDir(), h.recipe("v1.2.3", "one"))
	b.free = func(string) (int64, error) { return 100 << 20, nil }
	if err := b.build(t.Context()); err == nil || !strings.Contains(err.Error(), "has 100 MiB free") {
		t.Errorf("the error is %v", err)
	}
	if len(j.lines) > 0 {
		t.Errorf("it said %q", j.lines)
	}
}

func TestTheKeyIsAboutEverythingThatShapesTheProgram(t *testing.T) {
	t.Parallel()
	base := binary{name: "a", source: source{mod: []byte("m"), sum: []byte("s")}, pkg: "p", stamps: []string{"v=1"}}
	for name, change := range map[string]func(*binary){
		"module file": func(b *binary) { b.source.mod = []byte("m2") },
		"sums":        func(b *binary) { b.source.sum = []byte("s2") },
		"border":      func(b *binary) { b.source.mod, b.source.sum = []byte("ms"), nil },
		"package":     func(b *binary) { b.pkg = "q" },
		"stamps":      func(b *binary) { b.stamps = []string{"v=2"} },
	} {
		other := base
		change(&other)
		if other.key() == base.key() {
			t.Errorf("the key is the same for another %s", name)
		}
	}
}

func TestTheRecipeNamesTheSixProgramsAndAgreesWithItself(t *testing.T) {
	t.Parallel()
	r, err := newRecipe()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, b := range r.binaries {
		names = append(names, b.name)
		if !bytes.Contains(b.source.mod, []byte(b.pkg)) {
			t.Errorf("%s.mod has no tool %s", b.source.file, b.pkg)
		}
	}
	slices.Sort(names)
	want := []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok"}
	if !slices.Equal(names, want) {
		t.Errorf("the recipe is for %q", names)
	}
	// Kubernetes and its staging modules are one release: v1.36.3 and v0.36.3.
	staging := "v0." + strings.TrimPrefix(r.version, "v1.")
	replaced := 0
	for line := range strings.Lines(string(r.binaries[len(r.binaries)-1].source.mod)) {
		if _, to, ok := strings.Cut(line, " => "); ok {
			replaced++
			if !strings.HasSuffix(strings.TrimSpace(to), " "+staging) {
				t.Errorf("kubernetes.mod: %s is not at %s", strings.TrimSpace(line), staging)
			}
		}
	}
	if replaced == 0 {
		t.Error("kubernetes.mod replaces nothing")
	}
}

func TestTheDirectoryIsNamedAfterTheVersion(t *testing.T) {
	t.Setenv("PRATIQUE_CACHE", "")
	t.Setenv("XDG_CACHE_HOME", "/home/ann/.cache")
	for _, test := range []struct{ out, cache, want string }{
		{"", "", "/home/ann/.cache/pratique/kube/v1.2.3"},
		{"", "/var/cache/p", "/var/cache/p/kube/v1.2.3"},
		{"/opt/kube/", "/var/cache/p", "/opt/kube"},
	} {
		t.Setenv("PRATIQUE_CACHE", test.cache)
		if got, err := directory(test.out, "v1.2.3"); err != nil || got != test.want {
			t.Errorf("-out %q with PRATIQUE_CACHE=%q is %q (%v), want %q", test.out, test.cache, got, err, test.want)
		}
	}
	if _, err := directory("bin", "v1.2.3"); err == nil {
		t.Error("a relative -out is accepted, although nobody can say relative to what")
	}
}
