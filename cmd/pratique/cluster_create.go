package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
)

// clusterFlags are those that create and attach share.
type clusterFlags struct {
	*env
	request apiv1.NewCluster
	tags    []string
	waiting *waiting
	out     *format
	addons  clusterAddons
}

func (f *clusterFlags) add(cmd *cobra.Command, waits bool) {
	flags := cmd.Flags()
	flags.StringVar(&f.request.Type, "type", "", "`TYPE` of the cluster: cce-standard, cce-turbo, cce-autopilot, ack-managed, ack-serverless, ack-dedicated or acs")
	flags.StringVar(&f.request.Project, "project", "", "`NAME` of the project (default: that of the first region)")
	flags.StringVar(&f.request.EnterpriseProject, "enterprise-project", "", "`NAME` of the enterprise project (default: default)")
	flags.StringArrayVar(&f.tags, "tag", nil, "`KEY=VALUE`; may be repeated")
	f.waiting = waitFlags(cmd, waits)
	f.out = formatFlag(cmd, "text", "json", "yaml")
	completeFlag(cmd, "type", clusterTypes)
	completeFlag(cmd, "project", func(begun string) []string { return f.names(cmd, "project", begun) })
	completeFlag(cmd, "enterprise-project", func(begun string) []string { return f.names(cmd, "enterpriseproject", begun) })
}

func newClusterCreate(e *env) *cobra.Command {
	f := &clusterFlags{env: e}
	cmd := &cobra.Command{
		Use:   "create NAME --type TYPE",
		Short: "Create a cluster on the server's own machine",
		Long: `Create a cluster: a real control plane with simulated nodes, which the server runs on its own machine.
For tests, demos and development; the server must have been started with --kube-dir.

You become its creator and get the ClusterRoleBinding cluster-creator inside it. It takes up to a minute until the
cluster runs; Ctrl-C ends the waiting, and the cluster comes up all the same.

With --addon, what the add-on needs is checked first, and nothing is created when something is missing. At a terminal
you are offered to authorize it; --authorize does so elsewhere. The add-on is installed once the cluster runs.`,
		Example: `  pratique cluster create dev --type cce-standard
  pratique cluster create shop --type ack-managed --enterprise-project retail --tag env=prod --nodes 5
  pratique cluster create web --type ack-managed --nodes 1 --addon mse-ingress-controller --authorize`,
		Args: arguments(1, 1, "the NAME of the new cluster"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	f.add(cmd, true)
	cmd.Flags().IntVar(&f.request.Nodes, "nodes", 0, "`N` simulated nodes")
	cmd.Flags().StringVar(&f.request.Billing, "billing", "", "`HOW` it is paid: postpaid or prepaid, which is an order and needs the right to pay (default: postpaid)")
	f.addAddons(cmd)
	completeFlag(cmd, "billing", func(string) []string { return []string{"postpaid", "prepaid"} })
	return cmd
}

func newClusterAttach(e *env) *cobra.Command {
	f := &clusterFlags{env: e}
	var kubeconfig string
	cmd := &cobra.Command{
		Use:   "attach NAME --type TYPE --kubeconfig FILE",
		Short: "Attach a cluster that runs elsewhere",
		Long: `Attach a cluster that runs elsewhere, by a kubeconfig with a credential for Pratique itself. Only the address,
the certificate authority and the token or client certificate of one context are taken out of it; programs, files,
proxies and everything else that a kubeconfig could make the server do are refused. The credential is kept
encrypted and never shown again.

The credential should be that of a service account with the rights that Pratique needs, and no others:
pratique cluster manifest prints it, and how to make a kubeconfig of it. What the credential lacks is said here
as a warning, and by pratique cluster get until it has it.`,
		Example: `  pratique cluster attach prod --type cce-standard --kubeconfig pratique.kubeconfig --tag env=prod
  kubectl config view --minify --flatten --raw | pratique cluster attach prod --type ack-managed --kubeconfig -`,
		Args: arguments(1, 1, "the NAME of the new cluster"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if kubeconfig == "" {
				return usage("how is the cluster reached? give --kubeconfig FILE")
			}
			var err error
			if f.request.Kubeconfig, err = e.readKubeconfig(kubeconfig); err != nil {
				return err
			}
			return f.run(cmd, args[0])
		},
	}
	f.add(cmd, false) // it is attached at once, and may be one that does not run at the moment
	cmd.Flags().StringVar(&kubeconfig, "kubeconfig", "", "`FILE` with the way into the cluster, - for the standard input")
	cmd.Flags().StringVar(&f.request.Context, "context", "", "`NAME` of the context in it (default: its current one)")
	return cmd
}

// readKubeconfig reads a file that is sent to the server as it is: nothing in it is followed.
func (e *env) readKubeconfig(path string) (string, error) {
	data, err := e.readNamed(path, 1<<20)
	if err != nil {
		return "", fmt.Errorf("--kubeconfig: %w", err)
	}
	if len(strings.TrimSpace(string(data))) == 0 {
		return "", fmt.Errorf("--kubeconfig: %s is empty", path)
	}
	return string(data), nil
}

func (f *clusterFlags) run(cmd *cobra.Command, name string) error {
	if f.request.Type == "" {
		return usage("what type of cluster is it? give --type TYPE, one of %s", strings.Join(clusterTypes(""), ", "))
	}
	f.request.Name = name
	var err error
	if f.request.Tags, err = tagsOf(f.tags); err != nil {
		return err
	}
	c, err := f.connect()
	if err != nil {
		return err
	}
	cl, err := f.create(cmd, c)
	if err != nil {
		return err
	}
	done := "created"
	if f.request.Kubeconfig != "" {
		done = "attached"
	}
	if f.out.value == "text" {
		_, _ = fmt.Fprintf(cmd.OutOrStdout(), "cluster/%s %s\n", line(cl.Name), done)
		f.warn(cmd, cl)
	}
	if _, err := f.followJob(cmd, c, cl.Job, f.waiting); err != nil {
		return err
	}
	if now, err := c.Cluster(cmd.Context(), cl.ID); err == nil && f.out.value != "text" {
		now.Job = cl.Job
		cl = now // whoever may create clusters need not be allowed to look at them
	}
	switch f.out.value {
	case "json":
		return printJSON(cmd.OutOrStdout(), cl)
	case "yaml":
		return printYAML(cmd.OutOrStdout(), cl)
	}
	return nil
}

// warn shows what was found about a cluster that works, but not for everything.
func (e *env) warn(cmd *cobra.Command, cl apiv1.Cluster) {
	for _, warning := range cl.Status.Warnings {
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "%s%s\n", e.paint(yellow, "warning: "), text(warning))
	}
}

// tagsOf reads KEY=VALUE pairs.
func tagsOf(pairs []string) (map[string]string, error) {
	tags := map[string]string{}
	for _, p := range pairs {
		k, v, ok := strings.Cut(p, "=")
		if _, twice := tags[k]; !ok || k == "" || twice {
			return nil, usage("--tag %q is not KEY=VALUE, or the key is given twice", p)
		}
		tags[k] = v
	}
	return tags, nil
}
