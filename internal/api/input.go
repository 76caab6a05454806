package api

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/pratique-iam/pratique/internal/web"
)

// input tells how an input struct is filled from a request, and how it is documented. The fields have tags:
//
//	`path:"name" doc:"…"`     a segment of the path
//	`query:"limit" doc:"…"`   a parameter after the question mark; string, bool, int or uint64
//	`body:""`                 the JSON body; body:"changes" for the larger limit; of an archive, the body as it is
//
// Embedded structs count as their fields. Parameters that the struct does not name are refused: a misspelt dryRun must not change things.
type input struct {
	params []param
	body   *bodyField
}

type param struct {
	in    string // path, query
	name  string
	doc   string
	index []int
	typ   reflect.Type
}

type bodyField struct {
	index []int
	typ   reflect.Type
	limit int64
}

func inputOf(t reflect.Type) (*input, error) {
	in := &input{}
	for _, f := range reflect.VisibleFields(t) {
		switch {
		case f.Anonymous:
		case f.Tag.Get("path") != "":
			in.params = append(in.params, param{"path", f.Tag.Get("path"), f.Tag.Get("doc"), f.Index, f.Type})
		case f.Tag.Get("query") != "":
			in.params = append(in.params, param{"query", f.Tag.Get("query"), f.Tag.Get("doc"), f.Index, f.Type})
		default:
			kind, ok := f.Tag.Lookup("body")
			if !ok {
				return nil, fmt.Errorf("input %s: field %s comes from nowhere", t, f.Name)
			}
			in.body = &bodyField{index: f.Index, typ: f.Type, limit: web.BodyLimit}
			switch kind {
			case "changes":
				in.body.limit = web.ChangesLimit
			}
		}
	}
	return in, nil
}

// read fills the struct that into points at.
func (in *input) read(w http.ResponseWriter, r *http.Request, into any) error {
	v := reflect.ValueOf(into).Elem()
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return web.Invalid("the query cannot be read: it is not properly escaped")
	}
	for name, values := range query {
		known := slices.ContainsFunc(in.params, func(p param) bool { return p.in == "query" && p.name == name })
		switch {
		case !known:
			return in.unknown(name)
		case len(values) > 1:
			return web.Invalid("query parameter %s is given %d times", name, len(values))
		}
	}
	for _, p := range in.params {
		text := query.Get(p.name)
		if p.in == "path" {
			text = r.PathValue(p.name)
		}
		if err := p.set(v.FieldByIndex(p.index), text); err != nil {
			return err
		}
	}
	if in.body == nil {
		return nil
	}
	body := v.FieldByIndex(in.body.index)
	if raw, err := readArchive(w, r, body); raw {
		return err
	}
	return web.ReadJSON(w, r, in.body.limit, body.Addr().Interface())
}

func (in *input) unknown(name string) error {
	var known []string
	for _, p := range in.params {
		if p.in == "query" {
			known = append(known, p.name)
		}
	}
	err := web.Invalid("query parameter %q is not known here", name)
	if len(known) > 0 {
		err.Hint = "known are: " + strings.Join(known, ", ")
	}
	return err
}

func (p *param) set(v reflect.Value, text string) error {
	if text == "" {
		return nil
	}
	var err error
	switch v.Kind() { //nolint:exhaustive // default refuses the rest
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(text)
		v.SetBool(b)
	case reflect.Int:
		var n int64
		n, err = strconv.ParseInt(text, 10, 32)
		v.SetInt(n)
	case reflect.Uint64:
		var n uint64
		n, err = strconv.ParseUint(text, 10, 64)
		v.SetUint(n)
	default:
		return fmt.Errorf("parameter %s has type %s, which cannot be read", p.name, p.typ)
	}
	if err != nil {
		return web.Invalid("parameter %s is %q, which is not a %s", p.name, text, word(p.typ))
	}
	return nil
}

func word(t reflect.Type) string {
	if t.Kind() == reflect.Bool {
		return "true or false"
	}
	return "number"
}
