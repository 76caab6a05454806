package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
)

type clusterConnect struct {
	*env
	shadow, check bool
	out, dir      string
	wait          time.Duration
}

func newClusterConnect(e *env) *cobra.Command {
	k := clusterConnect{env: e}
	cmd := &cobra.Command{
		Use:   "connect NAME",
		Short: "Make a self-managed kube-apiserver ask Pratique",
		Long: `Write the three files that make a self-managed kube-apiserver (1.34 or newer) ask Pratique, and say what to do with
them: who people are (authentication.yaml), who is asked what they may do (authorization.yaml), and how
Pratique is reached (webhook.yaml, which holds the credential of the cluster). Every call makes a new
credential; earlier ones go on until they run out.

Begin with --shadow: the cluster is told what would have been denied, and denies nothing. Pratique logs it.

With --check nothing is written. A request is sent to the kube-apiserver from here, as yourself, and the answer says
whether it accepts Pratique's tokens and whether it has asked Pratique about the request. Where kube-apiserver
flags cannot be set, leave this out and use the access proxy: pratique kubeconfig --proxy`,
		Example: `  pratique cluster connect prod --shadow --out prod-files
  pratique cluster connect prod --check --wait 5m`,
		Args: arguments(1, 1, "the NAME of a cluster"), ValidArgsFunction: e.completeClusters,
		RunE: func(cmd *cobra.Command, args []string) error { return k.run(cmd, args[0]) },
	}
	f := cmd.Flags()
	f.BoolVar(&k.shadow, "shadow", false, "deny nothing yet; --shadow=false ends it (default: as it is)")
	f.BoolVar(&k.check, "check", false, "only check whether the kube-apiserver asks")
	f.StringVar(&k.out, "out", "", "`DIR` for the files (default: pratique-NAME)")
	f.StringVar(&k.dir, "dir", "/etc/kubernetes/pratique", "`DIR` in which the files will be on the control plane")
	f.DurationVar(&k.wait, "wait", 0, "check again for as long as this `TIME`, until it asks")
	return cmd
}

func (k *clusterConnect) run(cmd *cobra.Command, name string) error {
	if k.check && (k.out != "" || cmd.Flags().Changed("shadow") || cmd.Flags().Changed("dir")) {
		return usage("--check writes nothing and changes nothing; leave --out, --dir and --shadow out")
	}
	if !k.check {
		if err := k.write(cmd, name); err != nil {
			return err
		}
	}
	return k.checks(cmd, name)
}

// write asks for the files and puts them into a directory, which is made first: the credential is shown this once.
func (k *clusterConnect) write(cmd *cobra.Command, name string) error {
	c, err := k.connect()
	if err != nil {
		return err
	}
	cl, err := c.Cluster(cmd.Context(), name)
	if err != nil {
		return err
	}
	if k.out == "" {
		k.out = "pratique-" + filepath.Base(cl.Name)
	}
	if err := os.MkdirAll(k.out, 0o700); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	request := apiv1.ConnectCluster{Dir: k.dir}
	if cmd.Flags().Changed("shadow") {
		request.Shadow = &k.shadow
	}
	files, err := c.ConnectCluster(cmd.Context(), cl.ID, request)
	if err != nil {
		return err
	}
	for file, content := range map[string]string{
		"authentication.yaml": files.Authentication, "authorization.yaml": files.Authorization, "webhook.yaml": files.WebhookKubeconfig,
	} {
		if err := writePrivate(filepath.Join(k.out, file), []byte(content)); err != nil {
			return fmt.Errorf("write %s: %w", file, err)
		}
	}
	w := cmd.OutOrStdout()
	_, _ = fmt.Fprintf(w, "authentication.yaml, authorization.yaml and webhook.yaml are in %s, readable by you alone.\n", line(k.out))
	_, _ = fmt.Fprintf(w, "The credential in webhook.yaml ends at %s; write new files before that.\n\nWhat to do now:\n\n", clock(files.Expires))
	for i, s := range files.Steps {
		_, _ = fmt.Fprintf(w, "%d. %s\n", i+1, text(s))
	}
	_, err = io.WriteString(w, "\n")
	return err
}

// checks reports what can be seen from here; a no is exit code 1 only when somebody asked for the check itself.
func (k *clusterConnect) checks(cmd *cobra.Command, name string) error {
	var last bytes.Buffer
	deadline := time.NewTimer(k.wait)
	defer deadline.Stop()
	tick := time.NewTicker(3 * time.Second)
	defer tick.Stop()
	for {
		var now bytes.Buffer
		connected, err := k.probe(cmd.Context(), name, &now)
		if err != nil {
			return err
		}
		if !bytes.Equal(now.Bytes(), last.Bytes()) {
			_, _ = cmd.OutOrStdout().Write(now.Bytes()) // what cannot be shown cannot be helped
			last = now
		}
		if connected {
			return nil
		}
		if k.wait > 0 {
			select {
			case <-cmd.Context().Done():
				return cmd.Context().Err()
			case <-tick.C:
				continue
			case <-deadline.C:
			}
		}
		if k.check {
			return errNo
		}
		if k.wait > 0 {
			return errors.New("the kube-apiserver does not ask Pratique after " + k.wait.String())
		}
		return nil
	}
}
