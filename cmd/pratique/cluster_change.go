package main

import (
	"context"
	"fmt"
	"io"
	"maps"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/client"
)

type clusterUpdate struct {
	*env
	rename, kubeconfig, context string
	tags, untag                 []string
	shadow                      bool
}

func newClusterUpdate(e *env) *cobra.Command {
	u := clusterUpdate{env: e}
	cmd := &cobra.Command{
		Use:   "update NAME",
		Short: "Change a cluster",
		Long: `Change a cluster: its name, its tags, the credential of an attached one, and its shadow.

Policies can name tags: whoever may change them may change what those policies allow.

In shadow, a kube-apiserver that asks Pratique is told what would have been denied, and denies nothing of it.`,
		Example: `  pratique cluster update prod --tag env=prod --untag trial
  pratique cluster update prod --name production
  pratique cluster update prod --kubeconfig new.yaml
  pratique cluster update prod --shadow=false`,
		Args:              arguments(1, 1, "the NAME of a cluster"),
		ValidArgsFunction: e.completeClusters,
		RunE:              func(cmd *cobra.Command, args []string) error { return u.run(cmd, args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&u.rename, "name", "", "new `NAME`")
	f.StringArrayVar(&u.tags, "tag", nil, "set a tag, `KEY=VALUE`; may be repeated")
	f.StringArrayVar(&u.untag, "untag", nil, "take the tag with this `KEY` away; may be repeated")
	f.BoolVar(&u.shadow, "shadow", false, "only say what would be denied, and deny nothing; --shadow=false ends that")
	f.StringVar(&u.kubeconfig, "kubeconfig", "", "`FILE` with a new way into an attached cluster, - for the standard input")
	f.StringVar(&u.context, "context", "", "`NAME` of the context in it (default: its current one)")
	return cmd
}

func (u *clusterUpdate) run(cmd *cobra.Command, name string) error {
	patch := apiv1.ClusterPatch{Context: u.context}
	if u.rename != "" {
		patch.Name = &u.rename
	}
	if cmd.Flags().Changed("shadow") {
		patch.Shadow = &u.shadow
	}
	if u.kubeconfig != "" {
		text, err := u.readKubeconfig(u.kubeconfig)
		if err != nil {
			return err
		}
		patch.Kubeconfig = &text
	}
	tags, err := tagsOf(u.tags)
	if err != nil {
		return err
	}
	if patch.Name == nil && patch.Shadow == nil && patch.Kubeconfig == nil && len(tags)+len(u.untag) == 0 {
		return usage("change what? give --name, --tag, --untag, --shadow or --kubeconfig")
	}
	c, err := u.connect()
	if err != nil {
		return err
	}
	if len(tags)+len(u.untag) > 0 {
		old, err := c.Cluster(cmd.Context(), name)
		if err != nil {
			return err
		}
		next := maps.Clone(old.Tags)
		if next == nil {
			next = map[string]string{}
		}
		for _, key := range u.untag {
			delete(next, key)
		}
		maps.Copy(next, tags)
		patch.Tags = &next
	}
	cl, err := c.PatchCluster(cmd.Context(), name, patch)
	if err != nil {
		return err
	}
	if _, err = fmt.Fprintf(cmd.OutOrStdout(), "cluster/%s updated\n", line(cl.Name)); err != nil {
		return err
	}
	if patch.Kubeconfig != nil {
		u.warn(cmd, cl)
	}
	return nil
}

func newClusterStart(e *env) *cobra.Command {
	return e.clusterState("start", "running", "Wake a hibernated cluster", `Wake a hibernated cluster: its control plane starts, and finds everything as it was.`, (*client.Client).StartCluster)
}

func newClusterStop(e *env) *cobra.Command {
	return e.clusterState("stop", "stopped", "Hibernate a cluster", `Hibernate a cluster: its control plane stops, and its data stays.`, (*client.Client).StopCluster)
}

func (e *env) clusterState(verb, phase, short, long string, do func(*client.Client, context.Context, string) (apiv1.Cluster, error)) *cobra.Command {
	cmd := &cobra.Command{
		Use: verb + " NAME", Short: short,
		Long:    long + "\n\nOnly clusters that the server runs itself, and only types that have it, can be stopped and started.",
		Example: "  pratique cluster " + verb + " dev\n  pratique cluster " + verb + " dev --wait=false",
		Args:    arguments(1, 1, "the NAME of a cluster"), ValidArgsFunction: e.completeClusters,
	}
	w := waitFlags(cmd, true)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		cl, err := do(c, cmd.Context(), args[0])
		if err != nil {
			return err
		}
		j, err := e.followJob(cmd, c, cl.Job, w)
		if err != nil {
			return err
		}
		done := "will be " + phase
		if j.State == "succeeded" {
			done = phase
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "cluster/%s %s\n", line(cl.Name), done)
		return err
	}
	return cmd
}

func newClusterUpgrade(e *env) *cobra.Command {
	var version string
	cmd := &cobra.Command{
		Use:   "upgrade NAME --version VERSION",
		Short: "Ask for another version of Kubernetes",
		Long: `Ask for another version of Kubernetes. It is decided whether you may (cce:cluster:upgrade, cs:UpgradeCluster), and
then said why it cannot be done here: clusters on the server's own machine run the version that the server has
programs of, and those that are attached are upgraded where they were made. Nothing is changed.`,
		Example: `  pratique cluster upgrade prod --version v1.37`,
		Args:    arguments(1, 1, "the NAME of a cluster"), ValidArgsFunction: e.completeClusters,
	}
	cmd.Flags().StringVar(&version, "version", "", "`VERSION` of Kubernetes, such as v1.37")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if version == "" {
			return usage("to which version? give --version VERSION")
		}
		c, err := e.connect()
		if err != nil {
			return err
		}
		cl, err := c.UpgradeCluster(cmd.Context(), args[0], version)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "cluster/%s will be upgraded to %s\n", line(cl.Name), line(version))
		return err
	}
	return cmd
}

