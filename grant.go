package pratique

import (
	"fmt"
	"strings"

	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/policy"
)

// Grant gives a policy to a principal in a scope.
type Grant struct {
	Meta
	Description string `json:"description,omitempty"`
	Principal   Ref    `json:"principal"`
	Policy      string `json:"policy"` // id, of a custom or a system policy
	Scope       Scope  `json:"scope"`
}

func (*Grant) kind() Kind { return KindGrant }

// ScopeKind says how far a grant reaches.
type ScopeKind string

// The scopes. RAM knows the account and the enterprise project (resource group); the projects are Huawei's.
const (
	ScopeAccount           ScopeKind = "account"
	ScopeAllProjects       ScopeKind = "allProjects"
	ScopeProject           ScopeKind = "project"
	ScopeEnterpriseProject ScopeKind = "enterpriseProject"
)

// Scope is where a grant holds. ID is that of the project or enterprise project, empty for the other two kinds.
type Scope struct {
	Kind ScopeKind `json:"kind"`
	ID   string    `json:"id,omitempty"`
}

// GrantSpec is what a manifest says of a grant. Exactly one of User, Group and Role is set, and exactly one member of Scope.
type GrantSpec struct {
	Description string    `json:"description,omitempty"`
	User        string    `json:"user,omitempty"`
	Group       string    `json:"group,omitempty"`
	Role        string    `json:"role,omitempty"`
	Policy      string    `json:"policy"`
	Scope       ScopeSpec `json:"scope"`
}

// ScopeSpec is a scope as people write it.
type ScopeSpec struct {
	Account           bool   `json:"account,omitzero"`
	AllProjects       bool   `json:"allProjects,omitzero"`
	Project           string `json:"project,omitempty"`
	EnterpriseProject string `json:"enterpriseProject,omitempty"`
}

// ScopeText describes a scope in a sentence: "project local-1".
func (s *Snapshot) ScopeText(scope Scope) string {
	switch scope.Kind {
	case ScopeAllProjects:
		return "all projects"
	case ScopeProject:
		if p, ok := s.Projects.ID(scope.ID); ok {
			return "project " + p.Name
		}
	case ScopeEnterpriseProject:
		if p, ok := s.EnterpriseProjects.ID(scope.ID); ok {
			return "enterprise project " + p.Name
		}
	case ScopeAccount:
		return "the account"
	}
	return string(scope.Kind) + " " + scope.ID
}

// PrincipalName is the name of a principal, or its id when it is gone.
func (s *Snapshot) PrincipalName(r Ref) string {
	if u, ok := s.Users.ID(r.ID); ok && r.Kind == KindUser {
		return u.Name
	}
	if g, ok := s.Groups.ID(r.ID); ok && r.Kind == KindGroup {
		return g.Name
	}
	if role, ok := s.Roles.ID(r.ID); ok && r.Kind == KindRole {
		return role.Name
	}
	return r.ID
}

// namePrincipal writes a principal's name into the member of a spec that is for its kind.
func (s *Snapshot) namePrincipal(r Ref, user, group, role *string) {
	if field, ok := map[Kind]*string{KindUser: user, KindGroup: group, KindRole: role}[r.Kind]; ok {
		*field = s.PrincipalName(r)
	}
}

func (s *Snapshot) grantSpec(g *Grant) GrantSpec {
	spec := GrantSpec{Description: g.Description, Policy: g.Policy}
	s.namePrincipal(g.Principal, &spec.User, &spec.Group, &spec.Role)
	if p, ok := s.Policy(g.Policy); ok {
		spec.Policy = p.Name
	}
	switch g.Scope.Kind {
	case ScopeAccount:
		spec.Scope.Account = true
	case ScopeAllProjects:
		spec.Scope.AllProjects = true
	case ScopeProject:
		spec.Scope.Project = g.Scope.ID
		if p, ok := s.Projects.ID(g.Scope.ID); ok {
			spec.Scope.Project = p.Name
		}
	case ScopeEnterpriseProject:
		spec.Scope.EnterpriseProject = g.Scope.ID
		if p, ok := s.EnterpriseProjects.ID(g.Scope.ID); ok {
			spec.Scope.EnterpriseProject = p.Name
		}
	}
	return spec
}

