package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
)

func newStorage(e *env) *cobra.Command {
	return family("storage", "Persistent volumes and claims of clusters", `Persistent volumes and claims of a cluster. They are guarded by cluster permissions (cce:storage:create and so on), not
by what somebody may do inside the cluster.`,
		newStorageList(e), newStorageCreate(e), newStorageDelete(e))
}

func newStorageList(e *env) *cobra.Command {
	var cluster, namespace string
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List persistent volumes and claims",
		Long:    "List the persistent volumes of a cluster and all claims; with a namespace, only the claims in it.",
		Example: `  pratique storage list --cluster dev
  pratique storage list --cluster dev -n shop`,
		Args: arguments(0, 0, ""),
	}
	clusterFlag(cmd, &cluster)
	cmd.Flags().StringVarP(&namespace, "namespace", "n", "", "only claims in this `NAMESPACE`")
	out := formatFlag(cmd, "table", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		items, err := c.Storage(cmd.Context(), cluster, namespace)
		if err != nil {
			return err
		}
		if out.value == "json" {
			return printJSON(cmd.OutOrStdout(), apiv1.List[apiv1.Storage]{Items: items})
		}
		var rows [][]string
		for _, s := range items {
			rows = append(rows, []string{s.Kind, s.Namespace, s.Name, s.Size, s.AccessMode, s.Class, s.Phase, s.Bound, e.age(s.Created)})
		}
		return table(cmd.OutOrStdout(), []string{"KIND", "NAMESPACE", "NAME", "SIZE", "ACCESS", "CLASS", "STATE", "BOUND TO", "AGE"}, rows)
	}
	return cmd
}

func newStorageCreate(e *env) *cobra.Command {
	var cluster, csi, nfs string
	n := apiv1.NewStorage{}
	cmd := &cobra.Command{
		Use:   "create NAME --size SIZE",
		Short: "Create a claim or a persistent volume",
		Long: `Create a claim to storage of a class, or with --kind volume a persistent volume that a CSI driver or an NFS server
provides. Volumes on the disks of nodes (hostPath, local) are refused: they reach into the nodes.

What is in a volume that was made here stays when the volume is deleted.`,
		Example: `  pratique storage create data --cluster dev -n shop --size 10Gi --class fast
  pratique storage create media --cluster dev --kind volume --size 1Ti --access ReadWriteMany --nfs files.example.com:/media
  pratique storage create disk --cluster dev --kind volume --size 50Gi --csi disk.csi.everest.io/vol-0001`,
		Args: arguments(1, 1, "the NAME of the new claim or volume"),
	}
	clusterFlag(cmd, &cluster)
	f := cmd.Flags()
	f.StringVar(&n.Kind, "kind", apiv1.StorageClaim, "`KIND`: claim or volume")
	f.StringVarP(&n.Namespace, "namespace", "n", "", "`NAMESPACE` of the claim (default: default)")
	f.StringVar(&n.Size, "size", "", "`SIZE`, as in 10Gi")
	f.StringVar(&n.Class, "class", "", "`NAME` of the storage class (of a claim, default: that of the cluster)")
	f.StringVar(&n.AccessMode, "access", "", "`MODE`: ReadWriteOnce, ReadOnlyMany, ReadWriteMany or ReadWriteOncePod (default: ReadWriteOnce)")
	f.StringVar(&csi, "csi", "", "of a volume: `DRIVER/HANDLE`, the driver and how it calls the volume")
	f.StringVar(&nfs, "nfs", "", "of a volume: `SERVER:/PATH`")
	completeFlag(cmd, "kind", func(string) []string { return []string{apiv1.StorageClaim, apiv1.StorageVolume} })
	completeFlag(cmd, "access", func(string) []string {
		return []string{"ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"}
	})
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		n.Name = args[0]
		if n.Size == "" {
			return usage("how large? give --size SIZE")
		}
		if csi != "" {
			driver, handle, ok := strings.Cut(csi, "/")
			if !ok {
				return usage("--csi %q is not DRIVER/HANDLE", csi)
			}
			n.CSI = &apiv1.CSIVolume{Driver: driver, Handle: handle}
		}
		if nfs != "" {
			server, path, ok := strings.Cut(nfs, ":/")
			if !ok {
				return usage("--nfs %q is not SERVER:/PATH", nfs)
			}
			n.NFS = &apiv1.NFSVolume{Server: server, Path: "/" + path}
		}
		c, err := e.connect()
		if err != nil {
			return err
		}
		made, err := c.NewStorage(cmd.Context(), cluster, n)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s/%s created\n", made.Kind, line(made.Name))
		return err
	}
	return cmd
}

func newStorageDelete(e *env) *cobra.Command {
	var cluster, kind, namespace string
	var yes bool
	cmd := &cobra.Command{
		Use:   "delete NAME",
		Short: "Delete a claim or a persistent volume",
		Long: `Delete a claim, or with --kind volume a persistent volume. What is in use goes when it is not any more. At a terminal
you are asked.`,
		Example: `  pratique storage delete data --cluster dev -n shop --yes
  pratique storage delete media --cluster dev --kind volume --yes`,
		Args: arguments(1, 1, "the NAME of a claim or volume"),
	}
	clusterFlag(cmd, &cluster)
	f := cmd.Flags()
	f.StringVar(&kind, "kind", apiv1.StorageClaim, "`KIND`: claim or volume")
	f.StringVarP(&namespace, "namespace", "n", "", "`NAMESPACE` of the claim (default: default)")
	f.BoolVarP(&yes, "yes", "y", false, "do not ask")
	completeFlag(cmd, "kind", func(string) []string { return []string{apiv1.StorageClaim, apiv1.StorageVolume} })
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		goOn, err := e.agreed(cmd, yes, fmt.Sprintf("Delete %s %s of cluster %s?", line(kind), line(args[0]), line(cluster)))
		if err != nil || !goOn {
			return err
		}
		if err := c.DeleteStorage(cmd.Context(), cluster, kind, namespace, args[0]); err != nil {
			return fmt.Errorf("nothing was deleted: %w", err)
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s/%s deleted\n", line(kind), line(args[0]))
		return err
	}
	return cmd
}
