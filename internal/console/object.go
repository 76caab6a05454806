package console

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/console/ui"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

// specOf reads the spec of a manifest that the API gave. An object of which nothing is said has none.
func specOf(m pratique.Manifest, spec any) error {
	if len(m.Spec) == 0 {
		return nil
	}
	return strictjson.Unmarshal(m.Spec, spec)
}

// manifest writes one.
func manifest(kind pratique.Kind, name string, spec any) (pratique.Manifest, error) {
	data, err := strictjson.Marshal(spec)
	return pratique.Manifest{APIVersion: pratique.APIVersion, Kind: kind, Metadata: pratique.Metadata{Name: name}, Spec: data}, err
}

// changed is a manifest with another spec, to be put only while the object is as it was read.
func changed(m pratique.Manifest, spec any) (pratique.Manifest, error) {
	data, err := strictjson.Marshal(spec)
	m.Spec, m.Status = data, nil
	return m, err
}

// mustBeNew keeps a form for something new from changing something that is there.
func (v *visit) mustBeNew(ctx context.Context, kind pratique.Kind, name string) error {
	if name == "" {
		return wrong("a name is needed")
	}
	_, err := v.api.Get(ctx, kind, name)
	switch {
	case err == nil:
		return wrong("a " + kind.Word() + " named " + name + " exists already")
	case errors.Is(err, pratique.ErrNotFound), errors.Is(err, pratique.ErrDenied):
		return nil // whoever may not see it learns from the change itself
	default:
		return err
	}
}

// listOptions are what every list can be asked for by its address.
func (v *visit) listOptions() client.ListOptions {
	return client.ListOptions{Name: v.query("q"), Page: v.query("page"), Sort: v.query("sort")}
}

// sorted is a column by which the list can be sorted: a click turns it round. Key is name, by which lists are sorted by themselves, or created.
func (v *visit) sorted(title, key string) ui.Column {
	q := v.r.URL.Query()
	out := ui.Column{Title: title}
	now := cmp.Or(q.Get("sort"), "name")
	to := key
	switch now {
	case key:
		out.Sorted, to = "ascending", "-"+key
	case "-" + key:
		out.Sorted = "descending"
	}
	q.Del("page")
	q.Set("sort", to)
	out.Sort = v.r.URL.Path + "?" + q.Encode()
	return out
}

// listing gives a table what every list has: the search field, and the ways to the other pages.
func (v *visit) listing(next string, t ui.Table) ui.Table {
	q := v.r.URL.Query()
	here := v.r.URL.Path
	t.Search = &ui.Search{Label: "Name", Value: q.Get("q"), Action: here}
	if q.Get("sort") != "" {
		t.Search.Hidden = append(t.Search.Hidden, ui.Hidden{Name: "sort", Value: q.Get("sort")})
	}
	if q.Get("page") != "" {
		first := v.r.URL.Query()
		first.Del("page")
		t.First = here + "?" + first.Encode()
	}
	if next != "" {
		q.Set("page", next)
		t.Next = here + "?" + q.Encode()
	}
	if v.query("q") != "" {
		t.Empty = ui.Empty{Title: "Nothing has such a name", Text: "No name that you may see holds “" + v.query("q") + "”."}
	}
	return t
}

// deletePage asks before something is destroyed.
type deletePage struct {
	base
	Danger ui.Danger
}

func (*deletePage) template() string { return "delete" }

// confirmDelete shows what goes with an object, by a dry run, and asks for its name.
func (c *Console) confirmDelete(ctx context.Context, v *visit, kind pratique.Kind, section string, failed error) (answer, error) {
	name := v.path("name")
	p := &deletePage{base: base{v.frame(section, "Delete "+kind.Word()+" "+name)}}
	p.Crumbs = []ui.Link{{Title: name, Href: at(section, name)}}
	p.Problem = problem(failed)
	p.Danger = ui.Danger{
		Title: "This cannot be undone", Text: "The " + kind.Word() + " " + name + " is deleted for good. Its id is never used again.",
		Name: name, Action: at(section, name, "delete"), Label: "Delete " + kind.Word(), Back: at(section, name), Permit: ui.Permit{Allowed: true},
	}
	plan, err := v.api.DryRun(ctx, deletion(kind, name))
	if errors.Is(err, pratique.ErrDenied) || errors.Is(err, pratique.ErrConflict) { // conflict: what belongs to every account stays
		p.Danger.Permit = ui.Permit{Why: problem(err).Detail}
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	for _, s := range plan.Steps {
		if s.Cascaded {
			p.Danger.Goes = append(p.Danger.Goes, s.Kind.Word()+" "+s.Name)
		}
	}
	return p, nil
}

// remove deletes an object whose name was typed, with what holds on to it.
func (c *Console) remove(ctx context.Context, v *visit, kind pratique.Kind, section string) (answer, error) {
	name := v.path("name")
	if v.form("confirm") != name {
		return c.confirmDelete(ctx, v, kind, section, wrong("the name that you typed is another one; nothing was deleted"))
	}
	if _, err := v.api.Change(ctx, deletion(kind, name)); err != nil {
		return c.confirmDelete(ctx, v, kind, section, err)
	}
	return goTo{at(section), "The " + kind.Word() + " " + name + " is deleted."}, nil
}

func deletion(kind pratique.Kind, name string) apiv1.Changes {
	return apiv1.Changes{Changes: []apiv1.Change{{Delete: &pratique.Delete{Kind: kind, Name: name, Cascade: true}}}}
}

// grantsOf is the table of what somebody holds.
func (c *Console) grantsOf(ctx context.Context, v *visit, o client.ListOptions) (ui.Table, error) {
	t := ui.Table{
		Caption: "Permissions", Columns: []ui.Column{{Title: "Policy"}, {Title: "Scope"}, {Title: "Granted"}, {Title: ""}},
		Empty: ui.Empty{Title: "No permission yet", Text: "Without a grant, nothing is allowed."},
	}
	list, err := v.api.List(ctx, pratique.KindGrant, o)
	if errors.Is(err, pratique.ErrDenied) {
		t.Empty = ui.Empty{Title: "You may not see permissions", Text: problem(err).Detail}
		return t, nil
	}
	if err != nil {
		return t, err
	}
	for _, m := range list.Items {
		var spec pratique.GrantSpec
		if err := specOf(m, &spec); err != nil {
			return t, err
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			{Text: spec.Policy, Href: at("policies", spec.Policy)},
			{Text: scopeText(spec.Scope)},
			{Text: day(m.Metadata.Created)},
			{Href: at("grants", m.Metadata.Name, "delete"), Text: "Revoke…"},
		}})
	}
	if list.Next != "" {
		t.Note = "There are more; see them all with: pratique get grants"
	}
	return t, nil
}

func scopeText(s pratique.ScopeSpec) string {
	switch {
	case s.Account:
		return "whole account"
	case s.AllProjects:
		return "all projects"
	case s.Project != "":
		return "project " + s.Project
	default:
		return "enterprise project " + s.EnterpriseProject
	}
}

func count(n int) string { return strconv.Itoa(n) }

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// noted is a sentence about what was done, with what the API warned of.
func noted(done string, warnings []string) string {
	out := []string{done}
	for _, w := range warnings {
		out = append(out, "Note: "+w+".")
	}
	return strings.Join(out, " ")
}
