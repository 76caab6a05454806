package access

import (
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/policy"
)

// held is a grant that reaches a principal, itself or through a group.
type held struct {
	grant  *pratique.Grant
	policy *pratique.Policy
	via    *pratique.Group // nil: granted to the principal itself
}

// holdings lists everything that reaches a principal, in a fixed order, into buf.
func holdings(s *pratique.Snapshot, p pratique.Ref, buf []held) []held {
	add := func(id string, via *pratique.Group) {
		for g := range s.GrantsOf(id) {
			if pol, ok := s.Policy(g.Policy); ok {
				buf = append(buf, held{g, pol, via})
			}
		}
	}
	add(p.ID, nil)
	if p.Kind == pratique.KindUser {
		for g := range s.GroupsOf(p.ID) {
			add(g.ID, g)
		}
	}
	return buf
}

// Holding is a grant that reaches a principal, for people and for explanations.
type Holding struct {
	Grant   *pratique.Grant
	Policy  *pratique.Policy
	Via     string   // "group viewers" or "directly"
	Missing []string // roles without which it does not work
	Void    string   // why it does nothing in its scope
}

// Holdings lists everything that reaches a principal.
func Holdings(s *pratique.Snapshot, p pratique.Ref) []Holding {
	var out []Holding
	for _, h := range holdings(s, p, nil) {
		out = append(out, Holding{Grant: h.grant, Policy: h.policy, Via: via(h), Missing: s.MissingRoles(h.grant), Void: s.Void(h.grant)})
	}
	return out
}

func via(h held) string {
	if h.via == nil {
		return "directly"
	}
	return "group " + h.via.Name
}

// chainKey is what the chain of a principal depends on beside the principal.
type chainKey struct {
	dialect           policy.Dialect
	global            bool // the action belongs to a global service
	enterprise        bool // the action supports enterprise projects
	project           string
	enterpriseProject string
}

// applies reports in which tier a grant takes part: "" for none.
func (k chainKey) applies(h held, doc *policy.Document) string {
	if doc.Dialect != k.dialect {
		return ""
	}
	scope := h.grant.Scope
	inner := scope.Kind == pratique.ScopeEnterpriseProject
	switch {
	case inner && (!k.enterprise || scope.ID != k.enterpriseProject):
		return ""
	case k.dialect == policy.RAM && inner:
		return tierResourceGroup
	case k.dialect == policy.RAM:
		return tierAccount
	case !inner && !k.reaches(scope):
		return ""
	case doc.Version == "1.0":
		return tierRole
	case inner:
		return tierEnterpriseProject
	default:
		return tierProject
	}
}

// reaches reports whether a Huawei grant outside enterprise projects holds for the request: global services are granted at the account,
// the others in the project that is asked about or in all of them.
func (k chainKey) reaches(scope pratique.Scope) bool {
	switch scope.Kind {
	case pratique.ScopeAccount:
		return k.global
	case pratique.ScopeAllProjects:
		return !k.global
	case pratique.ScopeProject:
		return !k.global && scope.ID == k.project
	case pratique.ScopeEnterpriseProject:
	}
	return false
}

// The tiers, named as explanations name them.
const (
	tierSession           = "session"
	tierProject           = "project"
	tierEnterpriseProject = "enterprise-project"
	tierRole              = "role"
	tierAccount           = "account"
	tierResourceGroup     = "resource-group"
)

// buildChain makes the chain of a principal for one kind of request. It is the only place that knows the order of tiers.
func (d *Decider) buildChain(s *pratique.Snapshot, holds []held, k chainKey, session *policy.Document) policy.Chain {
	tiers := map[string][]policy.Source{}
	for _, h := range holds {
		compiled, err := h.policy.Compiled()
		if err != nil {
			// Nobody can know what an unreadable policy would have denied.
			tiers[tierSession] = append(tiers[tierSession], d.source(s, h, policy.CompileDocument(denyAll(k.dialect))))
			continue
		}
		tier := k.applies(h, compiled.Document())
		if tier == "" || tier == tierRole && len(s.MissingRoles(h.grant)) > 0 {
			continue
		}
		tiers[tier] = append(tiers[tier], d.source(s, h, compiled))
	}
	guard := policy.Tier{Name: tierSession, Sets: sets(tiers[tierSession])}
	if session != nil {
		guard = policy.Tier{Name: tierSession, Combine: policy.Required, Sets: sets(append(tiers[tierSession],
			policy.Source{Document: session, Policy: "session policy", Version: "1", Scope: "the session"}))}
	}
	var chain policy.Chain
	if len(guard.Sets) > 0 {
		chain = append(chain, guard)
	}
	if k.dialect == policy.RAM {
		return append(chain,
			policy.Tier{Name: tierAccount, Sets: sets(tiers[tierAccount])},
			policy.Tier{Name: tierResourceGroup, Sets: sets(tiers[tierResourceGroup]), Skipped: k.skipped("resource group")})
	}
	return append(chain,
		policy.Tier{Name: tierProject, Sets: sets(tiers[tierProject])},
		policy.Tier{Name: tierEnterpriseProject, Sets: sets(tiers[tierEnterpriseProject]), Skipped: k.skipped("enterprise project")},
		policy.Tier{Name: tierRole, Combine: policy.Separate, Sets: each(tiers[tierRole])})
}

func (k chainKey) skipped(word string) string {
	switch {
	case !k.enterprise:
		return "this kind of resource does not support " + word + "s"
	case k.enterpriseProject == "":
		return "the request names no " + word
	default:
		return ""
	}
}

func (d *Decider) source(s *pratique.Snapshot, h held, compiled *policy.Compiled) policy.Source {
	return policy.Source{
		Compiled: compiled, Policy: h.policy.Name, ID: h.policy.ID, Version: h.policy.Default,
		Grant: h.grant.Name + " (" + strings.ToLower(via(h)) + ")", Scope: s.ScopeText(h.grant.Scope),
	}
}

func sets(sources []policy.Source) []*policy.Set {
	if len(sources) == 0 {
		return nil
	}
	return []*policy.Set{policy.Compile(sources...)}
}

func each(sources []policy.Source) []*policy.Set {
	var out []*policy.Set
	for _, src := range sources {
		out = append(out, policy.Compile(src))
	}
	return out
}

func denyAll(d policy.Dialect) *policy.Document {
	action, version := "*:*:*", "1.1"
	if d == policy.RAM {
		action, version = "*", "1"
	}
	return &policy.Document{Version: version, Dialect: d, Statements: []policy.Statement{
		{Effect: policy.Deny, Actions: []policy.Value{{Text: action}}, Resources: []policy.Value{{Text: "*"}}},
	}}
}
