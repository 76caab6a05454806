package catalog

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pratique-iam/pratique/policy"
)

// problems gathers what is wrong with the data, each with the thing it is about.
type problems struct{ errs []error }

func (p *problems) add(about, format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf("catalogue: %s: %w", about, fmt.Errorf(format, args...)))
}

// check holds the files against each other. It runs when the program starts, because a row that contradicts another would be found by the
// person who is refused.
func (c *Catalog) check() error {
	p := &problems{}
	for i := range c.Services {
		c.checkService(p, &c.Services[i])
	}
	for i := range c.ClusterTypes {
		t := &c.ClusterTypes[i]
		if c.types[t.Name] != t {
			p.add(t.Name, "cluster type is there twice")
		}
		if t.Gate != "open" && t.Gate != "closed" || t.Controllers != "service-role" && t.Controllers != "worker-role" {
			p.add(t.Name, "unknown gate %q or controllers %q", t.Gate, t.Controllers)
		}
	}
	for i := range c.Operations {
		c.checkOperation(p, &c.Operations[i])
	}
	for i := range c.Policies {
		c.checkPolicy(p, &c.Policies[i])
	}
	for i := range c.Addons {
		if err := c.CheckAddon(&c.Addons[i]); err != nil {
			p.add("add-on "+c.Addons[i].Name, "%w", err)
		}
	}
	for _, r := range c.ServiceLinkedRoles {
		if _, ok := c.Policy(r.Policy); !ok {
			p.add("service-linked role "+r.Role, "no policy %q", r.Policy)
		}
	}
	for _, t := range c.Tables {
		if _, ok := c.Policy(t.Policy); !ok {
			p.add("table "+t.Policy, "no such policy")
		}
	}
	return errors.Join(p.errs...)
}

func (c *Catalog) checkService(p *problems, s *Service) {
	if c.services[serviceKey{s.Dialect, fold(s.Code)}] != s {
		p.add(s.Code, "service is there twice in %s", s.Dialect)
	}
	if s.Name == "" || s.Description == "" {
		p.add(s.Code, "service without a name or description")
	}
	for _, a := range s.Actions {
		if of, ok := c.ServiceOf(a); !ok || of != s || wildcard(a) {
			p.add(s.Code, "%q is not an action of this service", a)
		}
	}
}

func (c *Catalog) checkPolicy(p *problems, s *SystemPolicy) {
	for _, key := range s.keys() {
		if c.policies[fold(key)] != s {
			p.add(s.ID, "%q names another policy as well", key)
		}
	}
	if s.Type != TypeRole && s.Type != TypePolicy || (s.Type == TypeRole) != (s.Document.Version == "1.0") {
		p.add(s.ID, "type %q with a document of version %s", s.Type, s.Document.Version)
	}
	if s.Provenance != ProvenanceVendor && s.Provenance != ProvenancePratique {
		p.add(s.ID, "unknown provenance %q", s.Provenance)
	}
	if s.Description == "" || s.Version == "" || s.Catalog == "" {
		p.add(s.ID, "policy without a description, version or catalog")
	}
	if s.Dialect == policy.RAM && s.Level != Global {
		p.add(s.ID, "RAM knows no projects: the level must be global")
	}
	for _, d := range s.Document.Depends {
		if needed, ok := c.Policy(d.DisplayName); !ok || needed.Name != d.DisplayName || needed.Catalog != d.Catalog {
			p.add(s.ID, "depends on %s %q, which is not there", d.Catalog, d.DisplayName)
		}
	}
	for _, statement := range s.Document.Statements {
		for _, a := range statement.Actions {
			if known, _ := c.Action(a.Text); !known && !strings.HasPrefix(a.Text, "identity:") {
				p.add(s.ID, "unknown action %q", a.Text)
			}
		}
	}
}
