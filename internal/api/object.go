package api

import (
	"cmp"
	"context"
	"encoding/base64"
	"iter"
	"slices"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/web"
)

// The sizes of a page.
const (
	pageSize    = 100
	maxPageSize = 500
)

type pageIn struct {
	Page  string `query:"page" doc:"next of the page before"`
	Limit int    `query:"limit" doc:"items on a page; 100 unless given, at most 500"`
}

// bounds are the name, or what else the list is sorted by, at which the page begins, and how many items it holds.
func (p pageIn) bounds() (from string, limit int, err error) {
	if p.Limit < 0 || p.Limit > maxPageSize {
		return "", 0, web.Invalid("limit is %d and must be 1 to %d", p.Limit, maxPageSize)
	}
	name, err := base64.RawURLEncoding.Strict().DecodeString(p.Page)
	if err != nil || len(name) > 256 {
		return "", 0, web.Invalid("page is not the next of an earlier page")
	}
	return string(name), cmp.Or(p.Limit, pageSize), nil
}

func nextPage(name string) string { return base64.RawURLEncoding.EncodeToString([]byte(name)) }

type listIn struct {
	pageIn
	Name string `query:"name" doc:"part of the name, in any case"`
	Sort string `query:"sort" doc:"name, -name, created or -created; name unless given"`
}

type listPoliciesIn struct {
	listIn
	Type string `query:"type" doc:"system or custom; empty: both"`
}

type listGrantsIn struct {
	listIn
	User   string `query:"user" doc:"only grants to this user itself"`
	Group  string `query:"group" doc:"only grants to this group"`
	Role   string `query:"role" doc:"only grants to this role"`
	Policy string `query:"policy" doc:"only grants of this policy"`
}

type listPermissionsIn struct {
	listIn
	Cluster string `query:"cluster" doc:"only what reaches this cluster"`
}

type nameIn struct {
	Name string `path:"name" doc:"name or id of the object"`
}

// list serves the objects of a kind, a page at a time.
func (a *API) list(kind pratique.Kind) action {
	if kind == pratique.KindPolicy {
		return signedIn(a.policies)
	}
	if kind == pratique.KindGrant {
		return signedIn(a.grants)
	}
	if kind == pratique.KindNamespacePermission {
		return signedIn(a.permissions)
	}
	return signedIn(func(_ context.Context, c Call, in listIn) (apiv1.List[pratique.Manifest], error) {
		return page(c.Snapshot, in, func(from string) iter.Seq[any] { return c.Snapshot.Objects(kind, from, false) })
	})
}

func (a *API) policies(_ context.Context, c Call, in listPoliciesIn) (apiv1.List[pratique.Manifest], error) {
	if in.Type != "" && in.Type != "system" && in.Type != "custom" {
		return apiv1.List[pratique.Manifest]{}, web.Invalid("type is %q and must be system or custom", in.Type)
	}
	return page(c.Snapshot, in.listIn, func(from string) iter.Seq[any] {
		all := c.Snapshot.Objects(pratique.KindPolicy, from, in.Type != "custom")
		if in.Type != "system" {
			return all
		}
		return only(all, func(p *pratique.Policy) bool { return p.System })
	})
}

// only leaves of a walk what is a T and fits.
func only[T any](all iter.Seq[any], fits func(T) bool) iter.Seq[any] {
	return func(yield func(any) bool) {
		for o := range all {
			if t, ok := o.(T); ok && fits(t) && !yield(o) {
				return
			}
		}
	}
}

// permissions lists namespace permissions. As with grants, a cluster that does not exist is one that nothing reaches.
func (a *API) permissions(_ context.Context, c Call, in listPermissionsIn) (apiv1.List[pratique.Manifest], error) {
	return page(c.Snapshot, in.listIn, func(from string) iter.Seq[any] {
		all := c.Snapshot.Objects(pratique.KindNamespacePermission, from, false)
		if in.Cluster == "" {
			return all
		}
		id, known := idOf(c.Snapshot.Clusters.Find(in.Cluster))
		return only(all, func(p *pratique.NamespacePermission) bool { return known && p.On(id) })
	})
}

