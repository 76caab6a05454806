package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/cluster"
	"github.com/pratique-iam/pratique/internal/job"
	"github.com/pratique-iam/pratique/internal/web"
)

// dependencies are the add-ons of a cluster that is about to be created.
type dependencies struct {
	planned *pratique.Cluster // as it is asked for: without an id
	works   []*addonWork
}

// rightsWithin is how long the rights of a creator may take to arrive in a new cluster.
const rightsWithin = time.Minute

// dependencies checks the add-ons that a new cluster shall have. Nothing is created when one of them would lack something: the refusal names the
// report, under which it can be authorized.
func (a *API) dependencies(ctx context.Context, c Call, cl *pratique.Cluster, names []string) (*dependencies, error) {
	if len(names) == 0 {
		return nil, nil //nolint:nilnil // most clusters are created without any
	}
	if cl.Provisioner != pratique.ProvisionerLocal {
		return nil, web.Invalid("add-ons come with clusters that are created here; install them once the cluster is attached")
	}
	planned, err := a.planned(c, &apiv1.NewPrechecks{Name: cl.Name, Type: cl.Type, Project: cl.Project, EnterpriseProject: cl.EnterpriseProject})
	if err != nil {
		return nil, err
	}
	out := &dependencies{planned: planned}
	id := pratique.At(a.Now()).NewID(pratique.KindJob)
	var reports []pratique.Report
	for n, name := range names {
		if slices.ContainsFunc(names[:n], func(other string) bool { return pratique.Fold(other) == pratique.Fold(name) }) {
			return nil, web.Invalid("add-on %q stands there twice", short(name))
		}
		_, l, err := a.wanted(c, name, "", nil)
		if err != nil {
			return nil, err
		}
		w := a.newWork(c, cl, l, "addonInstance.create", "install")
		w.record.Job, w.patience = id, rightsWithin
		out.works = append(out.works, w)
		reports = append(reports, a.report(ctx, c, c.Snapshot, planned, l, false))
	}
	for i := range reports {
		if !reports[i].Passed {
			return nil, a.unpassed(ctx, c, reports)
		}
	}
	return out, nil
}

// with is the change that creates a cluster together with the record of its add-ons, if what they need is still there.
func (a *API) with(create pratique.Change, d *dependencies) pratique.Change {
	if d == nil {
		return create
	}
	return pratique.Proposed{From: func(s *pratique.Snapshot) ([]pratique.Change, error) {
		changes := []pratique.Change{create}
		for _, w := range d.works {
			stops, _ := a.sorted(d.planned, a.question(d.planned, w.look, "", w.settings).Items(s))
			if len(stops) > 0 {
				return nil, &pratique.Error{
					Kind: pratique.ErrConflict, Message: fmt.Sprintf("what add-on %q needs was taken away meanwhile: %s", w.record.Template, stops[0].Error), Hint: "try again",
				}
			}
			changes = append(changes, pratique.PutAddon{Addon: w.record, Operation: w.operation})
		}
		return changes, nil
	}}
}

// createWith starts the job of a new cluster and its add-ons.
func (a *API) createWith(ctx context.Context, c Call, made *pratique.Cluster, d *dependencies) *pratique.Job {
	var names []string
	for _, w := range d.works {
		w.cluster = made
		names = append(names, w.record.Template)
	}
	spec := job.Spec{
		ID: d.works[0].record.Job, Operation: "cluster.create", Title: "create cluster " + made.Name + " with add-on " + strings.Join(names, ", "), Cluster: made,
		Timeout: clusterPatience + time.Duration(len(names))*(addonWithin+takeBack),
	}
	j, err := a.begin(ctx, c, spec, a.runsWith(made, d))
	if err != nil {
		a.Log.WarnContext(ctx, "a cluster comes up without its add-ons", "cluster", made.ID, "error", err.Error())
		return &pratique.Job{}
	}
	return j
}

// runsWith is the work of waiting for a cluster and of installing its add-ons, one after the other. One that fails does not keep the next from
// being installed, and the cluster stays.
func (a *API) runsWith(made *pratique.Cluster, d *dependencies) job.Work {
	return func(ctx context.Context, p *job.Progress) (map[string]string, error) {
		waiting, cancel := context.WithTimeout(ctx, clusterPatience)
		result, err := a.reaches(d.works[0].call.Who.Account, made, cluster.PhaseRunning)(waiting, p)
		cancel()
		if err != nil {
			for _, w := range d.works {
				_, _ = a.settle(ctx, w, err) // it gives the error back
			}
			return result, err
		}
		var failed []error
		for n, w := range d.works {
			p.Count(ctx, n, len(d.works))
			p.Say(ctx, "install add-on %s %s", w.record.Template, w.record.Version)
			if _, err := a.settle(ctx, w, a.applyAddon(ctx, p, w)); err != nil {
				failed = append(failed, fmt.Errorf("add-on %s: %w", w.record.Template, err))
			}
		}
		p.Count(ctx, len(d.works), len(d.works))
		return result, errors.Join(failed...)
	}
}
