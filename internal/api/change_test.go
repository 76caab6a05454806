package api_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/audit"
)

func TestAListIsAppliedWhollyOrNotAtAll(t *testing.T) {
	t.Parallel()
	w := settled(t)
	p := w.root.apply("kind: User\nmetadata: {name: alice}\n---\nkind: Group\nmetadata: {name: ops}\nspec: {members: [nobody]}").problem(404, "not-found")
	if !strings.Contains(p.Detail, "nobody") || p.Hint == "" {
		t.Errorf("the problem does not say what is missing: %+v", p)
	}
	w.root.get("/v1/users/alice").problem(404, "not-found")
	var result apiv1.ChangeResult
	w.root.apply("kind: Group\nmetadata: {name: ops}\nspec: {members: [alice]}\n---\nkind: User\nmetadata: {name: alice}").want(200).into(&result)
	if len(result.Steps) != 2 || result.Steps[0].Verb != pratique.Create {
		t.Errorf("steps: %+v", result.Steps)
	}
	var m pratique.Manifest
	w.root.get("/v1/groups/ops").want(200).into(&m)
	if string(m.Spec) != `{"members":["alice"]}` || m.Metadata.ID == "" || m.Metadata.ResourceVersion != fmt.Sprint(result.Revision) {
		t.Errorf("the group is %+v", m)
	}
}

func TestADryRunSaysTheSameAndWritesNothing(t *testing.T) {
	t.Parallel()
	w := settled(t)
	text := users("alice", "bob")
	before := w.trail()
	var dry, wet apiv1.ChangeResult
	w.root.post("/v1/changes?dryRun=true", changes(t, text)).want(200).into(&dry)
	w.root.get("/v1/users/alice").want(404)
	if diff := cmp.Diff(before, w.trail()); diff != "" {
		t.Errorf("the dry run was recorded: %s", diff)
	}
	w.root.apply(text).want(200).into(&wet)
	if !dry.DryRun || dry.Revision != wet.Revision || len(dry.Steps) != len(wet.Steps) {
		t.Errorf("dry %+v, wet %+v", dry, wet)
	}
}

func TestAMisspeltDryRunChangesNothing(t *testing.T) {
	t.Parallel()
	w := settled(t)
	for _, query := range []string{"dryrun=true", "dryRun=yes", "dryRun=true&dryRun=false", "dryRun=%zz", "dryRun=true;x"} {
		w.root.post("/v1/changes?"+query, changes(t, users("alice"))).problem(400, "invalid")
	}
	w.root.get("/v1/users/alice").want(404)
}

// trail is the sequence number of the newest record.
func (w *town) trail() uint64 {
	w.Helper()
	var page apiv1.Audit
	w.root.get("/v1/audit?limit=1").want(200).into(&page)
	return page.Records[0].Seq
}

func TestApplyingTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice"))
	before := w.trail()
	var result apiv1.ChangeResult
	w.root.apply(users("alice")).want(200).into(&result)
	if result.Steps[0].Verb != pratique.Unchanged || result.Revision != before || w.trail() != before {
		t.Errorf("at revision %d the result is %+v", before, result)
	}
}

func TestAListThatIsTooLongNamesTheLimit(t *testing.T) {
	t.Parallel()
	w := settled(t)
	many := func(n int) string {
		var docs []string
		for i := range n {
			docs = append(docs, fmt.Sprintf("kind: User\nmetadata: {name: u%03d}", i))
		}
		return strings.Join(docs, "\n---\n")
	}
	p := w.root.apply(many(121)).problem(400, "invalid")
	if !strings.Contains(p.Detail, "121") || !strings.Contains(p.Detail, "119") {
		t.Errorf("the problem does not name the numbers: %+v", p)
	}
	w.root.apply(many(119)).want(200)
}

func TestABodyThatIsTooLargeIsRefusedUnread(t *testing.T) {
	t.Parallel()
	w := settled(t)
	huge := `{"changes":[],"reason":"` + strings.Repeat("x", 3<<20) + `"}`
	if p := w.root.post("/v1/changes", huge).problem(413, "too-large"); !strings.Contains(p.Detail, "2097152") {
		t.Errorf("the problem does not name the limit: %+v", p)
	}
	w.root.post("/v1/decide", `{"action":"`+strings.Repeat("x", 70<<10)+`"}`).problem(413, "too-large")
	w.stranger().post("/v1/login", `{"user":"`+strings.Repeat("x", 70<<10)+`"}`).problem(413, "too-large")
}

