package catalog

import (
	"strings"

	"github.com/pratique-iam/pratique/policy"
)

// Level says whether an action is about a global service or one of a project. Everything of RAM is global; an unknown action is taken to
// be in a project, where a grant reaches least.
func (c *Catalog) Level(action string) Level {
	if s, ok := c.ServiceOf(action); ok {
		return s.Level
	}
	return Project
}

// PolicyLevel says where a custom document may be granted, by the services that it names. One custom Huawei policy may not speak of global
// and of project-level services: mixed reports one that does. A wildcard in the service speaks of neither, and so does NotAction, which
// names what it leaves out. A document in RAM is Global.
func (c *Catalog) PolicyLevel(d *policy.Document) (level Level, mixed bool) {
	if d.Dialect == policy.RAM {
		return Global, false
	}
	seen := map[Level]bool{}
	for _, s := range d.Statements {
		for _, a := range s.Actions {
			if code, _, _ := strings.Cut(a.Text, ":"); !wildcard(code) {
				seen[c.huaweiLevel(code)] = true
			}
		}
	}
	switch {
	case seen[Global] && seen[Project]:
		return Project, true
	case seen[Global]:
		return Global, false
	case seen[Project]:
		return Project, false
	}
	return Both, false
}

func (c *Catalog) huaweiLevel(code string) Level {
	if s, ok := c.ServiceIn(policy.Huawei, code); ok {
		return s.Level
	}
	return Project
}

// tristate is yes or no for a group of operations that agree, and mixed for one that does not.
type tristate uint8

const (
	no tristate = iota
	yes
	mixed
)

func (t tristate) join(supported bool) tristate {
	if (t == yes) != supported {
		return mixed
	}
	return t
}

// EnterpriseProject reports whether grants on an enterprise project have an effect on an action. Support belongs to the type of a resource
// (the vendor's Table 3), so an action without an operation follows the others of its type, if they agree; known is false when
// nothing can be said.
func (c *Catalog) EnterpriseProject(action string) (supported, known bool) {
	if ops := c.ByAction(action); len(ops) > 0 {
		return ops[0].EnterpriseProject, true
	}
	t, ok := c.projects[typeOf(action)]
	return t == yes, ok && t != mixed
}

// typeOf is an action up to its last colon, folded: "cce:node", "k8s".
func typeOf(action string) string {
	return fold(action[:max(0, strings.LastIndexByte(action, ':'))])
}
