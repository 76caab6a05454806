package addon

import (
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/policy"
)

// sampleID stands for every id that a pattern leaves open.
const sampleID = "precheck"

// query asks whether the principal may do an action of a permission on a name that a pattern covers; see the comment of the package.
func (c *check) query(p *catalog.Permission, action, pattern string) access.Query {
	q := access.Query{
		Principal: pratique.Ref{Kind: pratique.KindRole, ID: c.role.ID}, Action: action, Resource: c.sample(action, pattern),
		Project: c.Cluster.Project, Time: c.Now, Context: contextOf(p.Context),
	}
	if q.Resource == "" {
		q.Vars = map[string]string{"name": c.named(p)}
	}
	return q
}

func contextOf(keys map[string]string) []policy.Attribute {
	var out []policy.Attribute
	for k, v := range keys {
		out = append(out, policy.Attribute{Key: k, Values: []string{v}})
	}
	return out
}

// named is what an operation of Pratique itself is tried on: the role that a service would bring along, where a permission is about that.
func (c *check) named(p *catalog.Permission) string {
	if row, ok := c.Decider.Rules.Catalog.ServiceLinkedRole(p.Context[serviceName]); ok {
		return row.Role
	}
	return sampleID
}

// serviceName is the condition key that says whose role is created.
const serviceName = "ram:ServiceName"

// sample is a name that a pattern covers. It is empty for "*" on an operation of the catalogue, which has a template of its own.
func (c *check) sample(action, pattern string) string {
	if pattern == "*" {
		if len(c.Decider.Rules.Catalog.ByAction(action)) > 0 {
			return ""
		}
		service, _, _ := strings.Cut(action, ":")
		if policy.DialectOf(action) == policy.Huawei {
			return strings.Join([]string{service, c.region(), c.s.Account.ID, sampleID, sampleID}, ":")
		}
		return strings.Join([]string{"acs", service, c.region(), c.s.Account.ID, sampleID}, ":")
	}
	parts := strings.SplitN(pattern, ":", 5)
	region, account := 1, 2
	if policy.DialectOf(action) == policy.RAM {
		region, account = 2, 3
	}
	for i := range parts {
		switch {
		case i == region && parts[i] == "*":
			parts[i] = c.region()
		case i == account && parts[i] == "*":
			parts[i] = c.s.Account.ID
		default:
			parts[i] = strings.ReplaceAll(strings.ReplaceAll(parts[i], "*", sampleID), "?", sampleID[:1])
		}
	}
	return strings.Join(parts, ":")
}

func (c *check) region() string {
	if p, ok := c.s.Projects.ID(c.Cluster.Project); ok {
		return p.Region
	}
	return c.Decider.Rules.Regions[0]
}