func (e *editor) putGrant(m Manifest) error {
	var spec GrantSpec
	if err := decodeSpec(m, &spec); err != nil {
		e.need("grant.create.account") // nobody learns of a broken spec what they may not write
		return err
	}
	own := len(e.plan.Needs)
	old, exists, err := find(e, e.Grants, m, "grant")
	e.plan.Needs = e.plan.Needs[:own] // grants have operations of their own, by scope
	e.needGrantSpec(spec)
	if err != nil {
		return err
	}
	g := &Grant{Meta: Meta{Name: m.Metadata.Name}, Description: spec.Description}
	if err := e.resolveGrant(g, spec); err != nil {
		return err
	}
	if !exists {
		e.stamp(&g.Meta, nil, KindGrant)
		e.setGrant(nil, g)
		e.write(Create, g, diff(nil, e.grantSpec(g)))
		e.warnGrant(g)
		return nil
	}
	fields := renamed(old.Name, g.Name, diff(e.grantSpec(old), e.grantSpec(g)))
	if len(fields) == 0 {
		e.plan.Needs = append(e.plan.Needs[:own], Need{Operation: "grant.list", Vars: map[string]string{"name": g.Name}})
		e.write(Unchanged, old, nil)
		return nil
	}
	e.needGrant("delete", old)
	e.stamp(&g.Meta, &old.Meta, KindGrant)
	e.setGrant(old, g)
	e.write(Update, g, fields)
	e.warnGrant(g)
	return nil
}

// resolveGrant turns the names of a spec into ids and refuses combinations that can mean nothing.
func (e *editor) resolveGrant(g *Grant, spec GrantSpec) error {
	if err := checkText("description", spec.Description, 1024); err != nil {
		return err
	}
	var err error
	if g.Principal, err = e.resolvePrincipal(g.Name, spec); err != nil {
		return err
	}
	p, ok := e.Policy(spec.Policy)
	if !ok {
		return notFound(KindPolicy, spec.Policy).hint("grant %q names it; list policies with: pratique get policies", g.Name)
	}
	g.Policy = p.ID
	if g.Scope, err = e.resolveScope(g.Name, spec.Scope); err != nil {
		return err
	}
	doc, err := p.Document()
	if err != nil {
		return fmt.Errorf("grant %s: %w", g.Name, err)
	}
	if doc.Dialect == policy.RAM && (g.Scope.Kind == ScopeProject || g.Scope.Kind == ScopeAllProjects) {
		return invalid("grant %q: policy %q is written in RAM, which knows no projects", g.Name, p.Name).
			hint("use scope {account: true} or {enterpriseProject: NAME}")
	}
	return nil
}

func (e *editor) resolvePrincipal(grant string, spec GrantSpec) (Ref, error) {
	named := 0
	for _, n := range []string{spec.User, spec.Group, spec.Role} {
		if n != "" {
			named++
		}
	}
	if named != 1 {
		return Ref{}, invalid("grant %q names %d principals", grant, named).hint("set exactly one of spec.group, spec.user and spec.role")
	}
	hint := "grant %q names it"
	switch {
	case spec.User != "":
		if u, ok := e.Users.Name(spec.User); ok {
			return Ref{KindUser, u.ID}, nil
		}
		return Ref{}, notFound(KindUser, spec.User).hint(hint, grant)
	case spec.Role != "":
		if r, ok := e.Roles.Name(spec.Role); ok {
			return Ref{KindRole, r.ID}, nil
		}
		return Ref{}, notFound(KindRole, spec.Role).hint(hint, grant)
	}
	if g, ok := e.Groups.Name(spec.Group); ok {
		return Ref{KindGroup, g.ID}, nil
	}
	return Ref{}, notFound(KindGroup, spec.Group).hint(hint, grant)
}

