package api_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
)

// drydock is a town with a cluster of each ACK type that a local server runs, and people: cs manages clusters, ram manages roles, boss may
// everything, dora nothing.
func drydock(t *testing.T) *town {
	t.Helper()
	w := settled(t, users("cs", "ram", "boss", "dora"),
		grant("cs", "cs-group", "AliyunCSFullAccess", "{account: true}"), grant("ram", "ram-group", "AliyunRAMFullAccess", "{account: true}"),
		grant("boss", "boss-group", "AdministratorAccess", "{account: true}"))
	w.runsClusters()
	w.api.RBAC = nil // the insides of these clusters cannot be read
	for _, clusterType := range []string{"ack-managed", "ack-dedicated", "acs", "cce-standard"} {
		w.root.post("/v1/clusters", apiv1.NewCluster{Name: clusterType, Type: clusterType, Kubeconfig: kubeconfig(t)}).want(201)
	}
	return w
}

func (p person) precheck(cluster string) apiv1.Report {
	p.Helper()
	var r apiv1.Report
	p.post("/v1/clusters/"+cluster+"/addons/mse-ingress-controller/precheck", apiv1.NewPrecheck{}).want(201).into(&r)
	return r
}

func (p person) authorize(report string, body apiv1.Authorize) answer {
	p.Helper()
	return p.post("/v1/reports/"+report+"/authorize", body)
}

func missingOf(r apiv1.Report) []string {
	var out []string
	for _, i := range r.Items {
		if i.Status == pratique.ItemMissing {
			out = append(out, i.ID)
		}
	}
	return out
}

func TestAReportIsKeptAndAuthorizedByWhoeverMay(t *testing.T) {
	t.Parallel()
	w := drydock(t)
	cs, boss := w.as("cs"), w.as("boss")
	r := cs.precheck("ack-managed")
	if r.Passed || r.Check != "MSE Ingress Authorization Check" || !slices.Contains(missingOf(r), "role") || r.By != "cs" {
		t.Fatalf("%+v", r)
	}
	var again apiv1.Report
	cs.get("/v1/reports/" + r.ID).want(200).into(&again)
	if diff := cmp.Diff(missingOf(r), missingOf(again)); diff != "" {
		t.Error(diff)
	}
	// Whoever may not is told all that they lack, and no more happens.
	p := cs.authorize(r.ID, apiv1.Authorize{}).problem(403, "denied")
	for _, action := range []string{"ram:CreatePolicy", "ram:CreateRole", "ram:AttachPolicyToRole", "ram:CreateServiceLinkedRole"} {
		if !strings.Contains(p.Detail, action) {
			t.Errorf("%s is not named in %q", action, p.Detail)
		}
	}
	p = cs.authorize(r.ID, apiv1.Authorize{SystemPolicy: true}).problem(403, "denied")
	if strings.Contains(p.Detail, "ram:CreatePolicy") {
		t.Errorf("the vendor's policy needs not be created: %q", p.Detail)
	}
	var planned, done apiv1.AddonAuthorization
	boss.post("/v1/reports/"+r.ID+"/authorize?dryRun=true", apiv1.Authorize{}).want(200).into(&planned)
	if len(planned.Steps) < 4 || !planned.DryRun || !planned.Report.Passed || planned.Report.ID != "" {
		t.Errorf("%+v", planned)
	}
	w.root.get("/v1/roles/AliyunCSManagedMseRole").want(404)
	boss.authorize(r.ID, apiv1.Authorize{}).want(200).into(&done)
	if !done.Report.Passed || done.Report.ID == "" || done.Report.ID == r.ID {
		t.Errorf("%+v", done.Report)
	}
	w.root.get("/v1/roles/AliyunCSManagedMseRole").want(200)
	w.root.get("/v1/reports/" + done.Report.ID).want(200)
	if !cs.precheck("ack-managed").Passed {
		t.Error("it was authorized, and yet something is missing")
	}
}