func TestHostileJSONIsRefused(t *testing.T) {
	t.Parallel()
	w := settled(t)
	user := `{"put":{"apiVersion":"pratique.dev/v1","kind":"User","metadata":{"name":"mallory"}%s}}`
	for name, body := range map[string]string{
		"nothing":         ``,
		"no object":       `[]`,
		"null":            `null`,
		"a duplicate":     `{"changes":[],"changes":[` + fmt.Sprintf(user, "") + `]}`,
		"another case":    `{"Changes":[` + fmt.Sprintf(user, "") + `]}`,
		"a long s":        `{"change\u017f":[]}`,
		"trailing data":   `{"changes":[` + fmt.Sprintf(user, "") + `]} {}`,
		"bad UTF-8":       `{"changes":[` + fmt.Sprintf(user, "") + `],"reason":"` + "\xff" + `"}`,
		"unknown member":  `{"changes":[` + fmt.Sprintf(user, `,"extra":1`) + `]}`,
		"both":            `{"changes":[{"put":{"apiVersion":"pratique.dev/v1","kind":"User","metadata":{"name":"m"}},"delete":{"kind":"User","name":"x"}}]}`,
		"neither":         `{"changes":[{}]}`,
		"depth":           `{"changes":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`,
		"a control sign":  `{"changes":[` + fmt.Sprintf(user, "") + `],"reason":"\u001b[2J"}`,
		"nothing to do":   `{"changes":[]}`,
		"an unknown kind": `{"changes":[{"put":{"apiVersion":"pratique.dev/v1","kind":"Session","metadata":{"name":"m"}}}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			p := w.root.on(t).post("/v1/changes", body).problem(400, "invalid")
			if p.Detail == "" || strings.Contains(p.Detail, "apiv1.") || strings.Contains(p.Detail, "Go ") {
				t.Errorf("the problem is not for people: %+v", p)
			}
		})
	}
	w.root.get("/v1/users/mallory").want(404)
}

func TestOnlyJSONIsRead(t *testing.T) {
	t.Parallel()
	w := settled(t)
	for _, media := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json; charset=utf-7"} {
		w.root.send("POST", "/v1/changes", media, `{"changes":[]}`).problem(415, "media-type")
	}
	w.root.send("POST", "/v1/decide", "application/json; charset=UTF-8", `{"action":"cce:cluster:get"}`).want(200)
}

func TestNamesCannotBeProbedWithoutRights(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice", "mallory"),
		"kind: Role\nmetadata: {name: worker}\nspec: {trust: {Version: \"1\", Statement: [{Effect: Allow, Action: \"sts:AssumeRole\", Principal: {Service: [cs.aliyuncs.com]}}]}}",
		"kind: Policy\nmetadata: {name: mine}\nspec: {document: {Version: \"1.1\", Statement: [{Effect: Allow, Action: [\"cce:cluster:get\"]}]}}",
		grant("alice-reads", "alice-group", "CCE ReadOnlyAccess", "{project: local-1}"))
	mallory := w.as("mallory")
	put := func(kind, name, spec string) string {
		return "kind: " + kind + "\nmetadata: {name: " + name + "}\nspec: " + spec
	}
	remove := func(kind pratique.Kind, name string, cascade bool) apiv1.Changes {
		return apiv1.Changes{Changes: []apiv1.Change{{Delete: &pratique.Delete{Kind: kind, Name: name, Cascade: cascade}}}}
	}
	decide := func(subject string) apiv1.Question {
		return apiv1.Question{Subject: apiv1.Subject{ID: subject}, Action: "cce:cluster:get"}
	}
	for name, ask := range map[string]func(mallory person, name string) answer{
		"reading a user":            func(mallory person, n string) answer { return mallory.get("/v1/users/" + n) },
		"changing a user":           func(mallory person, n string) answer { return mallory.apply(put("User", n, "{email: a@example.com}")) },
		"applying a user unchanged": func(mallory person, n string) answer { return mallory.apply(put("User", n, "{}")) },
		"deleting a user": func(mallory person, n string) answer {
			return mallory.post("/v1/changes", remove(pratique.KindUser, n, true))
		},
		"asking about a user": func(mallory person, n string) answer { return mallory.post("/v1/decide", decide(n)) },
		"setting a password": func(mallory person, n string) answer {
			return mallory.post("/v1/password", apiv1.NewPassword{User: n, New: "a b c d e f g h"})
		},
		"making an access key": func(mallory person, n string) answer {
			return mallory.post("/v1/accesskeys", apiv1.NewAccessKey{User: n})
		},
		"listing sessions": func(mallory person, n string) answer { return mallory.get("/v1/sessions?user=" + n) },
		"adding a member": func(mallory person, n string) answer {
			return mallory.apply(put("Group", n+"-group", "{members: [mallory]}"))
		},
		"removing members": func(mallory person, n string) answer { return mallory.apply(put("Group", n+"-group", "{}")) },
		"deleting a grant": func(mallory person, n string) answer {
			return mallory.post("/v1/changes", remove(pratique.KindGrant, n+"-reads", false))
		},
	} {
		t.Run(name, func(t *testing.T) {
			mallory := mallory.on(t)
			there, gone := ask(mallory, "alice").problem(403, "denied"), ask(mallory, "nobody").problem(403, "denied")
			if got, want := strings.ReplaceAll(there.Detail, "alice", "NAME"), strings.ReplaceAll(gone.Detail, "nobody", "NAME"); got != want {
				t.Errorf("they differ:\n%s\n%s", got, want)
			}
			why := func(id string) string {
				text := string(mallory.get("/v1/decisions/" + id).want(200).body)
				text = regexp.MustCompile(`"revision":\d+`).ReplaceAllString(text, "") // every refusal is recorded, and makes a new one
				return strings.NewReplacer("alice", "NAME", "nobody", "NAME", id, "ID").Replace(text)
			}
			if diff := cmp.Diff(why(there.Decision), why(gone.Decision)); diff != "" {
				t.Errorf("the explanations differ: %s", diff)
			}
		})
	}
	for name, n := range map[string]string{"alice": "ALICE", "nobody": "NOBODY"} {
		if p := mallory.get("/v1/sessions?user="+n).problem(403, "denied"); strings.Contains(p.Detail, name) {
			t.Errorf("the refusal spells the name as it is stored: %s", p.Detail)
		}
	}
}

func TestARefusedChangeIsRecordedAndCanBeExplained(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice"))
	alice := w.as("alice")
	p := alice.apply("kind: User\nmetadata: {name: bob}").problem(403, "denied")
	if !strings.HasPrefix(p.Decision, "dec_") || !strings.Contains(p.Hint, p.Decision) {
		t.Fatalf("the refusal has no decision: %+v", p)
	}
	if why := string(alice.get("/v1/decisions/" + p.Decision).want(200).body); !strings.Contains(why, `"allowed":false`) || !strings.Contains(why, `"hints":["`) {
		t.Errorf("why: %s", why)
	}
	var page apiv1.Audit
	w.root.get("/v1/audit?actor=alice&event=" + string(audit.ChangeDenied)).want(200).into(&page)
	if len(page.Records) != 1 || page.Records[0].Source != "127.0.0.1" || !strings.HasPrefix(page.Records[0].Request, "req_") {
		t.Errorf("records: %+v", page.Records)
	}
}

func TestTheChainOfRecordsIsIntact(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice", "bob"))
	w.as("alice").get("/v1/audit").problem(403, "denied")
	var v apiv1.Verification
	w.root.get("/v1/audit/verify").want(200).into(&v)
	if !v.Intact || v.First != 1 || v.Problem != "" || uint64(v.Records) < v.Last {
		t.Errorf("the chain: %+v", v)
	}
}

func TestAuditPagesJoinWithoutGapOrRepeat(t *testing.T) {
	t.Parallel()
	w := settled(t, users("alice"), users("bob"), users("carol"))
	var all apiv1.Audit
	w.root.get("/v1/audit").want(200).into(&all)
	var joined []uint64
	for next := "limit=2"; next != ""; {
		var page apiv1.Audit
		w.root.get("/v1/audit?" + next).want(200).into(&page)
		for _, r := range page.Records {
			joined = append(joined, r.Seq)
		}
		if next = page.Next; next != "" {
			next = "limit=2&before=" + next
		}
	}
	var want []uint64
	for _, r := range all.Records {
		want = append(want, r.Seq)
	}
	if diff := cmp.Diff(want, joined); diff != "" {
		t.Error(diff)
	}
}
