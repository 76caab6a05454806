package access

import (
	"maps"
	"strings"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/policy"
)

// Query is one question: may the principal do this?
type Query struct {
	Principal         pratique.Ref       // a user, a role, or the root (id pratique.RootID)
	Action            string             // in a dialect, "cce:node:delete" or "cs:DeleteCluster", or the id of an operation, "user.create"
	Resource          string             // full name in the dialect of Action; empty: from the operation's template and Vars
	Vars              map[string]string  // fill the templates; what is missing stays empty
	Project           string             // id; empty: no project is meant
	EnterpriseProject string             // id, of the resource
	ClusterType       string             // empty: not about a cluster, or not known
	Context           []policy.Attribute // condition keys beyond those that are filled in from the rest
	Lookup            policy.Lookup      // more of these, which whoever asks works out when they are asked for; they beat Context
	Time              time.Time
	Source            string // network address of the caller, for acs:SourceIp
	MFA               bool
	SessionPolicy     *policy.Document // of an assumed role; nil: none was passed
}

// walk is a query in one dialect: every one of its resources must be allowed.
type walk struct {
	dialect   policy.Dialect
	action    string
	aliases   []string // older names of the same operation: a policy may use any of them
	resources [2]string
	n         int // resources in use, at least 1
}

// resolved is a query looked up in the catalogue.
type resolved struct {
	operation *catalog.Operation // nil: an action of a service that Pratique does not operate
	walks     [2]walk
	n         int
}

// identity reports whether an operation is about identity: those have a name in both languages, and one principal may hold the right
// in either.
func identity(op *catalog.Operation) bool {
	return op.RAM != "" && (strings.HasPrefix(op.Huawei, "iam:") || strings.HasPrefix(op.Huawei, "eps:"))
}

func (d *Decider) resolve(s *pratique.Snapshot, q *Query) (resolved, bool) {
	var r resolved
	dialect := policy.DialectOf(q.Action)
	if dialect == policy.NoDialect {
		op, ok := d.Rules.Catalog.Operation(q.Action)
		if !ok {
			return r, false
		}
		r.operation = op
		d.addWalks(&r, s, q, policy.NoDialect)
		return r, r.n > 0
	}
	r.operation = d.known.of(d.Rules.Catalog, q.Action).operation
	if r.operation != nil && identity(r.operation) && len(r.operation.Variants) == 0 {
		d.addWalks(&r, s, q, dialect)
		return r, true
	}
	w := walk{dialect: dialect, action: q.Action, n: 1}
	w.nameAs(r.operation)
	w.resources[0] = q.Resource
	if q.Resource == "" && r.operation != nil {
		w.resources[0] = d.fill(s, q, template(r.operation, dialect))
	}
	r.walks[0], r.n = w, 1
	return r, true
}

func template(op *catalog.Operation, dialect policy.Dialect) string {
	if dialect == policy.Huawei {
		return op.HuaweiResource
	}
	return op.RAMResource
}

// nameAs gives the walk the other names of its operation. Where the aliases stand for different kinds of principal they are not synonyms.
func (w *walk) nameAs(op *catalog.Operation) {
	switch {
	case op == nil || len(op.Variants) > 0:
	case w.dialect == policy.Huawei && len(op.HuaweiAliases) > 0:
		w.aliases = op.HuaweiAliases
		if !strings.EqualFold(w.action, op.Huawei) {
			w.aliases = append([]string{op.Huawei}, op.HuaweiAliases...)
		}
	case w.dialect == policy.RAM && len(op.RAMAliases) > 0:
		w.aliases = op.RAMAliases
		if !strings.EqualFold(w.action, op.RAM) {
			w.aliases = append([]string{op.RAM}, op.RAMAliases...)
		}
	}
}

// addWalks adds a walk for every name of the operation. asked is the dialect in which the action was given; that walk keeps the name and
// resource that were asked about.
func (d *Decider) addWalks(r *resolved, s *pratique.Snapshot, q *Query, asked policy.Dialect) {
	op := r.operation
	if kind := q.Vars["principalKind"]; kind != "" {
		op = op.For(kind)
	}
	only := d.dialectOfType(q.ClusterType)
	for _, dialect := range [...]policy.Dialect{policy.Huawei, policy.RAM} {
		action := op.Huawei
		if dialect == policy.RAM {
			action = op.RAM
		}
		if action == "" || only != policy.NoDialect && only != dialect && !identity(op) {
			continue
		}
		w := walk{dialect: dialect, action: action, n: 1}
		w.nameAs(op)
		w.resources[0] = d.fill(s, q, template(op, dialect))
		switch {
		case dialect == asked && q.Resource != "":
			w.action, w.resources[0] = q.Action, q.Resource
		case dialect == asked:
			w.action = q.Action
		case dialect == policy.RAM && op.RAMAlso != "":
			w.resources[1], w.n = d.fill(s, q, op.RAMAlso), 2
		}
		r.walks[r.n] = w
		r.n++
	}
}

func (d *Decider) dialectOfType(clusterType string) policy.Dialect {
	if t, ok := d.Rules.Catalog.ClusterType(clusterType); ok {
		return t.Dialect
	}
	return policy.NoDialect
}

// fill writes a resource name from a template. A part that the query does not name stays empty, so that only patterns that cover
// everything there match.
func (d *Decider) fill(s *pratique.Snapshot, q *Query, template string) string {
	if template == "" {
		return ""
	}
	values := map[string]string{"account": s.Account.ID, "owner": s.Account.ID, "region": d.Rules.Regions[0]}
	if p, ok := s.Projects.ID(q.Project); ok {
		values["region"] = p.Region
	}
	maps.Copy(values, q.Vars)
	if q.Vars["policyType"] == "system" {
		values["owner"] = "system"
	}
	return catalog.Fill(template, values)
}
