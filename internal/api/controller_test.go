package api_test

import (
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
)

const mseController = "system:serviceaccount:mse-ingress-controller:ack-mse-ingress-controller"

// gateways is a dockyard whose cluster lab, of type ack-managed, has the MSE add-on, and whose cluster old is a dedicated one. The service role exists,
// and so does another that trusts the same service.
func gateways(t *testing.T) (*town, *apiserver) {
	t.Helper()
	w, s := dockyard(t)
	w.root.post("/v1/clusters", apiv1.NewCluster{Name: "twin", Type: "ack-managed"}).want(201)
	w.root.post("/v1/clusters", apiv1.NewCluster{Name: "old", Type: "ack-dedicated"}).want(201)
	for _, name := range []string{"AliyunCSManagedMseRole", "AliyunCSOtherRole"} {
		w.root.apply(`kind: Role
metadata: {name: ` + name + `}
spec: {trust: {Version: "1", Statement: [{Effect: Allow, Action: "sts:AssumeRole", Principal: {Service: [cs.aliyuncs.com]}}]}}`).want(200)
	}
	return w, s
}

// installed writes that an add-on is in a cluster, as the job of an installation does.
func (w *town) installed(cluster string, state pratique.AddonState) {
	w.Helper()
	now := w.dir.Accounts()[0]
	cl, ok := now.Clusters.Find(cluster)
	if !ok {
		w.Fatalf("no cluster %s", cluster)
	}
	w.commit(pratique.PutAddon{Addon: pratique.Addon{Cluster: cl.ID, Template: "mse-ingress-controller", Version: "1.1.5", State: state}})
}

func (w *town) worker(cluster string) string {
	w.Helper()
	cl, ok := w.dir.Accounts()[0].Clusters.Find(cluster)
	if !ok {
		w.Fatalf("no cluster %s", cluster)
	}
	return pratique.WorkerRoleName(cl.ID)
}

