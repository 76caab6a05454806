package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-json-experiment/json"
	"sigs.k8s.io/yaml"

	"github.com/pratique-iam/pratique/internal/strictjson"
)

// mergeInto writes our entries into a kubeconfig. The file is read as data: nothing that it names is run or opened. What is not ours stays
// as it is, members that are not known here too; comments are lost, as they are when kubectl writes the file.
func (e *env) mergeInto(path string, fresh kubeFile) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // a link stays a link
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("merge into %s: %w", path, err)
	}
	unlock, err := lockFile(path, e.now)
	if err != nil {
		return err
	}
	defer unlock()
	old, err := readKubeFile(path)
	if err != nil {
		return err
	}
	if err := merge(old, fresh); err != nil {
		return fmt.Errorf("%s was not changed: %w", path, err)
	}
	data, err := yaml.Marshal(old)
	if err != nil {
		return fmt.Errorf("merge into %s: %w", path, err)
	}
	if err := writePrivate(path, data); err != nil {
		return fmt.Errorf("merge into %s: %w", path, err)
	}
	return nil
}

func readKubeFile(path string) (map[string]any, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the person's own file
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]any{}, nil
	} else if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	old := map[string]any{}
	if err := yaml.UnmarshalStrict(data, &old); err != nil {
		return nil, fmt.Errorf("%s is not a kubeconfig, and was not changed: it is not valid YAML, or has a key twice", path) // the cause may quote it
	}
	if kind, ok := old["kind"].(string); ok && kind != "Config" || !ok && len(old) > 0 && old["kind"] != nil {
		return nil, fmt.Errorf("%s is not a kubeconfig, and was not changed: its kind is %v", path, old["kind"])
	}
	if old == nil { // an empty document
		old = map[string]any{}
	}
	return old, nil
}

// merge puts entries of ours over those of ours that are there, and refuses to take the name of somebody else's.
func merge(old map[string]any, fresh kubeFile) error {
	for key, value := range map[string]string{"apiVersion": "v1", "kind": "Config"} {
		if old[key] == nil {
			old[key] = value
		}
	}
	if current, _ := old["current-context"].(string); current == "" {
		old["current-context"] = fresh.CurrentContext
	}
	for member, entries := range map[string][]kubeEntry{"clusters": fresh.Clusters, "contexts": fresh.Contexts, "users": fresh.Users} {
		list, ok := old[member].([]any)
		if !ok && old[member] != nil {
			return fmt.Errorf("its member %s is not a list", member)
		}
		for _, entry := range entries {
			value, err := asAny(entry)
			if err != nil {
				return err
			}
			if list, err = put(list, entry.Name, value, member == "contexts"); err != nil {
				return err
			}
		}
		old[member] = list
	}
	return nil
}

// put replaces the entry of a name, or appends one.
func put(list []any, name string, value map[string]any, isContext bool) ([]any, error) {
	for i, item := range list {
		entry, ok := item.(map[string]any)
		if !ok || entry["name"] != name {
			continue
		}
		if isContext {
			context, _ := entry["context"].(map[string]any)
			if user, _ := context["user"].(string); !strings.HasPrefix(user, ownPrefix) {
				return nil, fmt.Errorf("there is a context %q that Pratique did not make; rename it with: kubectl config rename-context %s OTHER", name, name)
			}
			if ours, ok := value["context"].(map[string]any); ok && context["namespace"] != nil {
				ours["namespace"] = context["namespace"] // chosen with kubectl config set-context
			}
		}
		list[i] = value
		return list, nil
	}
	return append(list, value), nil
}

func asAny(entry kubeEntry) (map[string]any, error) {
	data, err := strictjson.Marshal(entry)
	if err != nil {
		return nil, fmt.Errorf("write entry %s: %w", entry.Name, err)
	}
	out := map[string]any{}
	return out, json.Unmarshal(data, &out)
}
