package pratique

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique/internal/strictjson"
)

// Group is a set of users. What is granted to the group, its members hold.
type Group struct {
	Meta
	Description string   `json:"description,omitempty"`
	Members     []string `json:"members,omitempty"` // ids of users, sorted
}

func (*Group) kind() Kind { return KindGroup }

// GroupSpec is what a manifest says of a group. Members are names of users.
type GroupSpec struct {
	Description string   `json:"description,omitempty"`
	Members     []string `json:"members,omitempty"`
}

func (s *Snapshot) groupSpec(g *Group) GroupSpec {
	spec := GroupSpec{Description: g.Description}
	for _, id := range g.Members {
		if u, ok := s.Users.ID(id); ok {
			spec.Members = append(spec.Members, u.Name)
		}
	}
	slices.SortFunc(spec.Members, func(a, b string) int { return strings.Compare(Fold(a), Fold(b)) })
	return spec
}

func (e *editor) putGroup(m Manifest) error {
	own := len(e.plan.Needs)
	old, exists, err := find(e, e.Groups, m, "group")
	if err != nil {
		return err
	}
	var spec GroupSpec
	if err := decodeSpec(m, &spec); err != nil {
		return err
	}
	if err := checkText("description", spec.Description, 1024); err != nil {
		return err
	}
	g := &Group{Meta: Meta{Name: m.Metadata.Name}, Description: spec.Description}
	if g.Members, err = e.memberIDs(m.Metadata.Name, spec.Members, old); err != nil {
		return err
	}
	if !exists {
		e.stamp(&g.Meta, nil, KindGroup)
		e.setGroup(nil, g)
		e.write(Create, g, diff(nil, e.groupSpec(g)))
		return nil
	}
	before := e.groupSpec(old)
	fields := renamed(old.Name, g.Name, diff(before, e.groupSpec(g)))
	if len(fields) == 0 {
		e.unchanged(old, "group", own)
		return nil
	}
	if old.Name == g.Name && old.Description == g.Description { // only members differ: the right to manage members is enough
		e.plan.Needs = slices.Delete(e.plan.Needs, own, own+1)
	}
	e.stamp(&g.Meta, &old.Meta, KindGroup)
	e.setGroup(old, g)
	e.write(Update, g, fields)
	return nil
}

// memberIDs resolves names, and adds what adding and removing members needs.
func (e *editor) memberIDs(group string, names []string, old *Group) ([]string, error) {
	var had, ids []string
	if old != nil {
		had = old.Members
	}
	var missing error
	for _, name := range names {
		u, ok := e.Users.Name(name)
		switch {
		case ok:
			ids = append(ids, u.ID)
		case missing == nil:
			missing = notFound(KindUser, name).hint("group %q names it as a member", group)
		}
		if !ok || !slices.Contains(had, u.ID) {
			e.need("group.addUser", "name", group, "user", name)
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	for _, id := range had {
		if _, kept := slices.BinarySearch(ids, id); kept {
			continue
		}
		if u, ok := e.Users.ID(id); ok {
			e.need("group.removeUser", "name", group, "user", u.Name)
		}
	}
	return ids, missing
}

func (e *editor) setGroup(old, g *Group) {
	if old != nil {
		for _, id := range old.Members {
			e.memberships.Delete(membership{id, old.ID})
		}
	}
	for _, id := range g.Members {
		e.memberships.Set(membership{id, g.ID})
	}
	e.Groups.set(g)
}

// removeMember takes a user out of a group because the user goes.
func (e *editor) removeMember(g *Group, u *User) {
	e.need("group.removeUser", "name", g.Name, "user", u.Name)
	next := *g
	next.Members = slices.DeleteFunc(slices.Clone(g.Members), func(id string) bool { return id == u.ID })
	e.stamp(&next.Meta, &g.Meta, KindGroup)
	before, _ := strictjson.Marshal(e.groupSpec(g).Members)
	e.setGroup(g, &next)
	after, _ := strictjson.Marshal(e.groupSpec(&next).Members)
	e.write(Update, &next, []FieldDiff{{Field: "members", Before: jsontext.Value(before), After: jsontext.Value(after)}})
	e.cascaded()
}

func (e *editor) deleteGroup(c Delete) error {
	e.need("group.delete", "name", c.Name)
	g, ok := e.Groups.Find(c.Name)
	if !ok {
		return notFound(KindGroup, c.Name)
	}
	var h holders
	for _, name := range e.groupSpec(g).Members {
		h.add(KindUser, name)
	}
	e.heldByGrants(&h, e.GrantsOf(g.ID))
	e.heldByPermissions(&h, g.ID)
	for _, p := range e.mapping(g.ID) {
		h.add(KindIdentityProvider, p.Name)
	}
	if err := h.refuse(c, g.Name); err != nil {
		return err
	}
	e.dropGrants(e.GrantsOf(g.ID))
	e.dropPermissions(g.ID)
	e.unmap(g)
	for _, name := range e.groupSpec(g).Members {
		e.need("group.removeUser", "name", g.Name, "user", name)
	}
	for _, id := range g.Members {
		e.memberships.Delete(membership{id, g.ID})
	}
	e.Groups.remove(g)
	e.write(Remove, g, nil)
	return nil
}
