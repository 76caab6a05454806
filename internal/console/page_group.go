package console

import (
	"context"
	"slices"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

func (c *Console) groupRoutes() []route {
	const get, post = "GET " + Prefix, "POST " + Prefix
	return []route{
		{get + "groups", c.groups, false},
		{get + "groups/new", c.newGroup, false},
		{post + "groups/new", c.createGroup, false},
		{get + "groups/{name}", c.group, false},
		{post + "groups/{name}/members", c.addMember, false},
		{post + "groups/{name}/members/remove", c.removeMember, false},
		{get + "groups/{name}/delete", c.confirmDeleteGroup, false},
		{post + "groups/{name}/delete", c.deleteGroup, false},
	}
}

// groupsPage lists user groups.
type groupsPage struct {
	base
	New   ui.Button
	Table ui.Table
}

func (*groupsPage) template() string { return "groups" }

func (c *Console) groups(ctx context.Context, v *visit) (answer, error) {
	list, err := v.api.List(ctx, pratique.KindGroup, v.listOptions())
	if err != nil {
		return nil, err
	}
	permits, err := v.may(ctx, on("group.create", ""))
	if err != nil {
		return nil, err
	}
	p := &groupsPage{base: base{v.frame("groups", "User groups")}}
	p.New = ui.Button{Label: "Create user group", Href: at("groups", "new"), Kind: "primary", Permit: permits[0]}
	p.Table = v.listing(list.Next, ui.Table{
		Caption: "User groups", Columns: []ui.Column{v.sorted("Name", "name"), {Title: "Description"}, {Title: "Members", Number: true}, v.sorted("Created", "created")},
		Empty: ui.Empty{
			Title: "No user group yet", Button: &p.New,
			Text: "A user group holds permissions, and its members have them. Create a group, give it permissions, then put users into it.",
		},
	})
	for _, m := range list.Items {
		var spec pratique.GroupSpec
		if err := specOf(m, &spec); err != nil {
			return nil, err
		}
		p.Table.Rows = append(p.Table.Rows, ui.Row{Cells: []ui.Cell{
			{Text: m.Metadata.Name, Href: at("groups", m.Metadata.Name)}, {Text: spec.Description}, {Text: count(len(spec.Members))}, {Text: day(m.Metadata.Created)},
		}})
	}
	return p, nil
}

// newGroupPage is the form for a group.
type newGroupPage struct {
	base
	Steps  ui.Steps
	Fields []ui.Field
	Back   string
}

func (*newGroupPage) template() string { return "new-group" }

func (c *Console) newGroup(_ context.Context, v *visit) (answer, error) {
	return newGroupForm(v, nil), nil
}

func newGroupForm(v *visit, err error) *newGroupPage {
	p := &newGroupPage{base: base{v.frame("groups", "Create user group")}, Back: at("groups"), Steps: groupSteps(false, false, false)}
	p.Crumbs = []ui.Link{{Title: "User groups", Href: at("groups")}}
	p.Problem = problem(err)
	p.Fields = []ui.Field{
		{Name: "name", Label: "Name", Value: v.form("name"), Required: true, Focus: true, MaxLength: 64, Hint: "ASCII letters, digits, . _ -"},
		{Name: "description", Label: "Description", Value: v.form("description"), MaxLength: 255},
	}
	return p
}

func (c *Console) createGroup(ctx context.Context, v *visit) (answer, error) {
	name := v.form("name")
	m, err := manifest(pratique.KindGroup, name, pratique.GroupSpec{Description: v.form("description")})
	if err != nil {
		return nil, err
	}
	if err := v.mustBeNew(ctx, pratique.KindGroup, name); err != nil {
		return newGroupForm(v, err), nil
	}
	if _, err := v.api.Change(ctx, apiv1.Changes{Changes: []apiv1.Change{{Put: &m}}}); err != nil {
		return newGroupForm(v, err), nil
	}
	return goTo{at("groups", name), "User group " + name + " is created. Give it permissions next, then add users."}, nil
}

// groupSteps lead through what makes a group: itself, its permissions, its users. A group that has all of them needs no steps.
func groupSteps(made, held, inhabited bool) ui.Steps {
	if held && inhabited {
		return nil
	}
	steps := ui.Steps{{Title: "User group"}, {Title: "Permissions"}, {Title: "Users"}}
	current := false
	for i, done := range []bool{made, held, inhabited} {
		switch {
		case done:
			steps[i].State = "done"
		case !current:
			steps[i].State, current = "current", true
		}
	}
	return steps
}

// groupPage shows one group: its members and what they have by it.
type groupPage struct {
	base
	Name    string
	Steps   ui.Steps // what is still to be done before the group does anything
	Facts   ui.Facts
	Members ui.Table
	Grants  ui.Table
	Add     ui.Field
	AddTo   string
	MayAdd  ui.Permit
	Buttons []ui.Button
}

func (*groupPage) template() string { return "group" }

func (c *Console) group(ctx context.Context, v *visit) (answer, error) {
	return c.showGroup(ctx, v, nil)
}

func (c *Console) showGroup(ctx context.Context, v *visit, failed error) (answer, error) {
	m, err := v.api.Get(ctx, pratique.KindGroup, v.path("name"))
	if err != nil {
		return nil, err
	}
	var spec pratique.GroupSpec
	if err := specOf(m, &spec); err != nil {
		return nil, err
	}
	name := m.Metadata.Name
	permits, err := v.may(ctx, on("group.addUser", name, "user", "-"), on("group.removeUser", name, "user", "-"), on("group.delete", name), on("grant.create.account", name, "principal", name, "principalKind", "group"))
	if err != nil {
		return nil, err
	}
	p := &groupPage{base: base{v.frame("groups", name)}, Name: name, AddTo: at("groups", name, "members"), MayAdd: permits[0]}
	p.Problem = problem(failed)
	p.Crumbs = []ui.Link{{Title: "User groups", Href: at("groups")}}
	p.Facts = ui.Facts{{Name: "Description", Value: spec.Description}, {Name: "Id", Value: m.Metadata.ID, Code: true}, {Name: "Created", Value: day(m.Metadata.Created)}}
	p.Add = ui.Field{Name: "user", Label: "User", Required: true, Hint: "Name of a user of this account; several with commas between"}
	p.Buttons = []ui.Button{
		{Label: "Give permissions", Kind: "primary", Href: href([]string{"grants", "new"}, "group", name), Permit: permits[3]},
		{Label: "Delete…", Kind: "danger", Href: at("groups", name, "delete"), Permit: permits[2]},
	}
	p.Members = v.memberTable(name, spec.Members, permits[1])
	p.Grants, err = c.grantsOf(ctx, v, client.ListOptions{Group: name})
	p.Steps = groupSteps(true, len(p.Grants.Rows) > 0, len(spec.Members) > 0)
	return p, err
}

// memberTable is a page of the members, in the order of their names.
func (v *visit) memberTable(group string, members []string, permit ui.Permit) ui.Table {
	const shown = 50
	part, from := pratique.Fold(v.query("q")), pratique.Fold(v.query("page"))
	var found []string
	for _, m := range members {
		if name := pratique.Fold(m); strings.Contains(name, part) && name >= from {
			found = append(found, m)
		}
	}
	slices.SortFunc(found, func(x, y string) int { return strings.Compare(pratique.Fold(x), pratique.Fold(y)) })
	next := ""
	if len(found) > shown {
		next, found = found[shown], found[:shown]
	}
	t := v.listing(next, ui.Table{
		Caption: "Members", Columns: []ui.Column{{Title: "User"}, {Title: ""}},
		Empty: ui.Empty{Title: "Nobody is in this group", Text: "Whoever is put into the group has all that it holds."},
	})
	if len(members) == 0 {
		t.Search = nil
	}
	for _, user := range found {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: user, Href: at("users", user)}, {Buttons: []ui.Button{{
			Label: "Remove", Action: at("groups", group, "members", "remove"), Fields: []ui.Hidden{{Name: "user", Value: user}}, Permit: permit, Form: ui.FormNumber(),
		}}}}})
	}
	return t
}

