package api_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/cluster"
)

// pier stands where a Manager does, and sees what a test says: a real control plane is for the stories.
type pier struct {
	mu      sync.Mutex
	seen    map[string]cluster.Status
	changed chan struct{}
}

func newPier() *pier { return &pier{seen: map[string]cluster.Status{}, changed: make(chan struct{})} }

func (p *pier) Status(id string) cluster.Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen[id]
}

func (p *pier) Changed() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.changed
}

func (p *pier) Connect(*pratique.Snapshot, *pratique.Cluster) (*cluster.Conn, error) {
	return nil, &pratique.Error{Kind: pratique.ErrUnavailable, Message: "the cluster does not answer in time"}
}

// sees makes a cluster be in a phase; none: it is gone.
func (p *pier) sees(id string, s cluster.Status) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen[id] = s; s.Phase == cluster.PhaseUnknown {
		delete(p.seen, id)
	}
	close(p.changed)
	p.changed = make(chan struct{})
}

// quay is a harbour whose clusters are as a test says.
func quay(t *testing.T) (*town, *pier) {
	t.Helper()
	p := newPier()
	return harbourWith(t, p), p
}

// job asks about a job until it is as a test wants it.
func (p person) job(id string, is func(apiv1.Job) bool) apiv1.Job {
	p.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	for {
		changed := p.dir.Changed(p.account())
		var j apiv1.Job
		p.get("/v1/jobs/" + id).want(200).into(&j)
		if is(j) {
			return j
		}
		select {
		case <-changed:
		case <-deadline.C:
			p.Fatalf("the job stays as it is: %+v", j)
		}
	}
}

func (w *town) account() string { return w.dir.Accounts()[0].Account.ID }

func ended(j apiv1.Job) bool { return j.State != "running" }

func (p person) create(n apiv1.NewCluster) apiv1.Cluster {
	p.Helper()
	var c apiv1.Cluster
	p.post("/v1/clusters", n).want(201).into(&c)
	if c.Job == "" {
		p.Fatal("no job is named")
	}
	return c
}

func TestAJobFollowsANewClusterUntilItRuns(t *testing.T) {
	t.Parallel()
	w, p := quay(t)
	c := w.root.create(apiv1.NewCluster{Name: "dev", Type: "cce-standard", Billing: "prepaid"})
	p.sees(c.ID, cluster.Status{Phase: cluster.PhaseStarting})
	w.root.job(c.Job, func(j apiv1.Job) bool {
		return len(j.Progress) > 0 && j.Progress[len(j.Progress)-1].Text == "cluster dev is starting"
	})
	p.sees(c.ID, cluster.Status{Phase: cluster.PhaseRunning, Version: "v1.36.3"})
	j := w.root.job(c.Job, ended)
	if j.State != "succeeded" || j.Operation != "cluster.create" || j.Title != "create cluster dev" || j.By != "root" || j.Result["version"] != "v1.36.3" {
		t.Errorf("job: %+v", j)
	}
	if last := j.Progress[len(j.Progress)-1].Text; last != "cluster dev is running, Kubernetes v1.36.3" {
		t.Errorf("the last line is %q", last)
	}
	var list apiv1.Audit
	w.root.get("/v1/audit?event=job.ended").want(200).into(&list)
	if len(list.Records) != 1 || !strings.Contains(list.Records[0].Detail, "create cluster dev ("+j.ID+"): succeeded") {
		t.Errorf("records: %+v", list.Records)
	}
	c = apiv1.Cluster{}
	w.root.get("/v1/clusters/dev").want(200).into(&c)
	if c.Billing != "prepaid" || c.Job != "" {
		t.Errorf("cluster: %+v", c)
	}
}

