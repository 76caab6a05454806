package pratique

import (
	"regexp"
	"slices"
)

// NamespacePermission gives a principal a ClusterRole of Kubernetes in namespaces of clusters. It becomes RBAC objects there.
type NamespacePermission struct {
	Meta
	Principal   Ref      `json:"principal"`
	ClusterRole string   `json:"clusterRole"`
	Clusters    []string `json:"clusters"`   // ids, or AllClusters alone
	Namespaces  []string `json:"namespaces"` // names, or AllNamespaces alone
}

func (*NamespacePermission) kind() Kind { return KindNamespacePermission }

// NamespacePermissionSpec is what a manifest says of it. Exactly one of User, Group and Role is set.
type NamespacePermissionSpec struct {
	User        string   `json:"user,omitempty"`
	Group       string   `json:"group,omitempty"`
	Role        string   `json:"role,omitempty"`
	ClusterRole string   `json:"clusterRole"`
	Clusters    []string `json:"clusters"`
	Namespaces  []string `json:"namespaces"`
}

// On reports whether the permission reaches a cluster.
func (p *NamespacePermission) On(clusterID string) bool {
	return slices.Contains(p.Clusters, clusterID) || slices.Contains(p.Clusters, AllClusters)
}

// Everywhere reports whether the permission holds in all namespaces.
func (p *NamespacePermission) Everywhere() bool { return slices.Contains(p.Namespaces, AllNamespaces) }

// PermissionsOn lists what reaches a principal, itself or through its groups, in a cluster.
func (s *Snapshot) PermissionsOn(clusterID string, principal Ref) []*NamespacePermission {
	holders := map[string]bool{principal.ID: true}
	for g := range s.GroupsOf(principal.ID) {
		holders[g.ID] = true
	}
	var out []*NamespacePermission
	for p := range s.NamespacePermissions.All() {
		if holders[p.Principal.ID] && p.On(clusterID) {
			out = append(out, p)
		}
	}
	return out
}

// The names of Kubernetes: a namespace is a DNS label, a ClusterRole a path segment.
var (
	namespaceName   = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	clusterRoleName = regexp.MustCompile(`^[^/%]{1,253}$`)
)

func (s *Snapshot) namespacePermissionSpec(p *NamespacePermission) NamespacePermissionSpec {
	spec := NamespacePermissionSpec{ClusterRole: p.ClusterRole, Namespaces: p.Namespaces}
	s.namePrincipal(p.Principal, &spec.User, &spec.Group, &spec.Role)
	for _, id := range p.Clusters {
		if c, ok := s.Clusters.ID(id); ok {
			id = c.Name
		}
		spec.Clusters = append(spec.Clusters, id)
	}
	slices.Sort(spec.Clusters)
	return spec
}

func (e *editor) putNamespacePermission(m Manifest) error {
	own := len(e.plan.Needs)
	old, exists, err := find(e, e.NamespacePermissions, m, "namespacePermission")
	e.plan.Needs = e.plan.Needs[:own]
	var spec NamespacePermissionSpec
	specErr := decodeSpec(m, &spec)
	e.needPermission(putNeed("namespacePermission", exists), m.Metadata.Name, spec.Clusters)
	switch {
	case err != nil:
		return err
	case specErr != nil:
		return specErr
	}
	p := &NamespacePermission{Meta: Meta{Name: m.Metadata.Name}, ClusterRole: spec.ClusterRole}
	if err := e.resolvePermission(p, spec); err != nil {
		return err
	}
	if !exists {
		e.stamp(&p.Meta, nil, KindNamespacePermission)
		e.NamespacePermissions.set(p)
		e.write(Create, p, diff(nil, e.namespacePermissionSpec(p)))
		return nil
	}
	fields := renamed(old.Name, p.Name, diff(e.namespacePermissionSpec(old), e.namespacePermissionSpec(p)))
	if len(fields) == 0 {
		for i := own; i < len(e.plan.Needs); i++ {
			e.plan.Needs[i].Operation = "namespacePermission.get"
		}
		e.write(Unchanged, old, nil)
		return nil
	}
	e.needPermission("namespacePermission.update", old.Name, old.Clusters)
	e.stamp(&p.Meta, &old.Meta, KindNamespacePermission)
	e.NamespacePermissions.set(p)
	e.write(Update, p, fields)
	return nil
}

