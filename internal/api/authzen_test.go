package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// decision and found are AuthZEN's bodies as a client sees them.
type (
	decision struct {
		Decision bool           `json:"decision"`
		Context  map[string]any `json:"context"`
	}
	found struct {
		Page struct {
			Next  string `json:"next_token"`
			Count int    `json:"count"`
		} `json:"page"`
		Context map[string]any   `json:"context"`
		Results []map[string]any `json:"results"`
	}
)

const (
	aliceReads = `"subject":{"type":"user","id":"alice"},"action":{"name":"cce:cluster:get"},"resource":{"type":"cluster","id":"c1","properties":{"project":"local-1"}}`
	createC1   = `"action":{"name":"cluster.create"}`
)

func (p person) evaluate(body string) decision {
	p.Helper()
	var d decision
	p.post("/access/v1/evaluation", body).want(200).into(&d)
	return d
}

func TestAuthZENDecides(t *testing.T) {
	t.Parallel()
	w := shipyard(t)
	yes := w.root.evaluate("{" + aliceReads + "}")
	if !yes.Decision || !strings.HasPrefix(fmt.Sprint(yes.Context["id"]), "dec_") || yes.Context["reason"] == "" {
		t.Errorf("decision: %+v", yes)
	}
	if w.root.evaluate(`{"subject":{"type":"user","id":"bob"},"action":{"name":"cce:cluster:get"},"resource":{"type":"cluster","id":"c1"}}`).Decision {
		t.Error("bob may read")
	}
	gone := w.root.evaluate(`{"subject":{"type":"user","id":"nobody"},"action":{"name":"cce:cluster:get"},"resource":{"type":"cluster","id":"c1"}}`)
	if failure, ok := gone.Context["error"].(map[string]any); gone.Decision || !ok || failure["status"] != 404.0 {
		t.Errorf("an unknown subject: %+v", gone)
	}
	if !w.as("alice").evaluate("{" + aliceReads + "}").Decision {
		t.Error("alice may not ask about herself")
	}
	w.as("bob").post("/access/v1/evaluation", "{"+aliceReads+"}").problem(403, "denied")
}

func TestAuthZENDemandsWhatTheStandardDemands(t *testing.T) {
	t.Parallel()
	w := shipyard(t)
	for name, body := range map[string]string{
		"no subject":      `{"action":{"name":"a"},"resource":{"type":"cluster","id":"c1"}}`,
		"no subject id":   `{"subject":{"type":"user"},"action":{"name":"a"},"resource":{"type":"cluster","id":"c1"}}`,
		"no action":       `{"subject":{"type":"user","id":"alice"},"resource":{"type":"cluster","id":"c1"}}`,
		"no action name":  `{"subject":{"type":"user","id":"alice"},"action":{},"resource":{"type":"cluster","id":"c1"}}`,
		"no resource":     `{"subject":{"type":"user","id":"alice"},"action":{"name":"a"}}`,
		"no type":         `{"subject":{"type":"user","id":"alice"},"action":{"name":"a"},"resource":{"id":"c1"}}`,
		"a number":        `{"subject":{"type":"user","id":7},"action":{"name":"a"},"resource":{"type":"cluster","id":"c1"}}`,
		"a capital":       `{` + aliceReads + `,"Context":{"acs:SourceIp":"1.2.3.4"}}`,
		"a duplicate":     `{` + aliceReads + `,"subject":{"type":"user","id":"bob"}}`,
		"an unknown type": `{"subject":{"type":"ship","id":"x"},"action":{"name":"cce:cluster:get"},"resource":{"type":"cluster","id":"c1"}}`,
	} {
		t.Run(name, func(t *testing.T) { w.root.on(t).post("/access/v1/evaluation", body).problem(400, "invalid") })
	}
	if !w.root.evaluate(`{` + aliceReads + `,"profile":{"of":["the","future"]}}`).Decision {
		t.Error("an unknown member must be ignored")
	}
}

func TestAuthZENPropertiesAreConditionKeys(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice"),
		`kind: Policy
metadata: {name: tagged}
spec:
  document:
    Version: "1"
    Statement:
    - {Effect: Allow, Action: "cs:DeleteCluster", Resource: "acs:cs:*:*:cluster/c1", Condition: {StringEquals: {"acs:ResourceTag/env": ["dev"]}, IpAddress: {"acs:SourceIp": ["10.0.0.0/8"]}}}
`, grant("tagged", "alice-group", "tagged", "{account: true}"))
	ask := func(id, tags, source string) bool {
		return w.root.evaluate(`{"subject":{"type":"user","id":"alice"},"action":{"name":"cs:DeleteCluster"},
			"resource":{"type":"cluster","id":"` + id + `","properties":{"tags":{"env":"` + tags + `"},"note":{"nested":true}}},"context":{"acs:SourceIp":"` + source + `"}}`).Decision
	}
	if !ask("c1", "dev", "10.1.1.1") {
		t.Error("denied what the policy allows")
	}
	if ask("c2", "dev", "10.1.1.1") || ask("c1", "prod", "10.1.1.1") || ask("c1", "dev", "11.1.1.1") {
		t.Error("allowed what the policy does not")
	}
}

