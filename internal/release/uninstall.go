package release

import (
	"context"
	"slices"

	"helm.sh/helm/v4/pkg/release/common"
	helm "helm.sh/helm/v4/pkg/release/v1"
)

// Uninstall deletes what a release made, and its records. What belongs to somebody else by now stays, and so does what its chart wants to keep.
// When it fails half-way the records are still there, and it can be done again. A ForbiddenError comes before anything is deleted.
func (t *Target) Uninstall(ctx context.Context, release string) (*Revision, error) {
	history, err := t.history(ctx, release)
	switch {
	case err != nil:
		return nil, err
	case len(history) == 0:
		return nil, t.absent(release)
	}
	last := history[len(history)-1]
	if err := last.busy(t.Now()); err != nil {
		return nil, err
	}
	p, err := t.removal(ctx, last, history)
	if err != nil {
		return nil, err
	}
	f := &findings{}
	for _, o := range slices.Concat(p.gone, p.all()) {
		if err := t.tryDelete(ctx, f, o); err != nil {
			return nil, err
		}
	}
	if err := f.conclude(t, release); err != nil {
		t.tell(ctx, err)
		return nil, err
	}
	if err := t.begin(ctx, last); err != nil {
		return nil, err
	}
	if err := t.uninstall(ctx, p, last); err != nil {
		tidy, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoWithin)
		defer cancel()
		return nil, together(err, t.update(tidy, last, common.StatusFailed, "Uninstall: "+err.Error()))
	}
	for _, r := range slices.Backward(history) {
		if err := t.forget(ctx, r); err != nil {
			return nil, err
		}
	}
	return revision(last), nil
}

// removal plans what goes: the objects of every revision that is on record, because a failed one may have left some.
func (t *Target) removal(ctx context.Context, last *record, history []*record) (*plan, error) {
	p := &plan{release: last.Name, namespace: t.Namespace}
	for _, r := range slices.Backward(history) {
		objects, err := t.objectsOf(ctx, r)
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			if !slices.ContainsFunc(p.gone, o.same) {
				p.gone = append(p.gone, o)
			}
		}
	}
	for _, h := range last.Hooks {
		if !slices.Contains(h.Events, helm.HookPreDelete) && !slices.Contains(h.Events, helm.HookPostDelete) {
			continue
		}
		if err := p.addHook(ctx, t, h, nil); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// begin says on the record that the release is going.
func (t *Target) begin(ctx context.Context, last *record) error {
	last.Info.Deleted, last.Info.Status, last.Info.Description = t.Now(), common.StatusUninstalling, "Deletion in progress"
	s, err := t.encode(last.Release, t.deadline(ctx))
	if err != nil {
		return err
	}
	return t.write(ctx, last, s)
}

func (t *Target) uninstall(ctx context.Context, p *plan, last *record) error {
	if err := t.runHooks(ctx, &journal{}, p, helm.HookPreDelete); err != nil {
		return err
	}
	if err := t.removeAll(ctx, p.gone, last.Name); err != nil {
		return err
	}
	return t.runHooks(ctx, &journal{}, p, helm.HookPostDelete)
}
