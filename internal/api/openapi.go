package api

import (
	"context"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

func (a *API) openapi(context.Context, Visit, none) (written, error) {
	a.description.once.Do(func() { a.description.body, a.description.err = a.OpenAPI() })
	return a.description.body, a.description.err
}

// OpenAPI describes Routes (OpenAPI 3.1).
func (a *API) OpenAPI() ([]byte, error) {
	s := newSchemas()
	problem := s.of(reflect.TypeFor[apiv1.Problem]())
	paths := map[string]object{}
	for _, r := range a.Routes() {
		op, err := r.describe(s)
		if err != nil {
			return nil, err
		}
		if paths[r.Path] == nil {
			paths[r.Path] = object{}
		}
		paths[r.Path][strings.ToLower(r.Method)] = op
	}
	return strictjson.Marshal(object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Pratique", "version": a.Version,
			"description": "Identity and access management for Kubernetes fleets.",
			"license":     object{"name": "Apache-2.0", "identifier": "Apache-2.0"},
		},
		"servers": []object{{"url": strings.TrimRight(a.External, "/")}},
		"paths":   paths,
		"components": object{
			"schemas":         s.components,
			"securitySchemes": object{"bearer": object{"type": "http", "scheme": "bearer"}},
			"responses": object{"Problem": object{
				"description": "What is wrong, and what to do about it",
				"content":     object{"application/problem+json": object{"schema": problem}},
			}},
		},
	})
}

func (r *Route) describe(s *schemas) (object, error) {
	in, err := inputOf(r.in)
	if err != nil {
		return nil, err
	}
	op := object{
		"operationId": r.id(), "summary": r.Summary, "description": "Guard: " + r.Guard,
		"responses": object{
			strconv.Itoa(r.success()): r.response(s),
			"default":                 object{"$ref": "#/components/responses/Problem"},
		},
	}
	if !r.open() {
		op["security"] = []object{{"bearer": []string{}}}
	}
	if id, ok := r.OnCluster(); ok {
		op["x-pratique-operation"] = id
	}
	if id, ok := r.Operation(); ok {
		op["x-pratique-operation"] = id
	}
	var params []object
	for _, p := range in.params {
		param := object{"name": p.name, "in": p.in, "description": p.doc, "schema": s.of(p.typ)}
		if p.in == "path" {
			param["required"] = true
		}
		params = append(params, param)
	}
	if len(params) > 0 {
		op["parameters"] = params
	}
	if in.body != nil {
		op["requestBody"] = object{"required": true, "content": content(s, in.body.typ)}
	}
	return op, nil
}

// id is the name of the method in generated clients: "getUsersName" for GET /v1/users/{name}.
func (r *Route) id() string {
	words := strings.FieldsFunc(r.Path, func(c rune) bool { return strings.ContainsRune("/{}.-_", c) })
	var id strings.Builder
	id.WriteString(strings.ToLower(r.Method))
	for _, w := range words {
		if w != "v1" {
			id.WriteString(title(w))
		}
	}
	return id.String()
}

func (r *Route) success() int {
	switch {
	case r.out == reflect.TypeFor[done]():
		return http.StatusNoContent
	case r.out.Implements(reflect.TypeFor[interface{ created() any }]()):
		return http.StatusCreated
	case r.out.Implements(reflect.TypeFor[interface{ accepted() any }]()):
		return http.StatusAccepted
	default:
		return http.StatusOK
	}
}

func (r *Route) response(s *schemas) object {
	t := r.out
	if code := r.success(); code == http.StatusCreated || code == http.StatusAccepted {
		t = t.Field(0).Type // of created, accepted
	}
	out := object{"description": http.StatusText(r.success())}
	switch t {
	case reflect.TypeFor[done]():
	case reflect.TypeFor[written]():
		out["content"] = object{"application/json": object{"schema": object{"type": "object"}}}
	default:
		out["content"] = content(s, t)
	}
	return out
}