func newClusterDelete(e *env) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "delete NAME",
		Short: "Delete a cluster",
		Long: `Delete a cluster. One that the server runs itself is gone with everything in it. One that is attached stays as it
is; Pratique forgets it and takes the bindings away that it made there. Namespace permissions that name this
cluster alone go with it.

At a terminal you are asked for the name of the cluster; elsewhere --yes is needed.`,
		Example: `  pratique cluster delete dev
  pratique cluster delete dev --yes`,
		Args: arguments(1, 1, "the NAME of a cluster"), ValidArgsFunction: e.completeClusters,
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	w := waitFlags(cmd, true)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !yes && !e.terminal {
			return usage("nobody can be asked here; add --yes to delete cluster %s", args[0])
		}
		c, err := e.connect()
		if err != nil {
			return err
		}
		cl, err := c.Cluster(cmd.Context(), args[0])
		if err != nil {
			return fmt.Errorf("nothing was deleted: %w", err)
		}
		if !yes {
			question := fmt.Sprintf("Cluster %s (%s, %s) and everything in it will be gone.\nType its name to delete it: ", line(cl.Name), line(cl.Type), line(cl.Status.Phase))
			if cl.Provisioner != "local" {
				question = fmt.Sprintf("Pratique will forget cluster %s (%s) at %s.\nType its name to delete it: ", line(cl.Name), line(cl.Type), line(cl.Server))
			}
			answer, err := e.ask(cmd.Context(), cmd.ErrOrStderr(), question)
			if err != nil {
				return err
			}
			if answer != cl.Name {
				_, _ = io.WriteString(cmd.ErrOrStderr(), "that is not its name; nothing was deleted\n")
				return errNo
			}
		}
		j, err := c.DeleteCluster(cmd.Context(), cl.ID)
		if err != nil {
			return fmt.Errorf("nothing was deleted: %w", err)
		}
		if _, err := e.followJob(cmd, c, j.ID, w); err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "cluster/%s deleted\n", line(cl.Name))
		return err
	}
	return cmd
}

// completeClusters completes the names of clusters, each once.
func (e *env) completeClusters(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return e.clusterNames(cmd, begun), cobra.ShellCompDirectiveNoFileComp
}

// clusterNames asks the server. A completion that cannot be had is none.
func (e *env) clusterNames(cmd *cobra.Command, begun string) []string {
	c, err := e.connect()
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	list, err := c.ListClusters(ctx, client.ClusterOptions{Limit: 100, Name: begun})
	if err != nil {
		return nil
	}
	var names []string
	for _, cl := range list.Items {
		names = append(names, line(cl.Name))
	}
	return names
}

// clusterTypes are the types that this program knows; a newer server may know more.
func clusterTypes(string) []string {
	c, err := catalog.Load()
	if err != nil {
		return nil
	}
	var names []string
	for _, t := range c.ClusterTypes {
		names = append(names, t.Name)
	}
	return names
}

// completeFlag completes the values of a flag.
func completeFlag(cmd *cobra.Command, flag string, values func(begun string) []string) {
	// The flag was just added, so it is there; a program without completion is still a program.
	_ = cmd.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		return values(begun), cobra.ShellCompDirectiveNoFileComp
	})
}
