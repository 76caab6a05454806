package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/addon"
	"github.com/pratique-iam/pratique/internal/cluster"
	"github.com/pratique-iam/pratique/internal/kube"
	"github.com/pratique-iam/pratique/internal/strictjson"
	"github.com/pratique-iam/pratique/internal/web"
	"github.com/pratique-iam/pratique/policy"
)

// lookWithin is how long a cluster may take to be read for a report. What it did not tell by then the report calls not looked at.
const lookWithin = 5 * time.Second

// look is a precheck that is being made.
type look struct {
	template *catalog.Addon
	version  catalog.AddonVersion
	objects  []catalog.Object // of the version; none of a chart
	config   jsontext.Value
	given    addon.Settings // of the request, of an earlier report, and of the objects that the version brings

	// by is whoever would install the add-on: the caller, or whose report it was that somebody else has authorized.
	by pratique.Ref
}

// newLook finds the version of an add-on and reads the settings that were given.
func newLook(by pratique.Ref, t *catalog.Addon, version string, config jsontext.Value, settings []jsontext.Value) (*look, error) {
	v, ok := t.Version(version)
	if !ok {
		return nil, &pratique.Error{
			Kind: pratique.ErrNotFound, Message: fmt.Sprintf("add-on %q has no version %q", t.Name, short(version)), Hint: "see them with: pratique addon get " + t.Name,
		}
	}
	l := &look{template: t, version: v, config: config, by: by}
	var err error
	if l.objects, err = v.Objects(); err != nil {
		return nil, fmt.Errorf("add-on %s %s: %w", t.Name, v.Version, err)
	}
	var given []catalog.Object
	for i, text := range settings {
		var o catalog.Object
		switch err := strictjson.Unmarshal(text, &o); {
		case err != nil:
			return nil, web.Invalid("settings.%d: %v", i, err)
		case t.Settings == nil:
			return nil, web.Invalid("add-on %q has no settings", t.Name)
		case o.Kind() != t.Settings.Kind || o.Group() != t.Settings.Group:
			return nil, web.Invalid("settings.%d is a %s; the settings of add-on %q are %s of %s", i, short(o.Kind()), t.Name, t.Settings.Kind, t.Settings.Group)
		}
		given = append(given, o)
	}
	l.given = addon.SettingsIn(t, append(given, l.objects...))
	return l, nil
}

// report looks at a cluster on a snapshot. The inside of the cluster is looked at only when there is one that runs, and, because it takes time, not
// for a whole fleet at once.
func (a *API) report(ctx context.Context, c Call, s *pratique.Snapshot, cl *pratique.Cluster, l *look, inside bool) pratique.Report {
	now := a.Now()
	r := pratique.Report{
		Meta:     pratique.Meta{ID: pratique.At(now).NewID(pratique.KindReport), Created: pratique.TimestampOf(now)},
		Template: l.template.Name, Version: l.version.Version, Cluster: cl.ID, ClusterName: cl.Name, ClusterType: cl.Type, Config: l.config,
		Place: pratique.JobPlace{Project: cl.Project, EnterpriseProject: cl.EnterpriseProject, ClusterType: cl.Type},
		By:    l.by, Settings: l.given, Revision: s.Generation, Expires: now.Add(pratique.ReportLife),
	}
	var more []pratique.ReportItem
	if cl.ID != "" {
		if inside {
			var live addon.Settings
			live, more = a.lookInside(ctx, c, s, cl, l)
			r.Settings = l.given.With(live)
		} else {
			more = []pratique.ReportItem{addon.NotLookedAt(l.template, "a precheck of the fleet reads no cluster")}
		}
	}
	r.Items = append(a.question(cl, l, r.ID, r.Settings).Items(s), more...)
	r.Passed = addon.Passed(r.Items)
	return r
}

// question is what the directory is asked.
func (a *API) question(cl *pratique.Cluster, l *look, report string, settings addon.Settings) *addon.Precheck {
	return &addon.Precheck{Decider: a.Decider, Addon: l.template, Cluster: cl, Settings: settings, Report: report, Now: a.Now()}
}

