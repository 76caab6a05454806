package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

// clusterFlags are those that create and attach share.
type clusterFlags struct {
	*env
	request apiv1.NewCluster
	tags    []string
	wait    bool
	timeout time.Duration
	out     *format
}

func (f *clusterFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.request.Type, "type", "", "`TYPE` of the cluster: cce-standard, cce-turbo, cce-autopilot, ack-managed, ack-serverless, ack-dedicated or acs")
	flags.StringVar(&f.request.Project, "project", "", "`NAME` of the project (default: that of the first region)")
	flags.StringVar(&f.request.EnterpriseProject, "enterprise-project", "", "`NAME` of the enterprise project (default: default)")
	flags.StringArrayVar(&f.tags, "tag", nil, "`KEY=VALUE`; may be repeated")
	flags.BoolVar(&f.wait, "wait", false, "wait until the cluster runs")
	flags.DurationVar(&f.timeout, "timeout", 5*time.Minute, "with --wait: give up after this `TIME`")
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

You become its creator and get the ClusterRoleBinding cluster-creator inside it.`,
		Example: `  pratique cluster create dev --type cce-standard --wait
  pratique cluster create shop --type ack-managed --enterprise-project retail --tag env=prod --nodes 5`,
		Args: arguments(1, 1, "the NAME of the new cluster"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	f.add(cmd)
	cmd.Flags().IntVar(&f.request.Nodes, "nodes", 0, "`N` simulated nodes")
	cmd.Flags().StringVar(&f.request.Billing, "billing", "", "`HOW` it is paid: postpaid or prepaid, which is an order and needs the right to pay (default: postpaid)")
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

Make a service account for Pratique in the cluster and use its token. A kubeconfig of one context, with the files
put in, is written by: kubectl config view --minify --flatten --raw`,
		Example: `  pratique cluster attach prod --type cce-standard --kubeconfig prod.yaml --tag env=prod
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
	f.add(cmd)
	cmd.Flags().StringVar(&kubeconfig, "kubeconfig", "", "`FILE` with the way into the cluster, - for the standard input")
	cmd.Flags().StringVar(&f.request.Context, "context", "", "`NAME` of the context in it (default: its current one)")
	return cmd
}

// readKubeconfig reads a file that is sent to the server as it is: nothing in it is followed.
func (e *env) readKubeconfig(path string) (string, error) {
	var data []byte
	var err error
	const most = 1 << 20
	if path == "-" {
		data, err = readAtMost(e.in, most)
	} else {
		var file *os.File
		if file, err = os.Open(path); err == nil { //nolint:gosec // the person's own file, named by themselves
			defer func() { _ = file.Close() }() // only read
			data, err = readAtMost(file, most)
		}
	}
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
	cl, err := c.NewCluster(cmd.Context(), f.request)
	if err != nil {
		return err
	}
	done := "created"
	if f.request.Kubeconfig != "" {
		done = "attached"
	}
	if f.out.value == "text" {
		_, _ = fmt.Fprintf(cmd.OutOrStdout(), "cluster/%s %s\n", line(cl.Name), done)
	}
	if f.wait {
		if cl, err = f.waitFor(cmd, c, cl, "running", f.timeout); err != nil {
			return err
		}
	}
	switch f.out.value {
	case "json":
		return printJSON(cmd.OutOrStdout(), cl)
	case "yaml":
		return printYAML(cmd.OutOrStdout(), cl)
	}
	return nil
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

// waitFor asks until a cluster is in a phase, and says on the way what has changed.
func (e *env) waitFor(cmd *cobra.Command, c *client.Client, cl apiv1.Cluster, phase string, most time.Duration) (apiv1.Cluster, error) {
	deadline := time.NewTimer(most)
	defer deadline.Stop()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	last := ""
	for {
		now, err := c.Cluster(cmd.Context(), cl.ID)
		if err != nil {
			return cl, err
		}
		said := now.Status.Phase
		if now.Status.Error != "" {
			said += ": " + now.Status.Error
		}
		if said != last {
			_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "cluster %s: %s\n", line(now.Name), text(said))
			last = said
		}
		if now.Status.Phase == phase {
			return now, nil
		}
		select {
		case <-cmd.Context().Done():
			return now, cmd.Context().Err()
		case <-deadline.C:
			return now, errors.New("the cluster is not " + phase + " after " + most.String() + "; see: pratique cluster get " + now.Name)
		case <-tick.C:
		}
	}
}
