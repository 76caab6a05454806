package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique/apiv1"
)

// holder is somebody who holds exactly the given actions: of Huawei in project local-1, of RAM in the account.
func (w *town) holder(name string, actions ...string) person {
	w.Helper()
	version, scope := "1.1", "{project: local-1}"
	resource := ""
	if strings.HasPrefix(actions[0], "cs:") || strings.HasPrefix(actions[0], "ram:") {
		version, scope, resource = "1", "{account: true}", ", Resource: [\"*\"]"
	}
	w.root.apply(users(name) + "\n---\nkind: Policy\nmetadata: {name: " + name + "-policy}\nspec: {document: {Version: \"" + version +
		"\", Statement: [{Effect: Allow, Action: [\"" + strings.Join(actions, "\", \"") + "\"]" + resource + "}]}}\n---\n" +
		grant(name+"-grant", name+"-group", name+"-policy", scope)).want(200)
	return w.as(name)
}

// fleet is a harbour with two more local clusters: std, of type cce-standard, and auto, which has no nodes.
func fleet(t *testing.T) *town {
	t.Helper()
	w := harbour(t)
	w.root.post("/v1/clusters", apiv1.NewCluster{Name: "std", Type: "cce-standard"}).want(201)
	w.root.post("/v1/clusters", apiv1.NewCluster{Name: "auto", Type: "cce-autopilot"}).want(201)
	return w
}

// Nothing runs in this town: whoever is let through reads 503 where the cluster itself would be asked.
func TestWhoeverHoldsTheActionAloneMayDoItAndNothingElse(t *testing.T) {
	t.Parallel()
	w := fleet(t)
	w.root.post("/v1/clusters/std/nodepools", apiv1.NewNodePool{Name: "web", Count: 2}).want(201)
	one, labels := 1, map[string]string{"tier": "web"}
	claim := apiv1.NewStorage{Kind: "claim", Name: "data", Size: "1Gi"}
	all := []struct {
		action string
		status int
		send   func(p person, cluster string) answer
	}{
		{"cce:node:list", 503, func(p person, c string) answer { return p.get("/v1/clusters/" + c + "/nodes") }},
		{"cce:node:get", 503, func(p person, c string) answer { return p.get("/v1/clusters/" + c + "/nodes/n1") }},
		{"cce:node:create", 503, func(p person, c string) answer { return p.post("/v1/clusters/"+c+"/nodes", apiv1.NewNodes{}) }},
		{"cce:node:update", 503, func(p person, c string) answer {
			return p.patch("/v1/clusters/"+c+"/nodes/n1", apiv1.NodePatch{Labels: labels})
		}},
		{"cce:node:delete", 503, func(p person, c string) answer { return p.delete("/v1/clusters/" + c + "/nodes/n1") }},
		{"cce:nodepool:list", 200, func(p person, c string) answer { return p.get("/v1/clusters/" + c + "/nodepools") }},
		{"cce:nodepool:get", 200, func(p person, c string) answer { return p.get("/v1/clusters/" + c + "/nodepools/web") }},
		{"cce:nodepool:update", 200, func(p person, c string) answer {
			return p.patch("/v1/clusters/"+c+"/nodepools/web", apiv1.NodePoolPatch{Count: &one})
		}},
		{"cce:nodepool:delete", 204, func(p person, c string) answer { return p.delete("/v1/clusters/" + c + "/nodepools/web") }},
		{"cce:nodepool:create", 201, func(p person, c string) answer {
			return p.post("/v1/clusters/"+c+"/nodepools", apiv1.NewNodePool{Name: "more", Count: 1})
		}},
		{"cce:storage:list", 503, func(p person, c string) answer { return p.get("/v1/clusters/" + c + "/storage") }},
		{"cce:storage:create", 503, func(p person, c string) answer { return p.post("/v1/clusters/"+c+"/storage", claim) }},
		{"cce:storage:delete", 503, func(p person, c string) answer { return p.delete("/v1/clusters/" + c + "/storage/claim/data") }},
		{"cce:quota:get", 200, func(p person, _ string) answer { return p.get("/v1/quotas") }},
		{"cce:userAuthorization:get", 200, func(p person, _ string) answer { return p.get("/v1/authorization") }},
		{"cce:cluster:update", 200, func(p person, c string) answer {
			return p.send("PUT", "/v1/clusters/"+c+"/tags", "application/json", apiv1.TagChange{Set: map[string]string{"a": "b"}})
		}},
		{"cce:cluster:get", 200, func(p person, c string) answer { return p.get("/v1/clusters/" + c + "/resources") }},
	}
	for i, op := range all {
		only := w.holder(fmt.Sprintf("only%d", i), op.action)
		var others []string
		for _, other := range all {
			if other.action != op.action {
				others = append(others, other.action)
			}
		}
		rest := w.holder(fmt.Sprintf("rest%d", i), others...)
		if p := op.send(rest, "std"); p.status != 403 || !strings.Contains(string(p.body), op.action) {
			t.Errorf("%s by somebody who holds all others: %d %s", op.action, p.status, p.body)
		}
		nodes := strings.HasPrefix(op.action, "cce:node")
		if p := op.send(only, "auto"); nodes && (p.status != 409 || !strings.Contains(string(p.body), "clusters of type cce-autopilot do not support")) {
			t.Errorf("%s in a cluster without nodes: %d %s", op.action, p.status, p.body)
		} else if !nodes && p.status != op.status {
			t.Errorf("%s in a cluster without nodes: %d %s", op.action, p.status, p.body)
		}
		op.send(only, "std").want(op.status)
	}
}

