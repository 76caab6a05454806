package catalog

import (
	"slices"
	"strings"

	"github.com/pratique-iam/pratique/policy"
)

func (c *Catalog) checkOperation(p *problems, o *Operation) {
	if c.operations[o.ID] != o {
		p.add(o.ID, "operation is there twice")
	}
	if noun, verb, ok := strings.Cut(o.ID, "."); !ok || noun != o.Kind || verb == "" {
		p.add(o.ID, "an id is noun.verb, and the noun is the kind %q", o.Kind)
	}
	if o.Description == "" || o.Access == "" {
		p.add(o.ID, "operation without a description or access")
	}
	if o.Huawei == "" && o.RAM == "" {
		p.add(o.ID, "operation without an action")
	}
	c.checkNames(p, o, policy.Huawei, o.Huawei, o.HuaweiResource, o.HuaweiAliases)
	c.checkNames(p, o, policy.RAM, o.RAM, o.RAMResource, o.RAMAliases)
	if err := checkTemplate(o.RAMAlso); err != nil {
		p.add(o.ID, "%w", err)
	}
	c.checkTypes(p, o)
	c.checkRequirement(p, o)
	c.checkVariants(p, o)
}

// checkNames checks what an operation is called in one dialect. An alias must lead to one name, or an Allow on it would mean two things.
func (c *Catalog) checkNames(p *problems, o *Operation, d policy.Dialect, action, resource string, aliases []string) {
	if (action == "") != (resource == "") || action == "" && len(aliases) > 0 {
		p.add(o.ID, "%s: an action needs a resource, and a resource or alias an action", d)
		return
	}
	if err := checkTemplate(resource); err != nil {
		p.add(o.ID, "%w", err)
	}
	for _, name := range o.actions() {
		if policy.DialectOf(name) == d {
			c.checkName(p, o, name)
		}
	}
	for _, alias := range aliases {
		for _, other := range c.ByAction(alias) {
			if primary := other.primary(d); fold(primary) != fold(action) {
				p.add(o.ID, "alias %s means %s as well", alias, primary)
			}
		}
	}
	for _, name := range append([]string{action}, aliases...) {
		if name != "" && policy.DialectOf(name) != d {
			p.add(o.ID, "%q is not an action in %s", name, d)
		}
	}
}

func (c *Catalog) checkName(p *problems, o *Operation, name string) {
	service, ok := c.ServiceOf(name)
	switch {
	case !ok || wildcard(name):
		p.add(o.ID, "%q is not an action of a service", name)
	case service.Dialect == policy.Huawei && !service.Resources:
		p.add(o.ID, "service %s takes no resources, but this operation has one", service.Code)
	case c.registered[fold(name)] != name:
		p.add(o.ID, "%q is spelt %q elsewhere", name, c.registered[fold(name)])
	}
	for _, other := range c.ByAction(name) {
		if other.EnterpriseProject != o.EnterpriseProject {
			p.add(o.ID, "%s and %s share %s, but only one supports enterprise projects", o.ID, other.ID, name)
		}
	}
}

func (o *Operation) primary(d policy.Dialect) string {
	if d == policy.RAM {
		return o.RAM
	}
	return o.Huawei
}

// checkTypes makes sure that an operation has a name in the dialect of each cluster type that supports it.
func (c *Catalog) checkTypes(p *problems, o *Operation) {
	for _, name := range o.ClusterTypes {
		t, ok := c.ClusterType(name)
		switch {
		case !ok:
			p.add(o.ID, "unknown cluster type %q", name)
		case o.primary(t.Dialect) == "":
			p.add(o.ID, "cluster type %s speaks %s, where this operation has no name", name, t.Dialect)
		}
	}
}

func (c *Catalog) checkRequirement(p *problems, o *Operation) {
	r := o.Requires
	if r == nil {
		return
	}
	if r.Reason == "" || len(r.AnyRole) == 0 && len(r.Actions) == 0 {
		p.add(o.ID, "a requirement needs a reason, and roles or actions")
	}
	if key, value, ok := strings.Cut(r.When, "="); r.When != "" && (!ok || key == "" || value == "") {
		p.add(o.ID, "condition %q is not attribute=value", r.When)
	}
	for _, role := range r.AnyRole {
		if held, ok := c.Policy(role); !ok || held.Alias != role || held.Dialect != r.Dialect {
			p.add(o.ID, "unknown role %q", role)
		}
	}
	for _, action := range r.Actions {
		if !c.Listed(action) || policy.DialectOf(action) != r.Dialect {
			p.add(o.ID, "unknown action %q", action)
		}
	}
}

// checkVariants makes sure that the names of variants can be found: each is the operation's own or one of its aliases.
func (c *Catalog) checkVariants(p *problems, o *Operation) {
	for kind, v := range o.Variants {
		if kind != "user" && kind != "group" && kind != "role" {
			p.add(o.ID, "unknown kind of principal %q", kind)
		}
		for _, name := range []string{v.Huawei, v.RAM} {
			if name != "" && !o.named(name) {
				p.add(o.ID, "variant %s: %q is neither the action nor an alias", kind, name)
			}
		}
		for _, template := range []string{v.HuaweiResource, v.RAMResource} {
			if err := checkTemplate(template); err != nil {
				p.add(o.ID, "variant %s: %w", kind, err)
			}
		}
	}
}

func (o *Operation) named(action string) bool { return slices.Contains(o.actions(), action) }