func TestTwoWhoAuthorizeAtOnceBothSucceed(t *testing.T) {
	t.Parallel()
	w := drydock(t)
	boss := w.as("boss")
	r := boss.precheck("ack-managed")
	var both sync.WaitGroup
	answers := make([]answer, 2)
	for i := range answers {
		both.Go(func() { answers[i] = boss.authorize(r.ID, apiv1.Authorize{}) })
	}
	both.Wait()
	created := 0
	for _, a := range answers {
		var done apiv1.AddonAuthorization
		a.want(200).into(&done)
		if !done.Report.Passed {
			t.Errorf("%+v", missingOf(done.Report))
		}
		for _, s := range done.Steps {
			if s.Kind == pratique.KindRole && s.Verb == pratique.Create {
				created++
			}
		}
	}
	if created != 2 { // the service role and the service-linked role, each once
		t.Errorf("%d roles were created", created)
	}
}

func TestWhoManagesRolesNeedNotSeeClusters(t *testing.T) {
	t.Parallel()
	w := drydock(t)
	ram, dora := w.as("ram"), w.as("dora")
	r := w.as("cs").precheck("ack-managed")
	ram.get("/v1/reports/"+r.ID).problem(404, "not-found")
	for _, id := range []string{r.ID, "rep-none"} {
		if p := dora.authorize(id, apiv1.Authorize{}).problem(404, "not-found"); !strings.Contains(p.Detail, "that you may see") {
			t.Errorf("dora learns %q", p.Detail)
		}
	}
	var done apiv1.AddonAuthorization
	ram.authorize(r.ID, apiv1.Authorize{}).want(200).into(&done)
	if !done.Report.Passed {
		t.Errorf("%v", missingOf(done.Report))
	}
	ram.authorize(r.ID, apiv1.Authorize{}).problem(404, "not-found") // nothing is left to do that would give them a reason to know
}

func TestAnExpiredReportSaysHowToMakeAnother(t *testing.T) {
	t.Parallel()
	w := drydock(t)
	boss := w.as("boss")
	r := boss.precheck("ack-managed")
	var of apiv1.List[apiv1.Report]
	boss.post("/v1/prechecks", apiv1.NewPrechecks{Addon: "mse-ingress-controller", Type: "acs"}).want(201).into(&of)
	w.api.Now = func() time.Time { return time.Now().Add(2 * time.Hour) }
	for id, command := range map[string]string{
		r.ID:           "pratique addon precheck mse-ingress-controller --cluster ack-managed",
		of.Items[0].ID: "pratique addon precheck mse-ingress-controller --type acs --project local-1",
	} {
		if p := boss.authorize(id, apiv1.Authorize{}).problem(409, "conflict"); !strings.Contains(p.Hint, command) {
			t.Errorf("the hint is %q", p.Hint)
		}
	}
}

func TestTheMethodOfTheClusterTypeIsNamed(t *testing.T) {
	t.Parallel()
	w := drydock(t)
	boss := w.as("boss")
	p := boss.authorize(boss.precheck("ack-dedicated").ID, apiv1.Authorize{Method: "install-precheck"}).problem(409, "conflict")
	if !strings.Contains(p.Detail, "attach-policy-to-worker-role") {
		t.Errorf("%q", p.Detail)
	}
	p = boss.authorize(boss.precheck("acs").ID, apiv1.Authorize{}).problem(409, "conflict")
	if !strings.Contains(p.Detail, "authorize-at-creation") {
		t.Errorf("%q", p.Detail)
	}
	var done apiv1.AddonAuthorization
	boss.authorize(boss.precheck("ack-dedicated").ID, apiv1.Authorize{SystemPolicy: true, Method: "attach-policy-to-worker-role"}).want(200).into(&done)
	if !done.Report.Passed {
		t.Errorf("%v", missingOf(done.Report))
	}
}