func TestNobodyLearnsOfAClusterByItsInside(t *testing.T) {
	t.Parallel()
	w := harbour(t)
	alice, dora := w.as("alice"), w.as("dora")
	for _, p := range []person{alice, dora} {
		for _, path := range []string{"/nodes", "/nodepools", "/storage", "/tags", "/resources", "/nodepools/web"} {
			there, not := p.get("/v1/clusters/lab"+path), p.get("/v1/clusters/bal"+path)
			if there.status != not.status || there.status < 403 {
				t.Errorf("%s answered %d and %d: %s %s", path, there.status, not.status, there.body, not.body)
			}
		}
		for _, name := range []string{"lab", "bal"} {
			if got := p.post("/v1/clusters/"+name+"/nodepools", apiv1.NewNodePool{Name: "web"}).status; got != 403 {
				t.Errorf("creating a pool in %s answers %d", name, got)
			}
		}
	}
}

func TestAttachedClustersSayWhatToRunInstead(t *testing.T) {
	t.Parallel()
	w := harbour(t)
	p := w.root.post("/v1/clusters/prod/nodes", apiv1.NewNodes{Count: 2}).problem(409, "conflict")
	if !strings.Contains(p.Detail, "nothing was changed") || !strings.Contains(p.Hint, "kubeadm token create --print-join-command") || !strings.Contains(p.Hint, "CCE") {
		t.Errorf("problem: %+v", p)
	}
	p = w.root.post("/v1/clusters/prod/nodepools", apiv1.NewNodePool{Name: "web"}).problem(409, "conflict")
	if !strings.Contains(p.Detail, "only clusters of the local provisioner have pools that Pratique can fill") {
		t.Errorf("problem: %+v", p)
	}
	w.as("alice").post("/v1/clusters/prod/nodes", apiv1.NewNodes{}).problem(403, "denied")
	w.as("alice").post("/v1/clusters/prod/nodepools", apiv1.NewNodePool{Name: "web"}).problem(403, "denied")
}

func TestOrderingNodesNeedsTheRightToPay(t *testing.T) {
	t.Parallel()
	w := fleet(t)
	op := w.holder("op", "cce:node:create")
	if p := op.post("/v1/clusters/std/nodes", apiv1.NewNodes{Billing: "prepaid"}).problem(403, "denied"); !strings.Contains(p.Detail, "bss:order:pay") {
		t.Errorf("problem: %+v", p)
	}
	op.post("/v1/clusters/std/nodes", apiv1.NewNodes{Billing: "postpaid"}).problem(503, "unavailable")
	w.root.apply("kind: Policy\nmetadata: {name: pays}\nspec: {document: {Version: \"1.1\", Statement: [{Effect: Allow, Action: [\"bss:order:pay\"]}]}}\n---\n" +
		grant("op-pays", "op-group", "pays", "{account: true}")).want(200)
	op.post("/v1/clusters/std/nodes", apiv1.NewNodes{Billing: "prepaid"}).problem(503, "unavailable")
}

func TestNodesThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	w := fleet(t)
	for name, n := range map[string]apiv1.NewNodes{
		"billing": {Billing: "barter"}, "too many": {Count: 101}, "too few": {Count: -1}, "name": {Name: "No Good"},
		"protected": {Labels: map[string]string{"node-restriction.kubernetes.io/a": "b"}}, "ours": {Labels: map[string]string{"pratique.dev/nodepool": "web"}},
		"label": {Labels: map[string]string{"a b": "c"}}, "value": {Labels: map[string]string{"a": "/"}},
	} {
		t.Run(name, func(t *testing.T) {
			w.root.on(t).post("/v1/clusters/std/nodes", n).problem(400, "invalid")
		})
	}
	w.root.post("/v1/clusters/std/nodepools", apiv1.NewNodePool{Name: "web", Labels: map[string]string{"pratique.dev/x": ""}}).problem(400, "invalid")
	w.root.post("/v1/clusters/std/nodepools", apiv1.NewNodePool{Name: "Web"}).problem(400, "invalid")
}

func TestAPoolIsKeptInTheDirectoryWhileItsClusterIsDown(t *testing.T) {
	t.Parallel()
	w := fleet(t)
	var p apiv1.NodePool
	w.root.post("/v1/clusters/std/nodepools", apiv1.NewNodePool{Name: "web", Count: 3, Labels: map[string]string{"tier": "web"}}).want(201).into(&p)
	if p.Name != "web" || p.Cluster != "std" || p.Count != 3 || p.Ready != 0 || !strings.Contains(p.Error, "does not run here") {
		t.Errorf("pool: %+v", p)
	}
	w.root.post("/v1/clusters/std/nodepools", apiv1.NewNodePool{Name: "web"}).problem(409, "conflict")
	w.root.patch("/v1/clusters/std/nodepools/web", apiv1.NodePoolPatch{}).problem(400, "invalid")
	w.root.patch("/v1/clusters/std/nodepools/none", apiv1.NodePoolPatch{Labels: &map[string]string{}}).problem(404, "not-found")
	var list apiv1.List[apiv1.NodePool]
	w.root.get("/v1/clusters/std/nodepools").want(200).into(&list)
	if len(list.Items) != 1 {
		t.Errorf("pools: %+v", list.Items)
	}
	w.root.delete("/v1/clusters/std/nodepools/web").want(204)
	w.root.get("/v1/clusters/std/nodepools/web").problem(404, "not-found")
}

func TestVolumesDoNotReachIntoNodes(t *testing.T) {
	t.Parallel()
	w := fleet(t)
	volume := func(change func(*apiv1.NewStorage)) apiv1.NewStorage {
		n := apiv1.NewStorage{Kind: "volume", Name: "media", Size: "1Ti", NFS: &apiv1.NFSVolume{Server: "files.example.com", Path: "/media"}}
		change(&n)
		return n
	}
	for name, n := range map[string]apiv1.NewStorage{
		"no source":    volume(func(n *apiv1.NewStorage) { n.NFS = nil }),
		"two sources":  volume(func(n *apiv1.NewStorage) { n.CSI = &apiv1.CSIVolume{Driver: "d", Handle: "h"} }),
		"dots":         volume(func(n *apiv1.NewStorage) { n.NFS.Path = "/a/../b" }),
		"no handle":    volume(func(n *apiv1.NewStorage) { n.NFS, n.CSI = nil, &apiv1.CSIVolume{Driver: "d"} }),
		"namespace":    volume(func(n *apiv1.NewStorage) { n.Namespace = "dev" }),
		"size":         volume(func(n *apiv1.NewStorage) { n.Size = "large" }),
		"nothing":      volume(func(n *apiv1.NewStorage) { n.Size = "0" }),
		"access":       volume(func(n *apiv1.NewStorage) { n.AccessMode = "ReadTwice" }),
		"kind":         volume(func(n *apiv1.NewStorage) { n.Kind = "disk" }),
		"name":         volume(func(n *apiv1.NewStorage) { n.Name = "../x" }),
		"claim on nfs": volume(func(n *apiv1.NewStorage) { n.Kind = "claim" }),
	} {
		t.Run(name, func(t *testing.T) {
			w.root.on(t).post("/v1/clusters/std/storage", n).problem(400, "invalid")
		})
	}
	w.root.post("/v1/clusters/std/storage", `{"kind":"volume","name":"x","size":"1Gi","hostPath":{"path":"/etc"}}`).problem(400, "invalid")
	w.root.post("/v1/clusters/std/storage", volume(func(*apiv1.NewStorage) {})).problem(503, "unavailable")
}

