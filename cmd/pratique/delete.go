package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
)

type deletion struct {
	*env
	files   *files
	cascade bool
	yes     bool
	reason  string
}

func newDelete(e *env) *cobra.Command {
	d := deletion{env: e}
	cmd := &cobra.Command{
		Use:   "delete KIND NAME... | KIND/NAME... | -f FILE",
		Short: "Delete objects of the directory",
		Long: `Delete the objects that are named, or those of manifests. All go, or none.

What others hold on to is not deleted: a user who is a member of a group, a policy that is granted.
The refusal names what holds it. With --cascade that goes too; what goes is shown first, and at a
terminal you are asked.`,
		Example: `  pratique delete user alice
  pratique delete group viewers --cascade
  pratique delete policy/old grant/old-grant
  pratique delete -f people.yaml --yes`,
		Args:              arguments(0, -1, ""),
		ValidArgsFunction: e.completeObjects,
		RunE:              d.run,
	}
	d.files = filesFlag(cmd)
	f := cmd.Flags()
	f.BoolVar(&d.cascade, "cascade", false, "delete what holds on to the objects as well")
	f.BoolVarP(&d.yes, "yes", "y", false, "do not ask")
	f.StringVar(&d.reason, "reason", "", "`TEXT` for the audit record")
	return cmd
}

func (d *deletion) run(cmd *cobra.Command, args []string) error {
	targets, err := d.targets(args)
	if err != nil {
		return err
	}
	changes := apiv1.Changes{Reason: d.reason}
	for _, t := range targets {
		changes.Changes = append(changes.Changes, apiv1.Change{Delete: &pratique.Delete{Kind: t.kind, Name: t.name, Cascade: d.cascade}})
	}
	c, err := d.connect()
	if err != nil {
		return err
	}
	plan, err := c.DryRun(cmd.Context(), changes)
	if err != nil {
		return fmt.Errorf("nothing was deleted: %w", d.hint(err))
	}
	d.printPlan(cmd.OutOrStdout(), plan)
	goOn, err := d.agreed(cmd, d.yes, fmt.Sprintf("Delete %s?", plural(countSteps(plan.Steps).deleted, "object")))
	if err != nil || !goOn {
		return err
	}
	done, err := c.Change(cmd.Context(), changes)
	if err != nil {
		return fmt.Errorf("nothing was deleted: %w", err)
	}
	printDone(cmd.OutOrStdout(), done.Steps)
	return nil
}

// targets lists what to delete, what names others before what they name.
func (d *deletion) targets(args []string) ([]target, error) {
	if len(d.files.names) == 0 {
		if len(args) == 0 {
			return nil, usage("delete what? give KIND NAME, or -f FILE")
		}
		targets, err := parseTargets(args)
		if err == nil && targets[0].name == "" {
			return nil, usage("delete which %s? give its NAME", targets[0].kind.Word())
		}
		return targets, err
	}
	if len(args) > 0 {
		return nil, usage("give names or -f FILE, not both")
	}
	docs, err := d.files.read(d.env)
	if err != nil {
		return nil, err
	}
	var out []target
	for _, doc := range docs {
		out = append(out, target{doc.manifest.Kind, doc.manifest.Metadata.Name})
	}
	order := pratique.ManifestKinds()
	slices.SortStableFunc(out, func(x, y target) int { return slices.Index(order, y.kind) - slices.Index(order, x.kind) })
	return out, nil
}

// hint turns the server's words about a cascade into the flag of this command.
func (d *deletion) hint(err error) error {
	if p, ok := asProblem(err); ok && !d.cascade && strings.Contains(p.Hint, "cascade") && p.Status == conflictStatus {
		p.Hint = "delete those first, or add --cascade to delete them with it"
	}
	return err
}