func TestStoppingStartingAndDeletingAClusterAreJobs(t *testing.T) {
	t.Parallel()
	w, p := quay(t)
	c := w.root.create(apiv1.NewCluster{Name: "dev", Type: "cce-standard"})
	p.sees(c.ID, cluster.Status{Phase: cluster.PhaseRunning})
	w.root.job(c.Job, ended)
	for _, step := range []struct {
		verb  string
		phase cluster.Phase
	}{{"stop", cluster.PhaseStopped}, {"start", cluster.PhaseRunning}} {
		var now apiv1.Cluster
		w.root.post("/v1/clusters/dev/"+step.verb, nil).want(200).into(&now)
		p.sees(c.ID, cluster.Status{Phase: step.phase})
		if j := w.root.job(now.Job, ended); j.State != "succeeded" || j.Result["phase"] != string(step.phase) {
			t.Errorf("%s: %+v", step.verb, j)
		}
	}
	var gone apiv1.Job
	w.root.delete("/v1/clusters/dev").want(202).into(&gone)
	w.root.get("/v1/clusters/dev").problem(404, "not-found")
	w.root.job(gone.ID, func(j apiv1.Job) bool { return len(j.Progress) == 2 && !ended(j) })
	p.sees(c.ID, cluster.Status{})
	if j := w.root.job(gone.ID, ended); j.State != "succeeded" || j.Cluster != "dev" {
		t.Errorf("job: %+v", j)
	}
}

func TestAJobNoticesThatSomebodyWantsTheOpposite(t *testing.T) {
	t.Parallel()
	w, p := quay(t)
	c := w.root.create(apiv1.NewCluster{Name: "dev", Type: "cce-standard"})
	w.root.post("/v1/clusters/dev/stop", nil).want(200)
	p.sees(c.ID, cluster.Status{Phase: cluster.PhaseStopping})
	if j := w.root.job(c.Job, ended); j.State != "failed" || j.Error != "cluster dev: it was told to stop meanwhile" {
		t.Errorf("job: %+v", j)
	}
}

func TestACancelledJobEndsAndAnEndedOneIsDropped(t *testing.T) {
	t.Parallel()
	w, _ := quay(t)
	c := w.root.create(apiv1.NewCluster{Name: "dev", Type: "cce-standard"})
	alice := w.as("alice")
	if p := alice.delete("/v1/jobs/"+c.Job).problem(403, "denied"); !strings.Contains(p.Detail, "cce:job:delete") {
		t.Errorf("problem: %+v", p)
	}
	var j apiv1.Job
	w.root.delete("/v1/jobs/" + c.Job).want(200).into(&j)
	if j.Cancel != "root" {
		t.Errorf("asked for its end: %+v", j)
	}
	if j := w.root.job(c.Job, ended); j.State != "cancelled" || !strings.HasPrefix(j.Error, "cancelled by root") {
		t.Errorf("job: %+v", j)
	}
	w.root.get("/v1/clusters/dev").want(200) // the cluster itself is another matter
	w.root.delete("/v1/jobs/" + c.Job).want(200)
	w.root.get("/v1/jobs/"+c.Job).problem(404, "not-found")
	w.root.delete("/v1/jobs/"+c.Job).problem(404, "not-found")
}

func (p person) jobs(query string) []string {
	p.Helper()
	var list apiv1.List[apiv1.Job]
	p.get("/v1/jobs" + query).want(200).into(&list)
	titles := []string{}
	for _, j := range list.Items {
		titles = append(titles, j.Title)
	}
	return titles
}

func TestEverybodyListsTheJobsThatTheyMaySee(t *testing.T) {
	t.Parallel()
	w, _ := quay(t)
	alice, dora := w.as("alice"), w.as("dora")
	if diff := cmp.Diff([]string{"create cluster lab", "attach cluster prod"}, w.root.jobs("")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"attach cluster prod"}, alice.jobs("")); diff != "" { // lab speaks the other language
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{}, dora.jobs("")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"attach cluster prod"}, w.root.jobs("?cluster=Prod")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{}, w.root.jobs("?state=failed")); diff != "" {
		t.Error(diff)
	}
	w.root.get("/v1/jobs?state=done").problem(400, "invalid")
	var page apiv1.List[apiv1.Job]
	w.root.get("/v1/jobs?limit=1").want(200).into(&page)
	if diff := cmp.Diff([]string{"attach cluster prod"}, w.root.jobs("?limit=1&page="+page.Next)); diff != "" {
		t.Error(diff)
	}
}

