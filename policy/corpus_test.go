package policy

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// corpusFile is one published document and what its collectors say about it.
type corpusFile struct{ path, kind, version string }

func corpus(t *testing.T, vendor string) []corpusFile {
	t.Helper()
	dir := filepath.Join("..", "..", "shared", "corpora", vendor)
	index, err := os.Open(filepath.Join(dir, "index.tsv"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the corpus of published documents is not beside this repository")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = index.Close() }()
	r := csv.NewReader(index)
	r.Comma, r.LazyQuotes = '\t', true
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var files []corpusFile
	for _, row := range rows[1:] {
		files = append(files, corpusFile{path: filepath.Join(dir, row[0]), kind: row[5], version: row[6]})
	}
	return files
}

func TestEveryPublishedDocumentParsesOrIsRefusedWithPlaceAndReason(t *testing.T) {
	t.Parallel()
	for _, vendor := range []string{"ram", "huawei"} {
		t.Run(vendor, func(t *testing.T) {
			t.Parallel()
			tally := map[string]int{}
			for _, f := range corpus(t, vendor) {
				data, err := os.ReadFile(f.path)
				if err != nil {
					t.Fatal(err)
				}
				p := Parser{}
				switch {
				case f.kind == "trust":
					p.Kind = Trust
				case f.version == "1.0":
					p.Kind = System
				}
				doc, err := p.Parse(data)
				if err == nil {
					tally["parsed, "+f.kind]++
					checkCanonical(t, p, doc)
					Lint(doc)
					continue
				}
				refusal, ok := errors.AsType[*Error](err)
				if !ok || doc != nil || len(refusal.Problems) == 0 {
					t.Fatalf("%s: document %v, error %v", f.path, doc, err)
				}
				first := refusal.Problems[0]
				if first.Pos.Line < 1 || first.Pos.Column < 1 || first.Class == "" || first.Message == "" || first.Severity != Fatal {
					t.Errorf("%s: %s has no place, class or reason", f.path, first)
				}
				tally[fmt.Sprintf("refused, %s: %s", f.kind, first.Class)]++
				t.Logf("%s (%s): %v", filepath.Base(f.path), f.kind, err)
			}
			for _, line := range slices.Sorted(maps.Keys(tally)) {
				t.Logf("%4d %s", tally[line], strings.TrimSpace(line))
			}
		})
	}
}
