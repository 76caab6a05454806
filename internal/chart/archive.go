package chart

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode/utf8"

	"helm.sh/helm/v4/pkg/chart/loader/archive"

	"github.com/pratique-iam/pratique"
)

// The limits of an archive. Real charts stay far below: the largest public ones have a few hundred files and two megabytes.
const (
	MaxArchive  = 10 << 20 // bytes, compressed
	maxUnpacked = 50 << 20 // bytes of all files
	maxFile     = 10 << 20 // bytes of one
	maxRatio    = 100      // unpacked to compressed
	maxFiles    = 2000
	maxDepth    = 10 // directories, that of the chart included
	maxName     = 255
	ratioFrom   = 1 << 20 // a small file of blanks is no bomb
)

// unpack reads all files of an archive into memory, those of archives in charts/ included, as if they were directories. The limits hold for all of
// it together and while it reads, so that a bomb costs no more than they allow; it trusts no size that a header claims. Names are without the
// chart's own directory.
func unpack(data []byte) ([]*archive.BufferedFile, error) {
	if len(data) > MaxArchive {
		return nil, refuse("the archive has %d bytes, and may have %d", len(data), MaxArchive)
	}
	total := &totals{left: maxUnpacked}
	return total.unpack(data, 1)
}

// totals is what may still come, of an archive and of those in it.
type totals struct {
	left  int64
	files int
}

// maxNested is how many archives may lie in each other: a chart, those that it depends on, and those that they do.
const maxNested = 3

func (t *totals) unpack(data []byte, level int) ([]*archive.BufferedFile, error) {
	if level > maxNested {
		return nil, refuse("there are more than %d archives in each other", maxNested)
	}
	in := bytes.NewReader(data)
	unzipped, err := gzip.NewReader(in)
	if err != nil {
		return nil, &pratique.Error{
			Kind: pratique.ErrInvalid, Message: "this is no archive of a chart: it is not compressed with gzip", Hint: "make one with: helm package",
		}
	}
	unzipped.Multistream(false) // what follows is read by some programs and not by others
	u := unpacking{totals: t, in: &budget{Reader: unzipped, totals: t, ratio: max(int64(len(data))*maxRatio, ratioFrom)}, names: map[string]bool{}}
	if err := u.all(); err != nil {
		return nil, err
	}
	if _, err := io.Copy(io.Discard, u.in); err != nil { // padding; and it verifies the checksum
		return nil, broken(err)
	}
	switch {
	case in.Len() > 0:
		return nil, refuse("something follows the end of the archive")
	case len(u.files) == 0:
		return nil, refuse("the archive is empty")
	}
	return t.nested(u.files, level)
}

// nested puts the files of an archive in charts/ in its place.
func (t *totals) nested(files []*archive.BufferedFile, level int) ([]*archive.BufferedFile, error) {
	var out []*archive.BufferedFile
	for _, f := range files {
		dir, file := path.Split(f.Name)
		if path.Base(dir) != "charts" || path.Ext(file) != ".tgz" || strings.HasPrefix(file, "_") || strings.HasPrefix(file, ".") {
			out = append(out, f)
			continue
		}
		inner, err := t.unpack(f.Data, level+1)
		if err != nil {
			return nil, refuse("in %s: %v", quoted(f.Name), err)
		}
		for _, g := range inner {
			g.Name = strings.TrimSuffix(f.Name, ".tgz") + "/" + g.Name
			out = append(out, g)
		}
	}
	return out, nil
}

// unpacking is an archive that is being read.
type unpacking struct {
	*totals
	in    *budget
	root  string
	names map[string]bool // of files, folded: charts are unpacked onto disks that do not tell case apart
	files []*archive.BufferedFile
}

func (u *unpacking) all() error {
	in := tar.NewReader(u.in)
	for {
		h, err := in.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return broken(err)
		}
		if u.totals.files++; u.totals.files > maxFiles {
			return refuse("the archive has more than %d entries", maxFiles)
		}
		if err := u.entry(h, in); err != nil {
			return err
		}
	}
}