func TestEvaluationsFollowTheirSemantic(t *testing.T) {
	t.Parallel()
	w := shipyard(t)
	const yes, no = `{}`, `{` + createC1 + `}`
	for _, c := range []struct {
		semantic string
		items    []string
		want     []bool
	}{
		{"", []string{yes, no, yes}, []bool{true, false, true}},
		{"execute_all", []string{no, yes}, []bool{false, true}},
		{"deny_on_first_deny", []string{yes, no, yes}, []bool{true, false}},
		{"deny_on_first_deny", []string{yes, yes}, []bool{true, true}},
		{"permit_on_first_permit", []string{no, yes, no}, []bool{false, true}},
		{"permit_on_first_permit", []string{no, no}, []bool{false, false}},
	} {
		body := `{` + aliceReads + `,"evaluations":[` + strings.Join(c.items, ",") + `]`
		if c.semantic != "" {
			body += `,"options":{"evaluations_semantic":"` + c.semantic + `","other":1}`
		}
		var out struct {
			Evaluations []decision `json:"evaluations"`
		}
		w.root.post("/access/v1/evaluations", body+"}").want(200).into(&out)
		var got []bool
		for _, e := range out.Evaluations {
			got = append(got, e.Decision)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s of %v: %s", c.semantic, c.items, diff)
		}
	}
	w.root.post("/access/v1/evaluations", `{`+aliceReads+`,"evaluations":[{}],"options":{"evaluations_semantic":"sometimes"}}`).problem(400, "invalid")
	many := `{` + aliceReads + `,"evaluations":[{}` + strings.Repeat(`,{}`, 1000) + `]}`
	if p := w.root.post("/access/v1/evaluations", many).problem(400, "invalid"); !strings.Contains(p.Detail, "1001") {
		t.Errorf("the problem does not name the number: %+v", p)
	}
}

