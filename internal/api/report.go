package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/addon"
	"github.com/pratique-iam/pratique/internal/audit"
)

type listReportsIn struct {
	pageIn
	Cluster string `query:"cluster" doc:"only about the cluster with this name or id"`
	Addon   string `query:"addon" doc:"only about this add-on"`
}

// reports lists those that the caller may see, newest first.
func (a *API) reports(_ context.Context, c Call, in listReportsIn) (apiv1.List[apiv1.Report], error) {
	out := apiv1.List[apiv1.Report]{Items: []apiv1.Report{}, Revision: c.Snapshot.Generation}
	from, limit, err := in.bounds()
	if err != nil {
		return out, err
	}
	all := slices.SortedFunc(c.Snapshot.Reports.All(), func(x, y *pratique.Report) int { return cmp.Compare(ageKey(&y.Meta), ageKey(&x.Meta)) })
	for _, r := range all {
		if from != "" && ageKey(&r.Meta) > from || !in.fits(r) || !a.mayOnReport(c, r, "addonInstance.reports") {
			continue
		}
		if len(out.Items) == limit {
			out.Next = nextPage(ageKey(&r.Meta))
			break
		}
		out.Items = append(out.Items, reportView(c.Snapshot, r))
	}
	return out, nil
}

func (in *listReportsIn) fits(r *pratique.Report) bool {
	return (in.Addon == "" || pratique.Fold(in.Addon) == pratique.Fold(r.Template)) &&
		(in.Cluster == "" || in.Cluster == r.Cluster || pratique.Fold(in.Cluster) == pratique.Fold(r.ClusterName))
}

type reportIn struct {
	ID string `path:"id" doc:"id of the report"`
}

func (a *API) oneReport(_ context.Context, c Call, in reportIn) (apiv1.Report, error) {
	r, ok := c.Snapshot.Reports.ID(in.ID)
	if !ok || !a.mayOnReport(c, r, "addonInstance.report") {
		return apiv1.Report{}, noReport(in.ID)
	}
	return reportView(c.Snapshot, r), nil
}

// noReport is the answer about a report that is not there or may not be seen, the same for both.
func noReport(id string) error {
	return &pratique.Error{
		Kind: pratique.ErrNotFound, Message: fmt.Sprintf("there is no report %q that you may see", short(id)),
		Hint: "list those that you may see with: pratique addon reports",
	}
}

func reportView(s *pratique.Snapshot, r *pratique.Report) apiv1.Report {
	out := apiv1.Report{
		ID: r.ID, Addon: r.Template, Version: r.Version, Check: r.Template, Cluster: r.ClusterName, ClusterID: r.Cluster, Type: r.ClusterType,
		Project: r.Place.Project, By: s.PrincipalName(r.By), Passed: r.Passed, Settings: r.Settings, Items: r.Items, Revision: r.Revision,
		Created: r.Created.Time(), Expires: r.Expires,
	}
	if t, ok := s.AddonTemplate(r.Template); ok {
		out.Check = t.CheckName()
	}
	if p, ok := s.Projects.ID(r.Place.Project); ok {
		out.Project = p.Name
	}
	return out
}

type authorizeReportIn struct {
	ID     string          `path:"id" doc:"id of the report"`
	DryRun bool            `query:"dryRun" doc:"true: say what would be done, and do nothing"`
	Body   apiv1.Authorize `body:""`
}

// authorizeReport gives an add-on what a report says that it lacks, as one change under the caller's own rights, and looks again.
//
// What is lacking is worked out anew, on the directory that the change is made in: the report is a request, and no leave. To be handed the id of a
// report is enough to authorize it for those who may do everything that it takes: who manages roles need not be shown clusters.
func (a *API) authorizeReport(ctx context.Context, c Call, in authorizeReportIn) (apiv1.AddonAuthorization, error) {
	var none apiv1.AddonAuthorization
	if err := checkReason(in.Body.Reason); err != nil {
		return none, err
	}
	r, ok := c.Snapshot.Reports.ID(in.ID)
	if !ok {
		return none, noReport(in.ID)
	}
	seen := a.mayOnReport(c, r, "addonInstance.report")
	cl, l, err := a.reopen(c, r)
	if err != nil {
		if !seen {
			err = noReport(in.ID)
		}
		return none, err
	}
	settings := l.given
	if cl.ID != "" && seen {
		// What cannot be read now counts as it did when the report was made.
		reading, cancel := context.WithTimeout(ctx, lookWithin)
		defer cancel()
		if live, err := a.liveSettings(reading, c.Snapshot, cl, l.template); err == nil {
			settings = settings.With(live)
		}
	}
	p := a.question(cl, l, r.ID, settings)
	if in.Body.Method != "" && seen {
		if err := p.CheckMethod(in.Body.Method); err != nil {
			return none, err
		}
	}
	result, err := a.authorizeAddon(ctx, c, p, in, seen)
	if err != nil {
		return none, err
	}
	out := apiv1.AddonAuthorization{
		Revision: a.revision(c, result), DryRun: in.DryRun, Steps: result.Plan.Steps, Warnings: result.Plan.Warnings,
	}
	l.given = settings
	out.Report, err = a.again(ctx, c, result.Snapshot, cl, l, in.DryRun)
	return out, err
}