// addMember takes one name, or several with commas between: all are put in, or none.
func (c *Console) addMember(ctx context.Context, v *visit) (answer, error) {
	var users []string
	for u := range strings.SplitSeq(v.form("user"), ",") {
		if u = strings.TrimSpace(u); u != "" {
			users = append(users, u)
		}
	}
	done := strings.Join(users, ", ") + " is in the group now."
	if len(users) > 1 {
		done = strings.Join(users, ", ") + " are in the group now."
	}
	return c.changeMembers(ctx, v, func(members []string) ([]string, error) {
		for _, user := range users {
			if slices.ContainsFunc(members, func(m string) bool { return strings.EqualFold(m, user) }) {
				return nil, wrong(user + " is in the group already")
			}
			members = append(members, user)
		}
		return members, nil
	}, done)
}

func (c *Console) removeMember(ctx context.Context, v *visit) (answer, error) {
	user := v.form("user")
	return c.changeMembers(ctx, v, func(members []string) ([]string, error) {
		return slices.DeleteFunc(members, func(m string) bool { return strings.EqualFold(m, user) }), nil
	}, user+" is no longer in the group.")
}

// changeMembers reads the group, changes its list and writes it on the condition that nobody else has written meanwhile.
func (c *Console) changeMembers(ctx context.Context, v *visit, change func([]string) ([]string, error), done string) (answer, error) {
	m, err := v.api.Get(ctx, pratique.KindGroup, v.path("name"))
	if err != nil {
		return nil, err
	}
	var spec pratique.GroupSpec
	if err := specOf(m, &spec); err != nil {
		return nil, err
	}
	if spec.Members, err = change(spec.Members); err != nil {
		return c.showGroup(ctx, v, err)
	}
	next, err := changed(m, spec)
	if err != nil {
		return nil, err
	}
	if _, err := v.api.Change(ctx, apiv1.Changes{Changes: []apiv1.Change{{Put: &next}}}); err != nil {
		return c.showGroup(ctx, v, err)
	}
	return goTo{at("groups", m.Metadata.Name), done}, nil
}

func (c *Console) confirmDeleteGroup(ctx context.Context, v *visit) (answer, error) {
	return c.confirmDelete(ctx, v, pratique.KindGroup, "groups", nil)
}

func (c *Console) deleteGroup(ctx context.Context, v *visit) (answer, error) {
	return c.remove(ctx, v, pratique.KindGroup, "groups")
}
