package pratique

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique/catalog"
)

// AddonTemplate is an add-on that the account has registered beside those of the catalogue.
type AddonTemplate struct {
	Meta
	Spec catalog.Addon `json:"spec"`
}

func (*AddonTemplate) kind() Kind { return KindAddonTemplate }

// AddonTemplate finds an add-on that can be installed: one of the account's own, or the catalogue's. Its own cannot take the name of one of
// the catalogue's.
func (s *Snapshot) AddonTemplate(name string) (*catalog.Addon, bool) {
	if a, ok := s.rules.Catalog.Addon(name); ok {
		return a, true
	}
	t, ok := s.AddonTemplates.Find(name)
	if !ok {
		return nil, false
	}
	return &t.Spec, true
}

// RegisterAddon adds an add-on to those that can be installed, or replaces the account's own of the same name.
type RegisterAddon struct{ Addon catalog.Addon }

func (c RegisterAddon) apply(e *editor) error {
	e.needAnywhere("addonTemplate.create", c.Addon.Name)
	if err := checkName(KindAddonTemplate, c.Addon.Name); err != nil {
		return err
	}
	if _, taken := e.rules.Catalog.Addon(c.Addon.Name); taken {
		return conflict("the add-on %q comes with Pratique and cannot be replaced", c.Addon.Name).hint("register yours under another name")
	}
	if err := e.rules.Catalog.CheckAddon(&c.Addon); err != nil {
		return invalid("add-on %q: %v", c.Addon.Name, err)
	}
	for _, v := range c.Addon.Versions {
		if v.Chart == "" {
			continue
		}
		if _, ok := e.Charts.Find(v.Chart); !ok {
			return notFound(KindChart, v.Chart).hint("upload it first with: pratique chart upload")
		}
	}
	t := &AddonTemplate{Meta: Meta{Name: c.Addon.Name}, Spec: c.Addon}
	verb := Create
	var before *Meta
	if old, ok := e.AddonTemplates.Name(c.Addon.Name); ok {
		verb, before = Update, &old.Meta
	}
	e.stamp(&t.Meta, before, KindAddonTemplate)
	e.AddonTemplates.set(t)
	e.write(verb, t, nil)
	return nil
}

// UnregisterAddon removes one of the account's own, unless it is installed somewhere.
type UnregisterAddon struct{ Name string }

func (c UnregisterAddon) apply(e *editor) error {
	e.needAnywhere("addonTemplate.delete", c.Name)
	if _, fixed := e.rules.Catalog.Addon(c.Name); fixed {
		return conflict("the add-on %q comes with Pratique and cannot be removed", c.Name)
	}
	t, ok := e.AddonTemplates.Find(c.Name)
	if !ok {
		return notFound(KindAddonTemplate, c.Name)
	}
	for a := range e.Addons.All() {
		if Fold(a.Template) == Fold(t.Name) {
			return conflict("the add-on %q is installed in cluster %q", t.Name, e.clusterName(a.Cluster)).hint("uninstall it there first")
		}
	}
	e.AddonTemplates.remove(t)
	e.write(Remove, t, nil)
	return nil
}

// Addon is an add-on that is installed in a cluster, or being installed. Its Name is "<cluster id>/<template>". How its pods are is observed
// in the cluster and not kept here.
type Addon struct {
	Meta
	Cluster  string         `json:"cluster"`  // id
	Template string         `json:"template"` // name
	Version  string         `json:"version"`
	Config   jsontext.Value `json:"config,omitzero"` // values of its chart
	By       Ref            `json:"by"`
	State    AddonState     `json:"state"`
	Previous string         `json:"previous,omitempty"` // version before this one, for rolling back
	Job      string         `json:"job,omitempty"`      // that works on it, or did last; one that was interrupted left the state as it was
}

func (*Addon) kind() Kind { return KindAddon }

// AddonState says how far the installation of an add-on is.
type AddonState string

// The states of an installation.
const (
	AddonInstalling AddonState = "installing"
	AddonInstalled  AddonState = "installed"
	AddonFailed     AddonState = "failed"   // what was applied is still there, and can be installed again or uninstalled
	AddonRemoving   AddonState = "removing" //
)

// AddonsOf walks the add-ons of a cluster, in the order of their names.
func (s *Snapshot) AddonsOf(cluster string) iter.Seq[*Addon] {
	return inCluster(s.Addons, cluster, func(a *Addon) string { return a.Cluster })
}

// Addon finds an installed add-on of a cluster.
func (s *Snapshot) Addon(cluster, template string) (*Addon, bool) {
	return s.Addons.Name(inClusterName(cluster, template))
}

// PutAddon writes how an installation stands. Operation is what the step needs: addonInstance.create, .update, .upgrade, .redeploy or
// .delete; empty for the server's own record of how an operation that was decided on went.
type PutAddon struct {
	Addon     Addon // Meta is filled in
	Operation string
}

