package console

import (
	"context"
	"fmt"
	"strings"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

func (c *Console) proofRoutes() []route {
	const get = "GET " + Prefix
	return []route{
		{get + "my-access", c.myAccess, false},
		{get + "simulator", c.simulator, false},
		{get + "decisions/{id}", c.decision, false},
		{get + "who-can", c.whoCan, false},
		{get + "audit", c.audit, false},
		{get + "audit/{seq}", c.auditRecord, false},
		{get + "audit/export", c.auditExport, false},
	}
}

// question is what somebody asks of the simulator or of the reverse search. It stands in the address, so that it can be shared.
type question struct {
	Subject  ui.Field // of the simulator only
	Kind     ui.Field // of the subject
	Fleet    []ui.Field
	Inside   []ui.Field
	IsInside bool // about a request inside a cluster
	Asked    bool
}

// questionOf reads the address.
func (v *visit) questionOf() question {
	inside := v.query("cluster") != "" || v.query("layer") == "cluster"
	field := func(name, label, hint string) ui.Field {
		return ui.Field{Name: name, Label: label, Hint: hint, Value: v.query(name), MaxLength: 512}
	}
	q := question{
		IsInside: inside, Asked: v.query("action") != "" || v.query("verb") != "",
		Subject: field("subject", "Who", "Name of a user or role; empty: yourself"),
		Kind: ui.Field{Name: "kind", Label: "Kind", Type: "select", Options: options(v.query("kind"),
			"user", "User", "role", "Role")},
		Fleet: []ui.Field{
			field("action", "Operation", "cce:cluster:create, cs:DeleteCluster, or an operation of Pratique such as user.create"),
			field("resource", "Resource", "Full name, in the language of the operation; empty: any"),
			field("project", "Project", ""), field("enterpriseProject", "Enterprise project", ""), field("clusterType", "Cluster type", "cce-standard, ack-managed …"),
		},
		Inside: []ui.Field{
			field("cluster", "Cluster", ""), field("verb", "Verb", "get, list, create, delete …"),
			field("kubeResource", "Resource", "As kubectl writes it: pods, pods/exec, deployments.apps"),
			field("namespace", "Namespace", "Empty for what is in none"), field("name", "Name", "Empty: any"),
		},
	}
	for i := range q.Fleet[:1] {
		q.Fleet[i].Required = true
	}
	for i := range q.Inside[:3] {
		q.Inside[i].Required = true
	}
	return q
}

func options(chosen string, pairs ...string) []ui.Option {
	var out []ui.Option
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, ui.Option{Value: pairs[i], Title: pairs[i+1], Chosen: chosen == pairs[i]})
	}
	return out
}

func (v *visit) fleetQuestion() apiv1.Question {
	return apiv1.Question{
		Subject: v.subject(), Action: v.query("action"), Resource: v.query("resource"), Project: v.query("project"),
		EnterpriseProject: v.query("enterpriseProject"), ClusterType: v.query("clusterType"),
	}
}

func (v *visit) kubeQuestion() apiv1.KubeQuestion {
	return apiv1.KubeQuestion{
		Subject: v.subject(), Cluster: v.query("cluster"), Verb: v.query("verb"), Resource: v.query("kubeResource"),
		Namespace: v.query("namespace"), Name: v.query("name"), Explanation: true,
	}
}

func (v *visit) subject() apiv1.Subject {
	if v.query("subject") == "" {
		return apiv1.Subject{}
	}
	kind := v.query("kind")
	if kind == "" {
		kind = "user"
	}
	return apiv1.Subject{Type: kind, ID: v.query("subject")}
}

// verdict is an answer as a page shows it.
type verdict struct {
	Badge    ui.Badge
	Reason   string
	Facts    ui.Facts
	Walks    []walk
	Inside   *layer // the second layer, of a request inside a cluster
	Smallest []string
	Checks   []apiv1.Requirement
}

