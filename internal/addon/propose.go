package addon

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/access"
)

// Propose gives the smallest set of changes after which nothing is missing, nil when nothing is: the service role with its trust policy, a custom
// policy of exactly what is not allowed yet or, with systemPolicy, the vendor's where that helps, their attachment, and the service-linked roles.
// What is made is marked with the add-on as its origin.
//
// Nobody's object is overwritten: a role that trusts somebody else, a name that is taken by a role of another kind, and a statement that denies
// what is needed are conflicts for people to settle. A policy of another origin is left alone, and a name beside it is taken. The error
// wraps pratique.ErrConflict or pratique.ErrInvalid.
//
// Every step is tried on a snapshot before the next is worked out, so that what is proposed is known to be enough.
func (p *Precheck) Propose(s *pratique.Snapshot, systemPolicy bool) ([]pratique.Change, error) {
	if Passed(p.Items(s)) {
		return nil, nil
	}
	own := *p
	own.Decider = &access.Decider{Rules: p.Decider.Rules} // what is tried here would crowd the caches of what is asked for real
	d := &draft{Precheck: &own, before: s}
	if err := d.look(); err != nil {
		return nil, err
	}
	if err := own.CheckMethod(""); err != nil {
		return nil, err
	}
	for _, step := range []func() error{d.makeRole, func() error { return d.attachSystem(systemPolicy) }, d.attachOwn, d.writeOwn, d.link} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return d.changes(), d.enough()
}

// draft is a proposal that is being worked out.
type draft struct {
	*Precheck
	*check
	before  *pratique.Snapshot
	forRole []pratique.Change // in the order in which they were found
	forAll  []pratique.Change // what belongs to the account even where the role belongs to a cluster
}

// changes wraps what was found, so that what it creates is marked.
func (d *draft) changes() []pratique.Change {
	var out []pratique.Change
	if len(d.forRole) > 0 {
		out = append(out, pratique.Originate{Origin: d.origin(), Changes: d.forRole})
	}
	if len(d.forAll) > 0 {
		out = append(out, pratique.Originate{Origin: pratique.AddonOrigin(d.Addon.Name, ""), Changes: d.forAll})
	}
	return out
}

// origin is that of what the role is given: for a worker role that of the add-on in this cluster.
func (d *draft) origin() string {
	if d.principal.Controllers == workerRole {
		return pratique.AddonOrigin(d.Addon.Name, d.Cluster.ID)
	}
	return pratique.AddonOrigin(d.Addon.Name, "")
}

// look works the changes into the snapshot and looks again.
func (d *draft) look() error {
	s := d.before
	if changes := d.changes(); len(changes) > 0 {
		next, _, err := s.With(pratique.At(d.Now), changes...)
		if err != nil {
			return err
		}
		s = next
	}
	c, misfit := d.on(s)
	if misfit != nil {
		return conflict(misfit.Fix, "%s", misfit.Error)
	}
	d.check = c
	return nil
}

func (d *draft) add(changes ...pratique.Change) error {
	d.forRole = append(d.forRole, changes...)
	return d.look()
}

// unmet are the permissions that are needed and not held, cut down to the actions that are missing.
func (d *draft) unmet() []catalog.Permission {
	var out []catalog.Permission
	if d.principal.Controllers == "" {
		return nil
	}
	for _, p := range d.Addon.Needs(d.kind) {
		if _, set := d.Settings[p.When]; p.When != "" && !set {
			continue
		}
		var missing []string
		for _, action := range p.Actions {
			if reason, _ := d.refused(p, action); reason != "" {
				missing = append(missing, action)
			}
		}
		if len(missing) > 0 {
			less := *p
			less.Actions = missing
			out = append(out, less)
		}
	}
	return out
}

func (d *draft) makeRole() error {
	switch {
	case d.principal.Controllers == "":
		return nil
	case d.role == nil && d.principal.Controllers == workerRole:
		return conflict("", "cluster %q has no worker role", d.Cluster.Name)
	case d.role == nil:
		put, err := putRole(d.principal.Role, "What "+d.Addon.Title+" does in the cloud, it does as this role", d.principal.Service)
		if err != nil {
			return err
		}
		return d.add(put)
	case !d.trusted():
		return conflict("let the service assume it, or give the role another name: pratique get role "+d.role.Name+" -o yaml",
			"the role %q exists and trusts others than %s; it is not for an add-on to change that", d.role.Name, d.service())
	}
	return nil
}

