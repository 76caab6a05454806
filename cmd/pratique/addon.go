package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/catalog"
)

func newAddon(e *env) *cobra.Command {
	return family("addon", "Controllers in clusters, and the permissions that they need", `An add-on is a controller that runs inside a cluster, and often acts outside of it as a role. A precheck says
what that role lacks, and what whoever installs the add-on may not do inside the cluster; authorize gives it
that, under the rights of whoever runs it.

  pratique addon precheck NAME --cluster CLUSTER     what is missing? the report has an id
  pratique addon authorize REPORT                    shows what would be granted, asks, grants it, checks again
  pratique addon install NAME --cluster CLUSTER      checks, then applies it with your rights and waits for its pods
  pratique addon status --cluster CLUSTER            what is installed there, and how its pods are
  pratique addon redeploy NAME --cluster CLUSTER     makes its pods anew, with the permissions that it has now
  pratique addon doctor NAME --cluster CLUSTER       what it needs, holds and has used, and the smallest policy
  pratique addon uninstall NAME --cluster CLUSTER    takes it away, with what authorize granted for it`,
		newAddonList(e), newAddonGet(e), newAddonRegister(e), newAddonUnregister(e),
		newAddonPrecheck(e), newAddonReport(e), newAddonReports(e), newAddonAuthorize(e))
}

func newAddonList(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Aliases: []string{"ls"},
		Short:   "List the add-ons that can be installed",
		Long:    "List the add-ons that can be installed: those that come with Pratique, and those that were registered.",
		Example: "  pratique addon list",
		Args:    arguments(0, 0, ""),
	}
	out := formatFlag(cmd, "table", "json", "yaml")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		list, err := c.Addons(cmd.Context())
		if err != nil {
			return err
		}
		if done, err := printAs(cmd.OutOrStdout(), out, apiv1.List[apiv1.Addon]{Items: list}); done {
			return err
		}
		var rows [][]string
		for _, a := range list {
			origin := "comes with Pratique"
			if a.Registered {
				origin = "registered"
			}
			rows = append(rows, []string{a.Name, strings.Join(a.Versions, ","), strings.Join(a.ClusterTypes, ","), origin})
		}
		return table(cmd.OutOrStdout(), []string{"NAME", "VERSIONS", "CLUSTER TYPES", "ORIGIN"}, rows)
	}
	return cmd
}

// printAs prints a value as JSON or YAML where that was asked for.
func printAs(w io.Writer, f *format, v any) (done bool, err error) {
	switch f.value {
	case "json":
		return true, printJSON(w, v)
	case "yaml":
		return true, printYAML(w, v)
	}
	return false, nil
}

func newAddonGet(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:               "get NAME",
		Short:             "Show an add-on and the permissions that it needs",
		Long:              "Show an add-on: where it runs, as whom it acts, and every permission that it needs, with the setting that brings it.",
		Example:           "  pratique addon get mse-ingress-controller",
		Args:              arguments(1, 1, "the NAME of an add-on"),
		ValidArgsFunction: e.completeAddons,
	}
	out := formatFlag(cmd, "text", "json", "yaml")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		a, err := c.Addon(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		if done, err := printAs(cmd.OutOrStdout(), out, a); done {
			return err
		}
		return printAddon(cmd.OutOrStdout(), a)
	}
	return cmd
}