type walk struct {
	Title string
	Tiers []tier
	Note  string
}

type tier struct {
	Name, Effect, Text string
	Tone               string
	Policy, Where      string
}

type layer struct {
	Badge  ui.Badge
	Reason string
}

func allowedBadge(allowed bool) ui.Badge {
	if allowed {
		return ui.Badge{Text: "Allowed", Tone: "ok"}
	}
	return ui.Badge{Text: "Denied", Tone: "bad"}
}

// verdictOf makes a verdict of an explained answer.
func verdictOf(a apiv1.Answer) *verdict {
	out := &verdict{Badge: allowedBadge(a.Allowed), Reason: a.Reason, Smallest: a.Smallest}
	out.Facts = ui.Facts{
		{Name: "Who", Value: a.Subject},
		{Name: "Operation", Value: a.Action, Code: true},
		{Name: "Resource", Value: a.Resource, Code: true},
		{Name: "Revision", Value: fmt.Sprint(a.Revision)},
		{Name: "Decision", Value: a.Decision, Code: true},
	}
	if a.RBAC != nil && a.RBAC.Consulted {
		out.Inside = &layer{allowedBadge(a.RBAC.Allowed), a.RBAC.Reason}
	}
	if a.Explanation == nil {
		return out
	}
	out.Checks = a.Explanation.Requirements
	if len(out.Smallest) == 0 {
		out.Smallest = a.Explanation.Hints
	}
	for _, w := range a.Explanation.Walks {
		out.Walks = append(out.Walks, walkOf(w))
	}
	return out
}

func walkOf(w apiv1.Walk) walk {
	out := walk{Title: w.Dialect + " · " + w.Action, Note: w.Trace.Missing}
	for _, t := range w.Trace.Tiers {
		row := tier{Name: t.Name, Effect: t.Effect.String(), Text: lookedAt(t.Statements)}
		if t.Skipped != "" {
			row.Effect, row.Text = "skipped", t.Skipped
		}
		if d := t.Deciding; d != nil {
			row.Policy = d.Policy
			row.Text = fmt.Sprintf("statement %d of %s", d.Statement+1, d.Policy)
			row.Where = strings.TrimSpace(d.Scope)
		}
		row.Tone = map[string]string{"Allow": "ok", "Deny": "bad"}[row.Effect]
		out.Tiers = append(out.Tiers, row)
	}
	return out
}

func lookedAt(statements int) string {
	if statements == 1 {
		return "1 statement was looked at"
	}
	return fmt.Sprintf("%d statements were looked at", statements)
}

// simulatorPage answers whether somebody may do something, over both layers.
type simulatorPage struct {
	base
	Question question
	Verdict  *verdict
	Switch   ui.Tabs
}

func (*simulatorPage) template() string { return "simulator" }

func (c *Console) simulator(ctx context.Context, v *visit) (answer, error) {
	p := &simulatorPage{base: base{v.frame("simulator", "Simulator")}, Question: v.questionOf()}
	p.Switch = v.layers("simulator", p.Question.IsInside)
	if !p.Question.Asked {
		return p, nil
	}
	var err error
	if p.Question.IsInside {
		p.Verdict, err = c.insideVerdict(ctx, v)
	} else {
		var a apiv1.Answer
		if a, err = v.api.Explain(ctx, v.fleetQuestion()); err == nil {
			p.Verdict = verdictOf(a)
		}
	}
	p.Problem = problem(err)
	return p, nil
}

func (c *Console) insideVerdict(ctx context.Context, v *visit) (*verdict, error) {
	a, err := v.api.KubeWhy(ctx, v.kubeQuestion())
	if err != nil {
		return nil, err
	}
	out := verdictOf(a.Gate)
	out.Inside = &layer{allowedBadge(a.RBAC.Allowed), a.RBAC.Reason}
	if !a.RBAC.Consulted {
		out.Inside.Badge = ui.Badge{Text: "Not consulted", Tone: "quiet"}
	}
	out.Badge, out.Reason = allowedBadge(a.Allowed), a.Reason
	if len(a.Smallest) > 0 {
		out.Smallest = a.Smallest
	}
	return out, nil
}

