package main

import (
	"fmt"
	"io"
	"os"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

// addonInstances are the commands about add-ons in clusters.
func addonInstances(e *env) []*cobra.Command {
	return []*cobra.Command{
		newAddonInstall(e, false), newAddonInstall(e, true), newAddonRedeploy(e), newAddonUninstall(e), newAddonStatus(e), newAddonDoctor(e),
	}
}

// addonJob starts work on an add-on, and follows it.
type addonJob struct {
	*env
	cluster string
	waiting *waiting
}

func (a *addonJob) flags(cmd *cobra.Command) {
	clusterFlag(cmd, &a.cluster)
	completeFlag(cmd, "cluster", func(begun string) []string { return a.clusterNames(cmd, begun) })
	a.waiting = waitFlags(cmd, true)
}

func (a *addonJob) run(cmd *cobra.Command, name, done string, start func(c *client.Client) (apiv1.Job, error)) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	j, err := start(c)
	if err != nil {
		return err
	}
	j, err = a.followJob(cmd, c, j.ID, a.waiting)
	if err != nil || !j.Ended() {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "addon/%s %s\n", line(name), done)
	if stays := j.Result["stays"]; err == nil && stays != "" {
		_, err = fmt.Fprintf(cmd.ErrOrStderr(), "%s%s\n", a.paint(yellow, "warning: "), text(stays))
	}
	return err
}

func newAddonInstall(e *env, upgrade bool) *cobra.Command {
	a := addonJob{env: e}
	var body apiv1.InstallAddon
	var config string
	cmd := &cobra.Command{
		Use:   "install NAME --cluster CLUSTER",
		Short: "Install an add-on in a cluster",
		Long: `Install an add-on. What it needs is checked first, and nothing is installed when something is missing: the refusal
names the report, and pratique addon authorize gives what it lacks. On clusters whose controllers act by the
worker role it is installed all the same, with a warning.

Its objects are tried without effect, then applied under your own rights, and the command waits until its pods run.
When it fails, everything is taken back. Ctrl-C ends the waiting, and not the installation.`,
		Example: `  pratique addon install mse-ingress-controller --cluster prod
  pratique addon install kube-state-metrics --cluster prod --version 2.15.0`,
		Args:              arguments(1, 1, "the NAME of an add-on"),
		ValidArgsFunction: e.completeAddons,
	}
	done := "installed"
	if upgrade {
		cmd.Use, cmd.Short = "upgrade NAME --cluster CLUSTER", "Move an add-on to another version"
		cmd.Long = `Move an installed add-on to another version, or give it other values. What the version needs is checked first.
When it fails, the version that was there is put back.`
		cmd.Example = "  pratique addon upgrade kube-state-metrics --cluster prod --version 2.16.0"
		done = "upgraded"
	}
	a.flags(cmd)
	cmd.Flags().StringVar(&body.Version, "version", "", "`VERSION` of the add-on (default: the newest)")
	cmd.Flags().StringVar(&config, "config", "", "`FILE` with values of its chart")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var err error
		if body.Config, err = readConfig(config); err != nil {
			return err
		}
		return a.run(cmd, args[0], done, func(c *client.Client) (apiv1.Job, error) {
			if !upgrade {
				return c.InstallAddon(cmd.Context(), a.cluster, args[0], body)
			}
			if body.Version == "" && config == "" {
				t, err := c.Addon(cmd.Context(), args[0])
				if err != nil {
					return apiv1.Job{}, err
				}
				body.Version = t.Versions[0]
			}
			return c.UpgradeAddon(cmd.Context(), a.cluster, args[0], body)
		})
	}
	return cmd
}

// readConfig reads values of a chart: YAML or JSON.
func readConfig(file string) (jsontext.Value, error) {
	if file == "" {
		return nil, nil
	}
	data, err := os.ReadFile(file) //nolint:gosec // the file that the user names
	if err != nil {
		return nil, err
	}
	out, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return out, nil
}