// attachSystem attaches the vendor's policy where it allows something that is missing.
func (d *draft) attachSystem(wanted bool) error {
	if !wanted || d.principal.Controllers == "" {
		return nil
	}
	if d.principal.Policy == "" {
		return &pratique.Error{Kind: pratique.ErrInvalid, Message: fmt.Sprintf("the add-on %q names no system policy", d.Addon.Name), Hint: "leave --system-policy out"}
	}
	return d.attachIfItHelps(d.principal.Policy)
}

// attachOwn attaches the policy that an earlier authorization has made, where it allows something that is missing: its attachment may be gone.
func (d *draft) attachOwn() error {
	if len(d.unmet()) == 0 {
		return nil
	}
	name, exists := d.ownPolicy()
	if !exists {
		return nil
	}
	return d.attachIfItHelps(name)
}

func (d *draft) attachIfItHelps(policyName string) error {
	before, kept := count(d.unmet()), d.forRole
	attached := d.attach(policyName)
	if before == 0 && !d.linksMissing() || attached == nil {
		return nil
	}
	links := d.linksMissing()
	if err := d.add(attached); err != nil {
		return err
	}
	if count(d.unmet()) == before && d.linksMissing() == links {
		d.forRole = kept
		return d.look()
	}
	return nil
}

func count(permissions []catalog.Permission) int {
	n := 0
	for _, p := range permissions {
		n += len(p.Actions)
	}
	return n
}

// writeOwn writes what is still missing into the add-on's own policy.
func (d *draft) writeOwn() error {
	unmet := d.unmet()
	if len(unmet) == 0 {
		return nil
	}
	name, _ := d.ownPolicy()
	old, _ := d.s.Policies.Name(name)
	put, err := putPolicy(name, fmt.Sprintf("What %s needs as %s", d.Addon.Title, d.principalName()), old, unmet)
	if err != nil {
		return err
	}
	changes := []pratique.Change{put}
	if grant := d.attach(name); grant != nil {
		changes = append(changes, grant)
	}
	return d.add(changes...)
}

// ownPolicy is the name of the add-on's own policy for the role, and whether it is there. A name that somebody else has taken is left to them.
func (d *draft) ownPolicy() (name string, exists bool) {
	base := d.Addon.Name + "-" + d.principalName()
	for n := 1; ; n++ {
		name = numbered(base, n)
		p, taken := d.s.Policy(name)
		if !taken || !p.System && p.Origin == d.origin() {
			return name, taken
		}
	}
}

// attach is the change that attaches a policy to the role, nil when it is attached already.
func (d *draft) attach(policyName string) pratique.Change {
	p, exists := d.s.Policy(policyName)
	base := d.Addon.Name + "-" + d.principalName()
	if exists && p.System {
		base += "-" + p.Name
	}
	if exists && d.role != nil {
		for g := range d.s.GrantsOf(d.role.ID) {
			if g.Policy == p.ID && (g.Scope.Kind == pratique.ScopeAccount || g.Scope.ID == d.Cluster.Project) {
				return nil
			}
		}
	}
	for n := 1; ; n++ {
		name := numbered(base, n)
		if _, taken := d.s.Grants.Name(name); !taken {
			return putGrant(name, d.principalName(), policyName, d.scope())
		}
	}
}

// numbered is a name, cut to what names may have, with a number from the second on.
func numbered(base string, n int) string {
	const most = 120
	base = strings.TrimRight(base[:min(len(base), most)], " .-")
	if n == 1 {
		return base
	}
	return fmt.Sprintf("%s-%d", base, n)
}

// link creates the service-linked roles that are still missing.
func (d *draft) link() error {
	for _, service := range d.Addon.ServiceLinkedRoles {
		if d.linked(service).Status == pratique.ItemMissing {
			d.forAll = append(d.forAll, pratique.CreateServiceLinkedRole{Service: service})
		}
	}
	return d.look()
}

func (d *draft) linksMissing() bool {
	return slices.ContainsFunc(d.Addon.ServiceLinkedRoles, func(service string) bool { return d.linked(service).Status == pratique.ItemMissing })
}

// enough refuses a proposal that would not do: then something denies what is needed, and adding permissions does not help.
func (d *draft) enough() error {
	for _, i := range d.Items(d.s) {
		if i.Status == pratique.ItemMissing {
			return conflict(i.Fix, "%s would still be missing: %s", i.Item, i.Error)
		}
	}
	return nil
}

func conflict(hint, format string, args ...any) error {
	return &pratique.Error{Kind: pratique.ErrConflict, Message: fmt.Sprintf(format, args...), Hint: hint}
}
