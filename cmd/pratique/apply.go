package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

type apply struct {
	*env
	files  *files
	dryRun bool
	yes    bool
	reason string
}

func newApply(e *env) *cobra.Command {
	a := apply{env: e}
	cmd := &cobra.Command{
		Use:   "apply -f FILE",
		Short: "Make the directory what the files say",
		Long: `Make the directory what manifests say: create what is not there, change what differs, leave the
rest alone. Applying the same files again changes nothing.

First the plan is shown; at a terminal you are asked whether to go on. Then everything is done at
once: when anything is refused, nothing is changed. Only lists with more than 120 changed objects
are cut into parts, which are all-or-nothing one by one.

Files are YAML or JSON with any number of manifests. Members that do not exist or stand twice are
refused with file and document. The order of the manifests does not matter.`,
		Example: `  pratique apply -f people.yaml
  pratique apply -R -f directory/ --dry-run
  pratique export | PRATIQUE_SERVER=https://other:8443 PRATIQUE_TOKEN=... pratique apply -f -
  pratique apply -f people.yaml --yes --reason INC-4411`,
		Args: arguments(0, 0, "files with -f"),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.run(cmd) },
	}
	a.files = filesFlag(cmd)
	f := cmd.Flags()
	f.BoolVar(&a.dryRun, "dry-run", false, "show the plan and change nothing")
	f.BoolVarP(&a.yes, "yes", "y", false, "do not ask")
	f.StringVar(&a.reason, "reason", "", "`TEXT` for the audit record")
	return cmd
}

func (a *apply) run(cmd *cobra.Command) error {
	docs, err := a.files.read(a.env)
	if err != nil {
		return err
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	list := changeList{reason: a.reason}
	for _, d := range docs {
		list.put(d.manifest)
	}
	planner := &planner{env: a.env, client: c}
	plan, err := planner.plan(cmd.Context(), list)
	if err != nil {
		return err
	}
	a.printPlan(cmd.OutOrStdout(), plan)
	if plan, err = a.missingRoles(cmd, planner, &list, plan); err != nil {
		return err
	}
	n := countSteps(plan.Steps).changed()
	switch {
	case a.dryRun:
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "dry run: nothing was changed, %s would be\n", plural(n, "object"))
		return err
	case n == 0:
		printDone(cmd.OutOrStdout(), plan.Steps)
		return nil
	}
	if goOn, err := a.agreed(cmd, fmt.Sprintf("Apply %s?", plural(n, "change"))); err != nil || !goOn {
		return err
	}
	if len(list.manifests) > mostAtOnce {
		return a.inParts(cmd, c, list, plan)
	}
	done, err := c.Change(cmd.Context(), list.changes())
	if err != nil {
		return fmt.Errorf("nothing was changed: %w", err)
	}
	printDone(cmd.OutOrStdout(), done.Steps)
	return nil
}

// agreed asks whether to go on, where somebody can be asked. A no is an answer: the command ends with it.
func (a *apply) agreed(cmd *cobra.Command, question string) (bool, error) {
	return a.env.agreed(cmd, a.yes, question)
}

func (e *env) agreed(cmd *cobra.Command, yes bool, question string) (bool, error) {
	if yes || !e.terminal {
		return true, nil
	}
	goOn, err := e.confirm(cmd.Context(), cmd.ErrOrStderr(), question)
	if err != nil {
		return false, err
	}
	if !goOn {
		_, _ = fmt.Fprintln(cmd.ErrOrStderr(), "nothing was changed")
		return false, errNo
	}
	return true, nil
}

// changeList is the manifests of an apply in the order in which they were read.
type changeList struct {
	manifests []pratique.Manifest
	reason    string
}

func (l *changeList) put(m pratique.Manifest) { l.manifests = append(l.manifests, m) }

func (l *changeList) changes() apiv1.Changes {
	out := apiv1.Changes{Reason: l.reason}
	for i := range l.manifests {
		out.Changes = append(out.Changes, apiv1.Change{Put: &l.manifests[i]})
	}
	return out
}

// find returns the manifest of a kind and name.
func (l *changeList) find(k pratique.Kind, name string) (pratique.Manifest, bool) {
	for _, m := range l.manifests {
		if m.Kind == k && pratique.Fold(m.Metadata.Name) == pratique.Fold(name) {
			return m, true
		}
	}
	return pratique.Manifest{}, false
}

// inParts applies more than fits into one transaction.
func (a *apply) inParts(cmd *cobra.Command, c *client.Client, list changeList, plan apiv1.ChangeResult) error {
	parts := split(list, plan.Steps)
	w := cmd.OutOrStdout()
	if len(parts) > 1 {
		_, _ = fmt.Fprintf(w, "%s do not fit into one transaction: applying %d lists, each all or nothing\n",
			plural(countSteps(plan.Steps).changed(), "change"), len(parts))
	}
	applied := 0
	for i, part := range parts {
		done, err := c.Change(cmd.Context(), part.changes())
		if err != nil {
			return fmt.Errorf("list %d of %d was not applied: %w\n%s applied before it stay; run the same command again to continue",
				i+1, len(parts), err, plural(applied, "change"))
		}
		printDone(w, done.Steps)
		applied += countSteps(done.Steps).changed()
	}
	if n := countSteps(plan.Steps).unchanged; n > 0 {
		_, _ = fmt.Fprintf(w, "%s unchanged\n", plural(n, "object"))
	}
	return nil
}
