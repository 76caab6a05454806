package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/policy"
)

func newPolicy(e *env) *cobra.Command {
	return family("policy", "Check, format and try out policy documents, without a server", `Work on policy documents. None of these commands needs a server: they use the parser, the evaluator
and the catalogue that the server uses.`,
		newPolicyCheck(e), newPolicyDecide(e), newPolicyFmt(e), newPolicyShow())
}

// parserKind reads the value of --kind.
func parserKind(name string) (policy.Kind, error) {
	switch name {
	case "identity":
		return policy.Identity, nil
	case "trust":
		return policy.Trust, nil
	case "session":
		return policy.Session, nil
	case "system":
		return policy.System, nil
	}
	return 0, usage("--kind %q is not one of identity, trust, session, system", name)
}

func kindFlag(cmd *cobra.Command) *string {
	kind := cmd.Flags().String("kind", "identity", "`KIND` of the documents: identity, trust, session or system")
	_ = cmd.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions([]string{"identity", "trust", "session", "system"}, cobra.ShellCompDirectiveNoFileComp))
	return kind
}

// largestPolicy is far over what any document may have; the parser says so with the true limit.
const largestPolicy = 4 << 20

// readPolicy reads a document; "-" is the standard input.
func (e *env) readPolicy(path string) (name string, data []byte, err error) {
	name, data, err = e.readFile(path)
	if err == nil && len(data) > largestPolicy {
		err = fmt.Errorf("%s has %d bytes and is no policy document", name, len(data))
	}
	return name, data, err
}

func newPolicyShow() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show [NAME]",
		Short: "Print a system policy, or list them",
		Long: `Print the text of a policy or role of the system, by its name, alias or id, from the catalogue that
this program brings along; without NAME, list them. Policies of your own shows:
pratique get policy NAME -o yaml.`,
		Example: `  pratique policy show
  pratique policy show 'CCE ReadOnlyAccess'
  pratique policy show te_admin`,
		Args: arguments(0, 1, "the NAME of a system policy"),
		ValidArgsFunction: func(_ *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
			return systemPolicyNames(), cobra.ShellCompDirectiveNoFileComp
		},
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		known, err := catalog.Load()
		if err != nil {
			return err
		}
		w := cmd.OutOrStdout()
		if len(args) == 0 {
			return listSystemPolicies(w, known)
		}
		p, ok := known.Policy(args[0])
		if !ok {
			return unknownSystemPolicy(args[0])
		}
		if p.Note != "" {
			_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "note: %s\n", p.Note)
		}
		_, err = w.Write(p.Document.Format())
		return err
	}
	return cmd
}

func listSystemPolicies(w io.Writer, known *catalog.Catalog) error {
	var rows [][]string
	for i := range known.Policies {
		p := &known.Policies[i]
		rows = append(rows, []string{p.Name, p.Alias, fmt.Sprintf("%s %s", p.Dialect, p.Document.Version), p.Description})
	}
	return table(w, []string{"NAME", "ALIAS", "LANGUAGE", "DESCRIPTION"}, rows)
}

func systemPolicyNames() []string {
	known, err := catalog.Load()
	if err != nil {
		return nil
	}
	var names []string
	for i := range known.Policies {
		names = append(names, known.Policies[i].Name)
	}
	return names
}

func unknownSystemPolicy(name string) error {
	if best := nearest(name, systemPolicyNames()); best != "" {
		return fmt.Errorf("there is no system policy %q; did you mean %q?", name, best)
	}
	return fmt.Errorf("there is no system policy %q; list them with: pratique policy show", name)
}

// isFile reports whether a path names something that can be read, so that "CCE FullAccess" can be told from a file.
func isFile(path string) bool {
	info, err := os.Stat(path)
	return path == "-" || err == nil && !info.IsDir()
}