// reopen finds what a report is about. Errors are for those who may see it.
func (a *API) reopen(c Call, r *pratique.Report) (*pratique.Cluster, *look, error) {
	cl := r.Planned()
	if r.Cluster != "" {
		var ok bool
		if cl, ok = c.Snapshot.Clusters.ID(r.Cluster); !ok {
			return nil, nil, noReport(r.ID)
		}
	}
	if r.Expired(a.Now()) {
		return nil, nil, &pratique.Error{
			Kind: pratique.ErrConflict, Message: fmt.Sprintf("report %s expired at %s", r.ID, r.Expires.UTC().Format("2006-01-02 15:04:05 MST")),
			Hint: "look again with: " + precheckCommand(c.Snapshot, r),
		}
	}
	t, err := addonTemplate(c.Snapshot, r.Template)
	if err != nil {
		return nil, nil, err
	}
	l, err := newLook(r.By, t, r.Version, r.Config, nil)
	if err != nil {
		return nil, nil, err
	}
	l.given = l.given.With(r.Settings)
	return cl, l, nil
}

// precheckCommand makes the report again.
func precheckCommand(s *pratique.Snapshot, r *pratique.Report) string {
	command := "pratique addon precheck " + r.Template
	if r.Cluster != "" {
		return command + " --cluster " + r.ClusterName
	}
	command += " --type " + r.ClusterType
	if p, ok := s.Projects.ID(r.Place.Project); ok {
		command += " --project " + p.Name
	}
	return command
}

// authorizeAddon makes the change. For somebody who may not see the report a refusal, and finding nothing to do, look as if there were none.
func (a *API) authorizeAddon(ctx context.Context, c Call, p *addon.Precheck, in authorizeReportIn, seen bool) (access.Result, error) {
	intent := a.intent(c, audit.AddonAuthorized, pratique.Proposed{From: func(s *pratique.Snapshot) ([]pratique.Change, error) {
		now := *p
		if cl, ok := s.Clusters.ID(p.Cluster.ID); ok {
			now.Cluster = cl
		}
		return now.Propose(s, in.Body.SystemPolicy)
	}})
	intent.Reason, intent.All, intent.DryRun = in.Body.Reason, true, in.DryRun || !seen
	intent.Detail = fmt.Sprintf("add-on %s in %s, by report %s", p.Addon.Name, cmp.Or(p.Cluster.Name, "a new cluster"), in.ID)
	result, err := a.Gate.Apply(ctx, intent)
	if !seen {
		if err != nil || len(result.Plan.Writes) == 0 {
			return result, noReport(in.ID)
		}
		if intent.DryRun = in.DryRun; !in.DryRun {
			result, err = a.Gate.Apply(ctx, intent)
		}
	}
	if err != nil {
		return result, a.hushed(c, err)
	}
	return result, nil
}

// again is the precheck after an authorization, for whoever asked for the first one. It is kept without a further right: that the add-on is authorized was decided on, and whoever reads
// the report later needs the right to read it.
func (a *API) again(ctx context.Context, c Call, s *pratique.Snapshot, cl *pratique.Cluster, l *look, dryRun bool) (apiv1.Report, error) {
	r := a.report(ctx, c, s, cl, l, !dryRun)
	if dryRun {
		r.ID = ""
		return reportView(s, &r), nil
	}
	intent := a.intent(c, audit.AddonChecked, pratique.FileReports{Reports: []pratique.Report{r}, Again: true})
	intent.Detail = "precheck of add-on " + l.template.Name + " after its authorization"
	_, err := a.Gate.Apply(ctx, intent)
	return reportView(s, &r), err
}

// implicit reports whether nothing but a missing permission stands against something.
func implicit(err error) bool {
	denied, ok := errors.AsType[*access.DeniedError](err)
	return ok && denied.Decision.Cause == access.Implicit
}
