package chart

import (
	"bytes"
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"helm.sh/helm/v4/pkg/chart/common"
	v2 "helm.sh/helm/v4/pkg/chart/v2"
)

// nowhere loads no schema: a chart must bring all of its schema with it.
type nowhere struct{}

// Load refuses.
func (nowhere) Load(url string) (any, error) {
	return nil, fmt.Errorf("it refers to %s, and nothing is fetched", quoted(url))
}

// checkSchemas compares values with what the chart, and those in it, say about them.
func checkSchemas(c *v2.Chart, values common.Values) error {
	if len(c.Schema) > 0 {
		if err := checkSchema(c.Schema, values); err != nil {
			return fmt.Errorf("values.schema.json of %s: %w", c.Name(), err)
		}
	}
	for _, sub := range c.Dependencies() {
		own, ok := values[sub.Name()].(map[string]any)
		if !ok {
			continue
		}
		if err := checkSchemas(sub, own); err != nil {
			return err
		}
	}
	return nil
}

func checkSchema(schema []byte, values common.Values) error {
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return err
	}
	const here = "chart:///values.schema.json"
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(nowhere{})
	if err := compiler.AddResource(here, parsed); err != nil {
		return err
	}
	compiled, err := compiler.Compile(here)
	if err != nil {
		return err
	}
	return compiled.Validate(values.AsMap())
}
