package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/cluster"
)

type clusterManifest struct {
	*env
	roles, without []string
}

func newClusterManifest(e *env) *cobra.Command {
	k := clusterManifest{env: e}
	var parts []string
	for _, p := range cluster.Parts() {
		parts = append(parts, string(p))
	}
	cmd := &cobra.Command{
		Use:     "manifest [NAME]",
		Aliases: []string{"onboard"},
		Short:   "Print what a cluster needs before it is attached",
		Long: `Print what an administrator of a cluster applies once with kubectl before the cluster is attached: a service
account for Pratique, its rights, and a token. Comments say what each right is for, and how a kubeconfig is made of
the token for pratique cluster attach. Without a NAME no server is asked.

Pratique can give people the ClusterRoles that are named and no others: it gets "bind" on these, and never
"escalate". With the NAME of a cluster that is attached already, those that namespace permissions give in it are
named too; apply the output again when pratique cluster get says that a right is missing.

Parts that are not wanted can be left out:
  administrators   Tenant and CCE Administrators, and the creator, hold cluster-admin whatever is deleted in RBAC
  proxy            the access proxy; not needed where the kube-apiserver asks Pratique itself (cluster connect)
  nodes            pratique node cordon, label and delete
  storage          pratique storage list, create and delete
  addons           how the pods of add-ons are, and what their settings ask for
  tokens           service accounts exchange their tokens for the session of a role`,
		Example: `  pratique cluster manifest > pratique.yaml && kubectl --context prod apply -f pratique.yaml
  pratique cluster manifest --role view --role edit --without nodes,tokens
  pratique cluster manifest prod | kubectl --context prod apply -f -`,
		Args: arguments(0, 1, "at most the NAME of a cluster"), ValidArgsFunction: e.completeClusters,
	}
	f := cmd.Flags()
	f.StringArrayVar(&k.roles, "role", cluster.DefaultClusterRoles(), "`NAME` of a ClusterRole that Pratique may give to people; may be repeated")
	f.StringSliceVar(&k.without, "without", nil, "`PARTS` to leave out, separated by commas: "+strings.Join(parts, ", "))
	completeFlag(cmd, "without", func(string) []string { return parts })
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o := cluster.Onboarding{ClusterRoles: k.roles}
		for _, p := range k.without {
			if !slices.Contains(parts, p) {
				return usage("--without %q is none of: %s", p, strings.Join(parts, ", "))
			}
			o.Without = append(o.Without, cluster.Part(p))
		}
		if slices.Contains(k.roles, "") {
			return usage("--role needs the NAME of a ClusterRole")
		}
		rows, err := catalog.Load()
		if err != nil {
			return err
		}
		if len(args) == 1 {
			if err := k.used(cmd.Context(), rows, args[0], &o); err != nil {
				return err
			}
		} else {
			o.Settings = cluster.SettingsOf(rows, "")
		}
		_, err = cmd.OutOrStdout().Write(o.Manifest())
		return err
	}
	return cmd
}

// used adds what a cluster that is there needs: the ClusterRoles that namespace permissions give in it, and the settings of the add-ons that can
// be installed in it.
func (k *clusterManifest) used(ctx context.Context, rows *catalog.Catalog, name string, o *cluster.Onboarding) error {
	c, err := k.connect()
	if err != nil {
		return err
	}
	cl, err := c.Cluster(ctx, name)
	if err != nil {
		return err
	}
	o.Settings = cluster.SettingsOf(rows, cl.Type)
	for m, err := range c.All(ctx, pratique.KindNamespacePermission, client.ListOptions{Limit: 500, Cluster: cl.Name}) {
		if err != nil {
			return err
		}
		var spec pratique.NamespacePermissionSpec
		if err := json.Unmarshal(m.Spec, &spec); err != nil {
			return fmt.Errorf("read namespace permission %s: %w", m.Metadata.Name, err)
		}
		o.ClusterRoles = append(o.ClusterRoles, spec.ClusterRole)
	}
	return nil
}
