package pratique

import (
	"maps"
	"slices"

	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/policy"
)

// Cluster is a Kubernetes cluster that Pratique guards.
type Cluster struct {
	Meta
	Type              string            `json:"type"` // of the catalogue: "cce-standard"
	Provisioner       Provisioner       `json:"provisioner"`
	Project           string            `json:"project"`           // id
	EnterpriseProject string            `json:"enterpriseProject"` // id
	Tags              map[string]string `json:"tags,omitempty"`
	Stopped           bool              `json:"stopped,omitzero"`  // hibernated on purpose
	Billing           string            `json:"billing,omitempty"` // "prepaid": somebody who may pay has ordered it; empty: by use
	Creator           Ref               `json:"creator"`
	Nodes             int               `json:"nodes,omitzero"`   // simulated nodes of a local cluster
	Server            string            `json:"server,omitempty"` // attached: address of the kube-apiserver
	CA                []byte            `json:"ca,omitempty"`     // attached: PEM
	Sealed            []byte            `json:"sealed,omitempty"` // attached: credential, sealed to the id
	Shadow            bool              `json:"shadow,omitzero"`  // the webhook says what it would deny, and denies nothing
}

func (*Cluster) kind() Kind { return KindCluster }

// Provisioner says who runs a cluster.
type Provisioner string

// The provisioners.
const (
	ProvisionerLocal    Provisioner = "local"    // Pratique, on its own machine: for tests, demos and development
	ProvisionerAttached Provisioner = "attached" // somebody else
)

// Prepaid is the billing of what is paid by the month or year: an order, which needs somebody who may pay it.
const Prepaid = "prepaid"

// AllClusters and AllNamespaces stand for every one, those of the future too.
const (
	AllClusters   = "*"
	AllNamespaces = "*"
)

// Dialect is the language in which the cluster's permissions are written.
func (s *Snapshot) Dialect(c *Cluster) policy.Dialect {
	if t, ok := s.rules.Catalog.ClusterType(c.Type); ok {
		return t.Dialect
	}
	return policy.NoDialect
}

// need adds an operation on a cluster: on its name and id, in its project and enterprise project, with its type and tags.
func (e *editor) needOnCluster(operation string, c *Cluster) {
	e.plan.Needs = append(e.plan.Needs, c.Need(operation))
}

// Need is an operation on the cluster.
func (c *Cluster) Need(operation string) Need {
	return Need{
		Operation: operation, Vars: map[string]string{"cluster": c.ID, "name": c.Name, "id": c.ID},
		Project: c.Project, EnterpriseProject: c.EnterpriseProject, ClusterType: c.Type, Tags: c.Tags,
	}
}

// CreateCluster adds a cluster to the directory. Its Project and EnterpriseProject are names or ids; empty ones are the first region's
// default and the account's default. Billing "prepaid" demands the right to pay.
type CreateCluster struct {
	Cluster Cluster // with id, name, type, provisioner
	Billing string
}

func (c CreateCluster) apply(e *editor) error {
	n := c.Cluster
	operation := "cluster.create"
	if n.Provisioner == ProvisionerAttached {
		operation = "cluster.attach"
	}
	project := firstOf(n.Project, e.rules.Regions[0])
	if p, ok := e.Projects.Find(project); ok {
		n.Project = p.ID
	}
	enterprise := firstOf(n.EnterpriseProject, DefaultEnterpriseProject)
	if p, ok := e.EnterpriseProjects.Find(enterprise); ok {
		n.EnterpriseProject = p.ID
	}
	n.Billing = ""
	if c.Billing == Prepaid {
		n.Billing = Prepaid
	}
	need := n.Need(operation)
	need.Billing = c.Billing
	e.plan.Needs = append(e.plan.Needs, need)
	if err := checkName(KindCluster, n.Name); err != nil {
		return err
	}
	if _, taken := e.Clusters.Name(n.Name); taken {
		return conflict("a cluster named %q exists already", n.Name)
	}
	if most := e.rules.Limits.Clusters; e.Clusters.Len() >= most {
		return conflict("the account has %d clusters, and may not have more", most).hint("delete one first; the operator of the server sets the limit")
	}
	if _, ok := e.Projects.ID(n.Project); !ok {
		return notFound(KindProject, project)
	}
	if _, ok := e.EnterpriseProjects.ID(n.EnterpriseProject); !ok {
		return notFound(KindEnterpriseProject, enterprise)
	}
	if err := e.checkCluster(&n); err != nil {
		return err
	}
	e.stamp(&n.Meta, nil, KindCluster)
	e.Clusters.set(&n)
	e.write(Create, &n, diff(nil, n.view()))
	e.addWorkerRole(&n)
	return nil
}