func printAddon(w io.Writer, a apiv1.Addon) error {
	fact := func(name, value string) {
		if value != "" {
			_, _ = fmt.Fprintf(w, "%-20s%s\n", name, line(value))
		}
	}
	fact("name", a.Name)
	fact("title", a.Title)
	fact("description", a.Description)
	fact("versions", strings.Join(a.Versions, ", "))
	fact("workload", a.Workload.Kind+" "+a.Namespace+"/"+a.Workload.Name)
	fact("cluster types", strings.Join(a.ClusterTypes, ", "))
	for _, p := range a.Principals {
		acts := "the worker role of the cluster"
		if p.Role != "" {
			acts = fmt.Sprintf("%s, assumed by %s", p.Role, p.Service)
		}
		fact("acts as", acts+policyText(p.Policy))
	}
	fact("needs the roles of", strings.Join(a.ServiceLinkedRoles, ", "))
	if a.Settings != nil {
		fact("settings", a.Settings.Kind+" "+a.Settings.Group+"/"+a.Settings.Version)
	}
	fact("installed in", strings.Join(a.InstalledIn, ", "))
	if len(a.Permissions) == 0 {
		return nil
	}
	_, _ = fmt.Fprintln(w)
	var rows [][]string
	for _, p := range a.Permissions {
		var where []string
		for _, k := range slices.Sorted(maps.Keys(p.Context)) {
			where = append(where, " where "+k+" = "+p.Context[k])
		}
		conditions := strings.Join(where, "")
		when := "always"
		if p.When != "" {
			when = p.When
		}
		if p.Controllers != "" {
			when += " (" + p.Controllers + ")"
		}
		rows = append(rows, []string{p.Title, when, strings.Join(p.Actions, " ") + conditions, strings.Join(p.Resources, " ")})
	}
	return table(w, []string{"PERMISSION", "NEEDED", "ACTIONS", "RESOURCES"}, rows)
}

func policyText(name string) string {
	if name == "" {
		return ""
	}
	return " (system policy " + name + ")"
}

func newAddonRegister(e *env) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "register -f FILE",
		Short: "Add an add-on to those that can be installed",
		Long: `Add an add-on to those that can be installed in this account, or replace the one of the same name. The file
says what it is and which permissions it needs; docs/addons.md has the format.

Where manifests is one word that ends in .yaml, it is the name of a file beside, whose text takes its place.`,
		Example: "  pratique addon register -f my-controller.yaml",
		Args:    arguments(0, 0, "a file with -f"),
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "`FILE` with the add-on, - for the standard input")
	_ = cmd.MarkFlagRequired("file") // the flag is there
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		text, err := e.addonFile(file)
		if err != nil {
			return err
		}
		c, err := e.connect()
		if err != nil {
			return err
		}
		a, err := c.RegisterAddon(cmd.Context(), apiv1.AddonFile{File: text})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "addon/%s registered\n", line(a.Name))
		return err
	}
	return cmd
}

// addonFile reads an add-on file, and the manifests that it names.
func (e *env) addonFile(name string) (string, error) {
	var data []byte
	var err error
	if name == "-" {
		data, err = io.ReadAll(io.LimitReader(e.in, catalog.MaxAddonFile+1))
	} else {
		data, err = os.ReadFile(name) //nolint:gosec // the file that the user names
	}
	if err != nil {
		return "", err
	}
	a, err := catalog.ParseAddon(data)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	named := false
	for i, v := range a.Versions {
		if strings.ContainsAny(v.Manifests, " \n:") || !strings.HasSuffix(v.Manifests, ".yaml") || name == "-" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(filepath.Dir(name), v.Manifests))
		if err != nil {
			return "", fmt.Errorf("%s: version %s: %w", name, v.Version, err)
		}
		a.Versions[i].Manifests, named = string(text), true
	}
	if !named {
		return string(data), nil
	}
	data, err = yaml.Marshal(a)
	return string(data), err
}

func newAddonUnregister(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:               "unregister NAME",
		Short:             "Take a registered add-on away",
		Long:              "Take a registered add-on out of those that can be installed. One that is installed somewhere stays.",
		Example:           "  pratique addon unregister my-controller",
		Args:              arguments(1, 1, "the NAME of an add-on"),
		ValidArgsFunction: e.completeAddons,
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		if err := c.UnregisterAddon(cmd.Context(), args[0]); err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "addon/%s unregistered\n", line(args[0]))
		return err
	}
	return cmd
}

// completeAddons completes the name of an add-on.
func (e *env) completeAddons(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	const none = cobra.ShellCompDirectiveNoFileComp
	if len(args) > 0 {
		return nil, none
	}
	c, err := e.connect()
	if err != nil {
		return nil, none
	}
	list, err := c.Addons(cmd.Context())
	if err != nil {
		return nil, none
	}
	var names []string
	for _, a := range list {
		if strings.HasPrefix(a.Name, begun) {
			names = append(names, line(a.Name))
		}
	}
	return names, none
}
