package pratique_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/pratique-iam/pratique"

// layers are the packages of the module from the innermost out. A package may import those above it, none on its own line and none below.
// A package that is not listed fails the test: decide where it belongs.
func layers() [][]string {
	return [][]string{
		{"policy", "internal/strictjson", "internal/secretfile"},
		{"catalog"},
		{"."},
		{"internal/workload"},
		{"internal/audit", "internal/seal", "internal/pki", "internal/etcd", "internal/oidc", "internal/cluster/local", "internal/chart"},
		{"apiv1"},
		{"client"},
		{"internal/authn", "internal/access", "internal/release", "internal/federation"},
		{"internal/directory", "internal/kube", "internal/job"},
		{"internal/cluster"},
		{"internal/rbacsync", "internal/nodepool"},
		{"internal/addon"},
		{"internal/web", "internal/console/ui"},
		{"internal/api", "internal/webhook", "internal/proxy", "internal/console"}, // doors stand side by side: none imports another
		{"internal/server"},
		{"internal/pratiquetest"},
		{"cmd/pratique", "internal/bench"},
	}
}

// forbidden imports, with the reason that the failure prints.
func forbidden() map[string]map[string]string {
	const agent = "an agent beside each kube-apiserver decides without a store"
	return map[string]map[string]string{
		"internal/access": {"go.etcd.io/": agent, "net/http": "deciding knows no transport"},
		"policy":          {"net": "the engine is pure", "os": "the engine is pure", "context": "the engine is pure", "log": "the engine is pure"},
		".":               {"net/http": "the nouns are pure", "os": "the nouns are pure", "context": "the nouns are pure"},
		"cmd/pratique":    {module + "/internal/directory": "the command line talks to a server", module + "/internal/access": "the command line talks to a server"},
	}
}

func TestImportsRunOneWay(t *testing.T) {
	rank := map[string]int{}
	for i, layer := range layers() {
		for _, p := range layer {
			rank[p] = i
		}
	}
	for dir, imports := range packages(t) {
		own, ok := rank[dir]
		if !ok {
			t.Errorf("package %s has no layer: add it to layers() in arch_test.go", dir)
			continue
		}
		for _, path := range imports {
			inner, ours := strings.CutPrefix(path, module)
			if !ours {
				continue
			}
			inner = strings.TrimPrefix(inner, "/")
			if inner == "" {
				inner = "."
			}
			if other, known := rank[inner]; known && other >= own {
				t.Errorf("%s imports %s, which is not above it", dir, inner)
			}
		}
		for prefix, reason := range forbidden()[dir] {
			if i := slices.IndexFunc(imports, func(p string) bool {
				return p == prefix || strings.HasSuffix(prefix, "/") && strings.HasPrefix(p, prefix)
			}); i >= 0 {
				t.Errorf("%s imports %s: %s", dir, imports[i], reason)
			}
		}
	}
}

// packages lists the imports of every package of the module, tests left out.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "bin" || isModule(path)):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		out[dir] = append(out[dir], imports(f.Imports)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func imports(specs []*ast.ImportSpec) []string {
	var out []string
	for _, s := range specs {
		if path, err := strconv.Unquote(s.Path.Value); err == nil {
			out = append(out, path)
		}
	}
	return out
}

// isModule reports whether a directory is a module of its own.
func isModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	for dir := range packages(t) {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		comments := 0
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.PackageClauseOnly)
			if err != nil {
				t.Fatal(err)
			}
			if f.Doc != nil {
				comments++
			}
		}
		if comments != 1 {
			t.Errorf("package %s has %d package comments, want exactly one", dir, comments)
		}
	}
}

func TestFilesStayReadable(t *testing.T) {
	const limit = 500
	for dir := range packages(t) {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(data), "\n"); n > limit && !strings.HasSuffix(file, "_test.go") {
				t.Errorf("%s has %d lines, more than %d: split it", file, n, limit)
			}
		}
	}
}
