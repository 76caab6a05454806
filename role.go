package pratique

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique/policy"
)

// Role is an identity that is assumed. Its trust policy says by whom.
type Role struct {
	Meta
	RoleSpec
	Service string `json:"service,omitempty"` // of a service-linked role: "audit.log.aliyuncs.com"
	Cluster string `json:"cluster,omitempty"` // of the worker role of a cluster: its id
}

func (*Role) kind() Kind { return KindRole }

// RoleSpec is what a manifest says of a role. Trust is a RAM trust policy, stored canonically.
type RoleSpec struct {
	Description string         `json:"description,omitempty"`
	Trust       jsontext.Value `json:"trust"`
	MaxSession  Duration       `json:"maxSession,omitzero"` // zero: one hour
}

// Duration is a time.Duration that reads and writes as "1h30m".
type Duration time.Duration

// MarshalText writes the duration as time.Duration does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = Duration(v)
	return err
}

func (e *editor) putRole(m Manifest) error {
	own := len(e.plan.Needs)
	old, exists, err := find(e, e.Roles, m, "role")
	if err != nil {
		return err
	}
	r := &Role{Meta: Meta{Name: m.Metadata.Name}}
	if exists {
		r.Service, r.Cluster = old.Service, old.Cluster
	}
	if err := decodeSpec(m, &r.RoleSpec); err != nil {
		return err
	}
	if err := e.checkRole(r); err != nil {
		return err
	}
	if !exists {
		e.stamp(&r.Meta, nil, KindRole)
		e.Roles.set(r)
		e.write(Create, r, diff(nil, r.RoleSpec))
		return nil
	}
	fields := renamed(old.Name, r.Name, diff(old.RoleSpec, r.RoleSpec))
	if len(fields) == 0 {
		e.unchanged(old, "role", own)
		return nil
	}
	if old.Service != "" {
		return conflict("the role %q is linked to the service %s, which alone decides what it is", old.Name, old.Service)
	}
	if old.Cluster != "" && r.Name != old.Name {
		return conflict("the worker role %q cannot be renamed", old.Name)
	}
	e.stamp(&r.Meta, &old.Meta, KindRole)
	e.Roles.set(r)
	e.write(Update, r, fields)
	return nil
}

// checkRole refuses what neither vendor would take: sessions of 15 minutes to 12 hours, a trust policy always.
func (e *editor) checkRole(r *Role) error {
	if err := checkText("description", r.Description, 1024); err != nil {
		return err
	}
	if d := time.Duration(r.MaxSession); d != 0 && (d < 15*time.Minute || d > 12*time.Hour) {
		return invalid("maxSession of role %q is %s", r.Name, d).hint("use 15m to 12h")
	}
	if len(r.Trust) == 0 {
		return invalid("role %q has no trust policy", r.Name).hint("set spec.trust to say who may assume it")
	}
	doc, err := e.rules.parser(policy.Trust).Parse(r.Trust)
	if err != nil {
		return documentError("trust policy of role "+r.Name, err)
	}
	r.Trust = doc.Canonical()
	return nil
}

func (e *editor) deleteRole(c Delete) error {
	e.need("role.delete", "name", c.Name)
	r, ok := e.Roles.Find(c.Name)
	if !ok {
		return notFound(KindRole, c.Name)
	}
	if r.Service != "" {
		return conflict("the role %q is linked to the service %s", r.Name, r.Service).hint("delete it with: pratique role unlink %s", r.Service)
	}
	if cl, ok := e.Clusters.ID(r.Cluster); ok {
		return conflict("the role %q is the worker role of cluster %q, and goes when the cluster goes", r.Name, cl.Name)
	}
	var h holders
	e.heldByGrants(&h, e.GrantsOf(r.ID))
	e.heldByPermissions(&h, r.ID)
	if err := h.refuse(c, r.Name); err != nil {
		return err
	}
	e.dropGrants(e.GrantsOf(r.ID))
	e.dropPermissions(r.ID)
	e.endSessions(r.ID)
	e.Roles.remove(r)
	e.write(Remove, r, nil)
	return nil
}
