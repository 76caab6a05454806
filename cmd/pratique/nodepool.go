package main

import (
	"fmt"
	"io"
	"maps"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

func newNodePool(e *env) *cobra.Command {
	return family("nodepool", "Pools of equal nodes", `A node pool is a number of equal nodes that a cluster is to have. The server keeps the number: it makes nodes that are
missing, takes away those that are too many, and makes one again that somebody has deleted.

Only clusters that the server runs itself have pools that it can fill, and only types that have nodes.`,
		newNodePoolList(e), newNodePoolGet(e), newNodePoolCreate(e), newNodePoolScale(e), newNodePoolUpdate(e), newNodePoolDelete(e))
}

func (e *env) poolTable(w io.Writer, pools []apiv1.NodePool) error {
	var rows [][]string
	for _, p := range pools {
		ready := fmt.Sprintf("%d/%d", p.Ready, p.Count)
		if p.Error != "" {
			ready = "?"
		}
		rows = append(rows, []string{p.Name, strconv.Itoa(p.Count), ready, tagsText(p.Labels), e.age(p.Created)})
	}
	return table(w, []string{"NAME", "COUNT", "READY", "LABELS", "AGE"}, rows)
}

func newNodePoolList(e *env) *cobra.Command {
	var cluster string
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the node pools of a cluster",
		Long:    "List the node pools of a cluster: how many nodes each is to have, and how many of them are ready now.",
		Example: "  pratique nodepool list --cluster dev",
		Args:    arguments(0, 0, ""),
	}
	clusterFlag(cmd, &cluster)
	out := formatFlag(cmd, "table", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		pools, err := c.NodePools(cmd.Context(), cluster)
		if err != nil {
			return err
		}
		if out.value == "json" {
			return printJSON(cmd.OutOrStdout(), apiv1.List[apiv1.NodePool]{Items: pools})
		}
		if len(pools) > 0 && pools[0].Error != "" {
			_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "%sthe nodes cannot be counted: %s\n", e.paint(yellow, "warning: "), text(pools[0].Error))
		}
		return e.poolTable(cmd.OutOrStdout(), pools)
	}
	return cmd
}

func newNodePoolGet(e *env) *cobra.Command {
	var cluster string
	cmd := &cobra.Command{
		Use:     "get NAME",
		Short:   "Show one node pool",
		Long:    "Show a node pool: how many nodes it is to have, and how many of them are ready now.",
		Example: "  pratique nodepool get web --cluster dev -o json",
		Args:    arguments(1, 1, "the NAME of a node pool"),
	}
	clusterFlag(cmd, &cluster)
	out := formatFlag(cmd, "table", "json", "yaml")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		p, err := c.NodePool(cmd.Context(), cluster, args[0])
		if err != nil {
			return err
		}
		switch out.value {
		case "json":
			return printJSON(cmd.OutOrStdout(), p)
		case "yaml":
			return printYAML(cmd.OutOrStdout(), p)
		}
		if p.Error != "" {
			_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "%sthe nodes cannot be counted: %s\n", e.paint(yellow, "warning: "), text(p.Error))
		}
		return e.poolTable(cmd.OutOrStdout(), []apiv1.NodePool{p})
	}
	return cmd
}

func newNodePoolCreate(e *env) *cobra.Command {
	var cluster string
	var labels []string
	var request apiv1.NewNodePool
	var wait bool
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:     "create NAME --count N",
		Short:   "Create a node pool",
		Long:    "Create a node pool. Its nodes are called after it, and carry the label pratique.dev/nodepool.",
		Example: "  pratique nodepool create web --cluster dev --count 3 --label tier=web --wait",
		Args:    arguments(1, 1, "the NAME of the new node pool"),
	}
	clusterFlag(cmd, &cluster)
	cmd.Flags().IntVar(&request.Count, "count", 0, "`N` nodes")
	cmd.Flags().StringArrayVar(&labels, "label", nil, "label of the nodes, `KEY=VALUE`; may be repeated")
	readyFlags(cmd, &wait, &timeout, "the nodes are ready")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		request.Name = args[0]
		var err error
		if request.Labels, err = labelsOf(labels); err != nil {
			return err
		}
		c, err := e.connect()
		if err != nil {
			return err
		}
		p, err := c.NewNodePool(cmd.Context(), cluster, request)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(cmd.OutOrStdout(), "nodepool/%s created\n", line(p.Name))
		return e.untilFull(cmd, c, cluster, p.Name, wait, timeout)
	}
	return cmd
}

