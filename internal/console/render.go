package console

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"

	"github.com/pratique-iam/pratique/internal/console/ui"
)

//go:embed pages
var pageFiles embed.FS

// pages holds a set of templates for each page: its own, and what all share.
type pages struct{ byName map[string]*template.Template }

// readPages parses everything once.
func readPages() (*pages, error) {
	shared, err := template.New("").Funcs(ui.Funcs()).ParseFS(ui.Files, "*.html")
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	names, err := fs.Glob(pageFiles, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	out := &pages{byName: map[string]*template.Template{}}
	for _, name := range names {
		set, err := shared.Clone()
		if err != nil {
			return nil, fmt.Errorf("console: %w", err)
		}
		if set, err = set.ParseFS(pageFiles, name); err != nil {
			return nil, fmt.Errorf("console: %w", err)
		}
		out.byName[strings.TrimSuffix(path.Base(name), ".html")] = set
	}
	return out, nil
}

// render writes a page into memory, so that a fault in a template is an error and not half a page.
func (p *pages) render(pg page) ([]byte, error) {
	set, ok := p.byName[pg.template()]
	if !ok {
		return nil, fmt.Errorf("console: no template %q", pg.template())
	}
	pg.framed().Form = ui.FormNumber()
	var b bytes.Buffer
	if err := set.ExecuteTemplate(&b, "layout", pg); err != nil {
		return nil, fmt.Errorf("console: page %s: %w", pg.template(), err)
	}
	return b.Bytes(), nil
}
