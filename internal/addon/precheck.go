package addon

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/policy"
)

// Precheck is the question what an add-on lacks in a cluster. It is not modified by asking, and may be asked of several snapshots.
type Precheck struct {
	Decider  *access.Decider
	Addon    *catalog.Addon
	Cluster  *pratique.Cluster // without an id: one that is not there yet
	Settings Settings
	Report   string // id of the report, for the commands that the items tell
	Now      time.Time
}

// check is a precheck of one snapshot.
type check struct {
	*Precheck
	s         *pratique.Snapshot
	kind      *catalog.ClusterType
	principal catalog.Controller
	role      *pratique.Role // nil: there is none
}

// Items are what was looked at in the directory: whether the cluster fits, the principal, its trust, each permission, the service-linked roles, and
// the method by which what is missing can be granted.
func (p *Precheck) Items(s *pratique.Snapshot) []pratique.ReportItem {
	c, misfit := p.on(s)
	if misfit != nil {
		return []pratique.ReportItem{*misfit}
	}
	items := []pratique.ReportItem{c.item("cluster-type", "cluster type "+c.kind.Name)}
	if c.principal.Controllers != "" {
		items = append(items, c.principalItems()...)
		for _, need := range c.Addon.Needs(c.kind) {
			items = append(items, c.permission(need))
		}
	}
	for _, service := range c.Addon.ServiceLinkedRoles {
		items = append(items, c.linked(service))
	}
	if c.principal.Controllers != "" {
		items = append(items, c.method(Passed(items)))
	}
	return items
}

// Passed reports whether nothing is missing.
func Passed(items []pratique.ReportItem) bool {
	return !slices.ContainsFunc(items, func(i pratique.ReportItem) bool { return i.Status == pratique.ItemMissing })
}

// on prepares the check. Where the add-on cannot run at all there is only that to say.
func (p *Precheck) on(s *pratique.Snapshot) (*check, *pratique.ReportItem) {
	c := &check{Precheck: p, s: s}
	kind, known := p.Decider.Rules.Catalog.ClusterType(p.Cluster.Type)
	if !known || !p.Addon.Supports(p.Cluster.Type) {
		i := c.item("cluster-type", "cluster type "+p.Cluster.Type)
		i.Status, i.Error = pratique.ItemMissing, fmt.Sprintf("%s does not run in clusters of type %s", p.Addon.Name, p.Cluster.Type)
		i.Fix = "use a cluster of type " + strings.Join(p.Addon.ClusterTypes, ", ")
		return nil, &i
	}
	c.kind = kind
	c.principal, _ = p.Addon.Principal(kind)
	switch c.principal.Controllers {
	case workerRole:
		c.role, _ = s.WorkerRole(p.Cluster.ID)
	case serviceRole:
		c.role, _ = s.Roles.Name(c.principal.Role)
	}
	return c, nil
}

// The kinds of controllers.
const (
	serviceRole = "service-role"
	workerRole  = "worker-role"
)

// item begins an item that is well.
func (c *check) item(id, what string) pratique.ReportItem {
	return pratique.ReportItem{ID: id, Item: what, NeededBy: c.Addon.Name, Status: pratique.ItemOK}
}

// principalName is who must hold the permissions.
func (c *check) principalName() string {
	if c.principal.Controllers == workerRole {
		return pratique.WorkerRoleName(c.Cluster.ID)
	}
	return c.principal.Role
}

// service is whom the principal must trust.
func (c *check) service() string {
	if c.principal.Controllers == workerRole {
		return pratique.WorkerService
	}
	return c.principal.Service
}

// trusted reports whether the service may assume the role.
func (c *check) trusted() bool {
	names := []policy.Principal{{Type: "Service", ID: c.service()}}
	return c.role.Trusts(names, access.TrustContext(c.s, pratique.Principal{}, c.Now, ""))
}

