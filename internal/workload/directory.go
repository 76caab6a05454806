package workload

import (
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/policy"
)

// Directory is an account's worth of objects as a store keeps them: the policies of W(P), groups to which five of them are granted in all
// projects, and users in four groups each. The Gate would refuse some of the documents, which name actions of CCE that the catalogue does not
// have; a store may hold them.
type Directory struct {
	Policies []*pratique.Policy
	Users    []*pratique.User
	Groups   []*pratique.Group
	Grants   []*pratique.Grant

	memberships [][]int // of Users
}

// Directory draws a directory with some users. There are as many groups as the policies fill, once or, to have more grants, several times.
func (w *Workload) Directory(users, times int) *Directory {
	d := &Directory{}
	for i, p := range w.Policies {
		d.Policies = append(d.Policies, &pratique.Policy{
			Meta: w.meta("pol", "policy", i), Default: "v1",
			Versions: []pratique.PolicyVersion{{ID: "v1", Document: p.Document.Canonical()}},
		})
	}
	own := len(w.Policies) / PerGroup
	for i := range own * times {
		d.Groups = append(d.Groups, &pratique.Group{Meta: w.meta("grp", "group", i)})
	}
	for i := range users {
		u := &pratique.User{Meta: w.meta("usr", "user", i)}
		groups := w.Membership()
		for n, g := range groups {
			if into := d.Groups[g+w.random.IntN(times)*own]; !slices.Contains(groups[:n], g) {
				into.Members = append(into.Members, u.ID)
			}
		}
		d.Users, d.memberships = append(d.Users, u), append(d.memberships, groups)
	}
	for i, g := range d.Groups {
		slices.Sort(g.Members)
		for n := range PerGroup {
			d.Grants = append(d.Grants, &pratique.Grant{
				Meta: w.meta("grt", "grant", i*PerGroup+n), Principal: pratique.Ref{Kind: pratique.KindGroup, ID: g.ID},
				Policy: d.Policies[i%own*PerGroup+n].ID, Scope: pratique.Scope{Kind: pratique.ScopeAllProjects},
			})
		}
	}
	return d
}

// meta is that of an object that was made at the second generation, with an id as long as those that the server makes.
func (w *Workload) meta(prefix, word string, n int) pratique.Meta {
	var id [16]byte
	binary.LittleEndian.PutUint64(id[:], w.random.Uint64())
	binary.LittleEndian.PutUint64(id[8:], w.random.Uint64())
	at := pratique.TimestampOf(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC))
	return pratique.Meta{
		ID:   prefix + "-" + strings.ToLower(base32.StdEncoding.EncodeToString(id[:10])),
		Name: fmt.Sprintf("%s-%07d", word, n), Created: at, Updated: at, Generation: 2,
	}
}

// Sources are the policies that a user holds, by the user's number.
func (d *Directory) Sources(w *Workload, user int) []policy.Source {
	return w.Sources(d.memberships[user])
}

// Writes walks all objects, those that others name first.
func (d *Directory) Writes() iter.Seq[pratique.Write] {
	return func(yield func(pratique.Write) bool) {
		ok := writes(pratique.KindPolicy, d.Policies, func(p *pratique.Policy) string { return p.ID }, yield) &&
			writes(pratique.KindUser, d.Users, func(u *pratique.User) string { return u.ID }, yield) &&
			writes(pratique.KindGroup, d.Groups, func(g *pratique.Group) string { return g.ID }, yield)
		if ok {
			writes(pratique.KindGrant, d.Grants, func(g *pratique.Grant) string { return g.ID }, yield)
		}
	}
}

func writes[P any](k pratique.Kind, objects []P, id func(P) string, yield func(pratique.Write) bool) bool {
	for _, o := range objects {
		if !yield(pratique.Write{Kind: k, ID: id(o), Object: o}) {
			return false
		}
	}
	return true
}

// Snapshot founds an account and puts the directory into it, by way of the stored form of the objects.
func (d *Directory) Snapshot(rules *pratique.Rules) (*pratique.Snapshot, error) {
	at := pratique.At(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC))
	account := pratique.Account{Meta: pratique.Meta{ID: "1000000000000001", Name: "workload"}}
	s, _, err := pratique.Found(rules, account, at, pratique.Session{Hash: "none", Expires: at.Time})
	if err != nil {
		return nil, err
	}
	var objects []any
	for w := range d.Writes() {
		data, err := pratique.Encode(w.Object)
		if err != nil {
			return nil, fmt.Errorf("encode %s %s: %w", w.Kind.Word(), w.ID, err)
		}
		o, err := pratique.Decode(w.Kind, data)
		if err != nil {
			return nil, err
		}
		objects = append(objects, o)
	}
	if err := s.LoadAll(objects); err != nil {
		return nil, err
	}
	return s, nil
}
