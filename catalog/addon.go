package catalog

import (
	"fmt"
	"slices"

	"sigs.k8s.io/yaml"

	"github.com/pratique-iam/pratique/policy"
)

// Addon is something that can be installed in clusters, with the permissions that its controller needs. The file format is that of
// docs/addons.md; ParseAddon reads it.
type Addon struct {
	Name               string         `json:"name"`
	Title              string         `json:"title"`
	Description        string         `json:"description"`
	Namespace          string         `json:"namespace"`
	Workload           Workload       `json:"workload"`                     // what must run for the add-on to run
	ServiceAccount     string         `json:"serviceAccount,omitempty"`     // that the workload runs as, in Namespace
	ClusterTypes       []string       `json:"clusterTypes,omitempty"`       // nil: all
	Settings           *AddonSettings `json:"settings,omitempty"`           // objects that configure it
	Check              string         `json:"check,omitempty"`              // what the check of its permissions is called: "MSE Ingress Authorization Check"
	Principals         []Controller   `json:"principals,omitempty"`         // who acts for it; at most one for each kind of controllers
	ServiceLinkedRoles []string       `json:"serviceLinkedRoles,omitempty"` // services whose roles must be there
	Permissions        []Permission   `json:"permissions,omitempty"`
	Versions           []AddonVersion `json:"versions"` // newest first
}

// Workload is an object with pods.
type Workload struct {
	Kind string `json:"kind"` // Deployment, DaemonSet, StatefulSet
	Name string `json:"name"`
}

// AddonSettings is the kind of objects that configure an add-on.
type AddonSettings struct {
	Group    string `json:"group"`
	Version  string `json:"version"`
	Resource string `json:"resource"` // plural, as in URLs
	Kind     string `json:"kind"`
}

// Controller is the principal that acts for an add-on in clusters whose type has this kind of controllers (ClusterType.Controllers).
type Controller struct {
	Controllers string `json:"controllers"`       // service-role or worker-role
	Role        string `json:"role,omitempty"`    // name of the service role; the worker role has the name of its cluster
	Service     string `json:"service,omitempty"` // that the service role trusts
	Policy      string `json:"policy,omitempty"`  // system policy that the vendor attaches
}

// Permission is something that the controller must be allowed to do.
type Permission struct {
	ID        string            `json:"id"`
	Title     string            `json:"title"`
	Actions   []string          `json:"actions"`
	Resources []string          `json:"resources"`           // patterns of a policy; the check asks about the narrowest name that each covers
	Context   map[string]string `json:"context,omitempty"`   // condition keys that the request will carry: ram:ServiceName
	When      string            `json:"when,omitempty"`      // path into a settings object, "spec.monitor.logging.sls": needed where it is set
	Rationale string            `json:"rationale,omitempty"` // for whoever approves it

	// Controllers limits it to one kind of principal, "worker-role"; empty: all. Whether the vendor's system policy covers a permission is not
	// said here, because the policy itself can be asked.
	Controllers string `json:"controllers,omitempty"`
}

// For reports whether the permission must be held by a kind of controllers.
func (p *Permission) For(controllers string) bool {
	return p.Controllers == "" || p.Controllers == controllers
}

// AddonVersion is one version. Exactly one of Manifests and Chart is set.
type AddonVersion struct {
	Version   string `json:"version"`
	Manifests string `json:"manifests,omitempty"` // YAML documents; in the catalogue's own files, the name of a file beside
	Chart     string `json:"chart,omitempty"`     // an uploaded chart, "name-version"
}

// ServiceLinkedRole is a role that a service brings along.
type ServiceLinkedRole struct {
	Service     string `json:"service"`
	Role        string `json:"role"`
	Policy      string `json:"policy"`
	Description string `json:"description"`
}

// Addon returns one of the catalogue's own add-ons.
func (c *Catalog) Addon(name string) (*Addon, bool) {
	i := slices.IndexFunc(c.Addons, func(a Addon) bool { return fold(a.Name) == fold(name) })
	if i < 0 {
		return nil, false
	}
	return &c.Addons[i], true
}

// ServiceLinkedRole returns the role that a service brings along.
func (c *Catalog) ServiceLinkedRole(service string) (ServiceLinkedRole, bool) {
	i := slices.IndexFunc(c.ServiceLinkedRoles, func(r ServiceLinkedRole) bool { return r.Service == service })
	if i < 0 {
		return ServiceLinkedRole{}, false
	}
	return c.ServiceLinkedRoles[i], true
}

// ParseAddon reads an add-on file: YAML or JSON, strictly. An unknown or repeated key is an error. It does not check what the file says; see
// CheckAddon.
func ParseAddon(data []byte) (Addon, error) {
	var a Addon
	if err := yaml.UnmarshalStrict(data, &a); err != nil {
		return Addon{}, fmt.Errorf("add-on file: %w", err)
	}
	return a, nil
}

// Supports reports whether an add-on can run in clusters of a type.
func (a *Addon) Supports(clusterType string) bool {
	return a.ClusterTypes == nil || slices.Contains(a.ClusterTypes, clusterType)
}

// Links reports whether the add-on needs the service-linked role of a service.
func (a *Addon) Links(service string) bool { return slices.Contains(a.ServiceLinkedRoles, service) }

// Version finds a version; "" is the newest.
func (a *Addon) Version(version string) (AddonVersion, bool) {
	for _, v := range a.Versions {
		if version == "" || v.Version == version {
			return v, true
		}
	}
	return AddonVersion{}, false
}

// Principal is who acts for the add-on in clusters of a type; none where it needs nothing beyond the cluster.
func (a *Addon) Principal(t *ClusterType) (Controller, bool) {
	for _, p := range a.Principals {
		if p.Controllers == t.Controllers {
			return p, true
		}
	}
	return Controller{}, false
}

// Needs lists the permissions that the principal of clusters of a type must hold.
func (a *Addon) Needs(t *ClusterType) []*Permission {
	var out []*Permission
	for i := range a.Permissions {
		if a.Permissions[i].For(t.Controllers) {
			out = append(out, &a.Permissions[i])
		}
	}
	return out
}

// Dialect is the language of the add-on's permissions.
func (a *Addon) Dialect() policy.Dialect {
	for _, p := range a.Permissions {
		for _, action := range p.Actions {
			return policy.DialectOf(action)
		}
	}
	return policy.NoDialect
}

// CheckName is what the check of its permissions is called.
func (a *Addon) CheckName() string {
	if a.Check == "" {
		return a.Title + " Check"
	}
	return a.Check
}
