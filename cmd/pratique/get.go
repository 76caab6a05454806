package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/client"
)

type get struct {
	*env
	out     *format
	options client.ListOptions
}

func newGet(e *env) *cobra.Command {
	g := get{env: e}
	cmd := &cobra.Command{
		Use:   "get KIND[/NAME] [NAME...]",
		Short: "Show objects of the directory",
		Long: `Show all objects of a kind, or those that are named.

Kinds: users, groups, roles, policies, grants, projects, enterpriseprojects (ep),
namespacepermissions (nsp), identityproviders (idp), and operations, the table of
everything that Pratique can do. Policies of the system are listed with your own.

With -o yaml an object is printed as pratique apply reads it.`,
		Example: `  pratique get users
  pratique get policy deny-node-deletion -o yaml
  pratique get user/alice group/viewers
  pratique get policies --type custom
  pratique get grants --group viewers -o wide
  pratique get operations`,
		Args:              arguments(1, -1, "a KIND, such as users"),
		ValidArgsFunction: e.completeObjects,
	}
	g.out = formatFlag(cmd, "table", "wide", "json", "yaml", "name")
	f := cmd.Flags()
	f.IntVar(&g.options.Limit, "page-size", 500, "fetch `N` objects at once, at most 500; all are shown")
	f.StringVar(&g.options.Type, "type", "", "policies: only those of this `TYPE`, system or custom")
	f.StringVar(&g.options.User, "user", "", "grants: only those of this user `NAME`")
	f.StringVar(&g.options.Group, "group", "", "grants: only those of this group `NAME`")
	f.StringVar(&g.options.Role, "role", "", "grants: only those of this role `NAME`")
	f.StringVar(&g.options.Policy, "policy", "", "grants: only those of this policy `NAME`")
	f.StringVar(&g.options.Cluster, "cluster", "", "namespace permissions: only those that reach this cluster `NAME`")
	cmd.RunE = g.run
	return cmd
}

func (g *get) run(cmd *cobra.Command, args []string) error {
	if isOperations(args[0]) {
		return g.operations(cmd, args[1:])
	}
	targets, err := parseTargets(args)
	if err != nil {
		return err
	}
	if err := g.check(targets); err != nil {
		return err
	}
	c, err := g.connect()
	if err != nil {
		return err
	}
	var items []pratique.Manifest
	var missing []error
	for _, t := range targets {
		if t.name == "" {
			for m, err := range c.All(cmd.Context(), t.kind, g.options) {
				if err != nil {
					return err
				}
				items = append(items, m)
			}
			continue
		}
		m, err := c.Get(cmd.Context(), t.kind, t.name)
		switch {
		case errors.Is(err, pratique.ErrNotFound):
			missing = append(missing, err) // the others are shown all the same, as kubectl does
		case err != nil:
			return err
		default:
			items = append(items, m)
		}
	}
	single := len(targets) == 1 && targets[0].name != ""
	if len(items) > 0 || !single {
		if err := g.print(cmd, items, single, targets); err != nil {
			return err
		}
	}
	return errors.Join(missing...)
}

// check refuses filters that the kind does not have, rather than ignore what somebody took care to write.
func (g *get) check(targets []target) error {
	o := g.options
	grants := o.User+o.Group+o.Role+o.Policy != ""
	for _, t := range targets {
		switch {
		case grants && (t.kind != pratique.KindGrant || t.name != ""):
			return usage("--user, --group, --role and --policy choose among grants: pratique get grants")
		case o.Type != "" && (t.kind != pratique.KindPolicy || t.name != ""):
			return usage("--type chooses among policies: pratique get policies")
		}
	}
	if o.Type != "" && o.Type != "system" && o.Type != "custom" {
		return usage("--type %q is not system or custom", o.Type)
	}
	if o.Limit < 1 || o.Limit > 500 {
		return usage("--page-size %d is not between 1 and 500", o.Limit)
	}
	return nil
}

func (g *get) print(cmd *cobra.Command, items []pratique.Manifest, single bool, targets []target) error {
	w := cmd.OutOrStdout()
	switch g.out.value {
	case "json":
		if single {
			return printJSON(w, items[0])
		}
		return printJSON(w, listOf(items))
	case "yaml":
		if single {
			return printYAML(w, items[0])
		}
		return printYAML(w, listOf(items))
	case "name":
		for _, m := range items {
			_, _ = fmt.Fprintln(w, objectName(m.Kind, m.Metadata.Name))
		}
		return nil
	}
	if len(items) == 0 {
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "no %s found\n", targets[0].kind.Plural())
		return nil
	}
	return g.tables(w, items)
}

// manifestList is several manifests in one document. apply reads it, too.
type manifestList struct {
	APIVersion string              `json:"apiVersion"`
	Kind       string              `json:"kind"`
	Items      []pratique.Manifest `json:"items"`
}

const kindList = "List"

func listOf(items []pratique.Manifest) manifestList {
	if items == nil {
		items = []pratique.Manifest{}
	}
	return manifestList{APIVersion: pratique.APIVersion, Kind: kindList, Items: items}
}

// objectName is "user/alice".
func objectName(k pratique.Kind, name string) string {
	return strings.ToLower(string(k)) + "/" + line(name)
}

func isOperations(word string) bool {
	switch strings.ToLower(word) {
	case "operations", "operation", "ops":
		return true
	}
	return false
}

func (g *get) operations(cmd *cobra.Command, ids []string) error {
	if err := g.check([]target{{kind: "Operation"}}); err != nil {
		return err
	}
	c, err := g.connect()
	if err != nil {
		return err
	}
	all, err := c.Operations(cmd.Context())
	if err != nil {
		return err
	}
	wanted := map[string]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	var rows [][]string
	var shown []any
	for _, o := range all {
		if len(ids) > 0 && !wanted[o.ID] {
			continue
		}
		delete(wanted, o.ID)
		shown = append(shown, o)
		row := []string{o.ID, o.Huawei, o.RAM, string(o.Access)}
		if g.out.value == "wide" {
			ep := "no"
			if o.EnterpriseProject {
				ep = "yes"
			}
			row = append(row, ep, strings.Join(o.ClusterTypes, ","), o.Description)
		}
		rows = append(rows, row)
	}
	for id := range wanted {
		return fmt.Errorf("there is no operation %q; list them with: pratique get operations", id)
	}
	return g.printOperations(cmd, shown, rows)
}

func (g *get) printOperations(cmd *cobra.Command, shown []any, rows [][]string) error {
	w := cmd.OutOrStdout()
	header := []string{"ID", "HUAWEI", "RAM", "ACCESS"}
	switch g.out.value {
	case "json":
		return printJSON(w, map[string]any{"items": shown})
	case "yaml":
		return printYAML(w, map[string]any{"items": shown})
	case "name":
		for _, r := range rows {
			_, _ = fmt.Fprintln(w, "operation/"+line(r[0]))
		}
		return nil
	case "wide":
		header = append(header, "EP", "CLUSTER TYPES", "DESCRIPTION")
	}
	return table(w, header, rows)
}

// specOf reads a spec for showing it. What this version does not know is left out.
func specOf[T any](m pratique.Manifest) T {
	var spec T
	if len(m.Spec) > 0 {
		_ = looseJSON(m.Spec, &spec) // a spec that cannot be read is shown empty; -o yaml shows what it is
	}
	return spec
}
