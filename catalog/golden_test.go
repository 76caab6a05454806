package catalog

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/google/go-cmp/cmp"
)

// golden compares with a file under testdata/golden, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s has changed. If this is meant: UPDATE_GOLDEN=1 go test ./catalog\n%s", file, diff)
	}
}

func TestGoldenPolicies(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, p := range mustLoad(t).Policies {
		known[p.ID+".json"] = true
		golden(t, p.ID+".json", p.Document.Format())
	}
	files, err := filepath.Glob(filepath.Join("testdata", "golden", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !known[filepath.Base(file)] {
			t.Errorf("%s is of a policy that is gone", file)
		}
	}
}

func TestGoldenOperations(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	fmt.Fprintln(&b, "OPERATION\tHUAWEI\tRAM\tACCESS\tEP\tCLUSTER TYPES\tREQUIRES")
	for _, o := range mustLoad(t).Operations {
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", o.ID, dash(o.Huawei), dash(o.RAM),
			o.Access, yesNo(o.EnterpriseProject), dash(strings.Join(o.ClusterTypes, " ")), dash(requires(o.Requires)))
	}
	golden(t, "operations.txt", align(t, b.Bytes()))
}

// TestGoldenNames keeps what does not fit into the table of operations.
func TestGoldenNames(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	for _, o := range mustLoad(t).Operations {
		fmt.Fprintln(&b, o.ID)
		names(&b, "  ", o.Huawei, o.HuaweiAliases, o.HuaweiResource)
		names(&b, "  ", o.RAM, o.RAMAliases, o.RAMResource, o.RAMAlso)
		for _, kind := range slices.Sorted(maps.Keys(o.Variants)) {
			exact := o.For(kind)
			fmt.Fprintln(&b, "  for a", kind)
			names(&b, "    ", exact.Huawei, nil, exact.HuaweiResource)
			names(&b, "    ", exact.RAM, nil, exact.RAMResource, exact.RAMAlso)
		}
	}
	golden(t, "names.txt", b.Bytes())
}

func names(w *bytes.Buffer, indent, action string, aliases []string, resources ...string) {
	if action == "" {
		return
	}
	fmt.Fprintf(w, "%s%s on %s\n", indent, action, strings.TrimSuffix(strings.Join(resources, " and "), " and "))
	for _, alias := range aliases {
		fmt.Fprintf(w, "%s  or %s\n", indent, alias)
	}
}

func TestGoldenSummary(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	var b bytes.Buffer
	fmt.Fprintln(&b, "SERVICE\tDIALECT\tLEVEL\tACTIONS\tLISTED BEYOND OPERATIONS")
	for _, s := range c.Services {
		actions := "closed"
		if s.Open {
			actions = "open"
		}
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\t%d\n", s.Code, s.Dialect, s.Level, actions, len(s.Actions))
	}
	fmt.Fprintln(&b, "\nPOLICY\tALIAS\tTYPE\tDIALECT\tLEVEL\tCATALOG\tVERSION\tPROVENANCE")
	for _, p := range c.Policies {
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", p.Name, dash(p.Alias), p.Type, p.Dialect, p.Level, p.Catalog, p.Version, p.Provenance)
	}
	fmt.Fprintln(&b, "\nCLUSTER TYPE\tDIALECT\tGATE\tCONTROLLERS\tEXISTING\tNEW")
	for _, clusterType := range c.ClusterTypes {
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\t%s\t%s\n", clusterType.Name, clusterType.Dialect, clusterType.Gate, clusterType.Controllers,
			dash(clusterType.Existing), dash(clusterType.New))
	}
	golden(t, "summary.txt", align(t, b.Bytes()))
}

func requires(r *Requirement) string {
	switch {
	case r == nil:
		return ""
	case r.When == "":
		return strings.Join(slices.Concat(r.AnyRole, r.Actions), " ")
	default:
		return strings.Join(slices.Concat(r.AnyRole, r.Actions), " ") + " when " + r.When
	}
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// align turns tabs into columns.
func align(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
