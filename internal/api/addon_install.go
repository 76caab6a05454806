package api

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/addon"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/web"
)

type installAddonIn struct {
	clusterAddonIn
	Body apiv1.InstallAddon `body:"changes"` // values may be long
}

// installAddon looks whether an add-on would hold what it needs, and installs it when it would. Otherwise it refuses, with the report that says
// what is missing.
func (a *API) installAddon(ctx context.Context, c Call, in installAddonIn) (accepted[apiv1.Job], error) {
	var none accepted[apiv1.Job]
	cl, err := a.mayInside(c, in.Name, "addonInstance.create", named(in.Addon))
	if err != nil {
		return none, err
	}
	t, l, err := a.wanted(c, in.Addon, in.Body.Version, in.Body.Config)
	if err != nil {
		return none, err
	}
	w := a.newWork(c, cl, l, "addonInstance.create", "install")
	if err := a.mayBegin(ctx, c, w); err != nil {
		return none, err
	}
	if err := a.checked(ctx, c, cl, w); err != nil {
		return none, err
	}
	return a.startAddon(ctx, c, w, fmt.Sprintf("install add-on %s %s in cluster %s", t.Name, l.version.Version, cl.Name), a.applies(w))
}

// upgradeAddon moves an add-on to another version, or gives it other values.
func (a *API) upgradeAddon(ctx context.Context, c Call, in installAddonIn) (accepted[apiv1.Job], error) {
	var none accepted[apiv1.Job]
	cl, old, err := a.instance(c, in.clusterAddonIn, "addonInstance.update")
	if in.Body.Version != "" {
		cl, old, err = a.instance(c, in.clusterAddonIn, "addonInstance.upgrade")
	}
	if err != nil {
		return none, err
	}
	version, config, operation := in.Body.Version, in.Body.Config, "addonInstance.upgrade"
	if version == "" {
		version, operation = old.Version, "addonInstance.update"
	}
	if len(config) == 0 {
		config = old.Config
	}
	t, l, err := a.wanted(c, in.Addon, version, config)
	if err != nil {
		return none, err
	}
	w := a.newWork(c, cl, l, operation, "upgrade")
	if state, _ := a.standing(c.Snapshot, old); state == pratique.AddonInstalled {
		w.old = old
	}
	if err := a.mayBegin(ctx, c, w); err != nil {
		return none, err
	}
	if err := a.checked(ctx, c, cl, w); err != nil {
		return none, err
	}
	return a.startAddon(ctx, c, w, fmt.Sprintf("upgrade add-on %s to %s in cluster %s", t.Name, l.version.Version, cl.Name), a.applies(w))
}

// wanted finds what shall be installed. Values are those of a chart.
func (a *API) wanted(c Call, name, version string, config jsontext.Value) (*catalog.Addon, *look, error) {
	t, err := addonTemplate(c.Snapshot, name)
	if err != nil {
		return nil, nil, err
	}
	l, err := newLook(access.PrincipalRef(c.Who), t, version, config, nil)
	if err != nil {
		return nil, nil, err
	}
	if len(config) > 0 && l.version.Chart == "" {
		return nil, nil, web.Invalid("add-on %q is no chart, and takes no configuration; what it does is told by its objects in the cluster", t.Name)
	}
	if a.Requester == nil || a.Clusters == nil {
		return nil, nil, without("access to clusters")
	}
	return t, l, nil
}

// checked is the precheck of an installation. What a worker role lacks does not stop it: the vendor installs there all the same, and until somebody
// attaches the policy, what the controller asks for is denied. That is said while it is installed.
func (a *API) checked(ctx context.Context, c Call, cl *pratique.Cluster, w *addonWork) error {
	r := a.report(ctx, c, c.Snapshot, cl, w.look, true)
	w.settings = r.Settings
	stops, warnings := a.sorted(cl, r.Items)
	if len(stops) > 0 {
		return a.unpassed(ctx, c, []pratique.Report{r})
	}
	for _, i := range warnings {
		w.warnings = append(w.warnings, "warning: "+i.Item+": "+i.Error+"; "+i.Fix)
	}
	return nil
}

