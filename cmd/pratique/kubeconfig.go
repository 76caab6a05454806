package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

type kubeconfig struct {
	*env
	merge, proxy bool
	file         string
}

func newKubeconfig(e *env) *cobra.Command {
	k := kubeconfig{env: e}
	cmd := &cobra.Command{
		Use:   "kubeconfig [CLUSTER...]",
		Short: "Write contexts for kubectl",
		Long: `Write a kubeconfig with a context for every cluster that is named, or for all that you may reach. The contexts bear
the names of the clusters. They hold no secret: kubectl runs pratique token for every command, which gives it a
token of ten minutes for as long as you are signed in.

Clusters that know Pratique's tokens are reached directly, all others through the access proxy of the server; with
--proxy all are.

With --merge the contexts are written into the file that kubectl uses ($KUBECONFIG, or .kube/config in your home
directory). Everything else in it stays as it is, and a context that you made yourself is never overwritten.
Without --merge and -o the kubeconfig goes to the standard output.`,
		Example: `  pratique kubeconfig --merge && kubectl --context prod get pods
  pratique kubeconfig prod -o prod.yaml && KUBECONFIG=prod.yaml kubectl get pods
  pratique kubeconfig --proxy > clusters.yaml`,
		Args: arguments(0, -1, ""),
		ValidArgsFunction: func(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
			return e.clusterNames(cmd, begun), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: k.run,
	}
	f := cmd.Flags()
	f.BoolVar(&k.merge, "merge", false, "write into the file that kubectl uses")
	f.BoolVar(&k.proxy, "proxy", false, "reach all clusters through the access proxy")
	f.StringVarP(&k.file, "output", "o", "", "write to this `FILE`")
	return cmd
}

func (k *kubeconfig) run(cmd *cobra.Command, args []string) error {
	if k.merge && k.file != "" {
		return usage("give --merge or -o FILE, not both")
	}
	c, err := k.connect()
	if err != nil {
		return err
	}
	ways, err := k.ways(cmd.Context(), c, args, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	fresh, err := k.compose(ways)
	if err != nil {
		return err
	}
	switch {
	case k.merge:
		path, err := k.kubectlFile()
		if err != nil {
			return err
		}
		if err := k.mergeInto(path, fresh); err != nil {
			return err
		}
		k.tell(cmd.ErrOrStderr(), path, ways)
		return nil
	case k.file != "":
		data, err := toYAML(fresh)
		if err != nil {
			return err
		}
		if err := writePrivate(k.file, data); err != nil {
			return fmt.Errorf("write %s: %w", k.file, err)
		}
		k.tell(cmd.ErrOrStderr(), k.file, ways)
		return nil
	}
	return printYAML(cmd.OutOrStdout(), fresh)
}

func (k *kubeconfig) tell(w io.Writer, path string, ways []apiv1.ClusterAccess) {
	_, _ = fmt.Fprintf(w, "%s written to %s\n", plural(len(ways), "context"), line(path))
	for _, a := range ways {
		how := "directly"
		if k.proxied(a) {
			how = "through the access proxy"
		}
		_, _ = fmt.Fprintf(w, "  %s, %s\n", line(a.Cluster), how)
	}
	if k.getenv("PRATIQUE_TOKEN") != "" { // of a role, for one; whoever forgets it later must not wonder as whom they act
		_, _ = io.WriteString(w, "the token in PRATIQUE_TOKEN is not written there: kubectl needs it set, and acts as whoever is signed in without it\n")
	}
}

// ways asks how each cluster is reached. Without names it takes all that the person may see, and leaves out those of which they may have no
// kubeconfig.
func (k *kubeconfig) ways(ctx context.Context, c *client.Client, names []string, warn io.Writer) ([]apiv1.ClusterAccess, error) {
	all := len(names) == 0
	if all {
		list, err := c.Clusters(ctx, client.ClusterOptions{Limit: 500})
		if err != nil {
			return nil, err
		}
		if len(list.Items) == 0 {
			return nil, errors.New("there is nothing to write; " + list.Hint)
		}
		for _, cl := range list.Items {
			names = append(names, cl.Name)
		}
	}
	var out []apiv1.ClusterAccess
	seen := map[string]bool{}
	for _, name := range names {
		a, err := c.ClusterAccess(ctx, name)
		if all && errors.Is(err, pratique.ErrDenied) {
			_, _ = fmt.Fprintf(warn, "left out %s: %s\n", line(name), text(err.Error()))
			continue
		}
		if err != nil {
			return nil, err
		}
		if !seen[a.ID] {
			seen[a.ID] = true
			out = append(out, a)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("there is nothing to write: you may have a kubeconfig of none of these clusters")
	}
	return out, nil
}

func (k *kubeconfig) proxied(a apiv1.ClusterAccess) bool { return k.proxy || a.Direct == "" }

// kubectlFile is the file that kubectl would write to.
func (e *env) kubectlFile() (string, error) {
	for _, path := range filepath.SplitList(e.getenv("KUBECONFIG")) {
		if path != "" {
			return path, nil
		}
	}
	home := e.getenv("HOME")
	if home == "" {
		var err error
		if home, err = os.UserHomeDir(); err != nil {
			return "", fmt.Errorf("%w; say which file is meant with KUBECONFIG=FILE", err)
		}
	}
	return filepath.Join(home, ".kube", "config"), nil
}

// The parts of a kubeconfig that we write.
type (
	kubeFile struct {
		APIVersion     string      `json:"apiVersion"`
		Kind           string      `json:"kind"`
		CurrentContext string      `json:"current-context"`
		Clusters       []kubeEntry `json:"clusters"`
		Contexts       []kubeEntry `json:"contexts"`
		Users          []kubeEntry `json:"users"`
	}
	kubeEntry struct {
		Name    string       `json:"name"`
		Cluster *kubeCluster `json:"cluster,omitempty"`
		Context *kubeContext `json:"context,omitempty"`
		User    *kubeUser    `json:"user,omitempty"`
	}
	kubeCluster struct {
		Server string `json:"server"`
		CA     string `json:"certificate-authority-data,omitempty"`
	}
	kubeContext struct {
		Cluster string `json:"cluster"`
		User    string `json:"user"`
	}
	kubeUser struct {
		Exec kubeExec `json:"exec"`
	}
	kubeExec struct {
		APIVersion         string    `json:"apiVersion"`
		Command            string    `json:"command"`
		Args               []string  `json:"args"`
		Env                []kubeEnv `json:"env,omitempty"`
		InstallHint        string    `json:"installHint"`
		InteractiveMode    string    `json:"interactiveMode"`
		ProvideClusterInfo bool      `json:"provideClusterInfo"`
	}
	kubeEnv struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
)

// ownPrefix begins the names of our clusters and users in a kubeconfig; the id of the cluster follows.
const ownPrefix = "pratique-"

// compose writes the entries. The session is named when it is not kept in the usual place; nothing in the file is a secret.
func (k *kubeconfig) compose(ways []apiv1.ClusterAccess) (kubeFile, error) {
	s, err := k.resolve()
	if err != nil {
		return kubeFile{}, err
	}
	var environment []kubeEnv
	if path := k.getenv("PRATIQUE_CONFIG"); path != "" {
		if path, err = filepath.Abs(path); err != nil {
			return kubeFile{}, fmt.Errorf("PRATIQUE_CONFIG: %w", err)
		}
		environment = []kubeEnv{{"PRATIQUE_CONFIG", path}}
	}
	out := kubeFile{APIVersion: "v1", Kind: "Config", CurrentContext: ways[0].Cluster}
	for _, a := range ways {
		own := ownPrefix + a.ID
		reach := &kubeCluster{Server: a.Direct, CA: base64.StdEncoding.EncodeToString(a.CA)}
		if k.proxied(a) {
			reach = &kubeCluster{Server: a.Proxy, CA: base64.StdEncoding.EncodeToString([]byte(s.CA))}
		}
		out.Clusters = append(out.Clusters, kubeEntry{Name: own, Cluster: reach})
		out.Contexts = append(out.Contexts, kubeEntry{Name: a.Cluster, Context: &kubeContext{Cluster: own, User: own}})
		out.Users = append(out.Users, kubeEntry{Name: own, User: &kubeUser{Exec: kubeExec{
			APIVersion: execVersion, Command: "pratique", Args: []string{"token", "--cluster", a.ID}, Env: environment,
			InstallHint:     "pratique is needed to sign in to this cluster; put it into a directory of your PATH and run: pratique login",
			InteractiveMode: "IfAvailable",
		}}})
	}
	return out, nil
}
