package console

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/console/ui"
	"github.com/pratique-iam/pratique/policy"
)

// editorPage is a policy document in one of two views: a form, or JSON. Both carry the whole document, and each is made from the other.
type editorPage struct {
	base
	Name, Description string
	New               bool
	View              string // visual or json
	JSON              string
	Visual            []editorStatement
	Language          ui.Field
	Findings          []finding
	Effects           []apiv1.PreviewRow // of the preview, who gains and loses what
	Previewed         bool
	Version           string
	Back              string
}

func (*editorPage) template() string { return "editor" }

// editorStatement is a statement with what the form offers around it.
type editorStatement struct {
	visualStatement
	Services []ui.Option
	Offers   []offer
	Editor   []editorCondition
}

type editorCondition struct {
	N         int
	Operators []ui.Option
	visualCondition
}

// offer is the actions of a service with one level of access.
type offer struct {
	Title   string
	Actions []offeredAction
}

type offeredAction struct {
	Name, Description string
	Ticked            bool
}

// finding is what the parser or the linter says about a place.
type finding struct {
	Where, Tone, Text, Hint string
}

const emptyHuawei = `{"Version":"1.1","Statement":[{"Effect":"Allow","Action":["cce:cluster:get"]}]}`

func (c *Console) newPolicy(_ context.Context, v *visit) (answer, error) {
	doc, err := policy.Parse([]byte(emptyHuawei))
	if err != nil {
		return nil, err
	}
	p := v.editor("", true)
	p.show("visual", visualOf(doc))
	return p, nil
}

func (v *visit) editor(name string, isNew bool) *editorPage {
	title, back := "Edit "+name, at("policies", name)
	if isNew {
		title, back = "Create policy", at("policies")
	}
	p := &editorPage{base: base{v.frame("policies", title)}, Name: name, New: isNew, Back: back}
	p.Crumbs = []ui.Link{{Title: "Policies", Href: at("policies")}}
	return p
}

// show fills the page with a document in a view.
func (p *editorPage) show(view string, doc visual) {
	p.View = view
	p.JSON = string(doc.document().Format())
	p.Language = ui.Field{Name: "language", Label: "Language", Type: "select", Options: options(doc.Version, "1.1", "Huawei Cloud IAM (1.1)", "1", "Alibaba Cloud RAM (1)")}
	dialect := policy.Huawei
	if doc.Version == "1" {
		dialect = policy.RAM
	}
	p.Visual = nil
	for _, s := range doc.Statements {
		p.Visual = append(p.Visual, editorStatement{visualStatement: s, Services: serviceOptions(dialect, s.Service), Offers: offers(dialect, s), Editor: editorConditions(dialect, s)})
	}
	p.Findings = examine([]byte(p.JSON))
}

func editorConditions(d policy.Dialect, s visualStatement) []editorCondition {
	var out []editorCondition
	for i, c := range s.Conditions {
		names := policy.Operators(d)
		if c.Operator != "" && !slices.Contains(names, c.Operator) {
			names = append([]string{c.Operator}, names...)
		}
		out = append(out, editorCondition{i, choices(names, c.Operator), c})
	}
	return out
}

func serviceOptions(d policy.Dialect, chosen string) []ui.Option {
	rows, err := catalog.Load()
	if err != nil {
		return nil
	}
	out := []ui.Option{{Title: "Pick actions of …", Chosen: chosen == ""}}
	for _, s := range rows.Services {
		if s.Dialect == d {
			out = append(out, ui.Option{Title: s.Code + " · " + s.Name, Value: s.Code, Chosen: s.Code == chosen})
		}
	}
	return out
}

// offers are the actions of the chosen service, by level of access.
func offers(d policy.Dialect, s visualStatement) []offer {
	rows, err := catalog.Load()
	if err != nil || s.Service == "" {
		return nil
	}
	has := map[string]bool{}
	for _, v := range values(s.Actions) {
		has[strings.ToLower(v.Text)] = true
	}
	levels := map[string]*offer{}
	var order []string
	seen := map[string]bool{}
	add := func(level, action, about string) {
		if !strings.HasPrefix(action, s.Service+":") || seen[action] {
			return
		}
		seen[action] = true
		if levels[level] == nil {
			levels[level] = &offer{Title: level}
			order = append(order, level)
		}
		levels[level].Actions = append(levels[level].Actions, offeredAction{action, about, has[strings.ToLower(action)]})
	}
	for i := range rows.Operations {
		op := &rows.Operations[i]
		name := op.Huawei
		if d == policy.RAM {
			name = op.RAM
		}
		add(string(op.Access), name, op.Description)
	}
	if svc, ok := rows.ServiceIn(d, s.Service); ok {
		for _, action := range svc.Actions {
			add("Other", action, "")
		}
	}
	var out []offer
	for _, level := range order {
		out = append(out, *levels[level])
	}
	return out
}

