package pratique

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique/policy"
)

// WorkerService is the service that a worker role trusts: what runs on the nodes of its cluster acts by it (Alibaba ACK: the RAM role of the
// ECS instances).
const WorkerService = "ecs.aliyuncs.com"

// WorkerRoleName is what the worker role of a cluster is called.
func WorkerRoleName(clusterID string) string { return "KubernetesWorkerRole-" + clusterID }

// WorkerRole finds the worker role of a cluster; none for clusters whose provider has no such thing.
func (s *Snapshot) WorkerRole(clusterID string) (*Role, bool) {
	r, ok := s.Roles.Name(WorkerRoleName(clusterID))
	return r, ok && r.Cluster == clusterID
}

// addWorkerRole gives a new cluster of a provider that knows them its worker role. It needs no operation beyond creating the cluster: the role
// holds nothing until somebody attaches a policy to it.
func (e *editor) addWorkerRole(c *Cluster) {
	name := WorkerRoleName(c.ID)
	if _, taken := e.Roles.Name(name); taken || e.Dialect(c) != policy.RAM {
		return
	}
	r := &Role{
		Meta: Meta{Name: name}, Cluster: c.ID,
		RoleSpec: RoleSpec{Description: "What runs on the nodes of cluster " + c.Name, Trust: trustOfService(WorkerService)},
	}
	e.stamp(&r.Meta, nil, KindRole)
	e.Roles.set(r)
	e.write(Create, r, diff(nil, r.RoleSpec))
	e.cascaded()
}

// trustOfService is the trust policy of a role that only a service assumes, in canonical form.
func trustOfService(service string) jsontext.Value {
	text := `{"Version":"1","Statement":[{"Effect":"Allow","Action":["sts:AssumeRole"],"Principal":{"Service":["` + service + `"]}}]}`
	doc, err := stored(policy.Trust).Parse([]byte(text))
	if err != nil {
		return jsontext.Value(text) // a role that cannot be read trusts nobody
	}
	return doc.Canonical()
}

// dropOfCluster removes what is nothing without its cluster.
func (e *editor) dropOfCluster(c *Cluster) {
	for p := range e.NodePoolsOf(c.ID) {
		e.NodePools.remove(p)
		e.write(Remove, p, nil)
		e.cascaded()
	}
	e.dropAddons(c)
	for r := range e.ReportsOf(c.ID) {
		e.Reports.remove(r)
		e.write(Remove, r, nil)
		e.cascaded()
	}
	r, ok := e.WorkerRole(c.ID)
	if !ok {
		return
	}
	e.dropRole(r)
}

// dropAddons removes the records of the add-ons of a cluster with what was made for them, and what was made for those that never came to be
// installed.
func (e *editor) dropAddons(c *Cluster) {
	gone := slices.Collect(e.AddonsOf(c.ID))
	for _, a := range gone {
		e.Addons.remove(a)
		e.write(Remove, a, nil)
		e.cascaded()
	}
	e.dropOrigins(func(origin string) bool { return originOf(origin, c.ID) })
	for _, a := range gone {
		e.dropShared(a.Template)
	}
}

// PoliciesOf lists the policies attached to a role, by name.
func (s *Snapshot) PoliciesOf(principalID string) []string {
	var out []string
	for g := range s.GrantsOf(principalID) {
		if p, ok := s.Policy(g.Policy); ok && !slices.Contains(out, p.Name) {
			out = append(out, p.Name)
		}
	}
	slices.Sort(out)
	return out
}
