package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

func newNode(e *env) *cobra.Command {
	return family("node", "The nodes of clusters", `Nodes are guarded by cluster permissions (cce:node:list, cce:node:delete and so on), not by what somebody
may do inside the cluster.`,
		newNodeList(e), newNodeCreate(e),
		e.nodeChange("cordon", "Keep new pods off nodes", "cordoned", func(ctx context.Context, c *client.Client, cluster, node string) error {
			_, err := c.PatchNode(ctx, cluster, node, apiv1.NodePatch{Schedulable: new(false)})
			return err
		}),
		e.nodeChange("uncordon", "Let new pods onto nodes again", "uncordoned", func(ctx context.Context, c *client.Client, cluster, node string) error {
			_, err := c.PatchNode(ctx, cluster, node, apiv1.NodePatch{Schedulable: new(true)})
			return err
		}),
		newNodeLabel(e),
		e.nodeChange("delete", "Delete nodes", "deleted", func(ctx context.Context, c *client.Client, cluster, node string) error {
			return c.DeleteNode(ctx, cluster, node)
		}))
}

func newNodeList(e *env) *cobra.Command {
	var cluster string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the nodes of a cluster",
		Long:    "List the nodes of a cluster: whether they are ready, and whether new pods may be put on them.",
		Example: "  pratique node list --cluster prod",
		Args:    arguments(0, 0, ""),
	}
	clusterFlag(cmd, &cluster)
	out := formatFlag(cmd, "table", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		nodes, err := c.Nodes(cmd.Context(), cluster)
		if err != nil {
			return err
		}
		if out.value == "json" {
			return printJSON(cmd.OutOrStdout(), apiv1.List[apiv1.Node]{Items: nodes})
		}
		var rows [][]string
		for _, n := range nodes {
			state := "NotReady"
			if n.Ready {
				state = "Ready"
			}
			if !n.Schedulable {
				state += ",cordoned"
			}
			rows = append(rows, []string{n.Name, state, n.Version, e.age(n.Created)})
		}
		return table(cmd.OutOrStdout(), []string{"NAME", "STATE", "VERSION", "AGE"}, rows)
	}
	return cmd
}

func newNodeLabel(e *env) *cobra.Command {
	var cluster string
	cmd := &cobra.Command{
		Use:     "label NODE KEY=VALUE...",
		Short:   "Label a node",
		Long:    "Set labels of a node; KEY- takes one away.",
		Example: "  pratique node label prod-node-1 disk=ssd old- --cluster prod",
		Args:    arguments(2, -1, "NODE or a label"),
	}
	clusterFlag(cmd, &cluster)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		labels, remove, err := settings(args[1:])
		if err != nil {
			return err
		}
		for _, key := range remove {
			labels[key] = ""
		}
		c, err := e.connect()
		if err != nil {
			return err
		}
		if _, err := c.PatchNode(cmd.Context(), cluster, args[0], apiv1.NodePatch{Labels: labels}); err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "node/%s labeled\n", line(args[0]))
		return err
	}
	return cmd
}

func (e *env) nodeChange(verb, short, done string, do func(ctx context.Context, c *client.Client, cluster, node string) error) *cobra.Command {
	var cluster string
	cmd := &cobra.Command{
		Use:     verb + " NODE...",
		Short:   short,
		Long:    short + " of a cluster, by their names.",
		Example: "  pratique node " + verb + " prod-node-1 --cluster prod",
		Args:    arguments(1, -1, "the name of a NODE"),
	}
	clusterFlag(cmd, &cluster)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return e.each(cmd, args, "node", done, func(c *client.Client, ctx context.Context, node string) error {
			return do(ctx, c, cluster, node)
		})
	}
	return cmd
}

func clusterFlag(cmd *cobra.Command, cluster *string) {
	cmd.Flags().StringVarP(cluster, "cluster", "c", "", "`NAME` of the cluster")
	_ = cmd.MarkFlagRequired("cluster") // the flag is there
}