func newNodePoolScale(e *env) *cobra.Command {
	var cluster string
	var wait bool
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:     "scale NAME N",
		Short:   "Change how many nodes a pool keeps",
		Long:    "Change how many nodes a pool keeps. Of too many nodes those that are not ready go first, then the newest.",
		Example: "  pratique nodepool scale web 5 --cluster dev --wait",
		Args:    arguments(2, 2, "the NAME of a node pool and a number N"),
	}
	clusterFlag(cmd, &cluster)
	readyFlags(cmd, &wait, &timeout, "the nodes are ready")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		count, err := strconv.Atoi(args[1])
		if err != nil || count < 0 {
			return usage("%q is no number of nodes", args[1])
		}
		c, err := e.connect()
		if err != nil {
			return err
		}
		p, err := c.PatchNodePool(cmd.Context(), cluster, args[0], apiv1.NodePoolPatch{Count: &count})
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(cmd.OutOrStdout(), "nodepool/%s scaled to %d\n", line(p.Name), p.Count)
		return e.untilFull(cmd, c, cluster, p.Name, wait, timeout)
	}
	return cmd
}

func newNodePoolUpdate(e *env) *cobra.Command {
	var cluster string
	cmd := &cobra.Command{
		Use:     "update NAME KEY=VALUE... KEY-...",
		Short:   "Change the labels of a pool's nodes",
		Long:    "Change the labels that a pool puts on its nodes, those that are there included; KEY- takes one away.",
		Example: "  pratique nodepool update web tier=front old- --cluster dev",
		Args:    arguments(2, -1, "the NAME of a node pool and labels"),
	}
	clusterFlag(cmd, &cluster)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		set, remove, err := settings(args[1:])
		if err != nil {
			return err
		}
		c, err := e.connect()
		if err != nil {
			return err
		}
		p, err := c.NodePool(cmd.Context(), cluster, args[0])
		if err != nil {
			return err
		}
		labels := maps.Clone(p.Labels)
		if labels == nil {
			labels = map[string]string{}
		}
		maps.Copy(labels, set)
		for _, key := range remove {
			delete(labels, key)
		}
		if p, err = c.PatchNodePool(cmd.Context(), cluster, p.Name, apiv1.NodePoolPatch{Labels: &labels}); err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "nodepool/%s updated\n", line(p.Name))
		return err
	}
	return cmd
}

func newNodePoolDelete(e *env) *cobra.Command {
	var cluster string
	var yes bool
	cmd := &cobra.Command{
		Use:     "delete NAME",
		Short:   "Delete a node pool and its nodes",
		Long:    "Delete a node pool; its nodes go with it. At a terminal you are asked.",
		Example: "  pratique nodepool delete web --cluster dev --yes",
		Args:    arguments(1, 1, "the NAME of a node pool"),
	}
	clusterFlag(cmd, &cluster)
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		goOn, err := e.agreed(cmd, yes, fmt.Sprintf("Delete node pool %s of cluster %s with its nodes?", line(args[0]), line(cluster)))
		if err != nil || !goOn {
			return err
		}
		if err := c.DeleteNodePool(cmd.Context(), cluster, args[0]); err != nil {
			return fmt.Errorf("nothing was deleted: %w", err)
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "nodepool/%s deleted\n", line(args[0]))
		return err
	}
	return cmd
}

// untilFull waits, if that is wanted, until a pool has as many nodes as it is to have, all of them ready.
func (e *env) untilFull(cmd *cobra.Command, c *client.Client, cluster, pool string, wait bool, timeout time.Duration) error {
	if !wait {
		return nil
	}
	return e.until(cmd, timeout, func() (bool, string, error) {
		p, err := c.NodePool(cmd.Context(), cluster, pool)
		if p.Error != "" {
			return false, p.Error, err
		}
		return p.Ready == p.Count && p.Nodes == p.Count, fmt.Sprintf("%d of %d nodes ready", p.Ready, p.Count), err
	})
}