func (v *visit) layers(pageName string, inside bool) ui.Tabs {
	return ui.Tabs{
		{Title: "Operations of the fleet", Href: at(pageName), Current: !inside},
		{Title: "Requests inside a cluster", Href: href([]string{pageName}, "layer", "cluster"), Current: inside},
	}
}

// decisionPage explains a decision that was made before.
type decisionPage struct {
	base
	ID      string
	Verdict *verdict
	Request string // for somebody who may open it, to be copied
}

func (*decisionPage) template() string { return "decision" }

func (c *Console) decision(ctx context.Context, v *visit) (answer, error) {
	a, err := v.api.Decision(ctx, v.path("id"))
	if err != nil {
		return nil, err
	}
	p := &decisionPage{base: base{v.frame("simulator", "Decision "+v.path("id"))}, ID: v.path("id"), Verdict: verdictOf(a)}
	if !a.Allowed {
		p.Request = requestText(v, a)
	}
	return p, nil
}

// requestText is what somebody who was refused can send to whoever looks after permissions.
func requestText(v *visit, a apiv1.Answer) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Please let %s of account %s do %s", v.me.Name, v.me.Account, a.Action)
	if a.Resource != "" {
		fmt.Fprintf(&b, " on %s", a.Resource)
	}
	fmt.Fprintf(&b, ".\nI was refused: %s\n", a.Reason)
	hints := a.Smallest
	if len(hints) == 0 && a.Explanation != nil {
		hints = a.Explanation.Hints
	}
	for i, h := range hints {
		if i == 0 {
			b.WriteString("Any one of these would allow it:\n")
		}
		fmt.Fprintf(&b, "- %s\n", h)
	}
	fmt.Fprintf(&b, "See: pratique why %s\n", a.Decision)
	return b.String()
}

// whoCanPage answers the reverse question.
type whoCanPage struct {
	base
	Question question
	Switch   ui.Tabs
	Asked    bool
	Who      ui.Table
}

func (*whoCanPage) template() string { return "who-can" }

func (c *Console) whoCan(ctx context.Context, v *visit) (answer, error) {
	p := &whoCanPage{base: base{v.frame("who-can", "Who can")}, Question: v.questionOf()}
	p.Switch = v.layers("who-can", p.Question.IsInside)
	p.Asked = p.Question.Asked
	if !p.Asked {
		return p, nil
	}
	var list apiv1.List[apiv1.Subject]
	var err error
	if p.Question.IsInside {
		list, err = v.api.KubeWhoCan(ctx, v.kubeQuestion())
	} else {
		list, err = v.api.WhoCan(ctx, v.fleetQuestion())
	}
	if err != nil {
		p.Problem, p.Asked = problem(err), false
		return p, nil
	}
	const shown = 500
	p.Who = ui.Table{
		Caption: "Who may", Columns: []ui.Column{{Title: "Name"}, {Title: "Kind"}},
		Empty: ui.Empty{Title: "Nobody but the root", Text: "The root of the account always may; nobody else does."},
	}
	if n := len(list.Items); n > 0 {
		p.Who.Note = fmt.Sprintf("%d found; the root of the account always may and is not listed.", n)
	}
	for _, s := range list.Items[:min(len(list.Items), shown)] {
		p.Who.Rows = append(p.Who.Rows, ui.Row{Cells: []ui.Cell{{Text: s.ID, Href: at(s.Type+"s", s.ID)}, {Text: s.Type}}})
	}
	if len(list.Items) > shown {
		p.Who.Note += " The first 500 are shown; see all with: pratique who-can"
	}
	return p, nil
}