func TestStorageIsDecidedByNamespace(t *testing.T) {
	t.Parallel()
	w := fleet(t)
	w.root.apply(users("erin") + "\n---\nkind: Policy\nmetadata: {name: dev-storage}\nspec: {document: {Version: \"1.1\", Statement: [{Effect: Allow, " +
		"Action: [\"cce:storage:*\"], Resource: [\"cce:*:*:storage:*/dev/*\"]}]}}\n---\n" + grant("erin-dev", "erin-group", "dev-storage", "{project: local-1}")).want(200)
	erin := w.as("erin")
	claim := apiv1.NewStorage{Kind: "claim", Name: "data", Size: "1Gi", Namespace: "dev"}
	erin.post("/v1/clusters/std/storage", claim).problem(503, "unavailable")
	erin.get("/v1/clusters/std/storage?namespace=dev").problem(503, "unavailable")
	for name, refused := range map[string]answer{
		"everything": erin.get("/v1/clusters/std/storage"), "another namespace": erin.get("/v1/clusters/std/storage?namespace=prod"),
		"a volume": erin.delete("/v1/clusters/std/storage/volume/dev"), "default": erin.delete("/v1/clusters/std/storage/claim/data"),
	} {
		if refused.status != 403 && refused.status != 404 {
			t.Errorf("%s answers %d: %s", name, refused.status, refused.body)
		}
	}
}

func TestTagsAreChangedAtOnce(t *testing.T) {
	t.Parallel()
	w := harbour(t)
	path := "/v1/clusters/prod/tags"
	put := func(p person, c apiv1.TagChange) answer { return p.send("PUT", path, "application/json", c) }
	var got apiv1.Tags
	put(w.root, apiv1.TagChange{Set: map[string]string{"team": "web"}, Remove: []string{"env"}}).want(200).into(&got)
	if diff := cmp.Diff(map[string]string{"team": "web"}, got.Tags); diff != "" {
		t.Error(diff)
	}
	w.root.delete(path + "?key=team").want(200)
	got = apiv1.Tags{}
	w.root.get(path).want(200).into(&got)
	if len(got.Tags) > 0 {
		t.Errorf("tags: %v", got.Tags)
	}
	w.as("alice").get(path).want(200)
	put(w.as("alice"), apiv1.TagChange{Set: map[string]string{"a": "b"}}).problem(403, "denied")
	put(w.root, apiv1.TagChange{}).problem(400, "invalid")
}

func TestQuotasSayWhatThereIsAndMayBe(t *testing.T) {
	t.Parallel()
	w := harbour(t)
	w.root.post("/v1/clusters/lab/nodepools", apiv1.NewNodePool{Name: "web", Count: 7}).want(201)
	var q apiv1.Quotas
	w.as("alice").get("/v1/quotas").want(200).into(&q)
	got := map[string]apiv1.Quota{}
	for _, item := range q.Items {
		got[item.Name] = item
	}
	for name, want := range map[string]apiv1.Quota{
		"clusters":    {Name: "clusters", Used: 2, Limit: 50},
		"nodes":       {Name: "nodes", Used: 7, Limit: 1000, Per: "node pool", Most: "web"},
		"users":       {Name: "users", Used: 5},
		"access keys": {Name: "access keys", Limit: 2, Per: "user"},
	} {
		if diff := cmp.Diff(want, got[name]); diff != "" {
			t.Error(diff)
		}
	}
	w.as("dora").get("/v1/quotas").problem(403, "denied")
}

func TestAClusterShowsByWhichRolesItActs(t *testing.T) {
	t.Parallel()
	w := harbour(t)
	var lab apiv1.Cluster
	w.root.get("/v1/clusters/lab").want(200).into(&lab)
	w.root.apply("kind: Grant\nmetadata: {name: worker}\nspec: {role: KubernetesWorkerRole-" + lab.ID + ", policy: AliyunMSEFullAccess, scope: {account: true}}").want(200)
	w.root.post("/v1/clusters/lab/nodepools", apiv1.NewNodePool{Name: "web", Count: 2}).want(201)
	var r apiv1.ClusterResources
	w.root.get("/v1/clusters/lab/resources").want(200).into(&r)
	if r.WorkerRole == nil || r.WorkerRole.Service != "ecs.aliyuncs.com" || len(r.NodePools) != 1 || r.Billing != "postpaid" {
		t.Fatalf("resources: %+v", r)
	}
	if diff := cmp.Diff([]string{"AliyunMSEFullAccess"}, r.WorkerRole.Policies); diff != "" {
		t.Error(diff)
	}
	w.root.get("/v1/clusters/prod/resources").want(200).into(&r)
	w.root.post("/v1/clusters", apiv1.NewCluster{Name: "paid", Type: "cce-standard", Billing: "prepaid"}).want(201)
	r = apiv1.ClusterResources{}
	w.root.get("/v1/clusters/paid/resources").want(200).into(&r)
	if r.Billing != "prepaid" || r.WorkerRole != nil {
		t.Errorf("resources: %+v", r)
	}
}

