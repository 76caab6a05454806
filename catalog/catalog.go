package catalog

import (
	"slices"
	"strings"

	"github.com/pratique-iam/pratique/policy"
)

// Catalog is everything that exists, in the order of the files. Get it from Load.
type Catalog struct {
	Services           []Service
	Operations         []Operation // by file and place in it
	ClusterTypes       []ClusterType
	Policies           []SystemPolicy
	Tables             []Table
	Addons             []Addon
	ServiceLinkedRoles []ServiceLinkedRole

	services   map[serviceKey]*Service
	operations map[string]*Operation
	actions    map[string][]*Operation // by folded action or alias
	types      map[string]*ClusterType
	policies   map[string]*SystemPolicy // by folded name, alias and id
	registered map[string]string        // folded action → as it is spelt
	names      []string                 // spellings, sorted
	projects   map[string]tristate      // folded action up to its last colon → support of enterprise projects
}

type serviceKey struct {
	dialect policy.Dialect
	code    string
}

// Operation returns the operation of an id such as "cluster.create".
func (c *Catalog) Operation(id string) (*Operation, bool) {
	o, ok := c.operations[id]
	return o, ok
}

// ByAction returns the operations that an action names, by its name or an alias, without regard to ASCII case; none for an unknown one. The
// first is the general one: who has only the action should take it. It demands no role, and every cluster type that supports any of
// them supports it. The caller must not modify the slice.
func (c *Catalog) ByAction(action string) []*Operation { return c.actions[fold(action)] }

// Service returns the service of a code. Where both vendors have one, it is Huawei's; ServiceIn tells them apart.
func (c *Catalog) Service(code string) (*Service, bool) {
	if s, ok := c.ServiceIn(policy.Huawei, code); ok {
		return s, true
	}
	return c.ServiceIn(policy.RAM, code)
}

// ServiceIn returns the service of a code in a dialect.
func (c *Catalog) ServiceIn(d policy.Dialect, code string) (*Service, bool) {
	s, ok := c.services[serviceKey{d, fold(code)}]
	return s, ok
}

// ServiceOf returns the service that an action belongs to.
func (c *Catalog) ServiceOf(action string) (*Service, bool) {
	code, _, _ := strings.Cut(action, ":")
	return c.ServiceIn(policy.DialectOf(action), code)
}

// Policy returns a system role or policy by its name, alias or id, without regard to ASCII case.
func (c *Catalog) Policy(nameOrAliasOrID string) (*SystemPolicy, bool) {
	p, ok := c.policies[fold(nameOrAliasOrID)]
	return p, ok
}

// ClusterType returns the cluster type of a name such as "cce-turbo".
func (c *Catalog) ClusterType(name string) (*ClusterType, bool) {
	t, ok := c.types[name]
	return t, ok
}

// Supported reports whether clusters of a type have an operation. One that is not about clusters, or that all have, is supported by any.
func Supported(op *Operation, clusterType string) bool {
	return op.ClusterTypes == nil || slices.Contains(op.ClusterTypes, clusterType)
}

// Supports reports whether the vendor's table has a row for clusters of a type. Types that the table does not speak of have none.
func (r TableRow) Supports(clusterType string) bool {
	switch clusterType {
	case "cce-standard", "cce-turbo":
		return r.Standard
	case "cce-autopilot":
		return r.Autopilot
	}
	return false
}
