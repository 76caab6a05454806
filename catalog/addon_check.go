package catalog

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/pratique-iam/pratique/policy"
)

// label is what Kubernetes calls a DNS label: the form of namespaces, and of most names.
var label = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// version is the form of a version number; it stands in names and command lines.
var version = regexp.MustCompile(`^[A-Za-z0-9][-A-Za-z0-9._+]{0,62}$`)

// settingPath is the form of a path into a settings object.
var settingPath = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z][A-Za-z0-9_-]*)*$`)

// CheckAddon says everything that is wrong with an add-on, nil when nothing is. Names of charts are not looked up.
func (c *Catalog) CheckAddon(a *Addon) error {
	var problems []error
	add := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	for field, value := range map[string]string{"name": a.Name, "namespace": a.Namespace, "workload.name": a.Workload.Name} {
		if !label.MatchString(value) {
			add("%s %q must be lower-case letters, digits and '-', at most 63", field, value)
		}
	}
	if a.ServiceAccount != "" && !label.MatchString(a.ServiceAccount) {
		add("serviceAccount %q must be lower-case letters, digits and '-', at most 63", a.ServiceAccount)
	}
	for field, value := range map[string]string{"title": a.Title, "description": a.Description} {
		if value == "" || len(value) > 1024 || strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }) {
			add("%s must be a line of text, at most 1024 bytes", field)
		}
	}
	if s := a.Settings; s != nil && (s.Group == "" || s.Version == "" || s.Kind == "" || !label.MatchString(s.Resource)) {
		add("settings needs group, version, resource and kind")
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
	problems = append(problems, a.checkVersions()...)
	return errors.Join(problems...)
}

func (a *Addon) checkVersions() []error {
	var problems []error
	if len(a.Versions) == 0 {
		problems = append(problems, errors.New("versions is empty"))
	}
	seen := map[string]bool{}
	for _, v := range a.Versions {
		switch {
		case !version.MatchString(v.Version):
			problems = append(problems, fmt.Errorf("version %q must be letters, digits and \"._+-\", at most 63", v.Version))
		case seen[v.Version]:
			problems = append(problems, fmt.Errorf("version %s stands there twice", v.Version))
		case (v.Manifests == "") == (v.Chart == ""):
			problems = append(problems, fmt.Errorf("version %s needs either manifests or chart", v.Version))
		case v.Manifests != "":
			if err := a.checkManifests(v); err != nil {
				problems = append(problems, fmt.Errorf("version %s: %w", v.Version, err))
			}
		}
		seen[v.Version] = true
	}
	return problems
}

// checkManifests reads the objects, among which must be the workload: without it nobody could say whether the add-on runs.
func (a *Addon) checkManifests(v AddonVersion) error {
	objects, err := v.Objects()
	if err != nil {
		return err
	}
	for _, o := range objects {
		if o.Kind() == a.Workload.Kind && o.Name() == a.Workload.Name && o.Namespace() == a.Namespace {
			return nil
		}
	}
	return fmt.Errorf("manifests: there is no %s %s in namespace %s, which is the workload", a.Workload.Kind, a.Workload.Name, a.Namespace)
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
	if twins := slices.IndexFunc(a.Permissions, func(other Permission) bool { return other.ID == p.ID }); &a.Permissions[twins] != p {
		add("stands there twice")
	}
	switch {
	case p.When == "":
	case a.Settings == nil:
		add("depends on a setting, but the add-on has no settings")
	case !settingPath.MatchString(p.When):
		add("when %q must be a path such as spec.logging.enabled", p.When)
	}
	if p.Controllers != "" && !slices.ContainsFunc(a.Principals, func(c Controller) bool { return c.Controllers == p.Controllers }) {
		add("controllers %q has no principal", p.Controllers)
	}
	for _, r := range p.Resources {
		if r != "*" && (a.Dialect() == policy.RAM) != strings.HasPrefix(r, "acs:") {
			add("resource %q is not in the language of the actions", r)
		}
	}
	for _, action := range p.Actions {
		known, _ := c.Action(action)
		if d := policy.DialectOf(action); d == policy.NoDialect || d != a.Dialect() || !known || strings.ContainsAny(action, "*?") {
			add("action %q is not the name of one action in the language of the others", action)
		}
	}
	return problems
}
