package api_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/directory"
)

// shipyard is a town with a reader, somebody who may ask about others, and somebody with nothing.
func shipyard(t *testing.T) *town {
	t.Helper()
	return settled(t, users("alice", "bob", "inspector"),
		"kind: Policy\nmetadata: {name: inspect}\nspec: {document: {Version: \"1.1\", Statement: [{Effect: Allow, Action: [\"iam:permissions:simulate\"]}]}}",
		grant("reads", "alice-group", "CCE ReadOnlyAccess", "{project: local-1}"),
		grant("inspects", "inspector-group", "inspect", "{account: true}"))
}

func about(user, action string) apiv1.Question {
	return apiv1.Question{Subject: apiv1.Subject{ID: user}, Action: action, Project: "local-1"}
}

func (p person) decide(q apiv1.Question) apiv1.Answer {
	p.Helper()
	var a apiv1.Answer
	p.post("/v1/decide", q).want(200).into(&a)
	return a
}

func TestEverybodyMayAskAboutThemselves(t *testing.T) {
	t.Parallel()
	w := shipyard(t)
	alice := w.as("alice")
	yes := alice.decide(about("", "cce:cluster:get"))
	if !yes.Allowed || yes.Effect != "Allow" || yes.Subject != "user alice" || !strings.Contains(yes.Reason, "CCE ReadOnlyAccess") || yes.Age != 0 {
		t.Errorf("answer: %+v", yes)
	}
	no := alice.decide(about("alice", "cluster.create"))
	if no.Allowed || no.Effect != "Undecided" || no.Action != "cce:cluster:create" && no.Action != "cs:CreateCluster" {
		t.Errorf("answer: %+v", no)
	}
	if unknown := alice.decide(about("", "cce:cluster:sail")); unknown.Allowed {
		t.Errorf("answer: %+v", unknown)
	}
	for _, action := range []string{"", "cce:*:*", "cce cluster", strings.Repeat("a", 300)} {
		alice.post("/v1/decide", about("", action)).problem(400, "invalid")
	}
}

func TestAskingAboutOthersNeedsSimulate(t *testing.T) {
	t.Parallel()
	w := shipyard(t)
	bob, inspector := w.as("bob"), w.as("inspector")
	bob.post("/v1/decide", about("alice", "cce:cluster:get")).problem(403, "denied")
	bob.post("/v1/explain", about("alice", "cce:cluster:get")).problem(403, "denied")
	bob.post("/v1/whocan", about("", "cce:cluster:get")).problem(403, "denied")
	if !inspector.decide(about("alice", "cce:cluster:get")).Allowed || inspector.decide(about("bob", "cce:cluster:get")).Allowed {
		t.Error("the inspector is told wrong")
	}
	if p := inspector.post("/v1/decide", about("nobody", "cce:cluster:get")).problem(404, "not-found"); p.Hint == "" {
		t.Errorf("no hint: %+v", p)
	}
	var who apiv1.List[apiv1.Subject]
	inspector.post("/v1/whocan", about("", "cce:cluster:get")).want(200).into(&who)
	if diff := cmp.Diff([]apiv1.Subject{{Type: "user", ID: "alice"}}, who.Items); diff != "" {
		t.Error(diff)
	}
}

