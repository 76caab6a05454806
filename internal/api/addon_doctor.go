package api

import (
	"context"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/access"
)

// addonDoctor compares what a controller needs, with the settings that are in the cluster now, what its role holds, and what it has asked this
// server about.
func (a *API) addonDoctor(ctx context.Context, c Call, in clusterAddonIn) (apiv1.AddonDoctor, error) {
	var none apiv1.AddonDoctor
	cl, i, err := a.instance(c, in, "addonInstance.get")
	if err != nil {
		return none, err
	}
	t, err := addonTemplate(c.Snapshot, i.Template)
	if err != nil {
		return none, err
	}
	version := i.Version
	if _, known := t.Version(version); !known {
		version = ""
	}
	l, err := newLook(access.PrincipalRef(c.Who), t, version, i.Config, nil)
	if err != nil {
		return none, err
	}
	out := apiv1.AddonDoctor{Addon: t.Name, Cluster: cl.Name, Rows: []apiv1.DoctorRow{}}
	looking, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	settings, err := a.liveSettings(looking, c.Snapshot, cl, t)
	if err != nil { // what the version brings itself is the best guess then
		out.Advice = append(out.Advice, "the settings in the cluster were not looked at: "+sentence(err))
		settings = l.given
	}
	p := a.question(cl, l, "", settings)
	var used map[string]time.Time
	if role := p.Role(c.Snapshot); role != nil {
		used = a.memory().Used(c.Who.Account, pratique.Ref{Kind: pratique.KindRole, ID: role.ID})
	}
	d, err := p.Diagnose(c.Snapshot, used)
	if err != nil {
		return none, err
	}
	for _, r := range d.Rows {
		out.Rows = append(out.Rows, apiv1.DoctorRow{
			Permission: r.Permission, Action: r.Action, Resource: r.Resource, NeededBy: r.NeededBy, Needed: r.Needed, Held: r.Held,
			Used: !r.LastUsed.IsZero(), LastUsed: r.LastUsed,
		})
	}
	out.Principal, out.Missing, out.Surplus, out.Policy = d.Principal, d.Missing, d.Surplus, d.Policy
	out.Advice = append(out.Advice, d.Advice...)
	return out, nil
}