// needPermission notes an operation on every cluster that a permission names: who may grant in one cluster may not reach into another.
func (e *editor) needPermission(operation, name string, clusters []string) {
	if slices.Contains(clusters, AllClusters) || len(clusters) == 0 {
		e.need(operation, "name", name)
		return
	}
	for _, named := range clusters {
		c, ok := e.Clusters.Find(named)
		if !ok {
			c = &Cluster{Meta: Meta{ID: named, Name: named}}
		}
		n := c.Need(operation)
		n.Vars["name"] = name
		e.plan.Needs = append(e.plan.Needs, n)
	}
}

func (e *editor) resolvePermission(p *NamespacePermission, spec NamespacePermissionSpec) error {
	var err error
	if p.Principal, err = e.resolvePrincipal(p.Name, GrantSpec{User: spec.User, Group: spec.Group, Role: spec.Role}); err != nil {
		return err
	}
	if !clusterRoleName.MatchString(p.ClusterRole) {
		return invalid("namespace permission %q needs the name of a ClusterRole", p.Name).
			hint("set spec.clusterRole to view, edit, admin, cluster-admin or one of your own")
	}
	if len(spec.Clusters) == 0 || len(spec.Namespaces) == 0 {
		return invalid("namespace permission %q names no clusters or no namespaces", p.Name).
			hint(`set spec.clusters and spec.namespaces; ["*"] means all of them`)
	}
	for _, name := range spec.Clusters {
		id := name
		if name != AllClusters {
			c, ok := e.Clusters.Find(name)
			if !ok {
				return notFound(KindCluster, name).hint("namespace permission %q names it", p.Name)
			}
			id = c.ID
		}
		p.Clusters = append(p.Clusters, id)
	}
	for _, ns := range spec.Namespaces {
		if ns != AllNamespaces && !namespaceName.MatchString(ns) {
			return invalid("namespace permission %q: %q cannot be the name of a namespace", p.Name, ns)
		}
		p.Namespaces = append(p.Namespaces, ns)
	}
	p.Clusters, p.Namespaces = alone(p.Clusters, AllClusters), alone(p.Namespaces, AllNamespaces)
	return nil
}

// alone sorts names, and leaves only the wildcard where it is among them.
func alone(names []string, wildcard string) []string {
	if slices.Contains(names, wildcard) {
		return []string{wildcard}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (e *editor) deleteNamespacePermission(c Delete) error {
	p, ok := e.NamespacePermissions.Find(c.Name)
	if !ok {
		e.need("namespacePermission.delete", "name", c.Name)
		return notFound(KindNamespacePermission, c.Name)
	}
	e.needPermission("namespacePermission.delete", p.Name, p.Clusters)
	e.NamespacePermissions.remove(p)
	e.write(Remove, p, nil)
	return nil
}

// dropPermissions deletes the namespace permissions of a principal that goes.
func (e *editor) dropPermissions(principalID string) {
	for _, p := range slices.Collect(e.NamespacePermissions.All()) {
		if p.Principal.ID == principalID {
			e.needPermission("namespacePermission.delete", p.Name, p.Clusters)
			e.NamespacePermissions.remove(p)
			e.write(Remove, p, nil)
			e.cascaded()
		}
	}
}

func (e *editor) heldByPermissions(h *holders, principalID string) {
	for p := range e.NamespacePermissions.All() {
		if p.Principal.ID == principalID {
			h.add(KindNamespacePermission, p.Name)
		}
	}
}

// forgetCluster takes a cluster that goes out of a permission.
func (e *editor) forgetCluster(p *NamespacePermission, clusterID string) {
	if !slices.Contains(p.Clusters, clusterID) {
		return
	}
	if len(p.Clusters) == 1 {
		e.NamespacePermissions.remove(p)
		e.write(Remove, p, nil)
		e.cascaded()
		return
	}
	next := *p
	next.Clusters = slices.DeleteFunc(slices.Clone(p.Clusters), func(id string) bool { return id == clusterID })
	e.stamp(&next.Meta, &p.Meta, KindNamespacePermission)
	e.NamespacePermissions.set(&next)
	e.write(Update, &next, diff(e.namespacePermissionSpec(p), e.namespacePermissionSpec(&next)))
	e.cascaded()
}