func (e *editor) checkCluster(c *Cluster) error {
	if _, ok := e.rules.Catalog.ClusterType(c.Type); !ok {
		var names []string
		for _, t := range e.rules.Catalog.ClusterTypes {
			names = append(names, t.Name)
		}
		return invalid("cluster type %q is not known", c.Type).hint("known types: %v", names)
	}
	if len(c.Tags) > 20 {
		return invalid("a cluster has at most 20 tags, not %d", len(c.Tags))
	}
	for _, k := range slices.Sorted(maps.Keys(c.Tags)) {
		if k == "" {
			return invalid("a tag needs a key")
		}
		if err := checkText("tag key", k, 128); err != nil {
			return err
		}
		if err := checkText("tag "+k, c.Tags[k], 256); err != nil {
			return err
		}
	}
	return nil
}

// ClusterUpdate changes what may change about a cluster; nil members stay as they are.
type ClusterUpdate struct {
	Name    string // or id
	Rename  *string
	Tags    *map[string]string
	Stopped *bool
	Shadow  *bool
	Server  *string
	CA      *[]byte
	Sealed  *[]byte
}

// operation names what the update needs: hibernating and waking are operations of their own.
func (u ClusterUpdate) operation() string {
	switch {
	case u.Stopped != nil && *u.Stopped:
		return "cluster.stop"
	case u.Stopped != nil:
		return "cluster.start"
	case u.Shadow != nil:
		return "cluster.connect"
	default:
		return "cluster.update"
	}
}

func (u ClusterUpdate) apply(e *editor) error {
	old, ok := e.Clusters.Find(u.Name)
	if !ok {
		e.need(u.operation(), "cluster", u.Name, "name", u.Name)
		return notFound(KindCluster, u.Name)
	}
	e.needOnCluster(u.operation(), old)
	op, known := e.rules.Catalog.Operation(u.operation())
	if known && !catalog.Supported(op, old.Type) {
		return conflict("clusters of type %s do not support %s", old.Type, u.operation())
	}
	c := *old
	set(&c.Name, u.Rename)
	set(&c.Tags, u.Tags)
	set(&c.Stopped, u.Stopped)
	set(&c.Shadow, u.Shadow)
	set(&c.Server, u.Server)
	set(&c.CA, u.CA)
	set(&c.Sealed, u.Sealed)
	if other, taken := e.Clusters.Name(c.Name); taken && other.ID != c.ID {
		return conflict("a cluster named %q exists already", c.Name)
	}
	if err := checkName(KindCluster, c.Name); err != nil {
		return err
	}
	if err := e.checkCluster(&c); err != nil {
		return err
	}
	fields := renamed(old.Name, c.Name, diff(old.view(), c.view()))
	if len(fields) == 0 && u.Sealed == nil {
		e.write(Unchanged, old, nil)
		return nil
	}
	e.stamp(&c.Meta, &old.Meta, KindCluster)
	e.Clusters.set(&c)
	e.write(Update, &c, fields)
	return nil
}

func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

// DeleteCluster takes a cluster out of the directory. Namespace permissions that name only this cluster go with it, and so do its node
// pools, its add-ons with what was made for them, the reports about it and its worker role.
type DeleteCluster struct{ Name string }

func (d DeleteCluster) apply(e *editor) error {
	c, ok := e.Clusters.Find(d.Name)
	if !ok {
		e.need("cluster.delete", "cluster", d.Name, "name", d.Name)
		return notFound(KindCluster, d.Name)
	}
	e.needOnCluster("cluster.delete", c)
	for _, p := range slices.Collect(e.NamespacePermissions.All()) {
		e.forgetCluster(p, c.ID)
	}
	e.dropOfCluster(c)
	e.Clusters.remove(c)
	e.write(Remove, c, nil)
	return nil
}

// view is what a plan and an audit record show of a cluster: no credential.
func (c *Cluster) view() any {
	return struct {
		Type        string            `json:"type"`
		Provisioner Provisioner       `json:"provisioner"`
		Tags        map[string]string `json:"tags,omitempty"`
		Billing     string            `json:"billing,omitempty"`
		Stopped     bool              `json:"stopped,omitzero"`
		Shadow      bool              `json:"shadow,omitzero"`
		Server      string            `json:"server,omitempty"`
	}{c.Type, c.Provisioner, c.Tags, c.Billing, c.Stopped, c.Shadow, c.Server}
}

// clustersStay refuses to let a project go while clusters are in it: no cascade deletes a cluster.
func (e *editor) clustersStay(project string, place func(*Cluster) string, id string) error {
	for c := range e.Clusters.All() {
		if place(c) == id {
			return conflict("%q holds cluster %q, which does not go with it", project, c.Name).hint("delete the cluster first")
		}
	}
	return nil
}