func (u *unpacking) entry(h *tar.Header, in io.Reader) error {
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeDir:
	case tar.TypeXGlobalHeader: // git archive writes one; it names nothing
		return nil
	default:
		return refuse("%s is no file: links, devices and sparse files are refused", quoted(h.Name))
	}
	name, err := u.name(h)
	if err != nil || h.Typeflag == tar.TypeDir {
		return err
	}
	switch {
	case name == "":
		return refuse("%s does not lie in the directory of a chart", quoted(h.Name))
	case h.Size > maxFile:
		return refuse("%s is larger than %d bytes", quoted(h.Name), maxFile)
	case u.names[strings.ToLower(name)]:
		return refuse("%s is in the archive twice", quoted(h.Name))
	}
	u.names[strings.ToLower(name)] = true
	var text bytes.Buffer
	if _, err := io.Copy(&text, io.LimitReader(in, maxFile+1)); err != nil {
		return broken(err)
	}
	if text.Len() > maxFile {
		return refuse("%s is larger than %d bytes", quoted(h.Name), maxFile)
	}
	u.files = append(u.files, &archive.BufferedFile{
		Name: name, ModTime: h.ModTime, Data: bytes.TrimPrefix(text.Bytes(), []byte("\xEF\xBB\xBF")), // as Helm does: Windows adds it
	})
	return nil
}

// name checks what an entry is called, and takes the directory of the chart off. Only names that mean the same to everybody are accepted.
func (u *unpacking) name(h *tar.Header) (string, error) {
	name := strings.TrimPrefix(h.Name, "./") // as tar czf writes when it is given a dot
	if h.Typeflag == tar.TypeDir {
		name = strings.TrimSuffix(name, "/")
	}
	switch {
	case name == "" && h.Typeflag == tar.TypeDir:
		return "", nil
	case len(name) > maxName || !utf8.ValidString(name) || strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c == 0x7f }):
		return "", refuse("%s is no name of a file", quoted(name))
	case strings.Contains(name, `\`), strings.Contains(name, ":"), path.IsAbs(name), path.Clean(name) != name, name == "..", strings.HasPrefix(name, "../"):
		return "", refuse("%s leads out of the archive, or can be read in two ways", quoted(h.Name))
	case strings.Count(name, "/") >= maxDepth:
		return "", refuse("%s lies deeper than %d directories", quoted(h.Name), maxDepth)
	}
	root, rest, _ := strings.Cut(name, "/")
	if u.root == "" {
		u.root = root
	}
	if root != u.root {
		return "", refuse("the archive holds more than one directory: %s and %s", quoted(u.root), quoted(root))
	}
	return rest, nil
}

// budget counts what comes out of a decompressor.
type budget struct {
	io.Reader
	totals *totals
	ratio  int64
}

// limitError ends a read. It is a type of its own because what reads may wrap it.
type limitError struct{ error }

// Read reads, and fails when more has come than may.
func (b *budget) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.totals.left -= int64(n)
	b.ratio -= int64(n)
	switch {
	case b.totals.left < 0:
		return 0, limitError{refuse("the archive holds more than %d bytes", maxUnpacked)}
	case b.ratio < 0:
		return 0, limitError{refuse("the archive holds more than %d times its own size", maxRatio)}
	}
	return n, err
}

// broken says what is wrong with an archive that cannot be read.
func broken(err error) error {
	if limit, ok := errors.AsType[limitError](err); ok {
		return limit.error
	}
	return refuse("the archive cannot be read: %v", err)
}

// refuse says why a chart is not accepted.
func refuse(format string, args ...any) error {
	return &pratique.Error{Kind: pratique.ErrInvalid, Message: fmt.Sprintf(format, args...)}
}

// quoted is a name from outside in a sentence.
func quoted(name string) string {
	if len(name) > 80 {
		name = strings.ToValidUTF8(name[:80], "") + "…"
	}
	return fmt.Sprintf("%q", name)
}
