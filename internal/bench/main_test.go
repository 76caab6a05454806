package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestMain lets the test binary be the processes that a run starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		main()
		return
	}
	os.Exit(m.Run())
}

// Whether the figures are good is nothing that a test could tell.
func TestQuickRunFillsTheTable(t *testing.T) {
	t.Parallel()
	for _, name := range names() {
		if name == kubeName {
			continue // has a test with the tag kube
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			quickRun(t, name)
		})
	}
}

// quickRun measures one thing as fast as that can be done and looks at the table.
func quickRun(t *testing.T, name string) {
	t.Helper()
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-quick", "-only", name}, &out, t.Output()); err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(out.String(), "|---|---|---|---|\n")
	if table == "" {
		t.Fatalf("no rows:\n%s", out.String())
	}
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 6 {
			t.Fatalf("%d cells: %s", len(cells), line)
		}
		for _, c := range cells[1:5] {
			if strings.TrimSpace(c) == "" || strings.Contains(c, "%!") || strings.Contains(c, "NaN") {
				t.Errorf("cell %q in %s", c, line)
			}
		}
	}
	if !strings.Contains(out.String(), "figures mean nothing") {
		t.Error("a quick run does not say that it is one")
	}
}

func TestUnknownNamesAreRefused(t *testing.T) {
	t.Parallel()
	err := run(t.Context(), []string{"-only", "speed"}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "propagation") {
		t.Errorf("error %v, want one that lists what there is", err)
	}
}

func TestChildrenTakeNoOtherArguments(t *testing.T) {
	t.Parallel()
	if err := run(context.Background(), []string{"child", "load"}, io.Discard, io.Discard); err == nil {
		t.Error("accepted")
	}
}

func TestQuantiles(t *testing.T) {
	t.Parallel()
	values := []float64{3, 1, 2, 4, 5}
	if got := []float64{median(values), quantile(values, 0), quantile(values, 0.99), quantile(values, 1)}; !slices.Equal(got, []float64{3, 1, 5, 5}) {
		t.Error(got)
	}
	if got := []string{digits(2.26), digits(999), digits(1000), digits(1234567)}; !slices.Equal(got, []string{"2.3", "999", "1,000", "1,234,567"}) {
		t.Error(got)
	}
}
