package catalog

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/pratique-iam/pratique/policy"
)

// label is what Kubernetes calls a DNS label: the form of namespaces, and of most names.
var label = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// CheckAddon says everything that is wrong with an add-on, nil when nothing is. Names of charts are not looked up.
func (c *Catalog) CheckAddon(a *Addon) error {
	var problems []error
	add := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	for field, value := range map[string]string{"name": a.Name, "namespace": a.Namespace, "workload.name": a.Workload.Name} {
		if !label.MatchString(value) {
			add("%s %q must be lower-case letters, digits and '-', at most 63", field, value)
		}
	}
	if a.Title == "" || a.Description == "" {
		add("title and description must be set")
	}
	if !slices.Contains([]string{"Deployment", "DaemonSet", "StatefulSet"}, a.Workload.Kind) {
		add("workload.kind %q must be Deployment, DaemonSet or StatefulSet", a.Workload.Kind)
	}
	for _, t := range a.ClusterTypes {
		if _, ok := c.ClusterType(t); !ok {
			add("cluster type %q is not known", t)
		}
	}
	for _, s := range a.ServiceLinkedRoles {
		if _, ok := c.ServiceLinkedRole(s); !ok {
			add("no service-linked role is known for %q", s)
		}
	}
	problems = append(problems, c.checkPrincipals(a)...)
	for i := range a.Permissions {
		problems = append(problems, c.checkPermission(a, &a.Permissions[i])...)
	}
	if len(a.Versions) == 0 {
		add("versions is empty")
	}
	for _, v := range a.Versions {
		if v.Version == "" || (v.Manifests == "") == (v.Chart == "") {
			add("version %q needs a number, and either manifests or chart", v.Version)
		}
	}
	return errors.Join(problems...)
}

func (c *Catalog) checkPrincipals(a *Addon) []error {
	var problems []error
	seen := map[string]bool{}
	for _, p := range a.Principals {
		switch {
		case p.Controllers != "service-role" && p.Controllers != "worker-role":
			problems = append(problems, fmt.Errorf("principals: controllers %q must be service-role or worker-role", p.Controllers))
		case seen[p.Controllers]:
			problems = append(problems, fmt.Errorf("principals: %s stands there twice", p.Controllers))
		case p.Controllers == "service-role" && (p.Role == "" || p.Service == ""):
			problems = append(problems, errors.New("principals: a service role needs role and service"))
		}
		seen[p.Controllers] = true
		if p.Policy == "" {
			continue
		}
		if _, ok := c.Policy(p.Policy); !ok {
			problems = append(problems, fmt.Errorf("principals: the system policy %q is not known", p.Policy))
		}
	}
	if len(a.Permissions) > 0 && len(a.Principals) == 0 {
		problems = append(problems, errors.New("permissions without principals: say who must hold them"))
	}
	return problems
}

func (c *Catalog) checkPermission(a *Addon, p *Permission) []error {
	var problems []error
	add := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("permission %q: %w", p.ID, fmt.Errorf(format, args...)))
	}
	if p.ID == "" || p.Title == "" || len(p.Actions) == 0 || len(p.Resources) == 0 {
		add("needs id, title, actions and resources")
	}
	if p.When != "" && a.Settings == nil {
		add("depends on a setting, but the add-on has no settings")
	}
	for _, action := range p.Actions {
		known, _ := c.Action(action)
		if d := policy.DialectOf(action); d == policy.NoDialect || d != a.Dialect() || !known {
			add("action %q is not known, or not in the language of the others", action)
		}
	}
	return problems
}
