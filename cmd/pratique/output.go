package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/pratique-iam/pratique/internal/strictjson"
)

// format is the flag -o of a command.
type format struct {
	value string
	known []string
}

// formatFlag adds -o to a command; the first of the known formats is the default.
func formatFlag(cmd *cobra.Command, known ...string) *format {
	f := &format{value: known[0], known: known}
	cmd.Flags().VarP(f, "output", "o", "how to print the answer: "+strings.Join(known, ", "))
	// The flag was just added, so it is there; a program without completion is still a program.
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(known, cobra.ShellCompDirectiveNoFileComp))
	return f
}

// String, Set and Type make it a flag.
func (f *format) String() string { return f.value }

// Type is what the help calls the value.
func (f *format) Type() string { return "FORMAT" }

// Set refuses a format that the command does not have.
func (f *format) Set(s string) error {
	if !slices.Contains(f.known, s) {
		return fmt.Errorf("%q is not one of %s", s, strings.Join(f.known, ", "))
	}
	f.value = s
	return nil
}

// printJSON writes a value indented. Scripts read it: members are added to it, never taken away.
func printJSON(w io.Writer, v any) error {
	data, err := toJSON(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(data, '\n'))
	return err
}

func toJSON(v any) ([]byte, error) {
	data, err := strictjson.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write answer: %w", err)
	}
	value := jsontext.Value(data)
	if err := value.Indent(jsontext.WithIndent("  ")); err != nil {
		return nil, fmt.Errorf("write answer: %w", err)
	}
	return escapeJSON(value), nil
}

// escapeJSON writes the characters that could disturb a terminal as JSON escapes; they can only stand inside strings.
func escapeJSON(data []byte) []byte {
	if !slices.ContainsFunc(data, func(b byte) bool { return b >= 0x7f }) {
		return data
	}
	return []byte(escape(string(data), func(r rune) bool { return r != '\n' && r != '\t' && hidden(r) && utf8.RuneLen(r) <= 3 }))
}

// toYAML writes a value as YAML; one that holds characters which could disturb a terminal as JSON, which is YAML too and can escape them.
func toYAML(v any) ([]byte, error) {
	data, err := toJSON(v)
	if err != nil {
		return nil, err
	}
	out, err := yaml.JSONToYAML(data)
	if err != nil {
		return nil, fmt.Errorf("write answer: %w", err)
	}
	if bytes.ContainsFunc(out, func(r rune) bool { return r != '\n' && r != '\t' && hidden(r) }) {
		return append(data, '\n'), nil
	}
	return out, nil
}

// printYAML writes a value as one YAML document.
func printYAML(w io.Writer, v any) error {
	data, err := toYAML(v)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}

// printJSONLine writes a value in one line, for tools that read line by line.
func printJSONLine(w io.Writer, v any) error {
	data, err := strictjson.Marshal(v)
	if err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	_, err = w.Write(append(escapeJSON(data), '\n'))
	return err
}
