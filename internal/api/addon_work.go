package api

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/job"
	"github.com/pratique-iam/pratique/internal/release"
	"github.com/pratique-iam/pratique/internal/strictjson"
	"github.com/pratique-iam/pratique/internal/web"
)

const (
	addonLabel   = "pratique.dev/addon" // of everything that belongs to an add-on
	addonManager = "pratique-addon"     // of the fields that we apply
	addonWithin  = 5 * time.Minute
)

// beginning is the step by which a work begins. It is tried, and later made, on the newest directory.
func (a *API) beginning(w *addonWork) pratique.Change {
	return pratique.Proposed{From: func(s *pratique.Snapshot) ([]pratique.Change, error) {
		put := []pratique.Change{pratique.PutAddon{Addon: w.record, Operation: w.operation}}
		old, there := s.Addon(w.cluster.ID, w.record.Template)
		if !there {
			return put, nil
		}
		if err := a.vacant(s, old); err != nil {
			return nil, err
		}
		if state, _ := a.standing(s, old); w.operation == "addonInstance.create" && state == pratique.AddonInstalled {
			return nil, &pratique.Error{
				Kind: pratique.ErrConflict, Message: fmt.Sprintf("add-on %q is installed in cluster %q, in version %s", old.Template, w.cluster.Name, old.Version),
				Hint: "upgrade it with: pratique addon upgrade " + old.Template + " --cluster " + w.cluster.Name,
			}
		}
		return put, nil
	}}
}

// mayBegin decides without beginning, so that nobody gets a report of what they may not install.
func (a *API) mayBegin(ctx context.Context, c Call, w *addonWork) error {
	intent := a.intent(c, audit.AddonChanged, a.beginning(w))
	intent.DryRun = true
	_, err := a.Gate.Apply(ctx, intent)
	return err
}

// startAddon writes that the work begins, and starts its job. Should the job not start, the record says so.
func (a *API) startAddon(ctx context.Context, c Call, w *addonWork, title string, work job.Work) (accepted[apiv1.Job], error) {
	intent := a.intent(c, audit.AddonChanged, a.beginning(w))
	intent.Detail = title
	if _, err := a.Gate.Apply(ctx, intent); err != nil {
		return accepted[apiv1.Job]{}, a.bluntInside(c, w.cluster.ID, w.operation, named(w.record.Template), err)
	}
	spec := job.Spec{ID: w.record.Job, Operation: w.operation, Title: title, Cluster: w.cluster, Timeout: addonWithin + takeBack}
	j, err := a.begin(ctx, c, spec, work)
	if err != nil {
		_, err = a.settle(ctx, w, err)
		return accepted[apiv1.Job]{}, err
	}
	return accepted[apiv1.Job]{jobView(j)}, nil
}

// settle writes how a work has ended, and gives its result. An upgrade that failed and was taken back leaves the old version.
func (a *API) settle(ctx context.Context, w *addonWork, failure error) (map[string]string, error) {
	record := w.record
	_, left := errors.AsType[*release.LeftError](failure)
	switch {
	case failure == nil:
		record.State = pratique.AddonInstalled
	case w.old != nil && !left:
		record = *w.old
		record.Job = w.record.Job
	default:
		record.State = pratique.AddonFailed
	}
	if w.old != nil && failure == nil {
		record.Previous = w.old.Version
	}
	outcome := "done"
	if failure != nil {
		outcome = "failed"
	}
	err := a.write(ctx, w, fmt.Sprintf("%s add-on %s in cluster %s: %s", w.verb, record.Template, w.cluster.Name, outcome), pratique.PutAddon{Addon: record})
	if errors.Is(err, pratique.ErrNotFound) {
		err = nil // the cluster has gone, and the record with it
		failure = &pratique.Error{Kind: pratique.ErrConflict, Message: fmt.Sprintf("cluster %q was deleted meanwhile", w.cluster.Name)}
	}
	if failure != nil {
		return nil, failure
	}
	return map[string]string{"addon": record.Template, "version": record.Version, "state": string(record.State)}, err
}

// write records how an operation went that was decided on. It has its own time: what ended was often out of it.
func (a *API) write(ctx context.Context, w *addonWork, detail string, changes ...pratique.Change) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	intent := a.intent(w.call, audit.AddonChanged, changes...)
	intent.Detail = detail
	_, err := a.Gate.Apply(ctx, intent)
	return err
}

