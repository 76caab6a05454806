package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
)

type nodeCreate struct {
	*env
	cluster string
	labels  []string
	request apiv1.NewNodes
	wait    bool
	timeout time.Duration
}

func newNodeCreate(e *env) *cobra.Command {
	n := nodeCreate{env: e}
	cmd := &cobra.Command{
		Use:   "create [NAME]",
		Short: "Add nodes to a cluster",
		Long: `Add nodes to a cluster that the server runs itself. Without a name they are called after the cluster; with a name and
a --count, the name begins theirs.

A cluster that is attached has machines behind its nodes, which Pratique does not make: nothing is changed there, and
you are told what to run instead.`,
		Example: `  pratique node create --cluster dev
  pratique node create gpu --cluster dev --count 3 --label pool=gpu --wait`,
		Args: arguments(0, 1, "one NAME"),
		RunE: n.run,
	}
	clusterFlag(cmd, &n.cluster)
	f := cmd.Flags()
	f.IntVar(&n.request.Count, "count", 1, "`N` nodes")
	f.StringArrayVar(&n.labels, "label", nil, "label of the nodes, `KEY=VALUE`; may be repeated")
	f.StringVar(&n.request.Billing, "billing", "", "`HOW` they are paid: postpaid or prepaid, which is an order and needs the right to pay (default: postpaid)")
	readyFlags(cmd, &n.wait, &n.timeout, "the nodes are ready")
	completeFlag(cmd, "billing", func(string) []string { return []string{"postpaid", "prepaid"} })
	return cmd
}

func (n *nodeCreate) run(cmd *cobra.Command, args []string) error {
	if n.request.Count < 1 {
		return usage("--count %d makes no nodes", n.request.Count)
	}
	if len(args) == 1 {
		n.request.Name = args[0]
	}
	var err error
	if n.request.Labels, err = labelsOf(n.labels); err != nil {
		return err
	}
	c, err := n.connect()
	if err != nil {
		return err
	}
	made, err := c.NewNodes(cmd.Context(), n.cluster, n.request)
	if err != nil {
		return err
	}
	for _, node := range made {
		_, _ = fmt.Fprintf(cmd.OutOrStdout(), "node/%s created\n", line(node.Name))
	}
	if !n.wait {
		return nil
	}
	return n.until(cmd, n.timeout, func() (bool, string, error) {
		nodes, err := c.Nodes(cmd.Context(), n.cluster)
		ready := 0
		for _, node := range nodes {
			for _, m := range made {
				if m.Name == node.Name && node.Ready {
					ready++
				}
			}
		}
		return ready == len(made), fmt.Sprintf("%d of %d nodes ready", ready, len(made)), err
	})
}

// labelsOf reads KEY=VALUE pairs; a value may be empty.
func labelsOf(pairs []string) (map[string]string, error) {
	if len(pairs) == 0 {
		return nil, nil //nolint:nilnil // no labels are none
	}
	set, remove, err := settings(pairs)
	if err == nil && len(remove) > 0 {
		err = usage("%q is no label; write KEY=VALUE", remove[0]+"-")
	}
	return set, err
}

func readyFlags(cmd *cobra.Command, wait *bool, timeout *time.Duration, what string) {
	cmd.Flags().BoolVar(wait, "wait", false, "wait until "+what)
	cmd.Flags().DurationVar(timeout, "timeout", 2*time.Minute, "with --wait: give up after this `TIME`")
}

// until asks again and again until the answer is yes, and says on the way what has changed.
func (e *env) until(cmd *cobra.Command, most time.Duration, ask func() (done bool, said string, err error)) error {
	deadline := time.NewTimer(most)
	defer deadline.Stop()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	last := ""
	for {
		done, said, err := ask()
		if err != nil {
			return err
		}
		if said != last {
			_, _ = fmt.Fprintln(cmd.ErrOrStderr(), text(said))
			last = said
		}
		if done {
			return nil
		}
		select {
		case <-cmd.Context().Done():
			return cmd.Context().Err()
		case <-deadline.C:
			return errors.New("after " + most.String() + " still " + said + "; what was begun goes on")
		case <-tick.C:
		}
	}
}
