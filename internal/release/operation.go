package release

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/release/common"
	helm "helm.sh/helm/v4/pkg/release/v1"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/chart"
)

// Render renders an archive; chart.Process does, and chart.Render in this process.
type Render func(ctx context.Context, o *chart.Order) (*chart.Rendered, error)

// Install is a chart that is to be installed, or to replace another version of itself.
type Install struct {
	Release string
	Archive []byte
	Values  map[string]any // over those of the chart
	Reuse   bool           // of an upgrade: over the values of the revision that is there
	Wait    bool           // until what runs pods is ready; otherwise until everything is applied

	Kubernetes string // version of the cluster, as it was observed
	Render     Render
}

// Install installs a chart. When it fails, or the context ends, everything is taken back and no record is left; an error says so when that cannot
// be done. A ForbiddenError lists what whoever asked may not do.
func (t *Target) Install(ctx context.Context, in *Install) (*Revision, error) {
	if err := util.ValidateReleaseName(in.Release); err != nil {
		return nil, invalid("%q is no name of a release: %v", in.Release, err)
	}
	history, err := t.history(ctx, in.Release)
	if err != nil {
		return nil, err
	}
	if len(history) > 0 {
		if err := history[len(history)-1].busy(t.Now()); err != nil {
			return nil, err
		}
		return nil, conflict("upgrade it with: pratique release upgrade, or delete it first", "release %q exists in namespace %q of cluster %q", in.Release, t.Namespace, t.Cluster)
	}
	next, p, err := t.prepare(ctx, in, nil, 1)
	if err != nil {
		return nil, err
	}
	return t.carryOut(ctx, &step{
		Target: t, plan: p, next: next, pending: common.StatusPendingInstall, before: helm.HookPreInstall, after: helm.HookPostInstall, wait: in.Wait,
		done: "Install complete",
	})
}

// Upgrade replaces a release by another version of its chart, or by other values. When it fails, the revision that was there is put back.
func (t *Target) Upgrade(ctx context.Context, in *Install) (*Revision, error) {
	history, deployed, err := t.deployed(ctx, in.Release)
	if err != nil {
		return nil, err
	}
	if in.Reuse {
		merged := map[string]any{}
		maps.Copy(merged, deployed.Config)
		in.Values = merge(merged, in.Values)
	}
	next, p, err := t.prepare(ctx, in, deployed, history[len(history)-1].Version+1)
	if err != nil {
		return nil, err
	}
	next.Info.FirstDeployed = deployed.Info.FirstDeployed
	return t.carryOut(ctx, &step{
		Target: t, plan: p, next: next, old: deployed, history: history, pending: common.StatusPendingUpgrade, before: helm.HookPreUpgrade,
		after: helm.HookPostUpgrade, wait: in.Wait, done: "Upgrade complete",
	})
}

// Rollback makes a new revision that is as an older one was; zero means the one before the newest that works.
func (t *Target) Rollback(ctx context.Context, release string, to int, wait bool) (*Revision, error) {
	history, deployed, err := t.deployed(ctx, release)
	if err != nil {
		return nil, err
	}
	target := pick(history, deployed, to)
	if target == nil {
		return nil, &pratique.Error{
			Kind: pratique.ErrNotFound, Message: fmt.Sprintf("release %q has no such revision to go back to", release), Hint: "see: pratique release history",
		}
	}
	next := &helm.Release{
		Name: release, Namespace: t.Namespace, Version: history[len(history)-1].Version + 1, Chart: target.Chart, Config: target.Config,
		Manifest: target.Manifest, Hooks: target.Hooks, Labels: target.Labels, ApplyMethod: string(helm.ApplyMethodServerSideApply),
		Info: &helm.Info{FirstDeployed: deployed.Info.FirstDeployed, LastDeployed: t.Now(), Notes: target.Info.Notes, RollbackRevision: target.Version},
	}
	p, err := t.planOf(ctx, release, &chart.Rendered{Manifest: target.Manifest, Hooks: target.Hooks}, deployed)
	if err != nil {
		return nil, err
	}
	return t.carryOut(ctx, &step{
		Target: t, plan: p, next: next, old: deployed, history: history, pending: common.StatusPendingRollback, before: helm.HookPreRollback,
		after: helm.HookPostRollback, wait: wait, done: fmt.Sprintf("Rollback to %d", target.Version),
	})
}

// pick finds the revision to go back to.
func pick(history []*record, deployed *record, to int) *record {
	for _, r := range slices.Backward(history) {
		worked := r.Info.Status == common.StatusSuperseded || r.Info.Status == common.StatusDeployed
		if r.Version == to || to == 0 && worked && r.Version < deployed.Version {
			return r
		}
	}
	return nil
}

// deployed reads the revisions of a release, and finds the one that is in force.
func (t *Target) deployed(ctx context.Context, release string) ([]*record, *record, error) {
	history, err := t.history(ctx, release)
	if err != nil {
		return nil, nil, err
	}
	if len(history) == 0 {
		return nil, nil, t.absent(release)
	}
	if err := history[len(history)-1].busy(t.Now()); err != nil {
		return nil, nil, err
	}
	for _, r := range slices.Backward(history) {
		if r.Info.Status == common.StatusDeployed {
			return history, r, nil
		}
	}
	return nil, nil, conflict("delete it and install it again", "release %q has no revision that works", release)
}