func (c *check) principalItems() []pratique.ReportItem {
	exists := c.item("role", "role "+c.principalName())
	trust := c.item("trust", "trust in "+c.service())
	exists.Principal, trust.Principal = c.principalName(), c.principalName()
	switch {
	case c.role == nil && c.principal.Controllers == workerRole:
		exists.Status, exists.Error = pratique.ItemMissing, "the cluster has no worker role"
		exists.Fix = "the worker role is made with the cluster, and cannot be made afterwards"
		return []pratique.ReportItem{exists}
	case c.role == nil:
		exists.Status, exists.Error, exists.Fix = pratique.ItemMissing, "there is no such role", c.authorize()
		return []pratique.ReportItem{exists}
	case !c.trusted():
		trust.Status = pratique.ItemMissing
		trust.Error = fmt.Sprintf("the trust policy of role %s does not let %s assume it", c.role.Name, c.service())
		trust.Fix = "name the service in it: pratique get role " + c.role.Name + " -o yaml"
	}
	return []pratique.ReportItem{exists, trust}
}

// permission tries one permission. One that a setting brings, and that is neither set nor held, is conditional.
func (c *check) permission(p *catalog.Permission) pratique.ReportItem {
	i := c.item("permission/"+p.ID, p.Title)
	i.Principal = c.principalName()
	needed := true
	if p.When != "" {
		var where string
		where, needed = c.Settings[p.When]
		i.NeededBy = strings.TrimPrefix(where+": "+p.When, ": ")
	}
	reason, denied := "", false
	for _, action := range p.Actions {
		i.Actions = append(i.Actions, labelled(action, p.Context))
		why, no := c.refused(p, action)
		if why == "" {
			continue
		}
		i.Missing = append(i.Missing, labelled(action, p.Context))
		if reason == "" || no && !denied {
			reason, denied = why, no
		}
	}
	switch {
	case len(i.Missing) == 0:
		return i
	case !needed:
		i.Status, i.Error = pratique.ItemConditional, "not held; needed once "+p.When+" is set"
		return i
	}
	i.Status, i.Error, i.Fix = pratique.ItemMissing, strings.Join(i.Missing, ", ")+": "+reason, c.authorize()
	if denied {
		i.Fix = "change the policy that denies it: authorizing adds permissions and takes none away"
	}
	return i
}

// refused says why the principal may not do an action everywhere that the permission says, "" when it may; and whether a statement denies it.
func (c *check) refused(p *catalog.Permission, action string) (reason string, denied bool) {
	if c.role == nil {
		return "there is no role that could", false
	}
	for _, pattern := range p.Resources {
		q := c.query(p, action, pattern)
		if d := c.Decider.Decide(c.s, &q); !d.Allowed() {
			return d.Reason(), d.Effect == policy.Deny
		}
	}
	return "", false
}

// labelled is an action with the conditions that go with it.
func labelled(action string, context map[string]string) string {
	var parts []string
	for k, v := range context {
		parts = append(parts, k+" = "+v)
	}
	if len(parts) == 0 {
		return action
	}
	slices.Sort(parts)
	return action + " (" + strings.Join(parts, ", ") + ")"
}

// linked looks for the role that a service brings along. A controller that may create it will, so that one which is not there yet is no obstacle.
func (c *check) linked(service string) pratique.ReportItem {
	row, _ := c.Decider.Rules.Catalog.ServiceLinkedRole(service)
	i := c.item("service-linked-role/"+service, "service-linked role "+row.Role)
	i.Principal = service
	if r, ok := c.s.Roles.Name(row.Role); ok {
		if r.Service != service {
			i.Status, i.Error = pratique.ItemMissing, fmt.Sprintf("a role named %s exists and is not linked to %s", r.Name, service)
			i.Fix = "rename or delete that role"
		}
		return i
	}
	create := &catalog.Permission{Resources: []string{"*"}, Context: map[string]string{serviceName: service}}
	if reason, _ := c.refused(create, "ram:CreateServiceLinkedRole"); reason == "" {
		i.Item += ", which the controller may create"
		return i
	}
	i.Status, i.Error, i.Fix = pratique.ItemMissing, "there is no such role", c.authorize()
	return i
}

func (c *check) authorize() string {
	command := "pratique addon authorize " + c.Report
	if c.principal.Controllers != workerRole {
		return command
	}
	if _, installed := c.s.Addon(c.Cluster.ID, c.Addon.Name); installed {
		command += "; then: pratique addon redeploy " + c.Addon.Name + " --cluster " + c.Cluster.Name
	}
	return command
}