// grants lists grants. A filter by a name that does not exist finds nothing: whoever may list grants may not be allowed to know the users.
func (a *API) grants(_ context.Context, c Call, in listGrantsIn) (apiv1.List[pratique.Manifest], error) {
	s := c.Snapshot
	filter := grantFilter{s: s, in: in}
	return page(s, in.listIn, func(from string) iter.Seq[any] {
		if in.User+in.Group+in.Role+in.Policy == "" {
			return s.Objects(pratique.KindGrant, from, false)
		}
		found := slices.SortedFunc(filter.walk(), func(x, y *pratique.Grant) int {
			return strings.Compare(pratique.Fold(x.Name), pratique.Fold(y.Name))
		})
		return func(yield func(any) bool) {
			for _, g := range found {
				if pratique.Fold(g.Name) >= pratique.Fold(from) && !yield(g) {
					return
				}
			}
		}
	})
}

type grantFilter struct {
	s  *pratique.Snapshot
	in listGrantsIn
}

// walk gives the grants that pass all filters, over the narrowest index.
func (f grantFilter) walk() iter.Seq[*pratique.Grant] {
	var principals []string
	for _, want := range []struct {
		name string
		find func(string) (string, bool)
	}{
		{f.in.User, func(n string) (string, bool) { return idOf(f.s.Users.Find(n)) }},
		{f.in.Group, func(n string) (string, bool) { return idOf(f.s.Groups.Find(n)) }},
		{f.in.Role, func(n string) (string, bool) { return idOf(f.s.Roles.Find(n)) }},
	} {
		if want.name == "" {
			continue
		}
		id, ok := want.find(want.name)
		if !ok {
			return func(func(*pratique.Grant) bool) {}
		}
		principals = append(principals, id)
	}
	policyID := ""
	if f.in.Policy != "" {
		p, ok := f.s.Policy(f.in.Policy)
		if !ok {
			return func(func(*pratique.Grant) bool) {}
		}
		policyID = p.ID
	}
	base := f.s.GrantsWith(policyID)
	if len(principals) > 0 {
		base = f.s.GrantsOf(principals[0])
	}
	return func(yield func(*pratique.Grant) bool) {
		for g := range base {
			fits := policyID == "" || g.Policy == policyID
			for _, id := range principals {
				fits = fits && g.Principal.ID == id
			}
			if fits && !yield(g) {
				return
			}
		}
	}
}

// idOf is the id of something that was looked up.
func idOf[P any](p P, ok bool) (string, bool) {
	if !ok {
		return "", false
	}
	return metaOf(p).ID, true
}

// metaOf is what an object of the directory is called.
func metaOf(o any) *pratique.Meta {
	m, ok := pratique.MetaOf(o)
	if !ok {
		return &pratique.Meta{}
	}
	return m
}

// page cuts a page out of a walk in name order.
func page(s *pratique.Snapshot, in listIn, walk func(from string) iter.Seq[any]) (apiv1.List[pratique.Manifest], error) {
	out := apiv1.List[pratique.Manifest]{Revision: s.Generation}
	from, limit, err := in.bounds()
	if err != nil {
		return out, err
	}
	by, err := orderOf(in.Sort)
	if err != nil {
		return out, err
	}
	part := pratique.Fold(in.Name)
	found, next, err := cut(by, from, limit, walk, metaOf, func(o any) bool { return part == "" || strings.Contains(pratique.Fold(metaOf(o).Name), part) })
	if err != nil {
		return out, err
	}
	for _, o := range found {
		m, err := s.Manifest(o, true)
		if err != nil {
			return out, err
		}
		out.Items = append(out.Items, m)
	}
	if next != "" {
		out.Next = nextPage(next)
	}
	return out, nil
}

// object serves one object of a kind.
func (a *API) object(kind pratique.Kind) action {
	return signedIn(func(_ context.Context, c Call, in nameIn) (pratique.Manifest, error) {
		o, err := c.Snapshot.Object(kind, in.Name)
		if err != nil {
			return pratique.Manifest{}, err
		}
		return c.Snapshot.Manifest(o, true)
	})
}

// export writes everything, in the order in which it can be applied to an empty account.
func (a *API) export(_ context.Context, c Call, _ none) (apiv1.List[pratique.Manifest], error) {
	all, err := c.Snapshot.Export()
	return apiv1.List[pratique.Manifest]{Items: all, Revision: c.Snapshot.Generation}, err
}
