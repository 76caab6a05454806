package console

import (
	"context"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/console/ui"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

// auditPage lists records, newest first. Live, it asks again every few seconds.
type auditPage struct {
	base
	Table  ui.Table
	Fields []ui.Field
	Live   ui.Link
	Export string
}

func (*auditPage) template() string { return "audit" }

func (v *visit) auditOptions(limit int) client.AuditOptions {
	return client.AuditOptions{
		Before: v.query("before"), Limit: limit, Actor: v.query("actor"), Event: v.query("event"), Where: v.query("where"), Decision: v.query("decision"),
	}
}

func (c *Console) audit(ctx context.Context, v *visit) (answer, error) {
	list, err := v.api.Audit(ctx, v.auditOptions(50))
	if err != nil {
		return nil, err
	}
	p := &auditPage{base: base{v.frame("audit", "Audit")}}
	p.Fields = []ui.Field{
		{Name: "actor", Label: "Who", Value: v.query("actor"), MaxLength: 128},
		{Name: "event", Label: "What", Value: v.query("event"), Type: "select", Options: eventOptions(v.query("event"))},
		{Name: "where", Label: "Where", Value: v.query("where"), MaxLength: 128, Placeholder: "address, resource, name"},
		{Name: "decision", Label: "Decision", Type: "select", Options: options(v.query("decision"), "", "Both", "done", "Done", "refused", "Refused")},
	}
	again := []string{"actor", v.query("actor"), "event", v.query("event"), "where", v.query("where"), "decision", v.query("decision")}
	p.Export = href([]string{"audit", "export"}, again...)
	p.Live = ui.Link{Title: "Follow live", Href: href([]string{"audit"}, append(again, "live", "on")...)}
	if v.query("live") != "" {
		p.Refresh = 2
		p.Live = ui.Link{Title: "Stop following", Href: href([]string{"audit"}, again...)}
	}
	p.Table = ui.Table{
		Caption: "Audit records", Columns: recordColumns(),
		Empty: ui.Empty{Title: "No such record", Text: "Every change, every sign-in and every refusal of a change leaves a record here."},
	}
	if list.Next != "" {
		p.Table.Next = href([]string{"audit"}, append(again, "before", list.Next)...)
	}
	if v.query("before") != "" {
		p.Table.First = href([]string{"audit"}, again...)
	}
	for i := range list.Records {
		p.Table.Rows = append(p.Table.Rows, recordRow(&list.Records[i]))
	}
	return p, nil
}

func recordColumns() []ui.Column {
	return []ui.Column{{Title: "Time"}, {Title: "Who"}, {Title: "What"}, {Title: "Result"}, {Title: "From"}}
}

func recordRow(r *audit.Record) ui.Row {
	who := r.Actor.Name
	if who == "" {
		who = string(r.Actor.Type)
	}
	return ui.Row{Cells: []ui.Cell{
		{Text: ui.When(r.Time), Href: at("audit", strconv.FormatUint(r.Seq, 10))},
		{Text: who, Sub: string(r.Actor.Type)},
		{Text: string(r.Event), Sub: summary(r)},
		{Badge: outcome(r)},
		{Text: r.Source},
	}}
}

// summary is what a record tells in a line.
func summary(r *audit.Record) string {
	if r.Detail != "" {
		return short(r.Detail)
	}
	out := ""
	for i, s := range r.Steps {
		if i == 3 {
			return out + " …"
		}
		if i > 0 {
			out += "; "
		}
		out += string(s.Verb) + " " + s.Kind.Word() + " " + s.Name
	}
	return short(out)
}

func short(s string) string {
	const most = 160
	return cut(s, most)
}

func cut(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most]) + "…"
}

func outcome(r *audit.Record) *ui.Badge {
	if r.Event.Refused() {
		return &ui.Badge{Text: "refused", Tone: "bad"}
	}
	return &ui.Badge{Text: "done", Tone: "ok"}
}

func eventOptions(chosen string) []ui.Option {
	out := []ui.Option{{Title: "Everything", Chosen: chosen == ""}}
	for _, e := range audit.Events() {
		out = append(out, ui.Option{Title: string(e), Value: string(e), Chosen: chosen == string(e)})
	}
	return out
}

// auditRecordPage is everything that one generation recorded.
type auditRecordPage struct {
	base
	Records []recordView
}

type recordView struct {
	Title  string
	Facts  ui.Facts
	Checks ui.Table
	Steps  ui.Table
}

func (*auditRecordPage) template() string { return "audit-record" }

