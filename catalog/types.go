package catalog

import "github.com/pratique-iam/pratique/policy"

// Service is a service whose actions policies may name. Codes are unique within a dialect only: both vendors have an "ecs".
type Service struct {
	Code        string         `json:"code"`
	Name        string         `json:"name"`
	Dialect     policy.Dialect `json:"-"`
	Level       Level          `json:"level,omitzero"` // RAM services are always Global
	Open        bool           `json:"open,omitzero"`  // it has actions that are not listed: an unknown literal passes
	Actions     []string       `json:"actions,omitempty"`
	Resources   bool           `json:"resources,omitzero"` // Huawei: its statements may have a Resource
	Description string         `json:"description"`
}

// Operation is one thing that Pratique can do. Its names are empty in a dialect that does not know it; several operations may share one.
//
// Resource templates hold placeholders, see Fill. A request names the resource of the dialect that decides it.
type Operation struct {
	ID            string   `json:"id"`   // "cluster.create"
	Kind          string   `json:"kind"` // the noun: "cluster"
	Huawei        string   `json:"huawei,omitempty"`
	RAM           string   `json:"ram,omitempty"`
	HuaweiAliases []string `json:"huaweiAliases,omitempty"` // other names that are honoured
	RAMAliases    []string `json:"ramAliases,omitempty"`

	HuaweiResource string `json:"huaweiResource,omitempty"`
	RAMResource    string `json:"ramResource,omitempty"`
	RAMAlso        string `json:"ramAlso,omitempty"` // a second resource on which the RAM action must be allowed as well

	ClusterTypes      []string           `json:"clusterTypes,omitempty"` // nil: all, or not about clusters
	EnterpriseProject bool               `json:"enterpriseProject,omitzero"`
	Access            Access             `json:"access"`
	Description       string             `json:"description"`
	Requires          *Requirement       `json:"requires,omitempty"`
	Variants          map[string]Variant `json:"variants,omitempty"` // by kind of principal: "user", "group", "role"
}

// Variant is how an operation is called for one kind of principal. An empty action says that the dialect has none for it; an empty
// resource is that of the operation.
type Variant struct {
	Huawei         string `json:"huawei,omitempty"`
	RAM            string `json:"ram,omitempty"`
	HuaweiResource string `json:"huaweiResource,omitempty"`
	RAMResource    string `json:"ramResource,omitempty"`
}

// For returns the operation as it is called for a kind of principal, with exact names and without aliases: an Allow to grant to users
// must not let anybody grant to groups. An operation without variants is returned as it is; one that has variants, but none for this
// kind, comes back without any action, so that nothing allows it.
func (o *Operation) For(principal string) *Operation {
	if len(o.Variants) == 0 {
		return o
	}
	v := o.Variants[principal]
	exact := *o
	exact.Variants, exact.HuaweiAliases, exact.RAMAliases = nil, nil, nil
	exact.Huawei, exact.RAM = v.Huawei, v.RAM
	if v.HuaweiResource != "" {
		exact.HuaweiResource = v.HuaweiResource
	}
	if v.RAMResource != "" {
		exact.RAMResource = v.RAMResource
	}
	return &exact
}

// Requirement is what a service demands by itself, whatever policies say. It concerns requests in its dialect only.
type Requirement struct {
	Dialect policy.Dialect `json:"-"`                 // that of its roles and actions
	AnyRole []string       `json:"anyRole,omitempty"` // one of these system roles must be held, by alias
	Actions []string       `json:"actions,omitempty"` // all of these must be allowed as well
	When    string         `json:"when,omitempty"`    // "": always; "billing=prepaid": when the request's attribute has this value
	Reason  string         `json:"reason"`
}

// ClusterType is a kind of cluster. It belongs to one provider, hence to one dialect.
type ClusterType struct {
	Name        string         `json:"name"` // "cce-turbo"
	Title       string         `json:"title"`
	Provider    string         `json:"provider"` // Huawei, Alibaba
	Dialect     policy.Dialect `json:"-"`
	Gate        string         `json:"gate"`               // what an undecided Kubernetes request meets: closed (refused), open (left to RBAC)
	Controllers string         `json:"controllers"`        // who acts for controllers inside: service-role, worker-role
	Existing    string         `json:"existing,omitempty"` // how an add-on gets its permissions in a running cluster; empty: no method
	New         string         `json:"new,omitempty"`      // the same for a cluster that is being created
	Description string         `json:"description"`
}

// The values of SystemPolicy.Type and SystemPolicy.Provenance.
const (
	TypeRole           = "role"     // a Huawei 1.0 role
	TypePolicy         = "policy"   // everything else
	ProvenanceVendor   = "vendor"   // the vendor publishes this text
	ProvenancePratique = "pratique" // it does not: the narrowest document that does what is known of it
)

// SystemPolicy is a role or policy that comes with the catalogue and cannot be changed.
type SystemPolicy struct {
	ID          string           `json:"id"`              // stable: "sys-te-admin"
	Name        string           `json:"name"`            // as people see it: "Tenant Administrator"
	Alias       string           `json:"alias,omitempty"` // as programs know it: "te_admin"
	Type        string           `json:"type"`
	Dialect     policy.Dialect   `json:"-"`
	Level       Level            `json:"level"` // where it may be granted; Huawei writes AX (Global), XA (Project), AA (Both)
	Catalog     string           `json:"catalog"`
	Description string           `json:"description"`
	Provenance  string           `json:"provenance"`
	Note        string           `json:"note,omitempty"` // on the provenance
	Version     string           `json:"version"`
	Document    *policy.Document `json:"-"`
	Raw         []byte           `json:"-"` // the text of the file
}

// Table is one of the vendor's tables of what a system policy opens.
type Table struct {
	Policy string     `json:"policy"` // name of the system policy
	Rows   []TableRow `json:"rows"`
}

// TableRow is a row of a Table. Specific is empty where the vendor names no concrete action.
type TableRow struct {
	Action      string `json:"action"` // as the policy has it
	Specific    string `json:"specific,omitempty"`
	Standard    bool   `json:"standard"` // Standard and Turbo share a column
	Autopilot   bool   `json:"autopilot"`
	Description string `json:"description"`
}
