// Package strictjson is the only JSON reader for bytes that come from outside: it refuses duplicate names, names in another case, unknown
// members, trailing data and invalid UTF-8. The standard encoding/json accepts all five, which can turn a Deny into an Allow.
package strictjson

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Unmarshal reads exactly one JSON value into v, which is a pointer. The error is a sentence that names the place.
func Unmarshal(data []byte, v any) error {
	err := json.Unmarshal(data, v, json.RejectUnknownMembers(true))
	if err == nil {
		return nil
	}
	return explain(err)
}

// Marshal writes v deterministically: map keys sorted, no HTML escapes.
func Marshal(v any) ([]byte, error) {
	return json.Marshal(v, json.Deterministic(true))
}

// explain turns the decoder's error into a sentence without Go type names, which mean nothing to the person who wrote the text.
func explain(err error) error {
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		at := pointer(semantic.JSONPointer)
		switch {
		case errors.Is(err, json.ErrUnknownName):
			return fmt.Errorf("unknown member %s", at)
		case semantic.Err != nil:
			return fmt.Errorf("%s: %w", at, semantic.Err)
		default:
			return fmt.Errorf("%s: a JSON %s does not fit here", at, semantic.JSONKind)
		}
	}
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Errorf("invalid JSON at byte %d (%s): %w", syntax.ByteOffset, pointer(syntax.JSONPointer), syntax.Err)
	}
	return fmt.Errorf("invalid JSON: %w", err)
}

func pointer(p jsontext.Pointer) string {
	if p == "" {
		return "the document"
	}
	return strings.ReplaceAll(strings.TrimPrefix(string(p), "/"), "/", ".")
}
