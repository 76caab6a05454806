package pratique

import (
	"fmt"
	"strings"

	"github.com/pratique-iam/pratique/catalog"
)

// needGrantSpec notes what granting needs, before it is known whether the named things exist.
func (e *editor) needGrantSpec(spec GrantSpec) {
	n := Need{Vars: map[string]string{"policy": spec.Policy, "policyType": e.policyType(spec.Policy)}}
	switch {
	case spec.User != "":
		n.Vars["principalKind"], n.Vars["principal"] = "user", spec.User
	case spec.Role != "":
		n.Vars["principalKind"], n.Vars["principal"] = "role", spec.Role
	default:
		n.Vars["principalKind"], n.Vars["principal"] = "group", spec.Group
	}
	kind := ScopeAccount
	switch {
	case spec.Scope.AllProjects:
		kind = ScopeAllProjects
	case spec.Scope.Project != "":
		kind = ScopeProject
		n.Project = spec.Scope.Project
		if p, ok := e.Projects.Find(spec.Scope.Project); ok {
			n.Project = p.ID
		}
	case spec.Scope.EnterpriseProject != "":
		kind = ScopeEnterpriseProject
		n.EnterpriseProject = spec.Scope.EnterpriseProject
		if p, ok := e.EnterpriseProjects.Find(spec.Scope.EnterpriseProject); ok {
			n.EnterpriseProject = p.ID
		}
	}
	n.Operation = "grant.create." + string(kind)
	e.plan.Needs = append(e.plan.Needs, n)
}

// needGrant notes what changing an existing grant needs.
func (e *editor) needGrant(verb string, g *Grant) {
	n := Need{
		Operation: "grant." + verb + "." + string(g.Scope.Kind),
		Vars: map[string]string{
			"principalKind": strings.ToLower(string(g.Principal.Kind)), "principal": e.PrincipalName(g.Principal),
			"policy": g.Policy, "policyType": e.policyType(g.Policy),
		},
	}
	if p, ok := e.Policy(g.Policy); ok {
		n.Vars["policy"] = p.Name
	}
	switch g.Scope.Kind {
	case ScopeProject:
		n.Project = g.Scope.ID
	case ScopeEnterpriseProject:
		n.EnterpriseProject = g.Scope.ID
	case ScopeAccount, ScopeAllProjects:
	}
	e.plan.Needs = append(e.plan.Needs, n)
}

// policyType is the account segment of a policy's RAM name: system policies belong to "system".
func (e *editor) policyType(name string) string {
	if p, ok := e.Policy(name); ok && p.System {
		return "system"
	}
	return "custom"
}

// MissingRoles names what a granted role needs beside it in order to work and does not have: the same principal must hold all roles
// that it depends on in the same scope, those of global services at account scope. (Huawei IAM, roles; "the API does not add them".)
func (s *Snapshot) MissingRoles(g *Grant) []string {
	p, ok := s.Policy(g.Policy)
	if !ok || !p.System {
		return nil
	}
	doc, err := p.Document()
	if err != nil {
		return nil
	}
	var missing []string
	for _, d := range doc.Depends {
		if !s.holds(g, d.DisplayName) {
			missing = append(missing, d.DisplayName)
		}
	}
	return missing
}

func (s *Snapshot) holds(g *Grant, role string) bool {
	needed, ok := s.rules.systemPolicy(role)
	if !ok {
		return false
	}
	row, ok := s.rules.Catalog.Policy(role)
	global := ok && row.Level == catalog.Global
	for other := range s.GrantsOf(g.Principal.ID) {
		if other.Policy != needed.ID {
			continue
		}
		switch {
		case global:
			if other.Scope.Kind == ScopeAccount {
				return true
			}
		case other.Scope == g.Scope, other.Scope.Kind == ScopeAllProjects && g.Scope.Kind == ScopeProject:
			return true
		}
	}
	return false
}

// missingRoles warns of the roles that were granted or touched by this list of changes and do not work.
func (e *editor) missingRoles() {
	for _, w := range e.plan.Writes {
		g, ok := w.Object.(*Grant)
		if !ok {
			continue
		}
		if missing := e.MissingRoles(g); len(missing) > 0 {
			p, _ := e.Policy(g.Policy)
			e.warn(fmt.Sprintf("grant %q: role %q does not work until %s also holds, in the same scope: %s",
				g.Name, p.Name, strings.ToLower(string(g.Principal.Kind))+" "+e.PrincipalName(g.Principal), strings.Join(missing, ", ")))
		}
	}
}