func newAddonRedeploy(e *env) *cobra.Command {
	a := addonJob{env: e}
	cmd := &cobra.Command{
		Use:   "redeploy NAME --cluster CLUSTER",
		Short: "Make the pods of an add-on anew",
		Long: `Make the pods of an add-on anew, one after the other, and wait until they run: its controller then begins again,
with what its role holds now.`,
		Example:           "  pratique addon redeploy mse-ingress-controller --cluster prod --wait",
		Args:              arguments(1, 1, "the NAME of an add-on"),
		ValidArgsFunction: e.completeAddons,
	}
	a.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.run(cmd, args[0], "redeployed", func(c *client.Client) (apiv1.Job, error) {
			return c.RedeployAddon(cmd.Context(), a.cluster, args[0])
		})
	}
	return cmd
}

func newAddonUninstall(e *env) *cobra.Command {
	a := addonJob{env: e}
	var yes bool
	cmd := &cobra.Command{
		Use:   "uninstall NAME --cluster CLUSTER",
		Short: "Take an add-on out of a cluster",
		Long: `Take an add-on out of a cluster: its objects, and the roles and policies that authorizing made for it, when no other
cluster has it. Namespaces and definitions in which others have something stay, and it is said what that is.`,
		Example:           "  pratique addon uninstall kube-state-metrics --cluster prod --yes",
		Args:              arguments(1, 1, "the NAME of an add-on"),
		ValidArgsFunction: e.completeAddons,
	}
	a.flags(cmd)
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		goOn, err := e.agreed(cmd, yes, fmt.Sprintf("Uninstall add-on %s from cluster %s?", line(args[0]), line(a.cluster)))
		if err != nil || !goOn {
			return err
		}
		return a.run(cmd, args[0], "uninstalled", func(c *client.Client) (apiv1.Job, error) {
			return c.UninstallAddon(cmd.Context(), a.cluster, args[0])
		})
	}
	return cmd
}

func newAddonStatus(e *env) *cobra.Command {
	var cluster string
	cmd := &cobra.Command{
		Use:   "status [NAME] --cluster CLUSTER",
		Short: "Show the add-ons of a cluster and how they are",
		Long:  "Show the add-ons of a cluster: version, state, as which role they act, how many of their pods run, and why not all do.",
		Example: `  pratique addon status --cluster prod
  pratique addon status mse-ingress-controller --cluster prod -o json`,
		Args:              arguments(0, 1, "the NAME of an add-on"),
		ValidArgsFunction: e.completeAddons,
	}
	clusterFlag(cmd, &cluster)
	completeFlag(cmd, "cluster", func(begun string) []string { return e.clusterNames(cmd, begun) })
	out := formatFlag(cmd, "table", "json", "yaml")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		w := cmd.OutOrStdout()
		if len(args) == 0 {
			list, err := c.ClusterAddons(cmd.Context(), cluster)
			if err != nil {
				return err
			}
			if done, err := printAs(w, out, apiv1.List[apiv1.AddonInstance]{Items: list}); done {
				return err
			}
			return instanceTable(w, list)
		}
		one, err := c.ClusterAddon(cmd.Context(), cluster, args[0])
		if err != nil {
			return err
		}
		if done, err := printAs(w, out, one); done {
			return err
		}
		return instanceTable(w, []apiv1.AddonInstance{one})
	}
	return cmd
}

func instanceTable(w io.Writer, list []apiv1.AddonInstance) error {
	var rows [][]string
	for _, i := range list {
		version := i.Version
		if i.Newer != "" {
			version += " (" + i.Newer + " is there)"
		}
		rows = append(rows, []string{i.Name, version, i.State, fmt.Sprintf("%d/%d", i.Ready, i.Wanted), orNone(i.Role), i.By, i.Message})
	}
	return table(w, []string{"NAME", "VERSION", "STATE", "READY", "ACTS AS", "INSTALLED BY", "MESSAGE"}, rows)
}

// newAddons is the family of all commands about add-ons.
func newAddons(e *env) *cobra.Command {
	cmd := newAddon(e)
	cmd.AddCommand(addonInstances(e)...)
	return cmd
}
