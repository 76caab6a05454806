package api

import (
	"net/http"
	"reflect"

	"github.com/pratique-iam/pratique/internal/chart"
	"github.com/pratique-iam/pratique/internal/web"
)

// archive is the one thing that goes in and out as it is and not as JSON: a body of application/gzip.
type archive []byte

const gzipType = "application/gzip"

// readArchive fills a body field of this type; ok is false for any other.
func readArchive(w http.ResponseWriter, r *http.Request, v reflect.Value) (ok bool, err error) {
	if v.Type() != reflect.TypeFor[archive]() {
		return false, nil
	}
	data, err := web.ReadBytes(w, r, chart.MaxArchive, gzipType)
	v.SetBytes(data)
	return true, err
}

// send answers with the archive. It is for programs: no browser may look into it.
func (b archive) send(w http.ResponseWriter) error {
	h := w.Header()
	h.Set("Content-Type", gzipType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Disposition", "attachment")
	_, _ = w.Write(b) //nolint:gosec // an archive that is not shown; a client that has gone away needs no answer
	return nil
}

// content describes a body for OpenAPI.
func content(s *schemas, t reflect.Type) object {
	if t == reflect.TypeFor[archive]() {
		return object{gzipType: object{"schema": object{"type": "string", "format": "binary"}}}
	}
	return object{"application/json": object{"schema": s.of(t)}}
}