func TestAnEvaluationThatFailsIsANoAndSpoilsNoOther(t *testing.T) {
	t.Parallel()
	w := shipyard(t)
	body := `{"action":{"name":"cce:cluster:get"},"resource":{"type":"cluster","id":"c1","properties":{"project":"local-1"}},"evaluations":[
		{"subject":{"type":"user","id":"alice"}}, {}, {"subject":{"type":"user","id":"nobody"}}, {"subject":{"type":"user","id":"bob"}}]}`
	var out struct {
		Evaluations []decision `json:"evaluations"`
	}
	w.as("alice").post("/access/v1/evaluations", body).want(200).into(&out)
	var got []string
	for _, e := range out.Evaluations {
		text := fmt.Sprint(e.Decision)
		if failure, ok := e.Context["error"].(map[string]any); ok {
			text += fmt.Sprint(" ", failure["status"])
		}
		got = append(got, text)
	}
	if diff := cmp.Diff([]string{"true", "false 400", "false 403", "false 403"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestEvaluationsWithoutAListAnswerLikeOne(t *testing.T) {
	t.Parallel()
	w := shipyard(t)
	var d decision
	w.root.post("/access/v1/evaluations", `{`+aliceReads+`}`).want(200).into(&d)
	if !d.Decision {
		t.Errorf("decision: %+v", d)
	}
	w.root.post("/access/v1/evaluations", `{}`).problem(400, "invalid")
}

// search walks all pages and gives the values of one member.
func (p person) search(what, member, query, limit string) []string {
	p.Helper()
	var got []string
	token := ""
	for range 100 {
		var out found
		p.post("/access/v1/search/"+what, `{`+query+`,"page":{"limit":`+limit+`,"token":"`+token+`"}}`).want(200).into(&out)
		if out.Page.Count != len(out.Results) {
			p.Errorf("count is %d of %d results", out.Page.Count, len(out.Results))
		}
		for _, r := range out.Results {
			got = append(got, fmt.Sprint(r[member]))
		}
		if token = out.Page.Next; token == "" {
			return got
		}
	}
	p.Fatal("the pages do not end")
	return nil
}

func TestSearchesFindWhatEvaluationsAllow(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice", "bob", "carol"),
		"kind: Policy\nmetadata: {name: crew}\nspec: {document: {Version: \"1\", Statement: [{Effect: Allow, Action: [\"ram:GetUser\", \"ram:UpdateUser\"], Resource: \"acs:ram::*:user/*a*\"}]}}",
		grant("crew", "bob-group", "crew", "{account: true}"), grant("crew2", "carol-group", "crew", "{account: true}"))
	who := w.root.search("subject", "id", `"subject":{"type":"user"},"action":{"name":"ram:GetUser"},"resource":{"type":"user","id":"alice"}`, "1")
	if diff := cmp.Diff([]string{"bob", "carol"}, who); diff != "" {
		t.Errorf("who: %s", diff)
	}
	what := w.root.search("resource", "id", `"subject":{"type":"user","id":"bob"},"action":{"name":"user.get"},"resource":{"type":"user"}`, "1")
	if diff := cmp.Diff([]string{"alice", "carol"}, what); diff != "" {
		t.Errorf("what: %s", diff)
	}
	actions := w.as("bob").search("action", "name", `"subject":{"type":"user","id":"bob"},"resource":{"type":"user","id":"alice"}`, "1")
	if !strings.Contains(strings.Join(actions, " "), "ram:UpdateUser") || strings.Contains(strings.Join(actions, " "), "ram:DeleteUser") {
		t.Errorf("actions: %v", actions)
	}
	for _, action := range actions {
		if !w.root.evaluate(`{"subject":{"type":"user","id":"bob"},"action":{"name":"` + action + `"},"resource":{"type":"user","id":"alice"}}`).Decision {
			t.Errorf("the search finds %s, the evaluation denies it", action)
		}
	}
	if roots := w.root.search("subject", "id", `"subject":{"type":"root"},"action":{"name":"user.get"},"resource":{"type":"user","id":"alice"}`, "5"); len(roots) != 1 {
		t.Errorf("root may not: %v", roots)
	}
	var none found
	w.root.post("/access/v1/search/resource", `{"subject":{"type":"root","id":"root"},"action":{"name":"cluster.get"},"resource":{"type":"cluster"}}`).want(200).into(&none)
	if len(none.Results) != 0 || none.Context["reason"] == nil {
		t.Errorf("what is not kept: %+v", none)
	}
}

func TestSearchesGiveNoNamesAway(t *testing.T) {
	t.Parallel()
	w := shipyard(t)
	alice := w.as("alice")
	alice.post("/access/v1/search/subject", `{"subject":{"type":"user"},"action":{"name":"user.get"},"resource":{"type":"user","id":"bob"}}`).problem(403, "denied")
	alice.post("/access/v1/search/resource", `{"subject":{"type":"user","id":"alice"},"action":{"name":"cce:cluster:get"},"resource":{"type":"user","properties":{"project":"local-1"}}}`).problem(403, "denied")
	alice.post("/access/v1/search/action", `{"subject":{"type":"user","id":"bob"},"resource":{"type":"user","id":"bob"}}`).problem(403, "denied")
}

func TestAPageTokenBelongsToItsRequest(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice", "bob", "carol"))
	ask := func(action, page string) answer {
		return w.root.post("/access/v1/search/resource", `{"subject":{"type":"root","id":"root"},"action":{"name":"`+action+`"},"resource":{"type":"user"},"page":`+page+`}`)
	}
	var first found
	ask("user.get", `{"limit":1}`).want(200).into(&first)
	ask("user.get", `{"token":"`+first.Page.Next+`"}`).want(200)
	ask("user.get", `{"limit":1,"token":"`+first.Page.Next+`"}`).want(200)
	ask("user.get", `{"limit":2,"token":"`+first.Page.Next+`"}`).problem(400, "invalid")
	ask("user.delete", `{"limit":1,"token":"`+first.Page.Next+`"}`).problem(400, "invalid")
	ask("user.get", `{"token":"nonsense"}`).problem(400, "invalid")
	ask("user.get", `{"limit":-1}`).problem(400, "invalid")
}

func TestMetadataNamesTheConfiguredAddress(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	var m map[string]string
	w.stranger().get("/.well-known/authzen-configuration").want(200).into(&m)
	if m["policy_decision_point"] != "https://iam.example.com" || len(m) != 6 {
		t.Errorf("metadata: %v", m)
	}
	for name, url := range m {
		if !strings.HasPrefix(url, "https://iam.example.com") {
			t.Errorf("%s is %s", name, url)
		}
	}
}