func TestAPlannedClusterIsCheckedByWhoeverMayCreateIt(t *testing.T) {
	t.Parallel()
	w := drydock(t)
	w.root.apply("kind: Policy\nmetadata: {name: creates}\nspec: {document: {Version: \"1\", Statement: [{Effect: Allow, Action: [\"cs:CreateCluster\"], Resource: [\"*\"]}]}}").want(200)
	w.root.apply(grant("dora", "dora-group", "creates", "{account: true}")).want(200)
	dora := w.as("dora")
	ask := apiv1.NewPrechecks{Addon: "mse-ingress-controller", Type: "ack-serverless", Name: "new"}
	var of apiv1.List[apiv1.Report]
	dora.post("/v1/prechecks", ask).want(201).into(&of)
	if len(of.Items) != 1 || of.Items[0].Passed || of.Items[0].ClusterID != "" {
		t.Fatalf("%+v", of.Items)
	}
	dora.get("/v1/reports/" + of.Items[0].ID).want(200) // her own
	w.as("ram").post("/v1/prechecks", ask).problem(403, "denied")
	var done apiv1.AddonAuthorization
	w.as("boss").authorize(of.Items[0].ID, apiv1.Authorize{}).want(200).into(&done)
	dora.post("/v1/prechecks", ask).want(201).into(&of)
	if !of.Items[0].Passed {
		t.Errorf("%v", missingOf(of.Items[0]))
	}
	for name, wrong := range map[string]apiv1.NewPrechecks{
		"type and fleet": {Addon: "mse-ingress-controller", Type: "acs", Fleet: true}, "neither": {Addon: "mse-ingress-controller"},
		"no such type": {Addon: "mse-ingress-controller", Type: "ack-lunar"},
	} {
		if got := w.root.post("/v1/prechecks", wrong); got.status != 400 && got.status != 403 {
			t.Errorf("%s: %d", name, got.status)
		}
	}
	w.root.post("/v1/prechecks", apiv1.NewPrechecks{Addon: "mse-ingress-controller", Type: "acs", Project: "nowhere"}).problem(404, "not-found")
	w.root.post("/v1/prechecks", apiv1.NewPrechecks{Addon: "none", Type: "acs"}).problem(404, "not-found")
}

func TestTheFleetIsCheckedWhereTheAddonCanRun(t *testing.T) {
	t.Parallel()
	w := drydock(t)
	var of apiv1.List[apiv1.Report]
	w.as("cs").post("/v1/prechecks", apiv1.NewPrechecks{Addon: "mse-ingress-controller", Fleet: true}).want(201).into(&of)
	var clusters []string
	for _, r := range of.Items {
		clusters = append(clusters, r.Cluster)
	}
	if diff := cmp.Diff([]string{"ack-dedicated", "ack-managed", "acs"}, clusters); diff != "" {
		t.Error(diff)
	}
	w.as("dora").post("/v1/prechecks", apiv1.NewPrechecks{Addon: "mse-ingress-controller", Fleet: true}).problem(403, "denied")
	var list apiv1.List[apiv1.Report]
	w.as("boss").get("/v1/reports?limit=2").want(200).into(&list)
	first, next := list.Items, list.Next
	list = apiv1.List[apiv1.Report]{}
	w.as("boss").get("/v1/reports?limit=2&page=" + next).want(200).into(&list)
	if len(first) != 2 || len(list.Items) != 1 || list.Next != "" {
		t.Errorf("pages of %d and %d reports", len(first), len(list.Items))
	}
	w.as("dora").get("/v1/reports").want(200).into(&list)
	if len(list.Items) != 0 {
		t.Errorf("dora sees %d reports", len(list.Items))
	}
}