// applies is the work of an installation and of an upgrade.
func (a *API) applies(w *addonWork) job.Work {
	return func(ctx context.Context, p *job.Progress) (map[string]string, error) {
		return a.settle(ctx, w, a.applyAddon(ctx, p, w))
	}
}

// applyAddon applies an add-on as the one who asked for it.
func (a *API) applyAddon(ctx context.Context, p *job.Progress, w *addonWork) error {
	for _, line := range w.warnings {
		p.Say(ctx, "%s", line)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, addonWithin, fmt.Errorf("it was not done within %s", addonWithin))
	defer cancel()
	until := a.Now().Add(w.patience)
	for {
		err := a.tryAddon(ctx, p, w)
		_, forbidden := errors.AsType[*release.ForbiddenError](err)
		if !forbidden || !a.Now().Before(until) {
			return err
		}
		select { // a creator's rights come into a new cluster a moment after it runs
		case <-ctx.Done():
			return err
		case <-time.After(2 * time.Second):
		}
	}
}

func (a *API) tryAddon(ctx context.Context, p *job.Progress, w *addonWork) error {
	t, err := a.insideAs(w, p)
	if err != nil {
		return err
	}
	tmpl := w.look.template
	b := &release.Bundle{
		Noun: "add-on", Name: tmpl.Name, Label: addonLabel, Manager: addonManager, Objects: plain(w.look.objects), Workload: workloadOf(tmpl),
		Confirm: func(context.Context) error { return a.stillPasses(w) },
	}
	if w.old != nil {
		v, _ := tmpl.Version(w.old.Version)
		old, err := v.Objects()
		if err != nil {
			return err
		}
		b.Before = plain(old)
	}
	if w.look.version.Chart != "" {
		b.Objects = []map[string]any{{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": tmpl.Namespace}}}
		b.Before = nil
		b.Then = func(ctx context.Context) error { return a.applyChart(ctx, p, w) }
	}
	return t.ApplyBundle(ctx, b)
}

// insideAs reaches the namespace of the add-on as the one who asked.
func (a *API) insideAs(w *addonWork, p *job.Progress) (*release.Target, error) {
	s, ok := a.Accounts.Account(w.call.Who.Account)
	if !ok {
		s = w.call.Snapshot
	}
	config, err := a.Requester.As(s, w.call.Who, w.call.Source, w.cluster, w.operation)
	if err != nil {
		return nil, err
	}
	t, err := release.Connect(config, w.cluster.Name, w.look.template.Namespace, a.Now)
	if err == nil {
		t.Say = p.Say
	}
	return t, err
}

func plain(objects []catalog.Object) []map[string]any {
	out := make([]map[string]any, len(objects))
	for i, o := range objects {
		out[i] = o
	}
	return out
}

// applyChart installs the chart of a version as a release of the add-on's name, or upgrades it.
func (a *API) applyChart(ctx context.Context, p *job.Progress, w *addonWork) error {
	t, err := a.insideAs(w, p)
	if err != nil {
		return err
	}
	s, ok := a.Accounts.Account(w.call.Who.Account)
	if !ok || a.Render == nil {
		return without("charts")
	}
	ch, err := findChart(s, w.look.version.Chart)
	if err != nil {
		return err
	}
	in := &release.Install{Release: w.record.Template, Render: a.Render, Kubernetes: a.Clusters.Status(w.cluster.ID).Version, Wait: true}
	if in.Archive, err = a.archiveOf(ctx, w.call, ch); err != nil {
		return err
	}
	if len(w.record.Config) > 0 {
		if err := strictjson.Unmarshal(w.record.Config, &in.Values); err != nil {
			return web.Invalid("the configuration is no object of values: %v", err)
		}
	}
	if _, err = t.History(ctx, in.Release); err == nil {
		_, err = t.Upgrade(ctx, in)
	} else if errors.Is(err, pratique.ErrNotFound) {
		_, err = t.Install(ctx, in)
	}
	return err
}

// redeployAddon makes the pods of an add-on anew, so that its controller begins again with what it holds now.
func (a *API) redeployAddon(ctx context.Context, c Call, in clusterAddonIn) (accepted[apiv1.Job], error) {
	return a.ongoing(ctx, c, in, "addonInstance.redeploy", "redeploy", func(w *addonWork) job.Work {
		return func(ctx context.Context, p *job.Progress) (map[string]string, error) {
			ctx, cancel := context.WithTimeoutCause(ctx, addonWithin, fmt.Errorf("it was not done within %s", addonWithin))
			defer cancel()
			t, err := a.insideAs(w, p)
			if err != nil {
				return nil, err
			}
			return map[string]string{"addon": w.record.Template}, t.Redeploy(ctx, workloadOf(w.look.template), addonManager)
		}
	})
}

// uninstallAddon takes an add-on out of a cluster, and what was made for it out of the directory.
func (a *API) uninstallAddon(ctx context.Context, c Call, in clusterAddonIn) (accepted[apiv1.Job], error) {
	return a.ongoing(ctx, c, in, "addonInstance.delete", "uninstall", func(w *addonWork) job.Work {
		w.record.State = pratique.AddonRemoving
		return func(ctx context.Context, p *job.Progress) (map[string]string, error) {
			ctx, cancel := context.WithTimeoutCause(ctx, addonWithin, fmt.Errorf("it was not done within %s", addonWithin))
			defer cancel()
			stays, err := a.removeAddon(ctx, p, w)
			if err != nil {
				return a.settle(ctx, w, err)
			}
			result := map[string]string{"addon": w.record.Template}
			if len(stays) > 0 {
				result["stays"] = strings.Join(stays, "; ")
			}
			return result, nil
		}
	})
}

// ongoing starts work on an add-on that is there.
func (a *API) ongoing(ctx context.Context, c Call, in clusterAddonIn, operation, verb string, work func(*addonWork) job.Work) (accepted[apiv1.Job], error) {
	var none accepted[apiv1.Job]
	cl, old, err := a.instance(c, in, operation)
	if err != nil {
		return none, err
	}
	version, config := old.Version, old.Config
	if t, ok := c.Snapshot.AddonTemplate(old.Template); ok {
		if _, known := t.Version(version); !known {
			version, config = "", nil // it was registered anew, without the version that is there
		}
	}
	_, l, err := a.wanted(c, old.Template, version, config)
	if err != nil {
		return none, err
	}
	w := a.newWork(c, cl, l, operation, verb)
	id := w.record.Job
	w.record = *old
	w.record.Job = id
	if state, _ := a.standing(c.Snapshot, old); state == pratique.AddonFailed {
		w.record.State = state
	}
	return a.startAddon(ctx, c, w, fmt.Sprintf("%s add-on %s in cluster %s", verb, old.Template, cl.Name), work(w))
}

// removeAddon deletes what belongs to the add-on, then its record, with what was made for it.
func (a *API) removeAddon(ctx context.Context, p *job.Progress, w *addonWork) (stays []string, err error) {
	t, err := a.insideAs(w, p)
	if err != nil {
		return nil, err
	}
	b := &release.Bundle{Noun: "add-on", Name: w.record.Template, Label: addonLabel, Manager: addonManager}
	for _, v := range w.look.template.Versions {
		objects, err := v.Objects()
		if err != nil {
			return nil, err
		}
		b.Objects = append(b.Objects, plain(objects)...)
	}
	if w.look.version.Chart != "" {
		chart, err := a.insideAs(w, p)
		if err != nil {
			return nil, err
		}
		if _, err := chart.Uninstall(ctx, w.record.Template); err != nil && !errors.Is(err, pratique.ErrNotFound) {
			return nil, err
		}
		b.Objects = append(b.Objects, map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": w.look.template.Namespace}})
	}
	b.Objects = once(b.Objects)
	if stays, err = t.RemoveBundle(ctx, b); err != nil {
		return nil, err
	}
	intent := a.intent(w.call, audit.AddonChanged, pratique.RemoveAddon{Cluster: w.cluster.ID, Template: w.record.Template})
	intent.Detail = fmt.Sprintf("uninstall add-on %s in cluster %s: done", w.record.Template, w.cluster.Name)
	result, err := a.Gate.Apply(context.WithoutCancel(ctx), intent)
	if err != nil {
		return nil, err
	}
	for _, warning := range result.Plan.Warnings {
		p.Say(ctx, "%s", warning)
		stays = append(stays, warning)
	}
	return stays, nil
}

// once leaves out objects that stand there already, in another version of the add-on.
func once(objects []map[string]any) []map[string]any {
	var out []map[string]any
	seen := map[[4]string]bool{}
	for _, m := range objects {
		o := catalog.Object(m)
		key := [4]string{o.Group(), o.Kind(), o.Namespace(), o.Name()}
		if !seen[key] {
			seen[key] = true
			out = append(out, m)
		}
	}
	return out
}