func TestTheControllerOfAnAddonBecomesItsServiceRole(t *testing.T) {
	t.Parallel()
	w, s := gateways(t)
	token := s.issue(mseController, address)
	w.exchange("lab", token, "AliyunCSManagedMseRole").want(401)
	w.installed("lab", pratique.AddonInstalled)
	w.exchange("lab", token, "AliyunCSManagedMseRole").want(201)
	for name, tc := range map[string]struct{ cluster, token, role string }{
		"another namespace":         {"lab", s.issue("system:serviceaccount:default:ack-mse-ingress-controller", address), "AliyunCSManagedMseRole"},
		"another service account":   {"lab", s.issue("system:serviceaccount:mse-ingress-controller:default", address), "AliyunCSManagedMseRole"},
		"a cluster without it":      {"twin", token, "AliyunCSManagedMseRole"},
		"a cluster of another type": {"old", token, "AliyunCSManagedMseRole"},
		"another role of services":  {"lab", token, "AliyunCSOtherRole"},
		"a role of people":          {"lab", token, "deployer"},
	} {
		if got := w.exchange(tc.cluster, tc.token, tc.role); got.status != 401 {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	for _, state := range []pratique.AddonState{pratique.AddonFailed, pratique.AddonRemoving} {
		w.installed("lab", state)
		if got := w.exchange("lab", token, "AliyunCSManagedMseRole"); got.status != 401 {
			t.Errorf("%s: %d", state, got.status)
		}
	}
}

func TestWhatRunsInAClusterBecomesItsWorkerRoleAndNoOther(t *testing.T) {
	t.Parallel()
	w, s := gateways(t)
	token := s.issue(builder, address)
	w.exchange("old", token, w.worker("old")).want(201)
	w.exchange("old", token, w.worker("lab")).want(401)
	w.exchange("lab", token, w.worker("old")).want(401)
	w.installed("old", pratique.AddonInstalled)
	w.exchange("old", s.issue(mseController, address), "AliyunCSManagedMseRole").want(401)
}

func TestAnAddonThatLacksSomethingIsRefusedWithItsReport(t *testing.T) {
	t.Parallel()
	w, _ := gateways(t)
	w.api.Requester = nobodyRuns{}
	p := w.root.post("/v1/clusters/lab/addons/mse-ingress-controller", apiv1.InstallAddon{}).problem(409, "precheck")
	if p.Title != "Failed to pass the precheck" || !strings.HasPrefix(p.Report, "rep-") || !strings.Contains(p.Detail, "mse:AddGateway") ||
		p.Hint != "pratique addon authorize "+p.Report {
		t.Errorf("problem: %+v", p)
	}
	w.root.get("/v1/reports/" + p.Report).want(200)
	w.root.get("/v1/clusters/lab/addons/mse-ingress-controller").want(404)

	p = w.root.post("/v1/clusters", apiv1.NewCluster{Name: "new", Type: "ack-managed", Addons: []string{"mse-ingress-controller"}}).problem(409, "precheck")
	if !strings.HasPrefix(p.Report, "rep-") {
		t.Errorf("problem: %+v", p)
	}
	w.root.get("/v1/clusters/new").want(404)
	p = w.root.post("/v1/clusters", apiv1.NewCluster{Name: "new", Type: "ack-dedicated", Addons: []string{"mse-ingress-controller"}}).problem(409, "precheck")
	if p.Hint != "pratique addon report "+p.Report {
		t.Errorf("authorizing cannot help a new dedicated cluster: %+v", p)
	}
}

func TestInstallingHandsARoleToAService(t *testing.T) {
	t.Parallel()
	w, _ := gateways(t)
	w.api.Requester = nobodyRuns{}
	only := w.holder("only", "cs:InstallClusterAddons", "cs:DescribeClusterDetail")
	p := only.post("/v1/clusters/lab/addons/mse-ingress-controller", apiv1.InstallAddon{}).problem(403, "denied")
	if !strings.Contains(p.Detail, "ram:PassRole") {
		t.Errorf("problem: %+v", p)
	}
	pass := w.holder("pass", "cs:InstallClusterAddons", "cs:DescribeClusterDetail", "ram:PassRole")
	pass.post("/v1/clusters/lab/addons/mse-ingress-controller", apiv1.InstallAddon{}).problem(409, "precheck")
	none := w.holder("none", "cs:DescribeClusterDetail", "ram:PassRole")
	if p := none.post("/v1/clusters/lab/addons/mse-ingress-controller", apiv1.InstallAddon{}).problem(403, "denied"); !strings.Contains(p.Detail, "cs:InstallClusterAddons") {
		t.Errorf("problem: %+v", p)
	}
	for path, action := range map[string]string{"": "cs:UnInstallClusterAddons", "/redeploy": "cs:ModifyClusterAddon"} {
		w.installed("lab", pratique.AddonInstalled)
		send := func() answer { return only.post("/v1/clusters/lab/addons/mse-ingress-controller"+path, nil) }
		if path == "" {
			send = func() answer { return only.delete("/v1/clusters/lab/addons/mse-ingress-controller") }
		}
		if p := send().problem(403, "denied"); !strings.Contains(p.Detail, action) {
			t.Errorf("%s: %+v", path, p)
		}
	}
}

// nobodyRuns is the way into clusters of which none runs.
type nobodyRuns struct{}

func (nobodyRuns) As(_ *pratique.Snapshot, _ pratique.Principal, _ string, cl *pratique.Cluster, _ string) (*rest.Config, error) {
	return nil, &pratique.Error{Kind: pratique.ErrUnavailable, Message: "cluster " + cl.Name + " does not run"}
}

// commit writes what the server would.
func (w *town) commit(changes ...pratique.Change) {
	w.Helper()
	_, err := w.api.Gate.Apply(w.Context(), access.Intent{Who: root(w.dir.Accounts()[0].Account.ID), Event: audit.Changed, Changes: changes})
	if err != nil {
		w.Fatal(err)
	}
}