func (c PutAddon) apply(e *editor) error {
	a := c.Addon
	cl, ok := e.Clusters.ID(a.Cluster)
	if !ok {
		if c.Operation != "" {
			e.need(c.Operation, "cluster", a.Cluster, "name", a.Template)
		}
		return notFound(KindCluster, a.Cluster)
	}
	e.needAddon(c.Operation, cl, a.Template)
	t, ok := e.AddonTemplate(a.Template)
	if !ok {
		return notFound(KindAddonTemplate, a.Template)
	}
	if c.Operation == "addonInstance.create" || c.Operation == "addonInstance.upgrade" {
		e.needPass(cl, t)
	}
	a.Name = inClusterName(a.Cluster, a.Template)
	verb := Create
	var before *Meta
	if old, ok := e.Addons.Name(a.Name); ok {
		verb, before = Update, &old.Meta
	}
	e.stamp(&a.Meta, before, KindAddon)
	e.Addons.set(&a)
	e.write(verb, &a, diff(nil, struct {
		Version string     `json:"version"`
		State   AddonState `json:"state"`
	}{a.Version, a.State}))
	return nil
}

// RemoveAddon takes the record of an add-on away, and with it what was made for it: objects whose Origin is that of the add-on in this
// cluster, and, when no other cluster has the add-on, those of the add-on itself. What somebody else holds on to stays, with a warning.
type RemoveAddon struct {
	Cluster   string // id
	Template  string
	Operation string // as in PutAddon
}

func (c RemoveAddon) apply(e *editor) error {
	cl, ok := e.Clusters.ID(c.Cluster)
	if !ok {
		if c.Operation != "" {
			e.need(c.Operation, "cluster", c.Cluster, "name", c.Template)
		}
		return notFound(KindCluster, c.Cluster)
	}
	e.needAddon(c.Operation, cl, c.Template)
	a, ok := e.Addon(c.Cluster, c.Template)
	if !ok {
		return notFound(KindAddon, c.Template)
	}
	e.Addons.remove(a)
	e.write(Remove, a, nil)
	e.dropOrigin(AddonOrigin(c.Template, c.Cluster))
	e.dropShared(c.Template)
	return nil
}

// dropShared removes what was made for an add-on wherever it is, once it is nowhere.
func (e *editor) dropShared(template string) {
	for a := range e.Addons.All() {
		if Fold(a.Template) == Fold(template) {
			return
		}
	}
	e.dropOrigin(AddonOrigin(template, ""))
}

func (e *editor) needAddon(operation string, cl *Cluster, template string) {
	if operation == "" {
		return
	}
	need := cl.Need(operation)
	need.Vars["name"] = template
	e.plan.Needs = append(e.plan.Needs, need)
}

// needPass demands the right to hand the add-on the role as which it will act. A worker role is handed to nobody: what runs on the nodes has it
// already.
func (e *editor) needPass(cl *Cluster, t *catalog.Addon) {
	kind, ok := e.rules.Catalog.ClusterType(cl.Type)
	if !ok {
		return
	}
	if who, ok := t.Principal(kind); ok && who.Role != "" {
		e.plan.Needs = append(e.plan.Needs, Need{
			Operation: "role.pass", Vars: map[string]string{"name": who.Role}, Context: map[string]string{"acs:Service": who.Service},
		})
	}
}

// AddonOrigin is the Origin of what is made for an add-on; with a cluster, of what only that cluster needs.
func AddonOrigin(template, cluster string) string {
	if cluster == "" {
		return "addon/" + Fold(template)
	}
	return fmt.Sprintf("addon/%s@%s", Fold(template), cluster)
}

// originOf reports whether an origin is something of one cluster.
func originOf(origin, cluster string) bool { return strings.HasSuffix(origin, "@"+cluster) }

// dropOrigin removes grants, then roles and policies of an origin that nothing else holds.
func (e *editor) dropOrigin(origin string) {
	e.dropOrigins(func(o string) bool { return o == origin })
}

func (e *editor) dropOrigins(dropped func(origin string) bool) {
	for _, g := range slices.Collect(e.Grants.All()) {
		if dropped(g.Origin) {
			e.removeGrant(g)
			e.cascaded()
		}
	}
	for _, r := range slices.Collect(e.Roles.All()) {
		if !dropped(r.Origin) {
			continue
		}
		if held := e.heldRole(r); held != "" {
			e.warn(fmt.Sprintf("role %s stays: %s", r.Name, held))
			continue
		}
		e.dropRole(r)
	}
	for _, p := range slices.Collect(e.Policies.All()) {
		switch {
		case !dropped(p.Origin):
		case len(slices.Collect(e.GrantsWith(p.ID))) > 0:
			e.warn(fmt.Sprintf("policy %s stays: it is attached elsewhere", p.Name))
		default:
			e.Policies.remove(p)
			e.write(Remove, p, nil)
			e.cascaded()
		}
	}
}

// dropRole removes a role with all that hangs on it. It needs no operation: the role goes with what it was made for.
func (e *editor) dropRole(r *Role) {
	for _, g := range slices.Collect(e.GrantsOf(r.ID)) {
		e.removeGrant(g)
		e.cascaded()
	}
	e.endSessions(r.ID)
	e.Roles.remove(r)
	e.write(Remove, r, nil)
	e.cascaded()
}

// heldRole says why a role cannot go with what it was made for.
func (e *editor) heldRole(r *Role) string {
	for g := range e.GrantsOf(r.ID) {
		if p, ok := e.Policy(g.Policy); ok && r.Service == "" {
			return "policy " + p.Name + " was attached to it"
		}
	}
	for p := range e.NamespacePermissions.All() {
		if p.Principal.ID == r.ID {
			return "it holds the namespace permission " + p.Name
		}
	}
	return ""
}
