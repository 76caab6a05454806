package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique"
)

func newDiff(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "diff -f FILE",
		Short: "Show how the directory differs from the files",
		Long: `Show what pratique apply would change, object by object, as a unified diff. Nothing is changed.

The exit code is 0 when nothing differs and 1 when something does, so that a script can tell.`,
		Example: `  pratique diff -f people.yaml
  pratique diff -R -f directory/ && echo up to date`,
		Args: arguments(0, 0, "files with -f"),
	}
	f := filesFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		docs, err := f.read(e)
		if err != nil {
			return err
		}
		c, err := e.connect()
		if err != nil {
			return err
		}
		var list changeList
		for _, d := range docs {
			list.put(d.manifest)
		}
		plan, err := (&planner{env: e, client: c}).plan(cmd.Context(), list)
		if err != nil {
			return err
		}
		for _, s := range plan.Steps {
			if err := e.printDiff(cmd.OutOrStdout(), s); err != nil {
				return err
			}
		}
		e.printWarnings(cmd.ErrOrStderr(), plan.Warnings)
		if countSteps(plan.Steps).changed() > 0 {
			return errNo
		}
		return nil
	}
	return cmd
}

// printDiff shows one object. Only the members that differ are compared: the others are the same on both sides.
func (e *env) printDiff(w io.Writer, s pratique.Step) error { return e.printDiffTo(w, s, "file") }

// printDiffTo calls what comes after something other than the file.
func (e *env) printDiffTo(w io.Writer, s pratique.Step, after string) error {
	if s.Verb == pratique.Unchanged {
		return nil
	}
	were, are := map[string]jsontext.Value{}, map[string]jsontext.Value{}
	for _, f := range s.Fields {
		if len(f.Before) > 0 {
			were[f.Field] = f.Before
		}
		if len(f.After) > 0 {
			are[f.Field] = f.After
		}
	}
	old, err := specLines(were)
	if err != nil {
		return err
	}
	fresh, err := specLines(are)
	if err != nil {
		return err
	}
	name := objectName(s.Kind, s.Name)
	oldName, newName := name+" (now)", name+" ("+after+")"
	switch s.Verb {
	case pratique.Create:
		oldName, old = "/dev/null", nil
		fresh = append([]string{"kind: " + string(s.Kind), "name: " + line(s.Name)}, fresh...)
	case pratique.Remove:
		newName, fresh = "/dev/null", nil
		old = append([]string{"kind: " + string(s.Kind), "name: " + line(s.Name)}, old...)
	case pratique.Update, pratique.Unchanged:
	}
	_, _ = fmt.Fprintf(w, "--- %s\n+++ %s\n", oldName, newName)
	for _, l := range unified(old, fresh) {
		switch l[0] {
		case '+':
			l = e.paint(green, l)
		case '-':
			l = e.paint(red, l)
		}
		_, _ = fmt.Fprintln(w, l)
	}
	return nil
}

// specLines writes members as the lines of a YAML file.
func specLines(members map[string]jsontext.Value) ([]string, error) {
	if len(members) == 0 {
		return nil, nil
	}
	data, err := toYAML(map[string]any{"spec": members})
	if err != nil {
		return nil, err
	}
	return strings.Split(string(bytes.TrimSuffix(data, []byte("\n"))), "\n"), nil
}