func TestTheServiceIsAConditionOfLinkingItsRole(t *testing.T) {
	t.Parallel()
	w := settled(t, users("olga"), `kind: Policy
metadata: {name: link-audit}
spec: {document: {Version: "1", Statement: [{Effect: Allow, Action: ["ram:CreateServiceLinkedRole", "ram:DeleteServiceLinkedRole"], Resource: ["*"],
  Condition: {StringEquals: {"ram:ServiceName": ["audit.log.aliyuncs.com"]}}}]}}`, grant("olga-links", "olga-group", "link-audit", "{account: true}"))
	olga := w.as("olga")
	p := olga.post("/v1/servicelinkedroles", apiv1.NewServiceLinkedRole{Service: "mse.aliyuncs.com"}).problem(403, "denied")
	if !strings.Contains(p.Detail, "ram:CreateServiceLinkedRole") {
		t.Errorf("problem: %+v", p)
	}
	olga.post("/v1/servicelinkedroles", apiv1.NewServiceLinkedRole{Service: "pirates.example.com"}).problem(403, "denied")
	var r apiv1.ServiceLinkedRole
	olga.post("/v1/servicelinkedroles", apiv1.NewServiceLinkedRole{Service: "audit.log.aliyuncs.com"}).want(200).into(&r)
	if !r.Created || r.Role != "AliyunServiceRoleForSLSAudit" || len(r.Policies) != 1 {
		t.Errorf("role: %+v", r)
	}
	r = apiv1.ServiceLinkedRole{}
	olga.post("/v1/servicelinkedroles", apiv1.NewServiceLinkedRole{Service: "audit.log.aliyuncs.com"}).want(200).into(&r)
	if r.Created {
		t.Error("it was created twice")
	}
	w.root.post("/v1/servicelinkedroles", apiv1.NewServiceLinkedRole{Service: "mse.aliyuncs.com"}).want(200)
	olga.delete("/v1/servicelinkedroles/mse.aliyuncs.com").problem(403, "denied")
	olga.delete("/v1/servicelinkedroles/audit.log.aliyuncs.com").want(204)
	olga.get("/v1/servicelinkedroles").problem(403, "denied")
	var list apiv1.List[apiv1.ServiceLinkedRole]
	w.root.get("/v1/servicelinkedroles").want(200).into(&list)
	there := map[string]bool{}
	for _, role := range list.Items {
		there[role.Service] = role.ID != ""
	}
	if diff := cmp.Diff(map[string]bool{"mse.aliyuncs.com": true, "audit.log.aliyuncs.com": false}, there); diff != "" {
		t.Error(diff)
	}
}

func TestServiceAuthorizationIsMadeUnderTheRightsOfWhoAsks(t *testing.T) {
	t.Parallel()
	w := settled(t, users("dora"))
	w.as("dora").get("/v1/authorization").problem(403, "denied")
	w.as("dora").post("/v1/authorization", nil).problem(403, "denied")
	op := w.holder("op", "cce:userAuthorization:get", "cce:userAuthorization:create")
	var before, after apiv1.Authorization
	op.get("/v1/authorization").want(200).into(&before)
	if !before.Complete { // the operation alone does not make roles
		op.post("/v1/authorization", nil).problem(403, "denied")
	}
	w.root.post("/v1/authorization?dryRun=true", nil).want(200).into(&after)
	if !after.DryRun || len(after.Roles) != len(before.Roles) {
		t.Errorf("dry run: %+v", after)
	}
	w.root.post("/v1/authorization", nil).want(200)
	after = apiv1.Authorization{}
	op.get("/v1/authorization").want(200).into(&after)
	if !after.Complete {
		t.Errorf("afterwards: %+v", after)
	}
}