func (e *editor) resolveScope(grant string, s ScopeSpec) (Scope, error) {
	var found []Scope
	if s.Account {
		found = append(found, Scope{Kind: ScopeAccount})
	}
	if s.AllProjects {
		found = append(found, Scope{Kind: ScopeAllProjects})
	}
	if s.Project != "" {
		p, ok := e.Projects.Find(s.Project)
		if !ok {
			return Scope{}, notFound(KindProject, s.Project).hint("grant %q is scoped to it", grant)
		}
		found = append(found, Scope{ScopeProject, p.ID})
	}
	if s.EnterpriseProject != "" {
		p, ok := e.EnterpriseProjects.Find(s.EnterpriseProject)
		if !ok {
			return Scope{}, notFound(KindEnterpriseProject, s.EnterpriseProject).hint("grant %q is scoped to it", grant)
		}
		found = append(found, Scope{ScopeEnterpriseProject, p.ID})
	}
	if len(found) != 1 {
		return Scope{}, invalid("grant %q has %d scopes", grant, len(found)).
			hint("set exactly one of scope.account, scope.allProjects, scope.project and scope.enterpriseProject")
	}
	return found[0], nil
}

func (e *editor) setGrant(old, g *Grant) {
	if old != nil {
		e.unindexGrant(old)
	}
	e.Grants.set(g)
	e.byPrincipal.Set(g)
	e.byPolicy.Set(g)
	if g.Scope.ID != "" {
		e.byScope.Set(g)
	}
}

func (s *Snapshot) unindexGrant(g *Grant) {
	s.byPrincipal.Delete(g)
	s.byPolicy.Delete(g)
	s.byScope.Delete(g)
}

func (e *editor) removeGrant(g *Grant) {
	e.unindexGrant(g)
	e.Grants.remove(g)
	e.write(Remove, g, nil)
}

func (e *editor) deleteGrant(c Delete) error {
	g, ok := e.Grants.Find(c.Name)
	if !ok {
		e.need("grant.delete.account", "name", c.Name)
		return notFound(KindGrant, c.Name)
	}
	e.needGrant("delete", g)
	e.removeGrant(g)
	return nil
}

// Void says why a grant does nothing in the scope that it has, and which scope helps; nothing when it may do something. A policy of the system
// is of the level that the catalogue says, a custom one of the level of its actions (Huawei IAM: project-level and global services).
func (s *Snapshot) Void(g *Grant) string {
	p, ok := s.Policy(g.Policy)
	if !ok {
		return ""
	}
	doc, err := p.Document()
	if err != nil || doc.Dialect != policy.Huawei {
		return ""
	}
	level, mixed := s.rules.Catalog.PolicyLevel(doc)
	if row, ok := s.rules.Catalog.Policy(p.ID); ok && p.System {
		level, mixed = row.Level, row.Level == catalog.Both
	}
	switch {
	case mixed:
	case g.Scope.Kind == ScopeAccount && level == catalog.Project:
		return "holds actions of project-level services; at account scope they have no effect; use scope {allProjects: true} or {project: NAME}"
	case g.Scope.Kind != ScopeAccount && g.Scope.Kind != ScopeEnterpriseProject && level == catalog.Global:
		return "holds actions of global services; in a project they have no effect; use scope {account: true}"
	}
	return ""
}

// warnGrant says where a grant is accepted but does not do what it looks like.
func (e *editor) warnGrant(g *Grant) {
	p, ok := e.Policy(g.Policy)
	if !ok {
		return
	}
	where := fmt.Sprintf("grant %q: policy %q ", g.Name, p.Name)
	if why := e.Void(g); why != "" {
		e.warn(where + why)
	}
	doc, err := p.Document()
	if err != nil || doc.Dialect != policy.Huawei || g.Scope.Kind != ScopeEnterpriseProject {
		return
	}
	var idle []string
	for _, st := range doc.Statements {
		for _, a := range st.Actions {
			if supported, known := e.rules.Catalog.EnterpriseProject(a.Text); known && !supported {
				idle = append(idle, a.Text)
			}
		}
	}
	if len(idle) > 0 {
		e.warn(where + "is granted on an enterprise project, where these actions have no effect: " + strings.Join(idle, ", "))
	}
}

func (e *editor) warnAttached(p *Policy) {
	for g := range e.GrantsWith(p.ID) {
		e.warnGrant(g)
	}
}