// lookInside reads the settings of the add-on, and what the requester may do, where the cluster answers.
func (a *API) lookInside(ctx context.Context, c Call, s *pratique.Snapshot, cl *pratique.Cluster, l *look) (addon.Settings, []pratique.ReportItem) {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	var items []pratique.ReportItem
	live, err := a.liveSettings(ctx, s, cl, l.template)
	if err != nil {
		unread := addon.NotLookedAt(l.template, sentence(err))
		unread.ID, unread.Item = "settings", "settings in the cluster"
		items = append(items, unread)
	}
	switch {
	case a.RBAC == nil:
		return live, append(items, addon.NotLookedAt(l.template, "this server cannot read the rules of clusters"))
	case l.version.Chart != "":
		return live, append(items, addon.NotLookedAt(l.template, "what a chart makes is known once it is rendered, when it is installed"))
	}
	view, err := a.RBAC.View(ctx, s, cl)
	if err != nil {
		return live, append(items, addon.NotLookedAt(l.template, sentence(err)))
	}
	return live, append(items, addon.InCluster(l.template, view, a.requester(c, s, cl, l.by), l.objects)...)
}

// requester is whoever would install the add-on, as the cluster knows them. A session of the caller's that is narrowed has no unlimited rights.
func (a *API) requester(c Call, s *pratique.Snapshot, cl *pratique.Cluster, by pratique.Ref) addon.Requester {
	out := addon.Requester{Name: s.PrincipalName(by), User: kube.UserName(by.ID)}
	for _, id := range groupsFor(s, cl, by) {
		out.Groups = append(out.Groups, kube.GroupName(id))
	}
	narrowed := by == access.PrincipalRef(c.Who) && access.SessionPolicy(s, by, c.Who.Session) != nil
	out.Unlimited = by.ID == pratique.RootID ||
		!narrowed && s.Dialect(cl) == policy.Huawei && a.Decider.HoldsRole(s, by, cl.Project, administrators()...)
	return out
}

// liveSettings reads the objects that configure an add-on. A cluster that does not know their kind has none.
func (a *API) liveSettings(ctx context.Context, s *pratique.Snapshot, cl *pratique.Cluster, t *catalog.Addon) (addon.Settings, error) {
	if t.Settings == nil || len(t.Paths()) == 0 {
		return nil, nil
	}
	if a.Clusters == nil {
		return nil, without("access to clusters")
	}
	if phase := a.Clusters.Status(cl.ID).Phase; phase != cluster.PhaseRunning {
		return nil, &pratique.Error{Kind: pratique.ErrUnavailable, Message: fmt.Sprintf("cluster %q does not run", cl.Name)}
	}
	conn, err := a.Clusters.Connect(s, cl)
	if err != nil {
		return nil, err
	}
	path := "/apis/" + t.Settings.Group + "/" + t.Settings.Version + "/" + t.Settings.Resource
	text, err := conn.Client.CoreV1().RESTClient().Get().AbsPath(path).Param("limit", "500").Do(ctx).Raw()
	if status, ok := errors.AsType[*apierrors.StatusError](err); ok && apierrors.IsNotFound(status) {
		return nil, nil
	}
	if err != nil {
		return nil, inside(cl, err)
	}
	var list struct {
		Items []catalog.Object `json:"items"`
		Rest  jsontext.Value   `json:",embed"`
	}
	if err := strictjson.Unmarshal(text, &list); err != nil {
		return nil, &pratique.Error{Kind: pratique.ErrUnavailable, Message: fmt.Sprintf("cluster %q: its %s cannot be read", cl.Name, t.Settings.Resource)}
	}
	for _, o := range list.Items { // a list of custom resources says these of each; one of a careless server does not
		o["kind"], o["apiVersion"] = t.Settings.Kind, t.Settings.Group+"/"+t.Settings.Version
	}
	return addon.SettingsIn(t, list.Items), nil
}