func (c *Console) auditRecord(ctx context.Context, v *visit) (answer, error) {
	seq, err := strconv.ParseUint(v.path("seq"), 10, 63)
	if err != nil {
		return c.nothingHere(ctx, v)
	}
	list, err := v.api.Audit(ctx, client.AuditOptions{Before: strconv.FormatUint(seq+1, 10), Limit: 1})
	if err != nil {
		return nil, err
	}
	p := &auditRecordPage{base: base{v.frame("audit", "Audit record "+v.path("seq"))}}
	p.Crumbs = []ui.Link{{Title: "Audit", Href: at("audit")}}
	for i := range list.Records {
		if r := &list.Records[i]; r.Seq == seq {
			p.Records = append(p.Records, viewOf(r))
		}
	}
	if len(p.Records) == 0 {
		return nil, &client.ProblemError{Problem: apiv1.Problem{
			Status: http.StatusNotFound, Title: "There is no such record", Detail: "no record " + v.path("seq") + " is kept that you may see: it may have been trimmed, or never was",
		}}
	}
	return p, nil
}

func viewOf(r *audit.Record) recordView {
	out := recordView{Title: string(r.Event)}
	out.Facts = ui.Facts{
		{Name: "Time", Value: ui.When(r.Time)},
		{Name: "Who", Value: r.Actor.Name},
		{Name: "Id", Value: r.Actor.ID, Code: true},
		{Name: "From", Value: r.Source},
		{Name: "Request", Value: r.Request, Code: true},
		{Name: "Reason given", Value: r.Reason},
		{Name: "Detail", Value: r.Detail},
		{Name: "Hash", Value: r.Hash, Code: true},
	}
	out.Checks = ui.Table{
		Caption: "Decided on the way", Columns: []ui.Column{{Title: "Operation"}, {Title: "Action"}, {Title: "Resource"}, {Title: "Decision"}},
		Empty: ui.Empty{Title: "Nothing to decide", Text: "This needed no permission beyond being who one is."},
	}
	for _, k := range r.Checks {
		badge := allowedBadge(k.Allowed)
		out.Checks.Rows = append(out.Checks.Rows, ui.Row{Cells: []ui.Cell{
			{Text: k.Operation, Code: true}, {Text: k.Action, Code: true}, {Text: k.Resource, Code: true}, {Badge: &badge, Sub: k.Reason},
		}})
	}
	out.Steps = ui.Table{
		Caption: "Changed", Columns: []ui.Column{{Title: "What"}, {Title: "Object"}, {Title: "Fields"}},
		Empty: ui.Empty{Title: "Nothing was changed", Text: "The record tells of something that changed no object."},
	}
	for _, s := range r.Steps {
		out.Steps.Rows = append(out.Steps.Rows, ui.Row{Cells: []ui.Cell{{Text: string(s.Verb)}, {Text: s.Kind.Word() + " " + s.Name}, {Changes: changesOf(s, 24_000/len(r.Steps))}}})
	}
	return out
}

// whole is more than a value has: a policy is at most 6 KiB, and twice that when it is indented.
const whole = 1 << 20

// changesOf shows what a step changes: documents indented, words without quotes. A value is cut after so many characters.
func changesOf(s pratique.Step, most int) []ui.Change {
	out := make([]ui.Change, len(s.Fields))
	for i, f := range s.Fields {
		out[i] = ui.Change{Name: f.Field, Before: cut(valueText(f.Before), most), After: cut(valueText(f.After), most)}
	}
	return out
}

func valueText(v jsontext.Value) string {
	if v.Kind() == '"' {
		if text, err := jsontext.AppendUnquote(nil, v); err == nil {
			return string(text)
		}
	}
	return indented(v, jsontext.WithIndent("  "))
}

// auditExport gives up to ten thousand records as lines of JSON.
func (c *Console) auditExport(ctx context.Context, v *visit) (answer, error) {
	const most = 10_000
	var out []byte
	o := v.auditOptions(500)
	for n := 0; n < most; {
		list, err := v.api.Audit(ctx, o)
		if err != nil {
			return nil, err
		}
		for i := range list.Records {
			line, err := strictjson.Marshal(list.Records[i])
			if err != nil {
				return nil, err
			}
			out = append(append(out, line...), '\n')
		}
		if n += len(list.Records); list.Next == "" {
			break
		}
		o.Before = list.Next
	}
	return download{name: "audit.jsonl", contentType: "application/jsonl", body: out}, nil
}
