package pratique_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/policy"
)

func TestOnlyClustersOfAlibabaHaveAWorkerRole(t *testing.T) {
	t.Parallel()
	s, plan := do(t, newAccount(t), cluster("lab", "ack-dedicated"), cluster("std", "cce-standard"))
	r, ok := s.WorkerRole("c-lab")
	if !ok || r.Name != "KubernetesWorkerRole-c-lab" || r.Cluster != "c-lab" {
		t.Fatalf("worker role: %+v", r)
	}
	if !r.Trusts([]policy.Principal{{Type: "Service", ID: pratique.WorkerService}}, nil) {
		t.Error("what runs on the nodes is not trusted")
	}
	if _, ok := s.WorkerRole("c-std"); ok {
		t.Error("a cluster of Huawei has a worker role")
	}
	if diff := cmp.Diff([]string{"cluster.create", "cluster.create"}, needs(plan)); diff != "" {
		t.Errorf("creating needs (-want +got):\n%s", diff)
	}
}

const labWorker = "kind: Grant\nmetadata: {name: worker}\nspec: {role: KubernetesWorkerRole-c-lab, policy: AliyunMSEFullAccess, scope: {account: true}}"

func TestAWorkerRoleLivesAsLongAsItsCluster(t *testing.T) {
	t.Parallel()
	s, _ := do(t, newAccount(t), cluster("lab", "ack-managed"))
	s, _ = apply(t, s, labWorker)
	r, _ := s.WorkerRole("c-lab")
	if diff := cmp.Diff([]string{"AliyunMSEFullAccess"}, s.PoliciesOf(r.ID)); diff != "" {
		t.Error(diff)
	}
	refuse(t, s, pratique.ErrConflict, `is the worker role of cluster "lab"`, pratique.Delete{Kind: pratique.KindRole, Name: r.Name, Cascade: true})
	m, err := s.Manifest(r, true)
	if err != nil {
		t.Fatal(err)
	}
	m.Metadata.Name, m.Metadata.ResourceVersion = "mine", ""
	refuse(t, s, pratique.ErrConflict, "cannot be renamed", pratique.Put{Manifest: m})
	s, plan := do(t, s, pratique.DeleteCluster{Name: "lab"})
	if _, ok := s.Roles.Name(r.Name); ok || s.Grants.Len() != newAccount(t).Grants.Len() {
		t.Error("the worker role, or what was attached to it, outlives its cluster")
	}
	if diff := cmp.Diff([]string{"cluster.delete"}, needs(plan)); diff != "" {
		t.Errorf("deleting needs (-want +got):\n%s", diff)
	}
}

func TestATrustPolicyOfAWorkerRoleCanBeWidened(t *testing.T) {
	t.Parallel()
	s, _ := do(t, newAccount(t), cluster("lab", "ack-managed"))
	s, _ = apply(t, s, `
kind: Role
metadata: {name: KubernetesWorkerRole-c-lab}
spec: {trust: {Version: "1", Statement: [{Effect: Allow, Action: sts:AssumeRole, Principal: {Service: [ecs.aliyuncs.com, cs.aliyuncs.com]}}]}}
`)
	if r, ok := s.WorkerRole("c-lab"); !ok || !r.Trusts([]policy.Principal{{Type: "Service", ID: "cs.aliyuncs.com"}}, nil) {
		t.Error("it is no worker role any more, or trusts as before")
	}
}

func TestNodePoolsGoWithTheirCluster(t *testing.T) {
	t.Parallel()
	s, _ := do(t, newAccount(t), cluster("lab", "ack-managed"), cluster("dock", "ack-managed"),
		pratique.CreateNodePool{Cluster: "lab", Pool: "web", Count: 3}, pratique.CreateNodePool{Cluster: "dock", Pool: "web", Count: 1})
	s, _ = do(t, s, pratique.DeleteCluster{Name: "lab"})
	if _, ok := s.NodePool("c-dock", "web"); !ok || s.NodePools.Len() != 1 {
		t.Errorf("%d pools are left", s.NodePools.Len())
	}
}
