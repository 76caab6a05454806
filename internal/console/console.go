package console

import (
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/web"
)

// Prefix begins the path of every page.
const Prefix = "/console/"

//go:embed static
var static embed.FS

// Console is the door. Set the exported fields and do not copy it afterwards; it is safe for concurrent use.
type Console struct {
	API http.Handler // the native API
	Log *slog.Logger
	Now func() time.Time

	pages   *pages
	client  *client.Client
	answers answered
}

// Handler serves everything under Prefix, and sends whoever asks for "/" there. It fails when a template cannot be read, which a test would
// have found.
func (c *Console) Handler() (http.Handler, error) {
	var err error
	if c.pages, err = readPages(); err != nil {
		return nil, err
	}
	if c.client, err = inProcess(c.API); err != nil {
		return nil, err
	}
	files, err := fs.Sub(static, "static")
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	edge := &web.Edge{Log: c.Log, Now: c.Now, Timeout: time.Minute}
	mux := http.NewServeMux()
	for _, r := range c.routes() {
		mux.Handle(r.pattern, edge.Handle(c.serve(r)))
	}
	mux.Handle("GET "+Prefix+"static/", assets(http.StripPrefix(Prefix+"static/", http.FileServerFS(files))))
	mux.Handle("GET /{$}", http.RedirectHandler(Prefix, http.StatusSeeOther))
	return edge.Wrap(mux), nil
}

// assets change only with the program, and are asked for under its version.
func assets(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=3600")
		h.ServeHTTP(w, r)
	})
}
