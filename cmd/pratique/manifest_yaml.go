package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"sigs.k8s.io/yaml"
)

// chunk is the text between two lines of "---".
type chunk struct {
	text []byte
	line int // of the file, on which the first thing in it stands; from 1
}

// splitDocuments cuts a file at its document markers. A line that begins with "---" ends a document wherever it stands, block texts included.
// (YAML 1.2, 9.1.4)
func splitDocuments(data []byte) []chunk {
	var out []chunk
	var current []byte
	start, number := 1, 0
	end := func() {
		if skipped, blank := leading(current); !blank {
			out = append(out, chunk{text: current, line: start + skipped})
		}
		current = nil
	}
	for l := range bytes.Lines(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))) {
		number++
		rest, marker := bytes.CutPrefix(l, []byte("---"))
		if !marker {
			rest, marker = bytes.CutPrefix(l, []byte("..."))
		}
		if !marker || len(bytes.TrimSpace(rest)) > 0 && rest[0] != ' ' && rest[0] != '\t' {
			current = append(current, l...)
			continue
		}
		end()
		start = number
		current = append(current, rest...)
	}
	end()
	return out
}

// leading counts the lines of space and comments before the first content; blank says that there is none.
func leading(text []byte) (skipped int, blank bool) {
	for l := range bytes.Lines(text) {
		if t := bytes.TrimSpace(l); len(t) > 0 && t[0] != '#' {
			return skipped, false
		}
		skipped++
	}
	return skipped, true
}

// values reads a chunk as JSON values. What is JSON is read as JSON, because YAML understands some of its texts differently.
func (c chunk) values() ([]jsontext.Value, error) {
	if first := bytes.TrimSpace(c.text); first[0] == '{' || first[0] == '[' {
		if _, err := jsonValues(c.text, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)); err == nil {
			values, err := jsonValues(c.text)
			if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
				at := bytes.Count(c.text[:min(int(syntax.ByteOffset), len(c.text))], []byte("\n")) + c.line - c.skipped()
				return nil, fmt.Errorf("line %d: %w", at, syntax.Err)
			}
			return values, err
		}
	}
	data, err := yaml.YAMLToJSONStrict(c.text)
	if err == nil {
		return []jsontext.Value{data}, nil
	}
	return nil, yamlError(err, c.line-c.skipped()-1)
}

// skipped is how many lines of the chunk stand before its line.
func (c chunk) skipped() int {
	n, _ := leading(c.text)
	return n
}

func jsonValues(text []byte, options ...jsontext.Options) ([]jsontext.Value, error) {
	d := jsontext.NewDecoder(bytes.NewReader(text), options...)
	var out []jsontext.Value
	for {
		v, err := d.ReadValue()
		if errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return nil, err
		}
		out = append(out, v.Clone())
	}
}

var yamlLine = regexp.MustCompile(`line (\d+)`)

// yamlError makes one sentence of what the YAML reader says, with the lines of the file instead of those of the chunk.
func yamlError(err error, before int) error {
	message := err.Error()
	for _, prefix := range []string{"error converting YAML to JSON: ", "yaml: ", "unmarshal errors:\n  "} {
		message = strings.TrimPrefix(message, prefix)
	}
	message = yamlLine.ReplaceAllStringFunc(message, func(m string) string {
		n, err := strconv.Atoi(strings.TrimPrefix(m, "line "))
		if err != nil {
			return m
		}
		return "line " + strconv.Itoa(n+before)
	})
	message = strings.ReplaceAll(message, " already set in map", " stands twice")
	return errors.New(strings.ReplaceAll(message, "\n  ", "; "))
}