func TestNobodyLearnsOfAJobByTrying(t *testing.T) {
	t.Parallel()
	w, _ := quay(t)
	c := w.root.create(apiv1.NewCluster{Name: "dev", Type: "ack-managed"})
	alice, dora := w.as("alice"), w.as("dora") // alice may read jobs where she does not see this one
	for _, p := range []person{alice, dora} {
		for _, send := range []func(string) answer{p.get, p.delete} {
			there, not := send("/v1/jobs/"+c.Job), send("/v1/jobs/job-x")
			if there.status != not.status || there.status < 403 {
				t.Errorf("answered %d and %d: %s %s", there.status, not.status, there.body, not.body)
			}
			var one, other apiv1.Problem
			there.into(&one)
			not.into(&other)
			if strings.ReplaceAll(one.Detail, c.Job, "job-x") != other.Detail {
				t.Errorf("the answers differ:\n%s\n%s", one.Detail, other.Detail)
			}
		}
	}
}

func TestWhoeverBeginsAJobMayWatchItUnlessThatIsDenied(t *testing.T) {
	t.Parallel()
	w, _ := quay(t)
	w.root.apply("kind: Policy\nmetadata: {name: creates}\nspec: {document: {Version: \"1.1\", Statement: [{Effect: Allow, Action: [\"cce:cluster:create\"]}]}}").want(200)
	w.root.apply(grant("dora-creates", "dora-group", "creates", "{project: local-1}")).want(200)
	dora := w.as("dora")
	c := dora.create(apiv1.NewCluster{Name: "dev", Type: "cce-standard"})
	dora.get("/v1/jobs/" + c.Job).want(200)
	if diff := cmp.Diff([]string{"create cluster dev"}, dora.jobs("")); diff != "" {
		t.Error(diff)
	}
	if p := dora.delete("/v1/jobs/"+c.Job).problem(403, "denied"); !strings.Contains(p.Detail, "cce:job:delete") {
		t.Errorf("problem: %+v", p)
	}
	w.root.apply("kind: Policy\nmetadata: {name: blind}\nspec: {document: {Version: \"1.1\", Statement: [{Effect: Deny, Action: [\"cce:job:*\"]}]}}").want(200)
	w.root.apply(grant("dora-blind", "dora-group", "blind", "{project: local-1}")).want(200)
	dora.get("/v1/jobs/"+c.Job).problem(403, "denied")
	if titles := dora.jobs(""); len(titles) != 0 {
		t.Errorf("listed: %q", titles)
	}
}

func TestAnUpgradeIsDecidedOnAndThenRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	w, _ := quay(t)
	before, _ := w.dir.Account(w.account())
	if p := w.as("alice").post("/v1/clusters/prod/upgrade", apiv1.UpgradeCluster{Version: "v1.37"}).problem(403, "denied"); !strings.Contains(p.Detail, "cce:cluster:upgrade") {
		t.Errorf("problem: %+v", p)
	}
	for name, want := range map[string]string{"prod": "is attached", "lab": "runs Kubernetes v1."} {
		p := w.root.post("/v1/clusters/"+name+"/upgrade", apiv1.UpgradeCluster{Version: "v1.37"}).problem(409, "conflict")
		if !strings.Contains(p.Detail, want) || !strings.Contains(p.Hint, "nothing was changed") {
			t.Errorf("problem: %+v", p)
		}
	}
	w.root.post("/v1/clusters/prod/upgrade", apiv1.UpgradeCluster{Version: "newest"}).problem(400, "invalid")
	after, _ := w.dir.Account(w.account())
	if x, y := slices.Collect(before.Clusters.All()), slices.Collect(after.Clusters.All()); !slices.Equal(x, y) {
		t.Error("a cluster has changed")
	}
}

func TestPrepaidNeedsTheRightToPay(t *testing.T) {
	t.Parallel()
	w, _ := quay(t)
	w.root.apply("kind: Policy\nmetadata: {name: creates}\nspec: {document: {Version: \"1.1\", Statement: [{Effect: Allow, Action: [\"cce:cluster:create\"]}]}}").want(200)
	w.root.apply(grant("dora-creates", "dora-group", "creates", "{project: local-1}")).want(200)
	if p := w.as("dora").post("/v1/clusters", apiv1.NewCluster{Name: "paid", Type: "cce-standard", Billing: "prepaid"}).problem(403, "denied"); !strings.Contains(p.Detail, "bss:order:pay") {
		t.Errorf("problem: %+v", p)
	}
}
