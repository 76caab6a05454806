package addon

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/policy"
)

// Diagnosis compares what a controller needs with what its principal holds and what it has used.
type Diagnosis struct {
	Principal string // "" where it needs nothing beyond the cluster
	Rows      []Row
	Missing   []string       // is needed and not held
	Surplus   []string       // is held, and neither needed nor used
	Policy    jsontext.Value // the smallest that is enough; nil when nothing is needed
	Advice    []string
}

// Row is one action on one pattern of resources.
type Row struct {
	Permission string
	Action     string
	Resource   string
	NeededBy   string
	Needed     bool
	Held       bool
	LastUsed   time.Time // zero: not since somebody counts
}

// Role is who acts for the add-on; nil when there is no such role, or none is needed.
func (p *Precheck) Role(s *pratique.Snapshot) *pratique.Role {
	c, misfit := p.on(s)
	if misfit != nil {
		return nil
	}
	return c.role
}

// Diagnose examines a controller. used tells when it has asked about an action last, by the action in lower case. The error is that of an add-on whose
// needs cannot be written as a policy.
func (p *Precheck) Diagnose(s *pratique.Snapshot, used map[string]time.Time) (Diagnosis, error) {
	c, misfit := p.on(s)
	if misfit != nil {
		return Diagnosis{Missing: []string{misfit.Error}, Advice: []string{misfit.Fix}}, nil
	}
	out := Diagnosis{}
	if c.principal.Controllers == "" {
		out.Advice = []string{"it needs nothing beyond the cluster"}
		return out, nil
	}
	out.Principal = c.principalName()
	var now []catalog.Permission
	for _, need := range c.Addon.Needs(c.kind) {
		where, set := c.Settings[need.When]
		needed := need.When == "" || set
		if needed {
			now = append(now, *need)
		}
		by := c.Addon.Name
		if need.When != "" {
			by = strings.TrimPrefix(where+": "+need.When, ": ")
		}
		out.add(c, need, by, needed, used)
	}
	out.Surplus = c.surplus(now, used)
	if len(now) > 0 {
		version := "1"
		if c.Addon.Dialect() == policy.Huawei {
			version = "1.1"
		}
		var err error
		if out.Policy, err = encode(version, statements(now)); err != nil {
			return out, err
		}
	}
	out.advise(c)
	return out, nil
}

// add writes the rows of a permission.
func (d *Diagnosis) add(c *check, need *catalog.Permission, by string, needed bool, used map[string]time.Time) {
	for _, action := range need.Actions {
		for _, pattern := range need.Resources {
			r := Row{
				Permission: need.Title, Action: labelled(action, need.Context), Resource: pattern, NeededBy: by, Needed: needed,
				LastUsed: used[strings.ToLower(action)],
			}
			if c.role != nil {
				q := c.query(need, action, pattern)
				verdict := c.Decider.Decide(c.s, &q)
				r.Held = verdict.Allowed()
			}
			if needed && !r.Held && !slices.Contains(d.Missing, r.Action) {
				d.Missing = append(d.Missing, r.Action)
			}
			d.Rows = append(d.Rows, r)
		}
	}
}

// surplus names what policies of the role allow and nobody needs or has used: single actions, and patterns, which always allow more than somebody
// could need.
func (c *check) surplus(needs []catalog.Permission, used map[string]time.Time) []string {
	var out []string
	if c.role == nil {
		return nil
	}
	for _, name := range c.s.PoliciesOf(c.role.ID) {
		p, ok := c.s.Policy(name)
		if !ok {
			continue
		}
		doc, err := p.Document()
		if err != nil {
			continue // it allows nothing
		}
		for i := range doc.Statements {
			for _, action := range allowed(&doc.Statements[i]) {
				reason, much := c.tooMuch(action, needs, used)
				line := action + " (policy " + name + ")" + reason
				if much && !slices.Contains(out, line) {
					out = append(out, line)
				}
			}
		}
	}
	return out
}

// allowed are the actions that a statement allows, as they are written.
func allowed(s *policy.Statement) []string {
	if s.Effect != policy.Allow {
		return nil
	}
	if len(s.NotActions) > 0 {
		return []string{"*"}
	}
	var out []string
	for _, a := range s.Actions {
		out = append(out, a.Text)
	}
	return out
}

// tooMuch reports whether an action or a pattern goes beyond what is needed, and what there is to say about it.
func (c *check) tooMuch(pattern string, needs []catalog.Permission, used map[string]time.Time) (reason string, much bool) {
	n := 0
	for i := range needs {
		for _, action := range needs[i].Actions {
			if matches(strings.ToLower(pattern), strings.ToLower(action)) {
				n++
			}
		}
	}
	_, asked := used[strings.ToLower(pattern)]
	linked := strings.EqualFold(pattern, "ram:CreateServiceLinkedRole") && len(c.Addon.ServiceLinkedRoles) > 0
	switch {
	case strings.ContainsAny(pattern, "*?"):
		return fmt.Sprintf(": everything of that form, of which %d actions are needed", n), true
	default:
		return "", n == 0 && !asked && !linked
	}
}

// matches reports whether a pattern with '*' and '?' covers a text.
func matches(pattern, text string) bool {
	star, from := -1, 0
	p, t := 0, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			from++
			p, t = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// advise says what to do.
func (d *Diagnosis) advise(c *check) {
	say := func(format string, args ...any) { d.Advice = append(d.Advice, fmt.Sprintf(format, args...)) }
	check := "pratique addon precheck " + c.Addon.Name + " --cluster " + c.Cluster.Name
	switch {
	case c.role == nil:
		say("there is no role %s; what would make it: %s", d.Principal, check)
		return
	case !c.trusted():
		say("role %s does not trust %s, so that the controller cannot act as it", c.role.Name, c.service())
	}
	for _, service := range c.Addon.ServiceLinkedRoles {
		if i := c.linked(service); i.Status == pratique.ItemMissing {
			say("create the role of %s: pratique role link %s", service, service)
		}
	}
	if len(d.Missing) > 0 {
		say("attach a policy to %s that allows what is missing; this grants exactly that: %s, and then pratique addon authorize with the id of its report", d.Principal, check)
		if c.principal.Controllers == workerRole {
			say("afterwards: pratique addon redeploy %s --cluster %s", c.Addon.Name, c.Cluster.Name)
		}
	}
	if len(d.Surplus) > 0 {
		say("the policy below is enough; attached to %s in place of the policies that allow more, it takes the surplus away", d.Principal)
	}
	if len(d.Advice) == 0 {
		say("%s holds what is needed, and no more", d.Principal)
	}
}