// examine parses and lints a text.
func examine(text []byte) []finding {
	rows, err := catalog.Load()
	if err != nil {
		return []finding{{Tone: "bad", Text: err.Error()}}
	}
	doc, err := policy.Parser{Registry: rows}.Parse(text)
	var found []policy.Problem
	if refused, ok := errors.AsType[*policy.Error](err); ok {
		found = refused.Problems
	} else if doc != nil {
		found = policy.Lint(doc)
	}
	out := make([]finding, 0, len(found))
	for _, f := range found {
		tone := "warn"
		if f.Severity == policy.Fatal {
			tone = "bad"
		}
		out = append(out, finding{Where: "line " + count(int(f.Pos.Line)) + ", column " + count(int(f.Pos.Column)), Tone: tone, Text: f.Message, Hint: f.Hint})
	}
	return out
}

func (c *Console) changePolicy(ctx context.Context, v *visit) (answer, error) {
	m, err := v.api.Get(ctx, pratique.KindPolicy, v.path("name"))
	if err != nil {
		return nil, err
	}
	var spec pratique.PolicySpec
	if err := specOf(m, &spec); err != nil {
		return nil, err
	}
	p := v.editor(m.Metadata.Name, false)
	p.Description, p.Version = spec.Description, m.Metadata.ResourceVersion
	doc, err := policy.Parse([]byte(documentOf(spec)))
	if err != nil {
		p.View, p.JSON = "json", documentOf(spec)
		p.Findings = examine([]byte(p.JSON))
		return p, nil //nolint:nilerr // the findings say what is wrong with it
	}
	view := v.query("view")
	if view != "json" {
		view = "visual"
	}
	p.show(view, visualOf(doc))
	return p, nil
}

// editPolicy does what the pressed button says: change the view, add to the form, preview, or save.
func (c *Console) editPolicy(ctx context.Context, v *visit) (answer, error) {
	name := v.path("name")
	p := v.editor(name, name == "")
	if p.New {
		p.Name = v.form("name")
	}
	p.Description, p.Version = v.form("description"), v.form(versionField)
	do := v.form("do")
	var text string
	if v.form("view") == "json" {
		text = v.r.PostFormValue("json")
		p.View, p.JSON = "json", text
		p.Findings = examine([]byte(text))
	} else {
		doc := visualForm(v.r.PostForm)
		doc.edit(do)
		p.show("visual", doc)
		text = p.JSON
	}
	switch do {
	case "to-json":
		p.View = "json"
		return p, nil
	case "to-visual":
		if doc, err := policy.Parse([]byte(text)); err == nil {
			p.show("visual", visualOf(doc))
		} else {
			p.Problem = problem(wrong("the form can show a document only when it can be read; mend what is listed below first"))
		}
		return p, nil
	case "preview":
		return c.previewPolicy(ctx, v, p, text)
	case "save":
		return c.savePolicy(ctx, v, p, text)
	default:
		return p, nil
	}
}

// policyChange is the change that saving would be.
func (p *editorPage) policyChange(text string) (pratique.Manifest, error) {
	if !jsontext.Value(text).IsValid() {
		return pratique.Manifest{}, wrong("the document is not JSON; see what is listed below")
	}
	m, err := manifest(pratique.KindPolicy, p.Name, pratique.PolicySpec{Description: p.Description, Document: jsontext.Value(text)})
	m.Metadata.ResourceVersion = p.Version
	return m, err
}

func (c *Console) previewPolicy(ctx context.Context, v *visit, p *editorPage, text string) (answer, error) {
	m, err := p.policyChange(text)
	if err == nil {
		var out apiv1.Preview
		out, err = v.api.Preview(ctx, apiv1.Changes{Changes: []apiv1.Change{{Put: &m}}})
		p.Effects, p.Previewed = out.Rows, err == nil
	}
	p.Problem = problem(err)
	return p, nil
}

func (c *Console) savePolicy(ctx context.Context, v *visit, p *editorPage, text string) (answer, error) {
	m, err := p.policyChange(text)
	if err == nil && p.New {
		err = v.mustBeNew(ctx, pratique.KindPolicy, p.Name)
	}
	if err != nil {
		p.Problem = problem(err)
		return p, nil
	}
	if !p.New {
		now, err := v.api.Get(ctx, pratique.KindPolicy, p.Name)
		if err != nil {
			return nil, err
		}
		if now.Metadata.ResourceVersion != p.Version {
			return c.putOrCompare(ctx, v, now, m, at("policies", p.Name), "")
		}
	}
	result, err := v.api.Change(ctx, apiv1.Changes{Changes: []apiv1.Change{{Put: &m}}})
	if err != nil {
		p.Problem = problem(err)
		return p, nil
	}
	return goTo{at("policies", p.Name), noted("Policy "+p.Name+" is saved and in force.", result.Warnings)}, nil
}