func (t *Target) absent(release string) error {
	return &pratique.Error{
		Kind: pratique.ErrNotFound, Message: fmt.Sprintf("there is no release %q in namespace %q of cluster %q", release, t.Namespace, t.Cluster),
		Hint: "see: pratique release list",
	}
}

// prepare renders a chart and plans.
func (t *Target) prepare(ctx context.Context, in *Install, old *record, revision int) (*helm.Release, *plan, error) {
	opened, err := chart.Open(in.Archive)
	if err != nil {
		return nil, nil, err
	}
	t.say(ctx, "render chart %s %s", opened.Name, opened.Version)
	rendered, err := in.Render(ctx, &chart.Order{
		Archive: in.Archive, Values: in.Values, Release: in.Release, Namespace: t.Namespace, Revision: revision, Upgrade: old != nil, Kubernetes: in.Kubernetes,
	})
	if err != nil {
		return nil, nil, err
	}
	now := t.Now()
	next := &helm.Release{
		Name: in.Release, Namespace: t.Namespace, Version: revision, Chart: opened.Helm(), Config: in.Values, Manifest: rendered.Manifest,
		Hooks: rendered.Hooks, ApplyMethod: string(helm.ApplyMethodServerSideApply),
		Info: &helm.Info{FirstDeployed: now, LastDeployed: now, Notes: rendered.Notes},
	}
	p, err := t.planOf(ctx, in.Release, rendered, old)
	return next, p, err
}

// merge lays values over others.
func merge(under, over map[string]any) map[string]any {
	for k, v := range over {
		a, isMap := under[k].(map[string]any)
		b, bothMaps := v.(map[string]any)
		if isMap && bothMaps {
			under[k] = merge(maps.Clone(a), b)
			continue
		}
		under[k] = v
	}
	return under
}

// step is an operation that makes a revision.
type step struct {
	*Target
	plan    *plan
	next    *helm.Release
	old     *record
	history []*record
	pending common.Status
	before  helm.HookEvent
	after   helm.HookEvent
	wait    bool
	done    string
}

// carryOut is everything that has an effect. Before it the dry run has gone well.
func (t *Target) carryOut(ctx context.Context, s *step) (*Revision, error) {
	s.next.Info.Status = s.pending
	if _, err := t.encode(s.next, time.Time{}); err != nil {
		return nil, err
	}
	if err := t.check(ctx, s.plan); err != nil {
		return nil, err
	}
	r, err := t.create(ctx, s.next, t.deadline(ctx))
	if err != nil {
		return nil, err
	}
	j := &journal{}
	if err := s.act(ctx, j); err != nil {
		return nil, s.fail(ctx, r, j, err)
	}
	if err := s.conclude(ctx, r); err != nil {
		return nil, err
	}
	return revision(r), nil
}

func (s *step) act(ctx context.Context, j *journal) error {
	if err := s.applyCRDs(ctx, j, s.plan.crds); err != nil {
		return err
	}
	if err := s.runHooks(ctx, j, s.plan, s.before); err != nil {
		return err
	}
	if err := s.applyAll(ctx, j, s.plan.objects, false); err != nil {
		return err
	}
	if s.wait {
		if err := s.ready(ctx, s.plan.objects); err != nil {
			return err
		}
	}
	if err := s.runHooks(ctx, j, s.plan, s.after); err != nil {
		return err
	}
	j.changed = j.changed || len(s.plan.gone) > 0
	return s.removeAll(ctx, s.plan.gone, s.plan.release)
}

// fail takes everything back. The record of a first revision goes as well; that of a later one stays, and says why.
func (s *step) fail(ctx context.Context, r *record, j *journal, cause error) error {
	left := s.undo(ctx, j, s.plan)
	tidy, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoWithin)
	defer cancel()
	if s.old == nil && left == nil {
		left = s.forget(tidy, r)
	} else {
		left = together(left, s.update(tidy, r, common.StatusFailed, cause.Error()))
	}
	if left != nil {
		return &pratique.Error{
			Kind: pratique.ErrUnavailable, Message: fmt.Sprintf("%v; and not all of it could be taken back: %v", cause, left),
			Hint: "look at the release, and delete it or roll it back",
		}
	}
	s.say(tidy, "everything is as it was before")
	return cause
}

// conclude writes that it is done. The revision that was in force is no longer; the oldest are forgotten.
func (s *step) conclude(ctx context.Context, r *record) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoWithin) // it is done: the record must say so
	defer cancel()
	if err := s.update(ctx, r, common.StatusDeployed, s.done); err != nil {
		return err
	}
	for _, old := range s.history {
		if old.Info.Status == common.StatusDeployed {
			if err := s.update(ctx, old, common.StatusSuperseded, old.Info.Description); err != nil {
				return err
			}
		}
	}
	for len(s.history) >= keepRecord {
		if err := s.forget(ctx, s.history[0]); err != nil {
			return err
		}
		s.history = s.history[1:]
	}
	return nil
}