// sorted tells what stops an installation from what does not.
func (a *API) sorted(cl *pratique.Cluster, items []pratique.ReportItem) (stops, warnings []pratique.ReportItem) {
	kind, ok := a.Decider.Rules.Catalog.ClusterType(cl.Type)
	lenient := ok && kind.Controllers == "worker-role" && cl.ID != ""
	for _, i := range items {
		switch inside := strings.HasPrefix(i.ID, "in-cluster") || i.ID == "cluster-type"; {
		case i.Status != pratique.ItemMissing:
		case lenient && !inside:
			warnings = append(warnings, i)
		default:
			stops = append(stops, i)
		}
	}
	return stops, warnings
}

// unpassed keeps reports and makes the refusal of the first that was not passed. Keeping them takes no further right: whoever is refused may know
// why.
func (a *API) unpassed(ctx context.Context, c Call, reports []pratique.Report) error {
	intent := a.intent(c, audit.AddonChecked, pratique.FileReports{Reports: reports, Again: true})
	intent.Detail = "precheck of add-on " + reports[0].Template + ", which was not installed"
	if _, err := a.Gate.Apply(ctx, intent); err != nil {
		return err
	}
	var says, hints []string
	var first *pratique.Report
	for n := range reports {
		r := &reports[n]
		stops, _ := a.sorted(&pratique.Cluster{Meta: pratique.Meta{ID: r.Cluster}, Type: r.ClusterType}, r.Items)
		if len(stops) == 0 {
			continue
		}
		for _, i := range stops {
			says = append(says, i.Item+": "+i.Error)
		}
		hints = append(hints, next(r.ID, stops))
		if first == nil {
			first = r
		}
	}
	if first == nil {
		return nil
	}
	return web.WithReport(&pratique.Error{
		Kind: web.ErrPrecheck, Message: "failed to pass the precheck: " + strings.Join(says, "; "), Hint: strings.Join(hints, "; "),
	}, first.ID)
}

// next is the command for somebody who was refused: authorizing, where that can help.
func next(report string, stops []pratique.ReportItem) string {
	look, authorize := "pratique addon report "+report, false
	for _, i := range stops {
		if i.ID == "method" {
			return look
		}
		authorize = authorize || strings.HasPrefix(i.Fix, "pratique addon authorize")
	}
	if authorize {
		return "pratique addon authorize " + report
	}
	return look
}

// stillPasses looks at the directory once more, as it is when everything has been tried and nothing has been applied.
func (a *API) stillPasses(w *addonWork) error {
	s, ok := a.Accounts.Account(w.call.Who.Account)
	if !ok {
		return nil // a directory that is loading anew; each request is decided on all the same
	}
	cl, ok := s.Clusters.ID(w.cluster.ID)
	if !ok {
		return &pratique.Error{Kind: pratique.ErrConflict, Message: fmt.Sprintf("cluster %q was deleted meanwhile", w.cluster.Name)}
	}
	need := cl.Need(w.operation)
	need.Vars["name"] = w.look.template.Name
	if err := a.Gate.May(s, w.call.Who, need, w.call.Source); err != nil {
		return err
	}
	stops, _ := a.sorted(cl, a.question(cl, w.look, "", w.settings).Items(s))
	if len(stops) == 0 {
		return nil
	}
	return &pratique.Error{
		Kind:    pratique.ErrConflict,
		Message: fmt.Sprintf("what it needs was taken away meanwhile, and nothing was installed: %s: %s", stops[0].Item, stops[0].Error),
		Hint:    "see what is missing with: pratique addon precheck " + w.look.template.Name + " --cluster " + cl.Name,
	}
}

// newWork begins to describe what is done to an add-on.
func (a *API) newWork(c Call, cl *pratique.Cluster, l *look, operation, verb string) *addonWork {
	w := &addonWork{operation: operation, verb: verb, call: c, cluster: cl, look: l, settings: l.given}
	w.record = pratique.Addon{
		Cluster: cl.ID, Template: l.template.Name, Version: l.version.Version, Config: l.config, By: access.PrincipalRef(c.Who),
		State: pratique.AddonInstalling, Job: pratique.At(a.Now()).NewID(pratique.KindJob),
	}
	return w
}

// addonWork is what a job does to an add-on of a cluster.
type addonWork struct {
	operation string
	verb      string
	call      Call
	cluster   *pratique.Cluster
	look      *look
	settings  addon.Settings
	warnings  []string
	record    pratique.Addon  // as it is written while the work goes on
	old       *pratique.Addon // of an upgrade: what is there, and works
	patience  time.Duration   // for rights inside a cluster that is new
}
