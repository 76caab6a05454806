package api

import (
	"encoding"
	"reflect"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// schemas describes Go types as JSON Schema 2020-12, as strictjson reads and writes them. A library would bring a second opinion on what the
// tags mean, and half a dozen modules; the types of this API need these hundred lines.
type schemas struct {
	components map[string]object
	names      map[reflect.Type]string
}

// object is a JSON object that is being written.
type object map[string]any

func newSchemas() *schemas {
	return &schemas{components: map[string]object{}, names: map[reflect.Type]string{}}
}

// of describes a type: structs by reference to a component, the rest in place.
func (s *schemas) of(t reflect.Type) object {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[jsontext.Value]():
		return object{} // anything
	case t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return object{"type": "string"}
	}
	switch t.Kind() { //nolint:exhaustive // default is anything
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64, reflect.Uint64, reflect.Uint8:
		return object{"type": "integer"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.Slice:
		return object{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Struct:
		return s.reference(t)
	default:
		return object{}
	}
}

func (s *schemas) reference(t reflect.Type) object {
	name, ok := s.names[t]
	if !ok {
		name = s.name(t)
		s.names[t] = name
		s.components[name] = s.structure(t)
	}
	return object{"$ref": "#/components/schemas/" + name}
}

// name is the type's own, with its package only where two share it; List[SessionInfo] is ListOfSessionInfo. The types of AuthZEN say so.
func (s *schemas) name(t reflect.Type) string {
	base, argument, generic := strings.Cut(t.Name(), "[")
	if generic {
		argument = strings.TrimSuffix(argument, "]")
		base += "Of" + title(argument[strings.LastIndexAny(argument, "./")+1:])
	}
	name := title(base)
	for _, taken := range s.names {
		if taken == name {
			return title(t.PkgPath()[strings.LastIndex(t.PkgPath(), "/")+1:]) + name
		}
	}
	return name
}

func title(s string) string {
	if s == "" {
		return s
	}
	if rest, ok := strings.CutPrefix(s, "zen"); ok {
		return "AuthZEN" + rest
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func (s *schemas) structure(t reflect.Type) object {
	members, required := object{}, []string{}
	out := object{"type": "object", "properties": members}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case !f.IsExported() || name == "-" || f.Anonymous && name == "":
			continue
		case options == "embed":
			continue // whatever else there may be
		case name == "":
			name = f.Name
		}
		members[name] = s.of(f.Type)
		if !strings.Contains(options, "omit") {
			required = append(required, name)
		}
	}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}
