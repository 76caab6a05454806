package chart_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/chart"
)

// entry is a file of an archive; with a kind it is something else.
type entry struct {
	name, text string
	kind       byte
	link       string
}

const metadata = "apiVersion: v2\nname: web\nversion: 1.2.3\nappVersion: '9'\ndescription: A web server.\n"

// pack makes an archive.
func pack(tb testing.TB, entries ...entry) []byte {
	tb.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	w := tar.NewWriter(zipped)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.text)), Typeflag: tar.TypeReg}
		if e.kind != 0 {
			h.Typeflag, h.Linkname = e.kind, e.link
		}
		if e.kind != 0 && e.kind != tar.TypeReg {
			h.Size = 0
		}
		if err := w.WriteHeader(h); err != nil {
			tb.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := w.Write([]byte(e.text)); err != nil {
				tb.Fatal(err)
			}
		}
	}
	if err := errors.Join(w.Close(), zipped.Close()); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func file(name, text string) entry { return entry{name: name, text: text} }

// web is a chart with more files.
func web(tb testing.TB, entries ...entry) []byte {
	tb.Helper()
	return pack(tb, append([]entry{file("web/Chart.yaml", metadata)}, entries...)...)
}

func TestAChartIsWhatItsArchiveSays(t *testing.T) {
	t.Parallel()
	data := web(t, file("web/values.yaml", "a: 1\n"), file("web/templates/map.yaml", "kind: ConfigMap\n"), entry{name: "web/charts/", kind: tar.TypeDir})
	c, err := chart.Open(data)
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "web" || c.Version != "1.2.3" || c.AppVersion != "9" || c.Description != "A web server." || c.Size != len(data) || len(c.Digest) != 64 {
		t.Errorf("it is %+v", c)
	}
	for name, data := range map[string][]byte{
		"apiVersion v1":     pack(t, file("web/Chart.yaml", strings.ReplaceAll(metadata, "v2", "v1"))),
		"tar of a dot":      pack(t, entry{name: "./", kind: tar.TypeDir}, file("./web/Chart.yaml", metadata)),
		"git archive":       pack(t, file("web/Chart.yaml", metadata)),
		"with what it uses": web(t, file("web/charts/db/Chart.yaml", strings.ReplaceAll(metadata, "web", "db"))),
		"as helm packs it": pack(t, file("web/Chart.yaml", metadata+"dependencies: [{name: db, version: 1.x.x, repository: https://charts.test}]\n"),
			file("web/charts/db-1.2.3.tgz", string(pack(t, file("db/Chart.yaml", strings.ReplaceAll(metadata, "web", "db")))))),
	} {
		if _, err := chart.Open(data); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnArchiveThatCouldDoHarmIsRefused(t *testing.T) {
	t.Parallel()
	many := make([]entry, 2001)
	for i := range many {
		many[i] = file(fmt.Sprintf("web/templates/%d.yaml", i), "")
	}
	random := func(size int) string {
		b := make([]byte, size)
		_, _ = rand.Read(b)
		return string(b)
	}
	big := random(9 << 20)
	nested := []byte("x")
	for range 4 {
		nested = web(t, file("web/charts/web-1.2.3.tgz", string(nested)))
	}
	sub := func(text string) entry { return file("web/charts/db.tgz", text) }
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":                   {nil, "not compressed with gzip"},
		"text":                    {[]byte(metadata), "not compressed with gzip"},
		"no file":                 {pack(t), "archive is empty"},
		"cut off":                 {web(t)[:60], "cannot be read"},
		"too large":               {make([]byte, chart.MaxArchive+1), "may have 10485760"},
		"a bomb":                  {web(t, file("web/a", strings.Repeat("x", 9<<20))), "more than 100 times its own size"},
		"a large file":            {web(t, file("web/a", random(10<<20))), "may have 10485760"},
		"much":                    {web(t, file("web/a", big+"x"), file("web/b", strings.Repeat(big[:4096], 2500)), file("web/c", strings.Repeat(big[:8000], 1250)), file("web/d", strings.Repeat(big[:9000], 1150)), file("web/e", strings.Repeat(big[:10000], 1040)), file("web/f", strings.Repeat(big[:10001], 1040))), "more than 52428800 bytes"},
		"many files":              {web(t, many...), "more than 2000 entries"},
		"a file above":            {web(t, file("web/../../etc/passwd", "x")), "leads out of the archive"},
		"a file beside":           {web(t, file("../x", "x")), "leads out of the archive"},
		"an absolute name":        {web(t, file("/etc/passwd", "x")), "leads out of the archive"},
		"a name with a backslash": {web(t, file(`web\..\x`, "x")), "can be read in two ways"},
		"a name of a drive":       {web(t, file("c:/x", "x")), "can be read in two ways"},
		"a name with a dot":       {web(t, file("web/./x", "x")), "can be read in two ways"},
		"a name with a break":     {web(t, file("web/a\nb", "x")), "no name of a file"},
		"a deep file":             {web(t, file("web"+strings.Repeat("/a", 11), "x")), "deeper than 10"},
		"a symbolic link":         {web(t, entry{name: "web/x", kind: tar.TypeSymlink, link: "/etc/passwd"}), "links, devices"},
		"a hard link":             {web(t, entry{name: "web/x", kind: tar.TypeLink, link: "web/Chart.yaml"}), "links, devices"},
		"a device":                {web(t, entry{name: "web/x", kind: tar.TypeChar}), "links, devices"},
		"a pipe":                  {web(t, entry{name: "web/x", kind: tar.TypeFifo}), "links, devices"},
		"a name twice":            {web(t, file("web/a", "1"), file("web/a", "2")), "in the archive twice"},
		"a name in another case":  {web(t, file("web/CHART.yaml", metadata)), "in the archive twice"},
		"two directories":         {web(t, file("db/Chart.yaml", metadata)), "more than one directory"},
		"a file without one":      {pack(t, file("Chart.yaml", metadata)), "does not lie in the directory of a chart"},
		"something behind it":     {append(web(t), 'x'), "follows the end of the archive"},
		"another archive":         {append(web(t), web(t)...), "follows the end of the archive"},
		"archives in archives":    {nested, "more than 3 archives in each other"},
		"a bomb in an archive":    {web(t, sub(string(pack(t, file("db/a", strings.Repeat("x", 9<<20)))))), "more than 100 times its own size"},
		"a link in an archive":    {web(t, sub(string(pack(t, entry{name: "db/x", kind: tar.TypeSymlink, link: "/"})))), "links, devices"},
	} {
		_, err := chart.Open(c.data)
		if !errors.Is(err, pratique.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestAChartThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	with := func(old, replacement string) []byte {
		return pack(t, file("web/Chart.yaml", strings.Replace(metadata, old, replacement, 1)))
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"without metadata":     {pack(t, file("web/values.yaml", "a: 1")), "Chart.yaml file is missing"},
		"no YAML":              {pack(t, file("web/Chart.yaml", "{")), "cannot load Chart.yaml"},
		"of the future":        {with("v2", "v3"), `apiVersion "v3"`},
		"without a name":       {with("web", ""), "name is required"},
		"with a path for one":  {with("web", "../web"), `"../web" is invalid`},
		"with blanks for one":  {with("web", "a b"), "no name of a chart"},
		"without a version":    {with("1.2.3", ""), "version is required"},
		"with half a version":  {with("1.2.3", "'1.2'"), "no semantic version"},
		"with another":         {with("1.2.3", "latest"), "invalid"},
		"that lacks something": {pack(t, file("web/Chart.yaml", metadata+"dependencies: [{name: db, version: 1.0.0}]\n")), `depends on chart "db"`},
		"with a broken part":   {web(t, file("web/charts/db/Chart.yaml", "apiVersion: v9\nname: db\nversion: 1.0.0")), `apiVersion "v9"`},
		"with broken values":   {web(t, file("web/values.yaml", "a: {")), "values.yaml"},
	} {
		_, err := chart.Open(c.data)
		if !errors.Is(err, pratique.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("a chart %s: %v, want %q", name, err, c.want)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(web(f, file("web/values.yaml", "a: 1\n"), file("web/charts/db.tgz", string(web(f)))))
	f.Add(web(f, entry{name: "web/x", kind: tar.TypeSymlink, link: "/"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := chart.Open(data)
		switch {
		case err != nil && !errors.Is(err, pratique.ErrInvalid):
			t.Errorf("another kind of error: %v", err)
		case err == nil && (c.Name == "" || strings.ContainsAny(c.Name+c.Version, "/\\ \n")):
			t.Errorf("a chart is called %q %q", c.Name, c.Version)
		}
	})
}

// The decompressed bytes are where archives differ, and a fuzzer hardly ever meets a valid checksum.
func FuzzTar(f *testing.F) {
	var plain bytes.Buffer
	w := tar.NewWriter(&plain)
	_ = w.WriteHeader(&tar.Header{Name: "web/Chart.yaml", Size: int64(len(metadata)), Mode: 0o644})
	_, _ = w.Write([]byte(metadata))
	_ = w.Close()
	f.Add(plain.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		var zipped bytes.Buffer
		w := gzip.NewWriter(&zipped)
		_, _ = w.Write(data)
		_ = w.Close()
		if _, err := chart.Open(zipped.Bytes()); err != nil && !errors.Is(err, pratique.ErrInvalid) {
			t.Errorf("another kind of error: %v", err)
		}
	})
}
