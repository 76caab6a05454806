package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"helm.sh/helm/v4/pkg/strvals"
	"sigs.k8s.io/yaml"
)

// values are the flags with which people change the values of a chart.
type values struct {
	files   []string
	set     []string
	strings []string
}

func (v *values) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVarP(&v.files, "values", "f", nil, "YAML `FILE` with values, - for the standard input; may be repeated")
	f.StringArrayVar(&v.set, "set", nil, "`KEY=VALUE`, several separated by commas, as helm --set; may be repeated")
	f.StringArrayVar(&v.strings, "set-string", nil, "`KEY=VALUE`, always a string; may be repeated")
}

// read merges them: files in their order, then --set, then --set-string.
func (v *values) read(cmd *cobra.Command) (map[string]any, error) {
	out := map[string]any{}
	for _, file := range v.files {
		data, err := readValues(cmd, file)
		if err != nil {
			return nil, err
		}
		one := map[string]any{}
		if err := yaml.Unmarshal(data, &one); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		out = mergeValues(out, one)
	}
	for _, text := range v.set {
		if err := strvals.ParseInto(text, out); err != nil {
			return nil, usage("--set %q: %v", text, err)
		}
	}
	for _, text := range v.strings {
		if err := strvals.ParseIntoString(text, out); err != nil {
			return nil, usage("--set-string %q: %v", text, err)
		}
	}
	return out, nil
}

func readValues(cmd *cobra.Command, file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(cmd.InOrStdin())
	}
	return os.ReadFile(file) //nolint:gosec // the file that the user names
}

// mergeValues lays values over others, deep inside maps, as Helm does.
func mergeValues(under, over map[string]any) map[string]any {
	for k, v := range over {
		a, isMap := under[k].(map[string]any)
		b, bothMaps := v.(map[string]any)
		if isMap && bothMaps {
			under[k] = mergeValues(a, b)
			continue
		}
		under[k] = v
	}
	return under
}
