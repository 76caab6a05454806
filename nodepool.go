package pratique

import (
	"iter"
	"maps"
	"regexp"
	"slices"

	"github.com/pratique-iam/pratique/catalog"
)

// NodePool is a number of equal nodes that a cluster is to have. Its Name is unique in the account: "<cluster id>/<pool>".
type NodePool struct {
	Meta
	Cluster string            `json:"cluster"` // id
	Pool    string            `json:"pool"`    // as people call it
	Count   int               `json:"count"`
	Labels  map[string]string `json:"labels,omitempty"`
}

func (*NodePool) kind() Kind { return KindNodePool }

// MaxPoolNodes is how many nodes a pool may keep.
const MaxPoolNodes = 1000

// NodePoolsOf walks the node pools of a cluster, in the order of their names.
func (s *Snapshot) NodePoolsOf(cluster string) iter.Seq[*NodePool] {
	return inCluster(s.NodePools, cluster, func(p *NodePool) string { return p.Cluster })
}

// NodePool finds a pool of a cluster by its name or id.
func (s *Snapshot) NodePool(cluster, pool string) (*NodePool, bool) {
	if p, ok := s.NodePools.Name(inClusterName(cluster, pool)); ok {
		return p, true
	}
	p, ok := s.NodePools.ID(pool)
	return p, ok && p.Cluster == cluster
}

func inClusterName(cluster, name string) string { return cluster + "/" + name }

// inCluster walks the objects of a table whose names begin with the id of a cluster. It walks a copy: the caller may remove them.
func inCluster[P object](t Table[P], cluster string, of func(P) string) iter.Seq[P] {
	var out []P
	for p := range t.From(inClusterName(cluster, "")) {
		if of(p) != cluster {
			break
		}
		out = append(out, p)
	}
	return slices.Values(out)
}

// CreateNodePool adds a pool to a cluster.
type CreateNodePool struct {
	Cluster string // name or id
	Pool    string
	Count   int
	Labels  map[string]string
}

func (c CreateNodePool) apply(e *editor) error {
	cl, err := e.poolCluster("nodepool.create", c.Cluster, c.Pool)
	if err != nil {
		return err
	}
	p := &NodePool{Meta: Meta{Name: inClusterName(cl.ID, c.Pool)}, Cluster: cl.ID, Pool: c.Pool, Count: c.Count, Labels: c.Labels}
	if err := p.check(); err != nil {
		return err
	}
	if _, taken := e.NodePools.Name(p.Name); taken {
		return conflict("cluster %q has a node pool %q already", cl.Name, c.Pool)
	}
	e.stamp(&p.Meta, nil, KindNodePool)
	e.NodePools.set(p)
	e.write(Create, p, diff(nil, p.view()))
	return nil
}

// UpdateNodePool changes a pool; nil members stay as they are. Changing only the count is an operation of its own.
type UpdateNodePool struct {
	Cluster string // name or id
	Pool    string // name or id
	Count   *int
	Labels  *map[string]string
}

func (c UpdateNodePool) apply(e *editor) error {
	operation := "nodepool.update"
	if c.Count != nil && c.Labels == nil {
		operation = "nodepool.scale"
	}
	cl, err := e.poolCluster(operation, c.Cluster, c.Pool)
	if err != nil {
		return err
	}
	old, ok := e.NodePool(cl.ID, c.Pool)
	if !ok {
		return notFound(KindNodePool, c.Pool)
	}
	p := *old
	set(&p.Count, c.Count)
	set(&p.Labels, c.Labels)
	if err := p.check(); err != nil {
		return err
	}
	fields := diff(old.view(), p.view())
	if len(fields) == 0 {
		e.write(Unchanged, old, nil)
		return nil
	}
	e.stamp(&p.Meta, &old.Meta, KindNodePool)
	e.NodePools.set(&p)
	e.write(Update, &p, fields)
	return nil
}

// DeleteNodePool removes a pool; its nodes go with it.
type DeleteNodePool struct{ Cluster, Pool string }

func (c DeleteNodePool) apply(e *editor) error {
	cl, err := e.poolCluster("nodepool.delete", c.Cluster, c.Pool)
	if err != nil {
		return err
	}
	p, ok := e.NodePool(cl.ID, c.Pool)
	if !ok {
		return notFound(KindNodePool, c.Pool)
	}
	e.NodePools.remove(p)
	e.write(Remove, p, nil)
	return nil
}

// poolCluster finds the cluster of a pool and notes the need.
func (e *editor) poolCluster(operation, cluster, pool string) (*Cluster, error) {
	cl, ok := e.Clusters.Find(cluster)
	if !ok {
		e.need(operation, "cluster", cluster, "name", pool)
		return nil, notFound(KindCluster, cluster)
	}
	need := cl.Need(operation)
	need.Vars["name"] = pool
	e.plan.Needs = append(e.plan.Needs, need)
	if op, known := e.rules.Catalog.Operation(operation); known && !catalog.Supported(op, cl.Type) {
		return nil, conflict("clusters of type %s have no node pools", cl.Type)
	}
	return cl, nil
}

// poolName is what the names of a pool's nodes begin with, and the value of their label: a DNS label with room for what follows.
var poolName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,48}[a-z0-9])?$`)

func (p *NodePool) check() error {
	if err := checkName(KindNodePool, p.Pool); err != nil {
		return err
	}
	if !poolName.MatchString(p.Pool) {
		return invalid("the name %q of a node pool begins the names of its nodes", p.Pool).hint("use lower-case letters, digits and '-', at most 50")
	}
	if p.Count < 0 || p.Count > MaxPoolNodes {
		return invalid("a node pool keeps 0 to %d nodes, not %d", MaxPoolNodes, p.Count)
	}
	for _, k := range slices.Sorted(maps.Keys(p.Labels)) {
		if err := checkText("label "+k, k+p.Labels[k], 320); err != nil {
			return err
		}
	}
	return nil
}

func (p *NodePool) view() any {
	return struct {
		Count  int               `json:"count"`
		Labels map[string]string `json:"labels,omitempty"`
	}{p.Count, p.Labels}
}