func TestSettingsAreGivenWithTheQuestion(t *testing.T) {
	t.Parallel()
	w := drydock(t)
	boss := w.as("boss")
	path := "/v1/clusters/ack-dedicated/addons/mse-ingress-controller/precheck"
	const logs = `{"apiVersion": "mse.alibabacloud.com/v1alpha1", "kind": "MseIngressConfig", "metadata": {"name": "x"}, "spec": {"monitor": {"logging": {"sls": {}}}}}`
	var r apiv1.Report
	boss.post(path, `{"settings": [`+logs+`]}`).want(201).into(&r)
	for _, want := range []string{"permission/access-logs", "permission/access-log-pass-role", "permission/access-log-role"} {
		if !slices.Contains(missingOf(r), want) {
			t.Errorf("%s is not missing: %v", want, missingOf(r))
		}
	}
	// The report remembers them.
	var done apiv1.AddonAuthorization
	boss.authorize(r.ID, apiv1.Authorize{}).want(200).into(&done)
	if diff := cmp.Diff(map[string]string{"spec.monitor.logging.sls": "MseIngressConfig x"}, done.Report.Settings); diff != "" || !done.Report.Passed {
		t.Errorf("%s %v", diff, missingOf(done.Report))
	}
	boss.post(path, `{"settings": [{"kind": "Ingress"}]}`).problem(400, "invalid")
	boss.post(path, `{"version": "9"}`).problem(404, "not-found")
	boss.post("/v1/clusters/ack-dedicated/addons/kube-state-metrics/precheck", `{"settings": [`+logs+`]}`).problem(400, "invalid")
	w.as("dora").post(path, `{}`).problem(403, "denied")
}

func TestAddonsAreRegisteredAndTakenAway(t *testing.T) {
	t.Parallel()
	w := drydock(t)
	const file = "name: own\ntitle: Own\ndescription: Ours.\nnamespace: own\nworkload: {kind: Deployment, name: own}\nversions:\n" +
		"- version: 1.0.0\n  manifests: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: own, namespace: own}\n"
	cs, dora := w.as("cs"), w.as("dora")
	dora.get("/v1/addons").problem(403, "denied")
	dora.post("/v1/addons", apiv1.AddonFile{File: "broken: ["}).problem(403, "denied")
	cs.post("/v1/addons", apiv1.AddonFile{File: "broken: ["}).problem(400, "invalid")
	cs.post("/v1/addons", apiv1.AddonFile{File: strings.Replace(file, "name: own\n", "name: mse-ingress-controller\n", 1)}).problem(409, "conflict")
	cs.post("/v1/addons", apiv1.AddonFile{File: strings.Replace(file, "title", "tittle", 1)}).problem(400, "invalid")
	cs.post("/v1/addons", apiv1.AddonFile{File: "# " + strings.Repeat("x", 600<<10)}).problem(400, "invalid")
	cs.post("/v1/addons", apiv1.AddonFile{File: file}).want(200)
	var list apiv1.List[apiv1.Addon]
	cs.get("/v1/addons").want(200).into(&list)
	if last := list.Items[len(list.Items)-1]; last.Name != "own" || !last.Registered || len(last.ClusterTypes) != 7 {
		t.Errorf("%+v", last)
	}
	if body := string(cs.get("/v1/addons/mse-ingress-controller").want(200).body); strings.Contains(body, "CustomResourceDefinition") {
		t.Error("the manifests are shown")
	}
	cs.get("/v1/addons/none").problem(404, "not-found")
	dora.delete("/v1/addons/own").problem(403, "denied")
	cs.delete("/v1/addons/mse-ingress-controller").problem(409, "conflict")
	cs.delete("/v1/addons/own").want(http.StatusNoContent)
}

func TestTheInsideOfAClusterIsLookedAtForWhoeverAsks(t *testing.T) {
	t.Parallel()
	w := harbour(t)
	var r apiv1.Report
	for name, missing := range map[string]bool{"root": false, "carol": false, "bob": true} {
		p := w.root
		if name != "root" {
			p = w.as(name)
		}
		p.post("/v1/clusters/prod/addons/kube-state-metrics/precheck", apiv1.NewPrecheck{}).want(201).into(&r)
		if got := slices.Contains(missingOf(r), "in-cluster/grant/ClusterRole/kube-state-metrics"); got != missing {
			t.Errorf("%s: %v", name, missingOf(r))
		}
	}
	w.root.post("/v1/clusters/lab/addons/mse-ingress-controller/precheck", apiv1.NewPrecheck{}).want(201).into(&r)
	if at := slices.IndexFunc(r.Items, func(i pratique.ReportItem) bool { return i.ID == "in-cluster" }); at < 0 || !strings.Contains(r.Items[at].Error, "does not answer in time") {
		t.Errorf("%+v", r.Items)
	}
}
