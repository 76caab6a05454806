package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

// document is a manifest and where it was read.
type document struct {
	manifest pratique.Manifest
	place    string // "people.yaml: document 2 (line 7)"
}

// files is the flags -f and -R.
type files struct {
	names     []string
	recursive bool
}

func filesFlag(cmd *cobra.Command) *files {
	f := &files{}
	cmd.Flags().StringArrayVarP(&f.names, "filename", "f", nil, "`FILE` or directory with manifests, - for the standard input; may be repeated")
	cmd.Flags().BoolVarP(&f.recursive, "recursive", "R", false, "directories with everything below them")
	return f
}

// read reads all manifests, checks what can be checked here, and reports everything that is wrong together.
func (f *files) read(e *env) ([]document, error) {
	paths, err := f.paths()
	if err != nil {
		return nil, err
	}
	var docs []document
	var problems []error
	for _, path := range paths {
		name, data, err := e.readFile(path)
		if err != nil {
			return nil, err
		}
		found, err := parseManifests(name, data)
		docs = append(docs, found...)
		problems = append(problems, err)
	}
	problems = append(problems, checkDocuments(docs))
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	if len(docs) == 0 {
		return nil, fmt.Errorf("%s: no manifest in it", strings.Join(f.names, ", "))
	}
	return docs, nil
}

// largestFile bounds what is read: a directory of a hundred thousand objects is some tens of MB.
const largestFile = 256 << 20

func (e *env) readFile(path string) (name string, data []byte, err error) {
	if path == "-" {
		name = "standard input"
		data, err = io.ReadAll(io.LimitReader(e.in, largestFile+1))
	} else {
		name = path
		data, err = os.ReadFile(path) //nolint:gosec // the person's own file, named by themselves
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return name, nil, fmt.Errorf("%s does not exist", path)
	case err != nil:
		return name, nil, fmt.Errorf("read %s: %w", name, err)
	case len(data) > largestFile:
		return name, nil, fmt.Errorf("%s is larger than %d MB", name, largestFile>>20)
	}
	return name, data, nil
}

// paths lists the files to read, those of a directory in the order of their names.
func (f *files) paths() ([]string, error) {
	if len(f.names) == 0 {
		return nil, usage("which files? give -f FILE")
	}
	var out []string
	for _, name := range f.names {
		if name == "-" {
			out = append(out, name)
			continue
		}
		info, err := os.Stat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("%s does not exist", name)
		case err != nil:
			return nil, fmt.Errorf("read %s: %w", name, err)
		case !info.IsDir():
			out = append(out, name)
			continue
		}
		found, err := f.below(name)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("%s holds no .yaml, .yml or .json file; add -R to look below it", name)
		}
		out = append(out, found...)
	}
	return out, nil
}

func (f *files) below(dir string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("read %s: %w", path, err)
		case d.IsDir() && path != dir && !f.recursive:
			return filepath.SkipDir
		case d.IsDir():
			return nil
		}
		if slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(path)) {
			out = append(out, path)
		}
		return nil
	})
	return out, err
}

// parseManifests reads YAML or JSON with any number of manifests. What it returns has been read strictly: unknown and repeated members are
// refused with their place.
func parseManifests(name string, data []byte) ([]document, error) {
	var docs []document
	var problems []error
	number := 0
	for _, chunk := range splitDocuments(data) {
		values, err := chunk.values()
		if err != nil {
			number++
			problems = append(problems, fmt.Errorf("%s: document %d: %w", name, number, err))
			continue
		}
		for _, v := range values {
			number++
			place := fmt.Sprintf("%s: document %d (line %d)", name, number, chunk.line)
			found, err := decodeManifests(place, v)
			if err != nil {
				problems = append(problems, fmt.Errorf("%s: %w", place, err))
			}
			docs = append(docs, found...)
		}
	}
	return docs, errors.Join(problems...)
}

// decodeManifests reads one JSON value: a manifest, or a List of them.
func decodeManifests(place string, v jsontext.Value) ([]document, error) {
	if !bytes.Equal(bytes.TrimSpace(headKind(v)), []byte(`"`+kindList+`"`)) {
		var m pratique.Manifest
		if err := strictjson.Unmarshal(v, &m); err != nil {
			return nil, err
		}
		return []document{{m, place}}, nil
	}
	var list struct {
		APIVersion string           `json:"apiVersion"`
		Kind       string           `json:"kind"`
		Metadata   jsontext.Value   `json:"metadata,omitempty"`
		Items      []jsontext.Value `json:"items"`
	}
	if err := strictjson.Unmarshal(v, &list); err != nil {
		return nil, err
	}
	var docs []document
	for i, item := range list.Items {
		at := fmt.Sprintf("%s item %d", place, i+1)
		found, err := decodeManifests(at, item)
		if err != nil {
			return docs, fmt.Errorf("item %d: %w", i+1, err)
		}
		docs = append(docs, found...)
	}
	return docs, nil
}

func headKind(v jsontext.Value) jsontext.Value {
	var head struct {
		Kind jsontext.Value `json:"kind"`
	}
	if err := looseJSON(v, &head); err != nil {
		return nil // whatever is wrong is found by the strict reader, with a better sentence
	}
	return head.Kind
}
