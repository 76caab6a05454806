package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/policy"
)

func newPolicyCheck(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "Check policy documents",
		Long: `Check policy documents as the server does when they are written: their JSON, members, limits,
operators, and whether the actions exist. One line is printed for every finding:

  file:line:column: error|warning: what is wrong (class); what to do

The class of an error is the one that the vendor uses. The exit code is 1 when there is an error;
warnings are for you to judge. FILE may be - for the standard input.`,
		Example: `  pratique policy check policies/*.json
  pratique get policy team -o json | jq .spec.document | pratique policy check -
  pratique policy check --kind trust worker-role.json`,
		Args: arguments(1, -1, "a FILE"),
	}
	kind := kindFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		k, err := parserKind(*kind)
		if err != nil {
			return err
		}
		known, err := catalog.Load()
		if err != nil {
			return err
		}
		bad := false
		for _, path := range args {
			name, data, err := e.readPolicy(path)
			if err != nil {
				return err
			}
			for _, p := range checkPolicy(known, k, data) {
				bad = bad || p.Severity == policy.Fatal
				printProblem(cmd.OutOrStdout(), name, p)
			}
		}
		if bad {
			return errNo
		}
		return nil
	}
	return cmd
}

func printProblem(w io.Writer, name string, p policy.Problem) {
	_, _ = fmt.Fprintf(w, "%s:%s\n", line(name), line(p.String()))
}

// checkPolicy finds everything that is wrong or doubtful, in the order of the text.
func checkPolicy(known *catalog.Catalog, kind policy.Kind, data []byte) []policy.Problem {
	doc, err := policy.Parser{Kind: kind, Registry: known}.Parse(data)
	if refused, ok := errors.AsType[*policy.Error](err); ok {
		return refused.Problems
	} else if err != nil {
		return []policy.Problem{{Severity: policy.Fatal, Pos: policy.Position{Line: 1, Column: 1}, Message: err.Error()}}
	}
	found := policy.Lint(doc)
	if kind == policy.Identity || kind == policy.Session {
		found = append(found, unlisted(known, doc)...)
	}
	if _, mixed := known.PolicyLevel(doc); mixed && kind == policy.Identity {
		found = append(found, policy.Problem{
			Severity: policy.Fatal, Class: "IAM.1009", Pos: doc.Statements[0].Pos,
			Message: "the document mixes actions of global and of project-level services", Hint: "make two policies of it",
		})
	}
	slices.SortStableFunc(found, func(a, b policy.Problem) int { return int(a.Pos.Offset) - int(b.Pos.Offset) })
	return found
}

// unlisted warns of actions that pass only because their service has some that the catalogue does not list: a misspelt one would, too.
func unlisted(known *catalog.Catalog, doc *policy.Document) []policy.Problem {
	var found []policy.Problem
	for _, s := range doc.Statements {
		for _, a := range slices.Concat(s.Actions, s.NotActions) {
			if len(known.Expand(a.Text)) > 0 || known.Listed(a.Text) {
				continue
			}
			found = append(found, policy.Problem{
				Severity: policy.Warning, Class: "lint.unlisted-action", Pos: a.Pos,
				Message: fmt.Sprintf("action %q is not in the catalogue", a.Text), Hint: "check its spelling",
			})
		}
	}
	return found
}
