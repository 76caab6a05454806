package pratique

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/strictjson"
	"github.com/pratique-iam/pratique/policy"
)

// AuthorizationOrigin is the Origin of what AuthorizeServices creates: the account's, not that of one add-on, so that no uninstall takes it
// away.
const AuthorizationOrigin = "authorization"

// ServiceRole is a role that an add-on of the catalogue wants in the account, and how far it is there.
type ServiceRole struct {
	Name    string   // of the role
	Service string   // that the role must trust
	Policy  string   // system policy that the vendor attaches; empty: none
	Addons  []string // that want it, by name
	Role    *Role    // nil: there is none of that name
	Missing []string // what it lacks, in words; nothing when it is complete
}

// ServiceRoles lists the service roles that the add-ons of the catalogue want, by name (Alibaba ACK: the service authorization of an account).
// Add-ons that the account has registered itself are left out: what they want is looked at one by one, by whoever authorizes them.
func (s *Snapshot) ServiceRoles() []ServiceRole {
	var out []ServiceRole
	for i := range s.rules.Catalog.Addons {
		a := &s.rules.Catalog.Addons[i]
		for _, p := range a.Principals {
			if p.Role == "" {
				continue
			}
			at := slices.IndexFunc(out, func(r ServiceRole) bool { return Fold(r.Name) == Fold(p.Role) && r.Service == p.Service })
			if at < 0 {
				out = append(out, s.serviceRole(p))
				at = len(out) - 1
			}
			out[at].Addons = append(out[at].Addons, a.Name)
		}
	}
	slices.SortFunc(out, func(a, b ServiceRole) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func (s *Snapshot) serviceRole(p catalog.Controller) ServiceRole {
	out := ServiceRole{Name: p.Role, Service: p.Service, Policy: p.Policy}
	role, ok := s.Roles.Name(p.Role)
	if !ok {
		out.Missing = append(out.Missing, "the role")
	} else {
		out.Role = role
	}
	if !ok || !role.Trusts([]policy.Principal{{Type: "Service", ID: p.Service}}, nil) {
		out.Missing = append(out.Missing, "trust in "+p.Service)
	}
	if p.Policy != "" && (!ok || !s.attached(role.ID, p.Policy)) {
		out.Missing = append(out.Missing, "policy "+p.Policy)
	}
	return out
}

// attached reports whether a policy is granted to a principal in the whole account.
func (s *Snapshot) attached(principalID, policyName string) bool {
	p, ok := s.Policy(policyName)
	if !ok {
		return false
	}
	for g := range s.GrantsOf(principalID) {
		if g.Policy == p.ID && g.Scope.Kind == ScopeAccount {
			return true
		}
	}
	return false
}

// AuthorizeServices creates the service roles that the catalogue's add-ons want, and completes those that lack something. It needs what each
// of these changes needs, beside the operation itself: nobody gives a service what they could not give it by hand.
type AuthorizeServices struct{ Project string } // id: where userAuthorization.create is held; empty: in the account

func (c AuthorizeServices) apply(e *editor) error {
	e.plan.Needs = append(e.plan.Needs, Need{Operation: "userAuthorization.create", Vars: map[string]string{}, Project: c.Project})
	var changes []Change
	for _, r := range e.ServiceRoles() {
		if len(r.Missing) == 0 {
			continue
		}
		if r.Role != nil && r.Role.Service != "" {
			return conflict("the role %q is linked to the service %s and cannot trust %s as well", r.Role.Name, r.Role.Service, r.Service)
		}
		puts, err := e.complete(r)
		if err != nil {
			return err
		}
		changes = append(changes, puts...)
	}
	return Originate{Origin: AuthorizationOrigin, Changes: changes}.apply(e)
}

// complete writes what a service role lacks as manifests.
func (e *editor) complete(r ServiceRole) ([]Change, error) {
	var out []Change
	spec := RoleSpec{Description: "Lets " + r.Service + " act for " + strings.Join(r.Addons, ", "), Trust: trustOfService(r.Service)}
	trusts := r.Role != nil && r.Role.Trusts([]policy.Principal{{Type: "Service", ID: r.Service}}, nil)
	if r.Role != nil && !trusts {
		var err error
		spec = r.Role.RoleSpec
		if spec.Trust, err = alsoTrust(spec.Trust, r.Service); err != nil {
			return nil, fmt.Errorf("trust policy of role %s: %w", r.Name, err)
		}
	}
	name := r.Name
	if r.Role != nil {
		name = r.Role.Name
	}
	if !trusts {
		put, err := manifestOf(KindRole, name, spec)
		if err != nil {
			return nil, err
		}
		out = append(out, put)
	}
	if r.Policy != "" && (r.Role == nil || !e.attached(r.Role.ID, r.Policy)) {
		grant := "service-" + name
		if _, taken := e.Grants.Name(grant); taken {
			return nil, conflict("the grant %q gives something else than policy %s to role %s", grant, r.Policy, name).hint("rename it or delete it first")
		}
		put, err := manifestOf(KindGrant, grant, GrantSpec{Role: name, Policy: r.Policy, Scope: ScopeSpec{Account: true}})
		if err != nil {
			return nil, err
		}
		out = append(out, put)
	}
	return out, nil
}

func manifestOf(kind Kind, name string, spec any) (Put, error) {
	data, err := strictjson.Marshal(spec)
	if err != nil {
		return Put{}, fmt.Errorf("%s %s: %w", kind.Word(), name, err)
	}
	return Put{Manifest{APIVersion: APIVersion, Kind: kind, Metadata: Metadata{Name: name}, Spec: data}}, nil
}

// alsoTrust adds a service to those that a trust policy names, and takes nobody away.
func alsoTrust(trust jsontext.Value, service string) (jsontext.Value, error) {
	var doc, more struct {
		Version   string           `json:"Version"`
		Statement []jsontext.Value `json:"Statement"`
	}
	if err := strictjson.Unmarshal(trust, &doc); err != nil {
		return nil, err
	}
	if err := strictjson.Unmarshal(trustOfService(service), &more); err != nil {
		return nil, err
	}
	doc.Statement = append(doc.Statement, more.Statement...)
	return strictjson.Marshal(doc)
}
