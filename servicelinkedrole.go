package pratique

import "fmt"

// CreateServiceLinkedRole gives a service the role that it brings along, with the system policy that belongs to it (Alibaba RAM:
// CreateServiceLinkedRole). When the role is there already, nothing happens.
type CreateServiceLinkedRole struct{ Service string }

func (c CreateServiceLinkedRole) apply(e *editor) error {
	row, known := e.rules.Catalog.ServiceLinkedRole(c.Service)
	name := row.Role
	if !known {
		name = "*"
	}
	e.plan.Needs = append(e.plan.Needs, serviceLinkedNeed("serviceLinkedRole.create", name, c.Service))
	if !known {
		return notFoundService(e, c.Service)
	}
	if old, ok := e.Roles.Name(row.Role); ok {
		if old.Service != c.Service {
			return conflict("a role named %q exists and is not linked to %s", old.Name, c.Service).hint("rename or delete it first")
		}
		e.write(Unchanged, old, nil)
		return nil
	}
	p, ok := e.rules.systemPolicy(row.Policy)
	if !ok {
		return fmt.Errorf("the catalogue has no policy %q for %s", row.Policy, c.Service)
	}
	r := &Role{
		Meta: Meta{Name: row.Role}, Service: c.Service,
		RoleSpec: RoleSpec{Description: row.Description, Trust: trustOfService(c.Service)},
	}
	e.stamp(&r.Meta, nil, KindRole)
	e.Roles.set(r)
	e.write(Create, r, diff(nil, r.RoleSpec))
	g := &Grant{
		Meta: Meta{Name: "service-linked-" + r.ID}, Principal: Ref{Kind: KindRole, ID: r.ID}, Policy: p.ID, Scope: Scope{Kind: ScopeAccount},
	}
	e.stamp(&g.Meta, nil, KindGrant)
	e.setGrant(nil, g)
	e.write(Create, g, diff(nil, e.grantSpec(g)))
	e.cascaded()
	return nil
}

// DeleteServiceLinkedRole takes it away again, unless an installed add-on needs the service.
type DeleteServiceLinkedRole struct{ Service string }

func (c DeleteServiceLinkedRole) apply(e *editor) error {
	row, known := e.rules.Catalog.ServiceLinkedRole(c.Service)
	name := row.Role
	if !known {
		name = "*"
	}
	e.plan.Needs = append(e.plan.Needs, serviceLinkedNeed("serviceLinkedRole.delete", name, c.Service))
	if !known {
		return notFoundService(e, c.Service)
	}
	r, ok := e.Roles.Name(row.Role)
	if !ok || r.Service != c.Service {
		return notFound(KindRole, row.Role)
	}
	for a := range e.Addons.All() {
		if t, ok := e.AddonTemplate(a.Template); ok && t.Links(c.Service) {
			return conflict("the role %q is in use: add-on %s of cluster %s needs %s", r.Name, a.Template, e.clusterName(a.Cluster), c.Service).
				hint("uninstall the add-on first")
		}
	}
	e.dropRole(r)
	return nil
}

func serviceLinkedNeed(operation, role, service string) Need {
	return Need{Operation: operation, Vars: map[string]string{"name": role}, Context: map[string]string{"ram:ServiceName": service}}
}

func notFoundService(e *editor, service string) error {
	var names []string
	for _, r := range e.rules.Catalog.ServiceLinkedRoles {
		names = append(names, r.Service)
	}
	return invalid("no service-linked role is known for %q", service).hint("known services: %v", names)
}

func (s *Snapshot) clusterName(id string) string {
	if c, ok := s.Clusters.ID(id); ok {
		return c.Name
	}
	return id
}