func TestWhoCanComesInPages(t *testing.T) {
	t.Parallel()
	w := settled(t, users("Dora", "alice", "bob", "carol"),
		grant("g1", "Dora-group", "CCE FullAccess", "{allProjects: true}"), grant("g2", "alice-group", "CCE FullAccess", "{allProjects: true}"),
		grant("g3", "carol-group", "CCE FullAccess", "{allProjects: true}"))
	var got []string
	for path := "/v1/whocan?limit=2"; path != ""; {
		var page apiv1.List[apiv1.Subject]
		w.root.post(path, about("", "cce:cluster:create")).want(200).into(&page)
		for _, s := range page.Items {
			got = append(got, s.ID)
		}
		path = ""
		if page.Next != "" {
			path = "/v1/whocan?limit=2&page=" + url.QueryEscape(page.Next)
		}
	}
	if diff := cmp.Diff([]string{"alice", "carol", "Dora"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestADecisionIsExplainedAsItWasThen(t *testing.T) {
	t.Parallel()
	w := shipyard(t)
	alice := w.as("alice")
	then := alice.decide(about("", "cce:cluster:get"))
	w.root.post("/v1/changes", `{"changes":[{"delete":{"kind":"Grant","name":"reads"}}]}`).want(200)
	if alice.decide(about("", "cce:cluster:get")).Allowed {
		t.Fatal("the grant is gone and still holds")
	}
	why := string(alice.get("/v1/decisions/" + then.Decision).want(200).body)
	if !strings.Contains(why, `"allowed":true`) || !strings.Contains(why, `"grant":"reads (group alice-group)"`) {
		t.Errorf("why: %s", why)
	}
}

func TestADecisionBelongsToWhoAsked(t *testing.T) {
	t.Parallel()
	w := shipyard(t)
	id := w.as("alice").decide(about("", "cce:cluster:get")).Decision
	w.as("bob").get("/v1/decisions/"+id).problem(404, "not-found")
	w.as("inspector").get("/v1/decisions/" + id).want(200)
	w.as("bob").get("/v1/decisions/dec_aaaaaaaaaaaaaaaa").problem(404, "not-found")
}

func TestProjectsAreNamedAndUnknownOnesRefused(t *testing.T) {
	t.Parallel()
	w := shipyard(t)
	w.root.apply("kind: Project\nmetadata: {name: local-1_secret}\nspec: {region: local-1}\n---\nkind: EnterpriseProject\nmetadata: {name: hidden}").want(200)
	alice := w.as("alice")
	in := func(project, ep string) apiv1.Question {
		return apiv1.Question{Action: "cce:cluster:get", Project: project, EnterpriseProject: ep}
	}
	for _, q := range [][2]apiv1.Question{
		{in("local-1_secret", ""), in("local-1_nowhere", "")},
		{in("local-1", "hidden"), in("local-1", "nowhere")},
	} {
		there, gone := alice.post("/v1/decide", q[0]).problem(404, "not-found"), alice.post("/v1/decide", q[1]).problem(404, "not-found")
		said := strings.NewReplacer("secret", "NAME", "hidden", "NAME", "nowhere", "NAME")
		if said.Replace(there.Detail) != said.Replace(gone.Detail) || there.Hint != gone.Hint || there.Hint == "" {
			t.Errorf("what alice may not see looks unlike what is not there:\n%+v\n%+v", there, gone)
		}
	}
	w.root.apply(grant("secret", "alice-group", "CCE ReadOnlyAccess", "{project: local-1_secret}")).want(200)
	if !alice.decide(in("local-1_secret", "default")).Allowed {
		t.Error("alice holds a grant there now")
	}
}

func TestConditionsAreAskedAbout(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice"),
		"kind: Policy\nmetadata: {name: from-home}\nspec: {document: {Version: \"1\", Statement: [{Effect: Allow, Action: \"cs:GetClusters\", Resource: \"*\","+
			" Condition: {IpAddress: {\"acs:SourceIp\": [\"10.0.0.0/8\"]}, Bool: {\"acs:MFAPresent\": [\"true\"]}}}]}}",
		grant("home", "alice-group", "from-home", "{account: true}"))
	ask := func(keys map[string][]string) apiv1.Question {
		return apiv1.Question{Action: "cs:GetClusters", Context: keys}
	}
	alice := w.as("alice")
	if alice.decide(ask(nil)).Allowed {
		t.Error("allowed from 127.0.0.1 without a second factor")
	}
	if !alice.decide(ask(map[string][]string{"acs:SourceIp": {"10.1.2.3"}, "g:MFAPresent": {"true"}})).Allowed {
		t.Error("denied from home with a second factor")
	}
	for name, keys := range map[string]map[string][]string{
		"two addresses":    {"acs:SourceIp": {"10.1.2.3", "1.2.3.4"}},
		"no address":       {"acs:SourceIp": {"home"}},
		"both vendors":     {"acs:SourceIp": {"10.1.2.3"}, "g:SourceIp": {"1.2.3.4"}},
		"two cases":        {"acs:sourceip": {"10.1.2.3"}, "acs:SourceIp": {"1.2.3.4"}},
		"an odd time":      {"g:CurrentTime": {"noon"}},
		"an odd factor":    {"acs:MFAPresent": {"perhaps"}},
		"two cases of key": {"cs:tag": {"1"}, "CS:Tag": {"2"}},
	} {
		t.Run(name, func(t *testing.T) { alice.on(t).post("/v1/decide", ask(keys)).problem(400, "invalid") })
	}
}

func TestARevisionIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := shipyard(t)
	q := about("", "cce:cluster:get")
	var result apiv1.ChangeResult
	w.root.apply(users("zoe")).want(200).into(&result)
	q.AtLeast = result.Revision
	if got := w.root.decide(q); got.Revision < result.Revision {
		t.Errorf("decided at %d, asked for %d", got.Revision, result.Revision)
	}
	q.AtLeast = result.Revision + 1000
	if got := w.root.post("/v1/decide", q); got.problem(503, "unavailable").Detail == "" || got.header.Get("Retry-After") == "" {
		t.Error("a revision that does not come is not explained")
	}
}

func TestAnOldDirectorySaysSoAndAClosedOneAnswersNothing(t *testing.T) {
	t.Parallel()
	w := shipyard(t)
	w.stranger().get("/readyz").want(200)
	w.state.Store(int32(directory.Degraded))
	if got := w.root.decide(about("", "cce:cluster:get")); got.Age != 40 {
		t.Errorf("age is %v", got.Age)
	}
	w.stranger().get("/readyz").want(200)
	w.state.Store(int32(directory.Closed))
	w.root.post("/v1/decide", about("", "cce:cluster:get")).problem(503, "unavailable")
	w.stranger().post("/v1/login", apiv1.Login{User: "root", Password: "x"}).problem(503, "unavailable")
	if body := string(w.stranger().get("/readyz").want(503).body); !strings.Contains(body, `"directory":"closed"`) {
		t.Errorf("readyz says %s", body)
	}
	w.stranger().get("/livez").want(200)
}
