package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

// clusterAddons are the flags of a new cluster about its add-ons.
type clusterAddons struct {
	authorize bool
	yes       bool
}

func (f *clusterFlags) addAddons(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.request.Addons, "addon", nil, "`NAME` of an add-on to install in it; may be repeated. What it needs is checked before anything is created")
	flags.BoolVar(&f.addons.authorize, "authorize", false, "give the add-ons what they lack, under your own rights, and check again")
	flags.BoolVarP(&f.addons.yes, "yes", "y", false, "with --authorize: do not ask")
	completeFlag(cmd, "addon", func(begun string) []string {
		names, _ := f.completeAddons(cmd, nil, begun)
		return names
	})
}

// create creates the cluster. Where an add-on lacks something, and --authorize was given or somebody can be asked, it is given that, and all is
// checked again.
func (f *clusterFlags) create(cmd *cobra.Command, c *client.Client) (apiv1.Cluster, error) {
	for range len(f.request.Addons) + 1 {
		cl, err := c.NewCluster(cmd.Context(), f.request)
		problem, refused := asProblem(err)
		if !refused || problem.Report == "" || !f.addons.authorize && !f.terminal {
			return cl, err
		}
		r, readErr := c.Report(cmd.Context(), problem.Report)
		if readErr != nil {
			return cl, err
		}
		w := cmd.ErrOrStderr()
		_, _ = fmt.Fprintln(w, "Dependency check")
		if err := f.printReport(w, r); err != nil {
			return cl, err
		}
		if !f.addons.authorize {
			goOn, askErr := f.confirm(cmd.Context(), w, "Authorize it now?")
			if askErr != nil || !goOn {
				return cl, fmt.Errorf("nothing was created: %w", err)
			}
		}
		a := addonAuthorize{env: f.env, yes: f.addons.yes}
		if err := a.run(cmd, problem.Report); err != nil {
			return cl, fmt.Errorf("nothing was created: %w", err)
		}
	}
	return c.NewCluster(cmd.Context(), f.request)
}
