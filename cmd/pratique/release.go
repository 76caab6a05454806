package main

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

func newRelease(e *env) *cobra.Command {
	return family("release", "What was installed in clusters from charts", `Releases: what was installed in a cluster from the charts of the account (pratique chart).

Everything is done in the cluster as you, and nothing that you may not do there yourself. Before anything is changed
all of it is tried; what you may not do is listed, and then nothing has happened. What fails later is taken back.
Releases are kept as Helm keeps them: helm list shows them, too.`,
		newReleaseInstall(e), newReleaseUpgrade(e), newReleaseRollback(e), newReleaseDelete(e), newReleaseList(e), newReleaseGet(e), newReleaseHistory(e))
}

// inRelease are the flags of every command about one release.
type inRelease struct{ cluster, namespace string }

func (r *inRelease) flags(cmd *cobra.Command) {
	clusterFlag(cmd, &r.cluster)
	cmd.Flags().StringVarP(&r.namespace, "namespace", "n", "default", "`NAMESPACE` of the release")
}

// applying are the flags of what changes a release, beside those of waiting for its job.
type applying struct {
	*waiting
	ready bool
}

func applyFlags(cmd *cobra.Command) *applying {
	a := &applying{waiting: waitFlags(cmd, true)}
	cmd.Flags().BoolVar(&a.ready, "ready", false, "it is done only when everything that runs pods is ready; otherwise it is taken back")
	cmd.Flags().Lookup("timeout").Usage = "give up after this `TIME`, and take back what was done"
	cmd.Flags().Lookup("timeout").DefValue = "5m0s"
	a.timeout = 5 * time.Minute
	return a
}

// seconds is the time that the server has.
func (a *applying) seconds() int { return int(math.Ceil(a.timeout.Seconds())) }

// follow waits for the job of a release, longer than the server works on it: it must have time to take back what it did.
func (a *applying) follow(e *env, cmd *cobra.Command, c *client.Client, j apiv1.Job, done string) error {
	const takeBack = 5 * time.Minute
	j, err := e.followJob(cmd, c, j.ID, &waiting{wait: a.wait, timeout: a.timeout + takeBack})
	if err != nil || !j.Ended() {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "release/%s %s (revision %s)\n", line(j.Result["release"]), done, line(j.Result["revision"]))
	return err
}

func newReleaseInstall(e *env) *cobra.Command {
	var at inRelease
	var in values
	cmd := &cobra.Command{
		Use:   "install NAME CHART",
		Short: "Install a chart",
		Long: `Install a chart of the account in a namespace. Values of the chart are changed with files and with --set; later ones
win. Values may hold secrets: they are kept in the Secret that Helm keeps, in the namespace of the release.`,
		Example: `  pratique release install shop web-1.2.3 --cluster dev -n shop -f values.yaml
  pratique release install shop web-1.2.3 --cluster dev -n shop --set image.tag=2,replicas=3 --ready`,
		Args: arguments(2, 2, "the NAME of the new release and a CHART with its version"), ValidArgsFunction: e.completeReleaseChart,
	}
	at.flags(cmd)
	in.flags(cmd)
	apply := applyFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		merged, err := in.read(cmd)
		if err != nil {
			return err
		}
		c, err := e.connect()
		if err != nil {
			return err
		}
		j, err := c.InstallRelease(cmd.Context(), at.cluster, apiv1.NewRelease{
			Namespace: at.namespace, Release: args[0], Chart: args[1], Values: merged, Wait: apply.ready, Timeout: apply.seconds(),
		})
		if err != nil {
			return err
		}
		return apply.follow(e, cmd, c, j, "installed")
	}
	return cmd
}

func newReleaseUpgrade(e *env) *cobra.Command {
	var at inRelease
	var in values
	var reuse bool
	cmd := &cobra.Command{
		Use:   "upgrade NAME CHART",
		Short: "Replace a release by another version or other values",
		Long: `Replace a release by another version of its chart, or by the same with other values. When it fails, the release is put
back as it was.`,
		Example: `  pratique release upgrade shop web-1.3.0 --cluster dev -n shop -f values.yaml
  pratique release upgrade shop web-1.2.3 --cluster dev -n shop --reuse-values --set replicas=5`,
		Args: arguments(2, 2, "the NAME of a release and a CHART with its version"), ValidArgsFunction: e.completeReleaseChart,
	}
	at.flags(cmd)
	in.flags(cmd)
	cmd.Flags().BoolVar(&reuse, "reuse-values", false, "begin with the values that the release has now")
	apply := applyFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		merged, err := in.read(cmd)
		if err != nil {
			return err
		}
		c, err := e.connect()
		if err != nil {
			return err
		}
		j, err := c.UpgradeRelease(cmd.Context(), at.cluster, at.namespace, args[0], apiv1.UpgradeRelease{
			Chart: args[1], Values: merged, ReuseValues: reuse, Wait: apply.ready, Timeout: apply.seconds(),
		})
		if err != nil {
			return err
		}
		return apply.follow(e, cmd, c, j, "upgraded")
	}
	return cmd
}

func newReleaseRollback(e *env) *cobra.Command {
	var at inRelease
	cmd := &cobra.Command{
		Use:   "rollback NAME [REVISION]",
		Short: "Make a release as it was before",
		Long: `Make a new revision of a release that is as an older one was; without a REVISION, as the one before. What is applied is
what stands in the record of that revision.`,
		Example: `  pratique release rollback shop --cluster dev -n shop
  pratique release rollback shop 3 --cluster dev -n shop`,
		Args: arguments(1, 2, "the NAME of a release"),
	}
	at.flags(cmd)
	apply := applyFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		revision := 0
		if len(args) > 1 {
			var err error
			if revision, err = strconv.Atoi(args[1]); err != nil || revision < 1 {
				return usage("%q is no revision; see: pratique release history", args[1])
			}
		}
		c, err := e.connect()
		if err != nil {
			return err
		}
		j, err := c.RollbackRelease(cmd.Context(), at.cluster, at.namespace, args[0], apiv1.RollbackRelease{
			Revision: revision, Wait: apply.ready, Timeout: apply.seconds(),
		})
		if err != nil {
			return err
		}
		return apply.follow(e, cmd, c, j, "rolled back")
	}
	return cmd
}

func newReleaseDelete(e *env) *cobra.Command {
	var at inRelease
	var yes bool
	cmd := &cobra.Command{
		Use:     "delete NAME",
		Short:   "Delete a release and what it made",
		Long:    `Delete what a release made, and its records. What belongs to somebody else by now stays. At a terminal you are asked.`,
		Example: `  pratique release delete shop --cluster dev -n shop --yes`,
		Args:    arguments(1, 1, "the NAME of a release"),
	}
	at.flags(cmd)
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	wait := waitFlags(cmd, true)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		goOn, err := e.agreed(cmd, yes, fmt.Sprintf("Delete release %s in namespace %s of cluster %s?", line(args[0]), line(at.namespace), line(at.cluster)))
		if err != nil || !goOn {
			return err
		}
		j, err := c.DeleteRelease(cmd.Context(), at.cluster, at.namespace, args[0])
		if err != nil {
			return err
		}
		if j, err = e.followJob(cmd, c, j.ID, wait); err != nil || !j.Ended() {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "release/%s deleted\n", line(args[0]))
		return err
	}
	return cmd
}
